package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

// readFrom is an entry of a FROM clause: what it puts in scope, and its columns.
type readFrom struct {
	items []*readItem
	star  []readColumn
}

func oneItem(alias string, columns []readColumn) readFrom {
	return readFrom{[]*readItem{{alias: alias, columns: columns, named: alias != "", bare: true}}, columns}
}

// from reads an entry of a FROM clause; sc has the entries before it.
func (r *reader) from(n *pg.Node, sc *readScope) readFrom {
	switch x := n.GetNode().(type) {
	case *pg.Node_RangeVar:
		return r.relation(x.RangeVar, sc)
	case *pg.Node_RangeSubselect:
		outer := sc.beside()
		if x.RangeSubselect.Lateral {
			outer = sc
		}
		columns := r.query(x.RangeSubselect.Subquery.GetSelectStmt(), outer)
		return oneItem(x.RangeSubselect.Alias.GetAliasname(), r.renamed(columns, x.RangeSubselect.Alias))
	case *pg.Node_RangeFunction:
		return r.function(x.RangeFunction, sc)
	case *pg.Node_RangeTableFunc:
		return r.tableFunction(x.RangeTableFunc, sc)
	case *pg.Node_JoinExpr:
		return r.join(x.JoinExpr, sc)
	}
	r.fail("a FROM item that is not known")
	return readFrom{}
}

// relation reads a WITH query or a catalog: every other relation stands in a substitution.
func (r *reader) relation(rv *pg.RangeVar, sc *readScope) readFrom {
	alias := rv.Relname
	if rv.Alias != nil {
		alias = rv.Alias.Aliasname
	}
	if m := r.marks[rv.Relname]; rv.Schemaname == "" && m.short != "" {
		return oneItem(alias, r.renamed(r.query(r.twin.trees.query(m.short), sc.beside()), rv.Alias))
	}
	if rv.Schemaname == "" {
		columns, ok := sc.cte(rv.Relname)
		switch {
		case !ok:
			r.fail("relation %q is not qualified", rv.Relname)
		case len(columns) == 1 && columns[0].unread:
			r.fail("WITH queries that use one another")
		}
		return oneItem(alias, r.renamed(columns, rv.Alias))
	}
	rel, ok := r.twin.snapshot.Relation(rv.Schemaname, rv.Relname)
	if !ok || rel.OID >= catalog.FirstUserOID {
		r.fail("relation %s stands outside a substitution", dotted(rv.Schemaname, rv.Relname))
		return readFrom{}
	}
	columns := []readColumn{{open: true, starless: true}} // the system's
	for i := range rel.Columns {
		columns = append(columns, readColumn{name: rel.Columns[i].Name})
	}
	return oneItem(alias, r.renamed(columns, rv.Alias))
}

// renamed gives columns the names of an alias.
func (r *reader) renamed(columns []readColumn, alias *pg.Alias) []readColumn {
	names := alias.GetColnames()
	if len(names) == 0 {
		return columns
	}
	columns = slices.Clone(columns)
	if at := slices.IndexFunc(columns, func(c readColumn) bool { return c.open }); at >= 0 { // places before it are known
		if row(columns[at:]).guarded() {
			r.fail("%q has columns that cannot be counted", alias.Aliasname)
		}
		columns = slices.Concat(columns[:at], make([]readColumn, max(0, len(names)-at)), []readColumn{{open: true}})
	}
	for i, n := range names {
		if i < len(columns) && !columns[i].open {
			columns[i].name = n.GetString_().GetSval()
		}
	}
	return columns
}

// function reads calls in FROM: what they give is not guarded, as nothing that they take may be.
func (r *reader) function(x *pg.RangeFunction, sc *readScope) readFrom {
	var columns []readColumn
	alias := x.Alias.GetAliasname()
	for _, n := range x.Functions {
		call := n.GetList().GetItems()[0]
		r.plain(call, sc)
		name, _ := figureName(call)
		if alias == "" {
			alias = name
		}
		if x.Alias != nil && len(x.Functions) == 1 {
			name = x.Alias.Aliasname
		}
		columns = append(columns, r.returned(call, name, sc)...)
	}
	if x.Ordinality {
		columns = append(columns, readColumn{name: "ordinality"})
	}
	if len(x.Coldeflist) > 0 {
		columns = nil
	}
	for _, n := range x.Coldeflist {
		columns = append(columns, readColumn{name: n.GetColumnDef().GetColname()})
	}
	return oneItem(alias, r.renamed(columns, x.Alias))
}

