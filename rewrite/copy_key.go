package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v5"
)

// A key that cordon adds to ORDER BY repeats an expression of the statement, and has to stay equal to it: GROUP BY and DISTINCT ON compare whole subqueries, whose conditions
// move into fences at the end.

// copiedQuery is a subquery of an expression, and its copy.
type copiedQuery struct{ from, to *pg.SubLink }

// copyOf copies an expression.
func (b *binder) copyOf(n *pg.Node) *pg.Node {
	copied := cloneNode(n)
	to := subLinks(copied)
	for i, from := range subLinks(n) {
		b.copied = append(b.copied, copiedQuery{from, to[i]})
	}
	return copied
}

func (b *binder) copiesOf(nodes []*pg.Node) (copies []*pg.Node) {
	for _, n := range nodes {
		copies = append(copies, b.copyOf(n))
	}
	return copies
}

// renewCopies makes the copies of subqueries what these have become.
func (b *binder) renewCopies() {
	for _, c := range b.copied {
		c.to.Subselect = cloneNode(c.from.Subselect)
	}
}

func subLinks(n *pg.Node) (links []*pg.SubLink) {
	walkNodes(n, func(n *pg.Node) {
		if link := n.GetSubLink(); link != nil {
			links = append(links, link)
		}
	})
	return links
}
