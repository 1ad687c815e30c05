package rewrite

import (
	"errors"
	"math/big"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// deparse writes a statement and proves that the text means the tree: it is parsed again and compared. Where the deparser leaves out
// parentheses that it needs, operands are written one by one.
func deparse(stmt *pg.Node) (string, error) {
	text, _, err := deparseAndParse(stmt)
	return text, err
}

// deparseAndParse is deparse, and what the text was parsed as.
func deparseAndParse(stmt *pg.Node) (string, *pg.Node, error) {
	decimalNumbers(stmt)
	plainTimeZones(stmt)
	text, again, err := deparseParts(stmt, places(stmt, bareSubscripts))
	if err == nil {
		return text, again, nil
	}
	if parts := places(stmt, operands); len(parts) <= mostParts {
		return deparseParts(stmt, parts)
	}
	return "", nil, err
}

// mostParts bounds the work of a second attempt.
const mostParts = 500

// places collects fields of a tree, outer ones first.
func places(stmt *pg.Node, of func(*pg.Node) []**pg.Node) []**pg.Node {
	var found []**pg.Node
	walkNodes(stmt, func(n *pg.Node) { found = append(found, of(n)...) })
	return found
}

// bareSubscripts is what stands before [1] or .field without the parentheses that it needs: the deparser leaves them out behind CASE,
// COALESCE, ARRAY and others.
func bareSubscripts(n *pg.Node) []**pg.Node {
	x := n.GetAIndirection()
	if x == nil {
		return nil
	}
	switch arg := x.Arg.GetNode().(type) {
	case *pg.Node_ColumnRef, *pg.Node_ParamRef, *pg.Node_FuncCall, *pg.Node_TypeCast, *pg.Node_AExpr, *pg.Node_RowExpr, *pg.Node_AIndirection:
		return nil
	case *pg.Node_SubLink:
		if arg.SubLink.SubLinkType == pg.SubLinkType_EXPR_SUBLINK {
			return nil
		}
	}
	return []**pg.Node{&x.Arg}
}

// operands are the compound operands of an expression, which parentheses can enclose.
func operands(n *pg.Node) []**pg.Node {
	var all, compound []**pg.Node
	switch x := n.GetNode().(type) {
	case *pg.Node_NullTest:
		all = append(all, &x.NullTest.Arg)
	case *pg.Node_BooleanTest:
		all = append(all, &x.BooleanTest.Arg)
	case *pg.Node_AIndirection:
		return bareSubscripts(n)
	case *pg.Node_TypeCast:
		all = append(all, &x.TypeCast.Arg)
	case *pg.Node_CollateClause:
		all = append(all, &x.CollateClause.Arg)
	case *pg.Node_SubLink:
		all = append(all, &x.SubLink.Testexpr)
	case *pg.Node_AExpr:
		all = append(all, &x.AExpr.Lexpr, &x.AExpr.Rexpr)
	}
	for _, place := range all {
		switch (*place).GetNode().(type) {
		case *pg.Node_AExpr, *pg.Node_BoolExpr, *pg.Node_NullTest, *pg.Node_BooleanTest, *pg.Node_CaseExpr, *pg.Node_CollateClause, *pg.Node_SubLink, *pg.Node_AArrayExpr:
			compound = append(compound, place)
		}
	}
	return compound
}

// deparseParts writes each of the places by itself and puts it in with parentheses.
func deparseParts(stmt *pg.Node, places []**pg.Node) (string, *pg.Node, error) {
	if len(places) == 0 {
		return writeTree(stmt)
	}
	args := make([]*pg.Node, len(places))
	texts := map[string]string{}
	var failed error
	for i, place := range slices.Backward(places) { // inner ones come later in the walk
		args[i] = *place
		text, _, err := writeTree(selectOf(args[i]))
		failed = errors.Join(failed, err)
		name := "cordon_0" + itoa(i)
		texts[name] = "(" + strings.TrimPrefix(replaceNames(text, texts, nil), "SELECT ") + ")"
		*place = pg.MakeColumnRefNode([]*pg.Node{pg.MakeStrNode(name)}, 0)
	}
	text, _, err := writeTree(stmt)
	for i, place := range places {
		*place = args[i]
	}
	if failed != nil || err != nil {
		return "", nil, unfaithful()
	}
	text = replaceNames(text, texts, nil)
	again, err := verify(stmt, text)
	return text, again, err
}

func selectOf(expr *pg.Node) *pg.Node {
	return &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: &pg.SelectStmt{TargetList: []*pg.Node{pg.MakeResTargetNodeWithVal(expr, 0)},
		LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE}}}
}

