package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// column is a column that a FROM item, a subquery or a CTE offers to the expressions around it.
type column struct {
	name     string
	typ      uint32 // pg_type.oid, 0 where it is not derived
	label    label
	origin   Origin
	filtered bool     // the value derives from a table with a row filter
	collate  string   // collation as in info
	raises   bool     // reading it can raise: a `sql` mask
	equated  bool     // another column has to equal it
	null     bool     // it is NULL in every row
	computed bool     // a join made it of both its sides: in a subquery the server does not find it in GROUP BY
	of       *column  // of a join's: the side's column that it is
	uses     []*bool  // marks of the table columns to expose when this column is read
	expr     *pg.Node // of an output column: what it is
	home     *item    // the FROM item by whose alias it can be named; nil for what a join merged
	starless bool     // not of a star: p_dontexpand
	reg      string   // the reg* type whose number it holds: a client is shown the name; see show_reg.go
}

// use records that the statement reads the column.
func (c *column) use() {
	for _, u := range c.uses {
		*u = true
	}
}

// exposed says that it can be read as the statement stands: its table's subquery has it.
func (c *column) exposed() bool {
	return len(c.uses) == 0 || slices.ContainsFunc(c.uses, func(used *bool) bool { return *used })
}

// source is the column itself where USING merged it from both sides and it is just that of one (buildMergedJoinVar in parse_clause.c).
func (c *column) source() *column {
	for c.of != nil {
		c = c.of
	}
	return c
}

// item is what one FROM entry puts in scope: a table, a subquery, a function, a join, a CTE reference.
// It is Postgres' ParseNamespaceItem.
type item struct {
	name    string // the alias as the client sees it; empty for a join without one
	emit    string // the alias that is sent
	schema  string // of a table named without an alias: public.users.username is then legal
	columns []*column
	table   *tableRef     // of a substituted relation
	derived *derivedQuery // of a subquery or a WITH query
	rel     bool          // may be named: item.column, item.*
	cols    bool          // its columns may be named alone
	// nullable: on the nullable side of an outer join; a condition must not move into it.
	nullable bool
	owner    *selectScope
	shadow   bool           // a join without an alias, or the alias of its USING: its columns are those of other items
	call     bool           // it is a function call
	sorted   bool           // its rows come in an order that an ORDER BY in it fixes
	names    map[string]int // how many columns have a name; made when first asked for
}

// shared says that more than one column has a name.
func (it *item) shared(name string) bool {
	if it.names == nil {
		it.names = map[string]int{}
		for _, c := range it.columns {
			it.names[c.name]++
		}
	}
	return it.names[name] > 1
}

// own makes the item the home of its columns.
func (it *item) own() {
	for _, c := range it.columns {
		c.home = it
	}
}

func (it *item) useAll() {
	for _, c := range it.columns {
		c.use()
	}
}

// column finds a column by name; more than one of that name is ambiguous.
func (it *item) column(name string) (*column, error) {
	var found *column
	for _, c := range it.columns {
		if c.name != name {
			continue
		}
		if found != nil {
			return nil, ambiguousColumn(name)
		}
		found = c
	}
	return found, nil
}

// scope is a chain of name spaces, innermost first. A scope is made by the clause that opens it and handed down;
// nothing changes it but the FROM clause that fills it.
type scope struct {
	parent *scope
	items  []*item
	ctes   []*cte
	owner  *selectScope
}

// cte is a WITH query in scope.
type cte struct {
	name    string
	columns []*column
	later   bool // WITH RECURSIVE lists it after the query being bound
	hides   bool // as of exposed
	sorted  bool // as of item
	added   int  // columns at the end that SEARCH and CYCLE added
	derived *derivedQuery
}

func (s *scope) child() *scope { return &scope{parent: s, owner: s.ownerOrNil()} }

func (s *scope) ownerOrNil() *selectScope {
	if s == nil {
		return nil
	}
	return s.owner
}

// depth is how many SELECTs a scope is in.
func (s *scope) depth() int {
	depth := 0
	for owner := (*selectScope)(nil); s != nil; s = s.parent {
		if s.owner != nil && s.owner != owner {
			owner = s.owner
			depth++
		}
	}
	return depth
}

// hasItems says whether a FROM clause stands in this scope or around it.
func (s *scope) hasItems() bool {
	for ; s != nil; s = s.parent {
		if len(s.items) > 0 {
			return true
		}
	}
	return false
}

// findCTE looks a WITH query up, inner to outer.
func (s *scope) findCTE(name string) *cte {
	for ; s != nil; s = s.parent {
		for _, c := range slices.Backward(s.ctes) {
			if c.name == name {
				return c
			}
		}
	}
	return nil
}

// findColumn resolves a bare name, inner to outer.
func (s *scope) findColumn(name string) (*item, *column, error) {
	for ; s != nil; s = s.parent {
		var (
			owner *item
			found *column
		)
		for _, it := range s.items {
			if !it.cols {
				continue
			}
			c, err := it.column(name)
			if err != nil {
				return nil, nil, err
			}
			if c == nil {
				continue
			}
			if found != nil {
				return nil, nil, ambiguousColumn(name)
			}
			owner, found = it, c
		}
		if found != nil {
			return owner, found, nil
		}
	}
	return nil, nil, nil
}

// sends says that the alias by which an item is sent finds it from here: a schema may have told it from a nearer one, or from one beside it, of the same alias.
func (s *scope) sends(it *item) bool {
	for ; s != nil; s = s.parent {
		found := false
		for _, other := range s.items {
			if other.emit != it.emit {
				continue
			}
			if other != it {
				return false
			}
			found = true
		}
		if found {
			return true
		}
	}
	return true
}

// pastCall says that a call stands in a FROM clause between here and an item's own.
func (s *scope) pastCall(it *item) bool {
	for past := false; s != nil; s = s.parent {
		if slices.Contains(s.items, it) {
			return past
		}
		past = past || slices.ContainsFunc(s.items, func(other *item) bool { return other.call })
	}
	return false
}

// findItem resolves a relation name in front of a column, inner to outer. schema is empty where none was written.
func (s *scope) findItem(schema, name string) (*item, error) {
	for ; s != nil; s = s.parent {
		var found *item
		for _, it := range s.items {
			if !it.rel || it.name != name && it.emit != name || schema != "" && it.schema != schema {
				continue // by what it is sent as it is looked up where its own text is bound once more
			}
			if found != nil {
				return nil, &Error{Code: "42P09", Message: "table reference " + quoted(name) + " is ambiguous"}
			}
			found = it
		}
		if found != nil {
			return found, nil
		}
	}
	return nil, nil
}
