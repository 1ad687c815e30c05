package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v5"
)

// uniqueKey says that a relation's primary key tells apart all rows that a reference to it reads.
func uniqueKey(t *tableRef) bool {
	rel := t.exposed.relation
	return len(rel.PrimaryKey) > 0 && t.exposed.flat == "" && (rel.Kind == 'p' || len(rel.Children) == 0 || t.only)
}

// shownKeys are the primary keys that the twin shows of the tables of a FROM clause; all says that they tell its rows apart.
func (b *binder) shownKeys(sc *scope) (keys []*pg.Node, all bool) {
	all = true
	for _, it := range sc.items {
		if it.shadow {
			continue
		}
		columns := it.shownKey()
		all = all && columns != nil
		for _, c := range columns {
			c.use()
			keys = append(keys, it.reference(c))
		}
	}
	return keys, all
}

// shownKey are the columns of a table's primary key, if it tells its rows apart and the twin shows all of it.
func (it *item) shownKey() (columns []*column) {
	if it.table == nil || !uniqueKey(it.table) {
		return nil
	}
	rel := it.table.exposed.relation
	for _, num := range rel.PrimaryKey {
		place := -1
		for i := range it.table.exposed.columns {
			c := &it.table.exposed.columns[i]
			if c.origin.Table == rel.OID && c.origin.Column == num && c.seal == (Seal{}) && fixedTypes[c.typ] {
				place = i
			}
		}
		if place < 0 || it.shared(it.columns[place].name) {
			return nil
		}
		columns = append(columns, it.columns[place])
	}
	return columns
}

func (it *item) reference(c *column) *pg.Node {
	if it.emit == "" {
		return pg.MakeColumnRefNode(nameNodes(c.name), 0)
	}
	return pg.MakeColumnRefNode(nameNodes(it.emit, c.name), 0)
}

// rowKeys tell the rows of a SELECT's FROM clause apart, or its groups: by what the statement reads of them.
func (b *binder) rowKeys(sel *pg.SelectStmt, sc *scope) (keys sortKeys, err error) {
	if len(sel.GroupClause) > 0 || sc.owner.grouped {
		b.groupKeys(&keys, sel, sc)
		return keys, nil
	}
	for _, it := range sc.items {
		if it.shadow {
			continue
		}
		if shown := it.shownKey(); shown != nil {
			for _, c := range shown {
				c.use()
				keys.add(rankFixed, it.reference(c))
			}
			continue
		}
		if b.spend(8 * len(it.columns)); b.exhausted() != nil {
			return keys, b.exhausted()
		}
		for _, c := range it.columns {
			if !c.exposed() {
				continue
			}
			if it.shared(c.name) {
				return keys, refused("hidden-order", "cordon: the order of rows is hidden here, and column "+quoted(c.name)+" of "+quoted(it.name)+" is ambiguous", "Give the columns names of their own.")
			}
			x := c.bound()
			x.node = it.reference(c)
			b.addKeys(&keys, x)
		}
	}
	return keys, nil
}

// groupKeys tell groups apart: what they are grouped by, and by which of the sets.
func (b *binder) groupKeys(keys *sortKeys, sel *pg.SelectStmt, sc *scope) {
	var all []*pg.Node
	for _, g := range sc.owner.groups {
		b.addKeys(keys, g)
		all = append(all, g.node)
	}
	b.spend(8 * len(all))
	sets := false
	for _, n := range sel.GroupClause {
		sets = sets || n.GetGroupingSet() != nil
	}
	for i := 0; sets && i < len(all); i++ { // GROUPING takes 31 at most: one each
		keys.add(rankOther, &pg.Node{Node: &pg.Node_GroupingFunc{GroupingFunc: &pg.GroupingFunc{Args: []*pg.Node{b.copyOf(all[i])}}}})
	}
}