func writeTree(stmt *pg.Node) (string, *pg.Node, error) {
	text, err := pg.Deparse(&pg.ParseResult{Stmts: []*pg.RawStmt{{Stmt: stmt}}})
	if err != nil {
		return "", nil, unfaithful()
	}
	again, err := verify(stmt, text)
	return text, again, err
}

// verify proves that a text means a tree, and gives the tree that it was parsed as.
func verify(stmt *pg.Node, text string) (*pg.Node, error) {
	again, err := pg.Parse(text)
	if err != nil || len(again.Stmts) != 1 || !sameTree(stmt, again.Stmts[0].Stmt) {
		return nil, unfaithful()
	}
	return again.Stmts[0].Stmt, nil
}

func unfaithful() *Error {
	return refused("cannot-write-back", "cordon cannot write this statement back faithfully", "Write it in another way: simpler clauses and names help.")
}

// decimalNumbers rewrites 0x1F, 0o17, 0b1 and 1_000, which servers before 16 read differently.
func decimalNumbers(n *pg.Node) {
	walkNodes(n, func(n *pg.Node) {
		c := n.GetAConst().GetFval()
		if c == nil || !strings.ContainsAny(c.Fval, "_xXoObB") {
			return
		}
		if v, ok := new(big.Int).SetString(c.Fval, 0); ok {
			c.Fval = v.String()
			return
		}
		c.Fval = strings.ReplaceAll(c.Fval, "_", "")
	})
}

// plainTimeZones turns AT TIME ZONE into the call that it stands for: the deparser leaves out the parentheses that it needs under a cast
// and around an operator in the zone.
func plainTimeZones(n *pg.Node) {
	walkNodes(n, func(n *pg.Node) {
		f := n.GetFuncCall()
		if f.GetFuncformat() == pg.CoercionForm_COERCE_SQL_SYNTAX && lastString(f.Funcname) == "timezone" {
			f.Funcformat = pg.CoercionForm_COERCE_EXPLICIT_CALL
		}
	})
}

// emit deparses a statement and puts the texts of its marks in their places.
func emit(stmt *pg.Node, marks []mark) (string, error) {
	text, err := deparse(stmt)
	if err != nil {
		return "", err
	}
	return replaceMarks(text, marks, tableNames(stmt))
}

// tableNames says how often a tree reads each table.
func tableNames(stmt *pg.Node) map[string]int {
	names := map[string]int{}
	walkNodes(stmt, func(n *pg.Node) {
		if rv := n.GetRangeVar(); rv != nil {
			names[rv.Relname]++
		}
	})
	return names
}

// replaceMarks puts texts in the places of marks: of those that stand for tables as often as the tree has them, of others once, but for the forms of pseudonyms, which
// a sort key repeats with what it sorts by.
func replaceMarks(text string, marks []mark, tables map[string]int) (string, error) {
	if len(marks) == 0 {
		return text, nil
	}
	texts, seen, total := map[string]string{}, map[string]int{}, len(text)
	for _, m := range marks {
		texts[m.name] = m.text
		total += len(m.text)
	}
	if err := sentBytes(total); err != nil {
		return "", err
	}
	text = replaceNames(text, texts, seen)
	for _, m := range marks {
		if strings.HasPrefix(m.name, formMark) || strings.HasPrefix(m.name, unsealMark) || strings.HasPrefix(m.name, seedMark) {
			continue
		}
		want := max(tables[m.name], 1)
		if n := seen[m.name]; n == 0 || n != want && !isSetMarker(m.name) || n > 1 && m.once {
			return "", unfaithful()
		}
	}
	return text, nil
}

// replaceNames replaces identifiers by texts and counts in seen, where there is one.
func replaceNames(text string, texts map[string]string, seen map[string]int) string {
	var b strings.Builder
	last := 0
	for s := (scanner{text: text}); s.next(); {
		name := s.token()
		switch s.kind {
		case tokenWord:
		case tokenQuotedName:
			name = strings.ReplaceAll(strings.Trim(name, `"`), `""`, `"`)
		default:
			continue
		}
		if t, ok := texts[name]; ok {
			b.WriteString(text[last:s.start])
			b.WriteString(t)
			last = s.end
			if seen != nil {
				seen[name]++
			}
		}
	}
	b.WriteString(text[last:])
	return b.String()
}
