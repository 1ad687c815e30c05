package rewrite

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// readColumn is a column of a FROM item or of a query.
type readColumn struct {
	name string
	content
	open     bool   // it stands for any number of columns of names that are not known, none of them guarded
	starless bool   // no star has it
	unread   bool   // of a WITH query whose turn has not come
	typ      uint32 // of a table's column; 0 where it is not known
}

// readItem is a FROM item.
type readItem struct {
	alias   string
	columns []readColumn
	named   bool // by its alias
	bare    bool // its columns may be named alone
}

// readScope is where names are looked up, inner to outer.
type readScope struct {
	parent *readScope
	items  []*readItem
	ctes   map[string][]readColumn
}

// beside is the scope of a FROM item that is not LATERAL: it sees the WITH queries, not the items beside it.
func (s *readScope) beside() *readScope { return &readScope{parent: s.parent, ctes: s.ctes} }

func (s *readScope) with(items ...*readItem) *readScope {
	return &readScope{parent: s.parent, ctes: s.ctes, items: append(append([]*readItem{}, s.items...), items...)}
}

// cte finds a WITH query. Those of queries around give no star the columns that SEARCH and CYCLE added (addRangeTableEntryForCTE in parse_relation.c).
func (s *readScope) cte(name string) ([]readColumn, bool) {
	for at := s; at != nil; at = at.parent {
		columns, ok := at.ctes[name]
		if !ok {
			continue
		}
		columns = slices.Clone(columns)
		for i := range columns {
			columns[i].starless = columns[i].starless && at != s
		}
		return columns, true
	}
	return nil, false
}

// starred are the columns that a star gives.
func starred(columns []readColumn) []readColumn {
	return slices.DeleteFunc(slices.Clone(columns), func(c readColumn) bool { return c.starless })
}

func isOpen(columns []readColumn) bool {
	return slices.ContainsFunc(columns, func(c readColumn) bool { return c.open })
}

// find is what columns of a name hold. Where there are more, the server refuses, or a join has merged them; what any of them holds counts.
func find(columns []readColumn, name string) (found content, ok bool) {
	for _, c := range columns {
		if c.open || c.name != name {
			continue
		}
		if !ok || overrides(c.content, found) {
			found = c.content
		}
		ok = true
	}
	return found, ok
}

// overrides says that of two columns of one name, which a join merged, the second decides: what is guarded, and then what is not NULL.
func overrides(c, found content) bool { return c.guarded() || found.null && !found.guarded() }

// row is what a whole row holds.
func row(columns []readColumn) content {
	for _, c := range columns {
		if c.guarded() {
			return content{row: true}
		}
	}
	return content{}
}

// name is what a name alone stands for: a column, or a whole row.
func (r *reader) name(name string, sc *readScope) content {
	var found content
	known, open, nearer := false, false, false
	for s := sc; s != nil && !known; s = s.parent {
		nearer = open
		for _, it := range s.items {
			if !it.bare {
				continue
			}
			r.spend(len(it.columns)/8 + 1)
			c, ok := find(it.columns, name)
			if ok && (!known || overrides(c, found)) {
				found = c
			}
			known = known || ok
			open = open || isOpen(it.columns)
		}
	}
	switch {
	case known && nearer && found.guarded():
		return r.fail("%q may be a column that is not known", name)
	case known && nearer:
		return content{}
	case known:
		return found
	}
	if it := itemNamed(sc, name); it != nil {
		return row(it.columns)
	}
	if !open {
		return r.fail("%q names nothing", name)
	}
	return content{}
}

// wholeRow is the FROM item whose row a name alone is: no column anywhere in sight has it.
func wholeRow(sc *readScope, name string) *readItem {
	for s := sc; s != nil; s = s.parent {
		for _, it := range s.items {
			if _, ok := find(it.columns, name); it.bare && (ok || isOpen(it.columns)) {
				return nil
			}
		}
	}
	return itemNamed(sc, name)
}

func itemNamed(sc *readScope, alias string) *readItem {
	for s := sc; s != nil; s = s.parent {
		for _, it := range s.items {
			if it.named && it.alias == alias {
				return it
			}
		}
	}
	return nil
}

// reference is what a reference to a column or a whole row stands for.
func (r *reader) reference(ref *pg.ColumnRef, sc *readScope) content {
	parts, star := splitName(ref.Fields)
	switch {
	case star && len(parts) == 0:
		return r.fail("a star stands where no row does")
	case !star && len(parts) == 1:
		return r.name(parts[0], sc)
	}
	name := ""
	if !star {
		parts, name = parts[:len(parts)-1], parts[len(parts)-1]
	}
	it := itemNamed(sc, parts[len(parts)-1])
	if it == nil || len(parts) > 1 {
		return r.fail("%q names no FROM item", strings.Join(parts, "."))
	}
	if star {
		return row(it.columns)
	}
	c, ok := find(it.columns, name)
	if !ok && (!isOpen(it.columns) || row(it.columns).guarded()) { // or a function of the row
		return r.fail("%q has no column %q", it.alias, name)
	}
	return c
}

// stars are the columns of a star in a select list or a row, nil for anything else.
func (r *reader) stars(n *pg.Node, sc *readScope, all []readColumn) (columns []readColumn, ok bool) {
	if x := n.GetAIndirection(); x != nil && x.Indirection[len(x.Indirection)-1].GetAStar() != nil {
		if r.plain(x.Arg, sc); r.problem == "" {
			return []readColumn{{open: true}}, true
		}
		return nil, true
	}
	parts, star := splitName(n.GetColumnRef().GetFields())
	switch {
	case !star:
		return nil, false
	case len(parts) == 0:
		return starred(all), true
	}
	it := itemNamed(sc, parts[len(parts)-1])
	if it == nil || len(parts) > 1 {
		r.fail("%q names no FROM item", strings.Join(parts, "."))
		return nil, true
	}
	return starred(it.columns), true
}
