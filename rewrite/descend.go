package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// A condition on the columns of a subquery, or of a WITH query that is read once, may be asked of the rows that it is made of, as the planner asks it (subquery_is_pushdown_safe in
// allpaths.c). It does not get past a fence, so cordon takes it down to one.

// derivedQuery is a SELECT whose rows each depend only on the row, or the group, that they are made of.
type derivedQuery struct {
	scope   *scope
	columns []*column       // its output
	grouped bool            // then only a column that GROUP BY names is the same in every row of a group
	windows []*pg.WindowDef // and one that each of them is partitioned by in every row that a function sees
	read    *int            // how many FROM items have its rows
}

// derive notes the rows of a SELECT, before they are sorted, if they are such.
func (b *binder) derive(sel *pg.SelectStmt, sc *scope, columns []*column) {
	grouped := len(sel.GroupClause) > 0
	var windows []*pg.WindowDef
	for _, c := range sc.owner.calls {
		if c.call.Over != nil {
			w, err := flatWindow(c.call.Over, sel.WindowClause)
			if err != nil {
				return
			}
			windows = append(windows, w)
		}
	}
	if slices.ContainsFunc(sc.owner.json, func(c jsonCall) bool { return c.constructor.Over != nil }) {
		return
	}
	distinctOn := len(sel.DistinctClause) > 0 && sel.DistinctClause[0].GetNode() != nil
	if distinctOn || sel.LimitCount != nil || sel.LimitOffset != nil || sel.HavingClause != nil || !grouped && (sc.owner.grouped || len(sc.owner.json) > 0) {
		return
	}
	if slices.ContainsFunc(sel.GroupClause, func(n *pg.Node) bool { return n.GetGroupingSet() != nil }) || slices.ContainsFunc(sel.TargetList, b.returnsSet) {
		return
	}
	b.derived[sel] = &derivedQuery{scope: sc, columns: columns, grouped: grouped, windows: windows, read: new(int)}
}

// readBy makes the item one whose rows a query has.
func (it *item) readBy(d *derivedQuery) {
	if it.derived = d; d != nil {
		*d.read++
	}
}

// below is the query's own column that an output column is; nil where it is computed.
func (d *derivedQuery) below(b *binder, i int) (*column, *pg.ColumnRef) {
	if i < 0 || i >= len(d.columns) {
		return nil, nil
	}
	ref := d.columns[i].expr.GetColumnRef()
	c := b.refs[ref]
	if ref == nil || c == nil || d.columns[i].label.seal != c.label.seal {
		return nil, nil
	}
	is := func(n *pg.Node) bool { return n.GetColumnRef() != nil && b.refs[n.GetColumnRef()] == c }
	if d.grouped && !slices.ContainsFunc(d.scope.owner.groups, func(g boundExpr) bool { return is(g.node) }) {
		return nil, nil
	}
	if slices.ContainsFunc(d.windows, func(w *pg.WindowDef) bool { return !slices.ContainsFunc(w.PartitionClause, is) }) {
		return nil, nil
	}
	return c, ref
}

// descend is a condition on the columns of an item as one on the columns of the query that it is.
func (b *binder) descend(condition *pg.Node, it *item) *pg.Node {
	d := it.derived
	if d == nil || *d.read != 1 {
		return nil
	}
	copied, whole := cloneNode(condition), true
	to := columnRefs(copied)
	for i, from := range columnRefs(condition) {
		c, ref := d.below(b, slices.Index(it.columns, b.refs[from]))
		if c == nil {
			whole = false
			break
		}
		to[i].Fields = cloneNode(&pg.Node{Node: &pg.Node_ColumnRef{ColumnRef: ref}}).GetColumnRef().Fields
		b.refs[to[i]], b.owners[to[i]] = c, b.owners[ref]
	}
	if !whole {
		return nil
	}
	return copied
}

func columnRefs(n *pg.Node) (refs []*pg.ColumnRef) {
	walkNodes(n, func(n *pg.Node) {
		if ref := n.GetColumnRef(); ref != nil {
			refs = append(refs, ref)
		}
	})
	return refs
}
