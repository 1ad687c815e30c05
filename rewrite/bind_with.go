package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// inOrderOfUse sorts WITH queries so that each comes after those that it reads, as Postgres does (TopologicalSort in parse_cte.c); those that read one another
// stay as they are listed, and are refused.
func inOrderOfUse(ctes []*pg.Node) []*pg.Node {
	reads := make([]map[string]bool, len(ctes))
	for i, n := range ctes {
		reads[i] = namesRead(n.GetCommonTableExpr().GetCtequery())
	}
	var sorted []*pg.Node
	placed := make([]bool, len(ctes))
	ready := func(i int) bool {
		for k, n := range ctes {
			if k != i && !placed[k] && reads[i][n.GetCommonTableExpr().GetCtename()] {
				return false
			}
		}
		return true
	}
	for len(sorted) < len(ctes) {
		next := slices.IndexFunc(placed, func(done bool) bool { return !done })
		for i := range ctes {
			if !placed[i] && ready(i) {
				next = i
				break
			}
		}
		placed[next] = true
		sorted = append(sorted, ctes[next])
	}
	return sorted
}

// namesRead are the relations that a query names without a schema. One that a WITH query within it shadows is among them, which costs no more than an order.
func namesRead(n *pg.Node) map[string]bool {
	names := map[string]bool{}
	walkNodes(n, func(n *pg.Node) {
		if rv := n.GetRangeVar(); rv != nil && rv.Schemaname == "" {
			names[rv.Relname] = true
		}
	})
	return names
}