// returned are the columns of a call: one, or those of its output arguments, or as many as the row type has that it returns, which are not counted.
func (r *reader) returned(call *pg.Node, name string, sc *readScope) (columns []readColumn) {
	unknown := []readColumn{{open: true}}
	f := call.GetFuncCall()
	if f == nil {
		return unknown
	}
	parts, _ := splitName(f.Funcname)
	if isOwn(parts) && parts[len(parts)-1] == "unnest" && len(f.Args) == 1 && r.plainArray(f.Args[0], sc) {
		return []readColumn{{name: name}}
	}
	for _, overload := range overloadsOf(r.twin.snapshot, pinnedPath, parts) {
		if !acceptsArgs(overload, len(f.Args)) {
			continue
		}
		of := []readColumn{{name: name}}
		switch t := r.twin.snapshot.Types[overload.Result]; {
		case len(overload.Out) == 1 && overload.Out[0].Name != "":
			of[0].name = overload.Out[0].Name
		case len(overload.Out) > 1:
			of = nil
			for _, field := range overload.Out {
				of = append(of, readColumn{name: field.Name})
			}
		case len(overload.Out) == 0 && (t == nil || t.Kind == 'c' || t.Kind == 'd' || t.Kind == 'p'):
			return unknown
		}
		if columns != nil && !slices.Equal(columns, of) {
			return unknown
		}
		columns = of
	}
	if columns == nil {
		return unknown
	}
	return columns
}

// plainArray says that an argument of unnest is an array of what is no row: a column of a table, a cast, or constants.
func (r *reader) plainArray(n *pg.Node, sc *readScope) bool {
	var array uint32
	switch x := n.GetNode().(type) {
	case *pg.Node_ColumnRef:
		parts, star := splitName(x.ColumnRef.Fields)
		if star || len(parts) != 2 {
			return false
		}
		if it := itemNamed(sc, parts[0]); it != nil {
			for _, c := range it.columns {
				if c.name == parts[1] {
					array = c.typ
				}
			}
		}
	case *pg.Node_TypeCast:
		array, _ = typeOf(r.twin.snapshot, pinnedPath, x.TypeCast.TypeName)
	case *pg.Node_AArrayExpr:
		return len(x.AArrayExpr.Elements) > 0 && !slices.ContainsFunc(x.AArrayExpr.Elements, func(n *pg.Node) bool { return n.GetAConst() == nil })
	}
	elem := r.twin.snapshot.Types[r.twin.snapshot.Elem(array)]
	return elem != nil && elem.Kind == 'b'
}

func (r *reader) tableFunction(x *pg.RangeTableFunc, sc *readScope) readFrom {
	r.below(&pg.Node{Node: &pg.Node_RangeTableFunc{RangeTableFunc: x}}, sc)
	alias := x.Alias.GetAliasname()
	if alias == "" {
		alias = "xmltable"
	}
	var columns []readColumn
	for _, n := range x.Columns {
		columns = append(columns, readColumn{name: n.GetRangeTableFuncCol().GetColname()})
	}
	return oneItem(alias, r.renamed(columns, x.Alias))
}

// join reads a join. Of the columns that it merges both sides have to hold the same.
func (r *reader) join(x *pg.JoinExpr, sc *readScope) readFrom {
	left := r.from(x.Larg, sc)
	right := r.from(x.Rarg, sc.with(left.items...))
	items := slices.Concat(left.items, right.items)
	merged := r.merged(x, left.star, right.star)
	r.spend((len(merged) + 1) * (len(left.star) + len(right.star)) / 8)
	if x.Quals != nil {
		r.plain(x.Quals, &readScope{parent: sc.parent, ctes: sc.ctes, items: items})
	}
	isMerged := func(c readColumn) bool {
		return slices.ContainsFunc(merged, func(m readColumn) bool { return !c.open && m.name == c.name })
	}
	star := slices.Concat(merged, slices.DeleteFunc(slices.Clone(left.star), isMerged), slices.DeleteFunc(slices.Clone(right.star), isMerged))
	if x.JoinUsingAlias != nil {
		items = append(items, &readItem{alias: x.JoinUsingAlias.Aliasname, columns: merged, named: true})
	}
	if x.Alias != nil {
		return oneItem(x.Alias.Aliasname, r.renamed(star, x.Alias))
	}
	return readFrom{items, star}
}

func (r *reader) merged(x *pg.JoinExpr, left, right []readColumn) (merged []readColumn) {
	var names []string
	for _, n := range x.UsingClause {
		names = append(names, n.GetString_().GetSval())
	}
	if x.IsNatural {
		if isOpen(left) && row(right).guarded() || isOpen(right) && row(left).guarded() {
			r.fail("a natural join with columns that are not known")
		}
		for _, c := range left {
			if _, ok := find(right, c.name); ok && !c.open {
				names = append(names, c.name)
			}
		}
	}
	for _, name := range names {
		l, _ := find(left, name)
		right, _ := find(right, name)
		merged = append(merged, readColumn{name: name, content: r.meet(l, right, "the columns "+name+" that a join merges")})
	}
	return merged
}
