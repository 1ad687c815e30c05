package rewrite

import (
	"slices"
	"strings"
	"testing"

	pg "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cordon-db/cordon/config"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

// checkSent looks at a text that would be sent as the server's parser does, without the binder: every relation is qualified or a
// WITH query's name, is in the twin, and is read only by a query that reads nothing else and lists columns that the policy shows or treats.
func checkSent(tb testing.TB, s *Session, p *Plan) {
	tb.Helper()
	for _, text := range []string{p.SQL, p.Describe} {
		if text == "" {
			continue
		}
		for _, problem := range sentProblems(s, text, p) {
			tb.Errorf("%s\n\tin %s", problem, text)
		}
	}
}

// columnsOf are the columns that a plan's query answers with, now or by EXECUTE or FETCH; nil where it has no query of its own.
func columnsOf(p *Plan) []Origin {
	switch {
	case p.effect.named != nil:
		return p.effect.named.Columns
	case p.Kind == KindQuery && p.follows == nil || p.Kind == KindCopy:
		return p.Columns
	}
	return nil
}

func sentProblems(s *Session, text string, p *Plan) []string {
	tree, err := pg.Parse(text)
	if err != nil {
		return []string{"what is sent does not parse: " + err.Error()}
	}
	if len(tree.Stmts) != 1 {
		return []string{"what is sent is not one statement"}
	}
	tw, _, err := s.rewriter.twin(s.params.User)
	if err != nil {
		return []string{err.Error()}
	}
	if columns := columnsOf(p); columns != nil { // all of the text, and whether or not identifiers are raw in it
		if err := reread(tw, tree.Stmts[0].Stmt, nil, columns, p.Params); err != nil {
			return []string{"reread: " + err.Error()}
		}
	}
	l := &sentLook{twin: tw, sealed: p.sealed, ctes: map[string]bool{}, inside: map[*pg.RangeVar]bool{}}
	stmt := tree.Stmts[0].Stmt
	walkEvery(stmt.ProtoReflect(), func(m any) {
		if c, ok := m.(*pg.CommonTableExpr); ok {
			l.ctes[c.Ctename] = true
		}
	})
	walkEvery(stmt.ProtoReflect(), func(m any) {
		if sel, ok := m.(*pg.SelectStmt); ok {
			l.substitution(sel)
		}
	})
	walkEvery(stmt.ProtoReflect(), func(m any) {
		if rv, ok := m.(*pg.RangeVar); ok {
			l.relation(rv)
		}
	})
	return l.problems
}

// walkEvery visits every message of a tree, those too that are not wrapped in a Node: an arm of a set operation, a RangeVar of COPY.
func walkEvery(m protoreflect.Message, visit func(any)) {
	visit(m.Interface())
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Kind() != protoreflect.MessageKind:
		case f.IsList():
			for i := range v.List().Len() {
				walkEvery(v.List().Get(i).Message(), visit)
			}
		default:
			walkEvery(v.Message(), visit)
		}
		return true
	})
}

// sentLook is one look at a text.
type sentLook struct {
	sealed   bool // pseudonyms may be read raw
	twin     *twin
	ctes     map[string]bool
	inside   map[*pg.RangeVar]bool // those that a substitution or a row filter reads
	problems []string
}

func (l *sentLook) problem(text string) { l.problems = append(l.problems, text) }

// substitution recognises SELECT ... FROM one user relation WHERE its row filter, and checks what it reads.
func (l *sentLook) substitution(sel *pg.SelectStmt) {
	if len(sel.FromClause) != 1 {
		return
	}
	rv := sel.FromClause[0].GetRangeVar()
	if rv == nil || rv.Schemaname == "" || rv.Alias != nil || l.inside[rv] {
		return
	}
	rel, ok := l.twin.snapshot.Relation(rv.Schemaname, rv.Relname)
	if !ok || rel.OID < catalog.FirstUserOID {
		return
	}
	rule := l.twin.tableRule(rel)
	if rule == nil {
		return // left for relation to complain of
	}
	l.inside[rv] = true
	l.filter(sel, rel, rule)
	for _, target := range sel.TargetList {
		if !l.located(target.GetResTarget(), rv, rel, rule) {
			l.target(target.GetResTarget(), rel, rule)
		}
	}
	if len(sel.GroupClause)+len(sel.SortClause)+len(sel.DistinctClause)+len(sel.WindowClause) > 0 || sel.HavingClause != nil {
		l.problem("a substitution with other clauses: " + rel.Name)
	}
}

