package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v5"
)

// The server keeps the order of a sorted subquery where nothing is done to its rows but to compute, filter and cut them, and people rely on that: tools wrap
// every query in SELECT * FROM (..) LIMIT n. Such a query is left as it is. What it shows in this order, and what LIMIT picks, is as good as the subquery's own
// order, in which only rows tie that are the same: the server has no plan for it that does not keep that order. A query with ORDER BY is not pulled up
// (is_simple_subquery in prepjointree.c) and has only plans that are sorted, under Gather Merge or above Gather, none of them partial (create_ordered_paths in
// planner.c); without a partial plan nothing above it is shared among workers. So is that of a WITH query, merged or stored. What would need a join, a sort or
// a hash above it is excluded.
//
// A recursive query's rows come turn by turn: those of the first term, then what the second makes of each turn's (nodeRecursiveunion.c); UNION leaves out those that came before. Where both terms fix
// their order it fixes its own, and one without an end stops where LIMIT has enough.

// sortedRows says that a bound query's rows come in an order that it fixes.
func (b *binder) sortedRows(sel *pg.SelectStmt) bool {
	return len(sel.GetSortClause()) > 0 || b.inOrder[sel]
}

// carriesOrder says that a SELECT's rows come in the order of the only query that it reads.
func (b *binder) carriesOrder(sel *pg.SelectStmt, sc *scope) bool {
	if !sortedInput(sel, sc) || len(sel.SortClause) > 0 || len(sel.DistinctClause) > 0 || len(sel.GroupClause) > 0 || sel.HavingClause != nil {
		return false
	}
	return !sc.owner.grouped && len(sc.owner.calls) == 0 && len(sc.owner.json) == 0 && !b.hasWindow(sel.TargetList)
}

// hasWindow says that a select list calls a window function, in whose order the rows come.
func (b *binder) hasWindow(targets []*pg.Node) bool {
	found := false
	for _, n := range targets {
		b.walk(n, func(n *pg.Node) { found = found || n.GetFuncCall().GetOver() != nil })
	}
	return found
}

// sortedInput says that the rows of a FROM clause come in an order that a subquery fixes. A condition with a subquery may become a join, which keeps none
// (pull_up_sublinks in prepjointree.c).
func sortedInput(sel *pg.SelectStmt, sc *scope) bool {
	joined := false
	walkNodes(sel.WhereClause, func(n *pg.Node) { joined = joined || n.GetSubLink() != nil })
	return len(sc.items) == 1 && sc.items[0].sorted && !joined
}

// takesOrder says that aggregates take the rows of a FROM clause in the order that a subquery fixes. A sort by the groups, which is not stable, may put those of
// one group in an order that depends on how groups compare: by pseudonyms, then.
func (b *binder) takesOrder(sel *pg.SelectStmt, sc *scope) bool {
	if !sortedInput(sel, sc) {
		return false
	}
	for i := range sc.owner.groups {
		b.reveal(&sc.owner.groups[i].in.label, "ORDER BY")
	}
	for _, c := range sc.owner.calls { // since 16 the server may sort the rows for one aggregate, and others get them so (make_pathkeys_for_groupagg in planner.c)
		if !c.call.AggDistinct || c.call.Over != nil {
			continue
		}
		for i := range c.args {
			if c.args[i].in.typ == 0 { // a whole row, perhaps
				return false
			}
			b.reveal(&c.args[i].in.label, "ORDER BY")
		}
	}
	return true
}
