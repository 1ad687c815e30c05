package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"
)

func ungroupable(name string) *Error {
	return refused("group-by-key-type", "cordon: column "+quoted(name)+" has no equality and cannot be grouped with the primary key here",
		"Use an aggregate such as (array_agg("+name+"))[1].")
}

// pickable says that any row of a group has the value that a reference reads: the rows are of one key, which the twin has as the server has it. A child's rows
// are not under its parent's key.
func (b *binder) pickable(ref looseRef) bool {
	e := ref.item.table.exposed
	rel := e.relation
	if ref.ref == nil || ref.column.label.sealed() || ref.item.emit == "" {
		return false
	}
	for _, num := range rel.PrimaryKey {
		if !slices.ContainsFunc(e.columns, func(c exposedColumn) bool {
			return c.origin.Table == rel.OID && c.origin.Column == num || c.seal != Seal{} && c.raw.Table == rel.OID && c.raw.Column == num
		}) {
			return false
		}
	}
	if rel.Kind == 'p' {
		return true
	}
	for _, child := range b.env.twin.snapshot.Relations() {
		if slices.Contains(child.Parents, rel.OID) {
			return false
		}
	}
	return true
}

// pick puts (array_agg(column))[1] in the place of references to columns that a key determines and that GROUP BY cannot take. Those in a subquery are refused; a
// select item that GROUP BY names by its place or its name stays as it is.
func (b *binder) pick(sel *pg.SelectStmt, picked map[*pg.ColumnRef]string, columns []*column) error {
	if len(picked) == 0 {
		return nil
	}
	var places []*pg.Node
	for _, n := range slices.Concat(sel.TargetList, sel.SortClause, sel.WindowClause, []*pg.Node{sel.HavingClause}) {
		nested := nestedRefs(n)
		walkNodes(n, func(n *pg.Node) {
			if ref := n.GetColumnRef(); ref != nil && picked[ref] != "" && !nested[ref] {
				places = append(places, n)
			}
		})
	}
	kept, names := b.groupedItems(sel), outputNames(sel)
	for _, n := range places {
		ref := n.GetColumnRef()
		delete(picked, ref)
		if kept[ref] {
			continue
		}
		for _, c := range columns {
			if c.expr == n { // no longer a bare column
				c.origin = Origin{}
			}
		}
		n.Node = firstOf(ref).Node
	}
	for i, t := range sel.TargetList {
		if target := t.GetResTarget(); target.Name == "" && outputName(target) != names[i] {
			target.Name = names[i]
		}
	}
	for _, name := range picked {
		return ungroupable(name)
	}
	return nil
}

func outputNames(sel *pg.SelectStmt) []string {
	names := make([]string, len(sel.TargetList))
	for i, t := range sel.TargetList {
		names[i] = outputName(t.GetResTarget())
	}
	return names
}

// nestedRefs are the references in subqueries of an expression.
func nestedRefs(n *pg.Node) map[*pg.ColumnRef]bool {
	refs := map[*pg.ColumnRef]bool{}
	walkNodes(n, func(n *pg.Node) {
		if n.GetSubLink() == nil {
			return
		}
		walkNodes(n, func(n *pg.Node) { refs[n.GetColumnRef()] = true })
	})
	delete(refs, nil)
	return refs
}

// groupedItems are the references in select items that GROUP BY names by their places or names.
func (b *binder) groupedItems(sel *pg.SelectStmt) map[*pg.ColumnRef]bool {
	refs := map[*pg.ColumnRef]bool{}
	for _, n := range sel.GroupClause {
		if ref := n.GetColumnRef(); ref != nil && b.refs[ref] != nil {
			continue
		}
		if t := namedTarget(sel, n); t != nil {
			walkNodes(t.Val, func(n *pg.Node) { refs[n.GetColumnRef()] = true })
		}
	}
	delete(refs, nil)
	return refs
}

// firstOf is (array_agg(column))[1].
func firstOf(ref *pg.ColumnRef) *pg.Node {
	arg := &pg.Node{Node: &pg.Node_ColumnRef{ColumnRef: ref}}
	call := pg.MakeFuncCallNode(nameNodes("pg_catalog", "array_agg"), []*pg.Node{arg}, 0)
	call.GetFuncCall().Funcformat = pg.CoercionForm_COERCE_EXPLICIT_CALL
	first := &pg.Node{Node: &pg.Node_AIndices{AIndices: &pg.A_Indices{Uidx: pg.MakeAConstIntNode(1, 0)}}}
	return &pg.Node{Node: &pg.Node_AIndirection{AIndirection: &pg.A_Indirection{Arg: call, Indirection: []*pg.Node{first}}}}
}
