package rewrite

import (
	"fmt"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// join binds a JOIN: USING and NATURAL columns merge, and the sides' own columns can no longer be named alone
// (transformFromClauseItem in parse_clause.c).
func (b *binder) join(j *pg.JoinExpr, sc, with *scope) ([]*item, []*column, error) {
	taken := sc.owner.taken
	if j.Alias != nil { // names within it are its own
		sc.owner.taken = map[string][]*item{}
	}
	leftItems, left, err := b.fromItem(j.Larg, sc, with)
	if err != nil {
		return nil, nil, err
	}
	lateral := &scope{parent: sc.parent, items: append(slices.Clone(sc.items), leftItems...), ctes: sc.ctes, owner: sc.owner}
	rightItems, right, err := b.fromItem(j.Rarg, lateral, with)
	if err != nil {
		return nil, nil, err
	}
	sc.owner.taken = taken
	if b.spend(len(left) + len(right)); b.exhausted() != nil {
		return nil, nil, b.exhausted()
	}
	into := decided(j.Jointype, leftItems, rightItems)
	markNullable(j.Jointype, leftItems, rightItems)
	columns, merged, err := b.mergeUsing(j, left, right, into)
	if err != nil {
		return nil, nil, err
	}
	items := append(leftItems, rightItems...)
	if j.Quals != nil {
		on := &scope{parent: with, items: items, owner: sc.owner}
		if _, err := b.rootExpr(j.Quals, on, true); err != nil {
			return nil, nil, err
		}
		b.wheres = append(b.wheres, boundWhere{j.Quals, on, into, false})
	}
	return b.joinItems(j, items, columns, merged, sc)
}

// decided are the items whose rows a join leaves out where its condition is false of them, as if they were not in their table.
func decided(t pg.JoinType, left, right []*item) []*item {
	switch t {
	case pg.JoinType_JOIN_INNER:
		return present(slices.Concat(left, right))
	case pg.JoinType_JOIN_LEFT:
		return present(right)
	case pg.JoinType_JOIN_RIGHT:
		return present(left)
	}
	return nil
}

// present are the items that no join yet has filled with NULLs.
func present(items []*item) []*item {
	return slices.DeleteFunc(slices.Clone(items), func(it *item) bool { return it.nullable })
}

// joinItems is what a JOIN leaves in scope.
func (b *binder) joinItems(j *pg.JoinExpr, items []*item, columns, merged []*column, sc *scope) ([]*item, []*column, error) {
	it := &item{cols: true, columns: columns, shadow: j.Alias == nil}
	if j.Alias != nil {
		if anyLocated(items) {
			return nil, nil, refused("system-column", "cordon: tableoid within a join that has an alias is not in this version", "Leave the alias of the join out.")
		}
		it.name, it.rel = j.Alias.Aliasname, true
		it.columns = rename(copyColumns(columns), j.Alias.Colnames)
		if len(j.Alias.Colnames) > 0 { // names go by position: every column has to be there
			for _, inside := range items {
				inside.useAll()
				if inside.table != nil {
					inside.table.aliased = true
				}
			}
		}
		items = nil // an alias on the join hides what is inside
		it.own()
	}
	for _, inside := range items {
		inside.cols = false
	}
	if err := b.claim(it, sc); err != nil {
		return nil, nil, err
	}
	items = append(items, it)
	if j.JoinUsingAlias != nil {
		using := &item{name: j.JoinUsingAlias.Aliasname, rel: true, columns: merged, shadow: true}
		if err := b.claim(using, sc); err != nil {
			return nil, nil, err
		}
		items = append(items, using)
	}
	return items, it.columns, nil
}

func markNullable(t pg.JoinType, left, right []*item) {
	if t == pg.JoinType_JOIN_RIGHT || t == pg.JoinType_JOIN_FULL {
		for _, it := range left {
			it.nullable = true
		}
	}
	if t == pg.JoinType_JOIN_LEFT || t == pg.JoinType_JOIN_FULL {
		for _, it := range right {
			it.nullable = true
		}
	}
}

// mergeUsing returns a join's columns, merged ones first, and the merged ones alone.
func (b *binder) mergeUsing(j *pg.JoinExpr, left, right []*column, into []*item) (columns, merged []*column, err error) {
	names, err := usingNames(j, left, right)
	if err != nil {
		return nil, nil, err
	}
	if b.spend(len(names) * (len(left) + len(right)) / 8); b.exhausted() != nil {
		return nil, nil, b.exhausted()
	}
	for _, name := range names {
		l, err := usingColumn(left, name, "left")
		if err != nil {
			return nil, nil, err
		}
		r, err := usingColumn(right, name, "right")
		if err != nil {
			return nil, nil, err
		}
		if err := b.ownCompared("=", info{typ: l.typ}, info{typ: r.typ}); err != nil {
			return nil, nil, err
		}
		l.use()
		r.use()
		equate(l.label, r.label)
		l.equated, r.equated = true, true
		if one, other := l.source(), r.source(); one.home != nil && other.home != nil {
			b.merged = append(b.merged, equality{[2]*column{one, other}, into})
		}
		m := &column{name: name, label: b.meet(l.label, r.label, "USING"), filtered: l.filtered || r.filtered, raises: l.raises || r.raises,
			collate:  joinCollations(l.collate, r.collate),
			computed: j.Jointype == pg.JoinType_JOIN_FULL || l.typ != r.typ || l.computed || r.computed, // buildMergedJoinVar
			origin:   Origin{Unknown: true}, uses: append(slices.Clone(l.uses), r.uses...)}
		if l.typ == r.typ {
			m.typ = l.typ
		}
		if l.typ == r.typ && l.typ != 0 && j.Jointype != pg.JoinType_JOIN_FULL {
			m.of = l
			if j.Jointype == pg.JoinType_JOIN_RIGHT {
				m.of = r
			}
		}
		if m.raises || !b.comparable("=", info{typ: l.typ, collate: l.collate}, info{typ: r.typ, collate: r.collate}) {
			b.unsafe++
			b.hazard = true
		}
		merged = append(merged, m)
	}
	columns = slices.Clone(merged)
	for _, side := range [][]*column{left, right} {
		for _, c := range side {
			if !slices.Contains(names, c.name) {
				columns = append(columns, c)
			}
		}
	}
	return columns, merged, nil
}

func usingNames(j *pg.JoinExpr, left, right []*column) ([]string, error) {
	var names []string
	for _, n := range j.UsingClause {
		names = append(names, n.GetString_().GetSval())
	}
	if !j.IsNatural {
		return names, nil
	}
	for _, l := range left {
		if slices.ContainsFunc(right, func(r *column) bool { return r.name == l.name }) {
			if slices.Contains(names, l.name) {
				return nil, &Error{Code: "42702", Message: fmt.Sprintf("common column name %s appears more than once in left table", quoted(l.name))}
			}
			names = append(names, l.name)
		}
	}
	return names, nil
}

func usingColumn(columns []*column, name, side string) (*column, error) {
	var found *column
	for _, c := range columns {
		if c.name != name {
			continue
		}
		if found != nil {
			return nil, &Error{Code: "42702", Message: fmt.Sprintf("common column name %s appears more than once in %s table", quoted(name), side)}
		}
		found = c
	}
	if found == nil {
		return nil, &Error{Code: "42703", Message: fmt.Sprintf("column %s specified in USING clause does not exist in %s table", quoted(name), side)}
	}
	return found, nil
}
