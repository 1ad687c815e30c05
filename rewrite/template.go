package rewrite

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/builtin"
)

// setMarkers are the markers that stand for sets of the twin, or what else depends on the session, in templates and in substituted system relations.
var setMarkers = slices.Concat(builtin.Marks, builtin.TextMarks, []string{builtin.MarkSetting})

var parsedTemplates sync.Map // template -> *pg.Node

// applyTemplate puts a template in the place of a call, its $n replaced by the bound arguments.
func (b *binder) applyTemplate(n *pg.Node, template string, args []*pg.Node) error {
	parsed, ok := parsedTemplates.Load(template)
	if !ok {
		tree, err := pg.Parse("SELECT " + template)
		if err != nil {
			return refused("internal-template", "cordon: a built-in rule cannot be read", "Report this to cordon's makers.")
		}
		parsed = withoutPlaces(tree.Stmts[0].Stmt.GetSelectStmt().TargetList[0].GetResTarget().Val)
		parsedTemplates.Store(template, parsed)
	}
	body := cloneNode(parsed.(*pg.Node))
	for _, arg := range args {
		if err := b.qualifyRefs(arg); err != nil {
			return err
		}
		if err := b.steady(arg); err != nil {
			return err
		}
	}
	var parameters []*pg.Node // collected first: an argument may hold parameters of the client's own
	walkNodes(body, func(node *pg.Node) {
		if node.GetParamRef() != nil {
			parameters = append(parameters, node)
		}
	})
	for _, node := range parameters {
		i := int(node.GetParamRef().Number)
		if i < 1 || i > len(args) {
			return refused("internal-template", "cordon: a built-in rule does not fit its call", "Report this to cordon's makers.")
		}
		node.Node = cloneNode(args[i-1]).Node
	}
	n.Node = body.Node
	return nil
}

// qualifyRefs puts the alias in front of bare column references, which the FROM clause of a template could capture.
func (b *binder) qualifyRefs(n *pg.Node) error {
	var err error
	walkNodes(n, func(node *pg.Node) {
		ref := node.GetColumnRef()
		it := b.owners[ref]
		if len(ref.GetFields()) != 1 || it == nil && b.refs[ref] == nil {
			return
		}
		if b.refs[ref] == nil {
			err = refused("whole-row-argument", "cordon: a whole row cannot be part of an argument of this function", "Name the column.")
			return
		}
		if it == nil || it.emit == "" {
			err = refused("merged-column-argument", "cordon: a column that a join merged cannot be the argument of this function", "Write the column with its table's alias.")
			return
		}
		if b.hidden[ref] {
			err = cmp.Or(err, b.rename(it))
		}
		ref.Fields = nameNodes(it.emit, lastString(ref.Fields))
	})
	return err
}

// steady refuses an argument whose value could differ between the places of a template that it is put in: what is asked of
// one value must not be answered for another. A count(*) there would count the rows that the template reads.
func (b *binder) steady(n *pg.Node) error {
	var err error
	inside := map[*pg.Node]bool{} // of subqueries, whose own the sets in them are
	walkNodes(n, func(node *pg.Node) {
		if link := node.GetSubLink(); link != nil {
			walkNodes(link.Subselect, func(node *pg.Node) { inside[node] = true })
		}
		call := node.GetFuncCall()
		parts, _ := splitName(call.GetFuncname())
		if len(parts) == 0 || err != nil {
			return
		}
		for _, f := range overloadsOf(b.env.twin.snapshot, pinnedPath, parts) {
			if f.Volatility == 'v' || f.Kind != 'f' || f.Set && !inside[node] { // a set would be of the template's subquery, not of the statement
				err = refused("unsteady-argument", "cordon: function "+parts[len(parts)-1]+" cannot be part of an argument of this function", "Compute the argument in a subquery in FROM.")
			}
		}
	})
	return err
}

func isSetMarker(name string) bool {
	return slices.Contains(setMarkers, name)
}

// setText is what a set marker stands for.
func (b *binder) setText(name string) string {
	text, known := b.env.twin.sets[name]
	switch {
	case known:
		return text
	case name == builtin.MarkSetting:
		return quoteLiteral(b.env.setting) + "::pg_catalog.text"
	case name != builtin.MarkPath:
		return b.env.twin.texts(name, b.env.path)
	}
	var oids []string
	for _, s := range b.env.path {
		if schema, ok := b.env.twin.snapshot.Schemas[s]; ok {
			oids = append(oids, strconv.FormatUint(uint64(schema.OID), 10))
		}
	}
	return "'{" + strings.Join(oids, ",") + "}'::pg_catalog.oid[]"
}

// expandSets replaces the set markers in the text of a built-in rule, outside its literals. Those in a view's text stay until the view is
// read: the sets hold the views, and the search_path is the reader's.
func (b *binder) expandSets(text string) string {
	if b.env.definition || !strings.Contains(text, "cordon_") {
		return text
	}
	texts := map[string]string{}
	for _, name := range setMarkers {
		if strings.Contains(text, name) {
			texts[name] = b.setText(name)
		}
	}
	return replaceNames(text, texts, nil)
}

// settle, called once on each finished tree, prepares a lowered tree for deparsing: the parser's own shape, and only the set markers that are still in it, since a
// template may leave an argument out.
func (b *binder) settle(n *pg.Node) {
	flattenBooleans(n)
	walkNodes(n, func(node *pg.Node) {
		if fields := node.GetColumnRef().GetFields(); len(fields) == 1 && isSetMarker(lastString(fields)) {
			b.sets[lastString(fields)] = true
		}
	})
}

// flattenBooleans gives AND and OR the shape that the parser gives them: it flattens a first argument of the same kind
// (makeAndExpr in gram.y), which a template put in the place of a call need not be.
func flattenBooleans(n *pg.Node) {
	walkNodes(n, func(node *pg.Node) {
		outer := node.GetBoolExpr()
		for outer != nil && outer.Boolop != pg.BoolExprType_NOT_EXPR {
			first := outer.Args[0].GetBoolExpr()
			if first == nil || first.Boolop != outer.Boolop {
				return
			}
			outer.Args = append(append([]*pg.Node{}, first.Args...), outer.Args[1:]...)
		}
	})
}