// filter compares the condition with the policy's row filter; relations in it are the policy's business.
func (l *sentLook) filter(sel *pg.SelectStmt, rel *catalog.Relation, rule *config.Table) {
	want := ""
	if rule.Rows != "" {
		want, _, _ = qualifyFilter(l.twin.snapshot, rel, rule.Rows)
	}
	got := ""
	if sel.WhereClause != nil {
		walkEvery(sel.WhereClause.ProtoReflect(), func(m any) {
			if rv, ok := m.(*pg.RangeVar); ok {
				l.inside[rv] = true
			}
		})
		got, _ = deparseExpr(sel.WhereClause)
	}
	if strings.Trim(got, "()") != strings.Trim(want, "()") {
		l.problem("row filter of " + rel.Name + " is " + got + ", not " + want)
	}
}

// located says that a target is tableoid of a relation of which that tells nothing: alone, or with every column shown.
func (l *sentLook) located(target *pg.ResTarget, rv *pg.RangeVar, rel *catalog.Relation, rule *config.Table) bool {
	text, err := deparseExpr(target.Val)
	if err != nil || !strings.HasPrefix(target.Name, "cordon_tableoid_") || text != "COALESCE("+quoteIdent(rel.Name)+".tableoid)" && text != "COALESCE("+rel.Name+".tableoid)" {
		return false
	}
	return !rv.Inh || len(rel.Children) == 0 || !slices.ContainsFunc(rel.Columns, func(c catalog.Column) bool { return l.twin.treatment(rel, rule, &c).Kind != config.Show })
}

// target checks one column that a substitution exposes.
func (l *sentLook) target(target *pg.ResTarget, rel *catalog.Relation, rule *config.Table) {
	col, ok := rel.Column(target.GetName())
	if !ok {
		l.problem("a substitution of " + rel.Name + " exposes " + target.GetName())
		return
	}
	kind := l.twin.treatment(rel, rule, col).Kind
	_, bare := target.Val.GetNode().(*pg.Node_ColumnRef)
	if kind == config.Hide || bare != (kind == config.Show || l.sealed && bare && kind == config.Pseudonym) {
		l.problem("a substitution exposes " + rel.Name + "." + col.Name + ", which the policy treats as " + string(kind))
	}
	var read []string
	walkEvery(target.Val.ProtoReflect(), func(m any) {
		ref, _ := m.(*pg.ColumnRef)
		if fields := ref.GetFields(); len(fields) == 2 && fields[0].GetString_().GetSval() == rel.Name {
			read = append(read, lastString(fields))
		}
	})
	if slices.ContainsFunc(read, func(name string) bool { return name != col.Name }) {
		l.problem("what is exposed as " + rel.Name + "." + col.Name + " reads " + strings.Join(read, ", "))
	}
}

// relation checks every reference to a relation outside substitutions.
func (l *sentLook) relation(rv *pg.RangeVar) {
	if l.inside[rv] {
		return
	}
	if rv.Schemaname == "" {
		if !l.ctes[rv.Relname] {
			l.problem("an unqualified relation: " + rv.Relname)
		}
		return
	}
	rel, ok := l.twin.snapshot.Relation(rv.Schemaname, rv.Relname)
	if !ok || rel.OID >= catalog.FirstUserOID {
		l.problem("a relation outside a substitution: " + rv.Schemaname + "." + rv.Relname)
	}
	// Catalogs are read under the allow list's alias or a template's: no client can write the latter.
	if alias := rv.Alias.GetAliasname(); alias != "r" && !strings.HasPrefix(alias, "cordon_") {
		l.problem("a catalog outside a substitution: " + rv.Schemaname + "." + rv.Relname)
	}
}
