package rewrite

import (
	"fmt"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// fromItem binds one entry of a FROM clause. It returns the items that the entry puts in scope and its columns in the
// order of a star. sc holds the items to the left (for LATERAL), with the scope around the SELECT.
func (b *binder) fromItem(n *pg.Node, sc, with *scope) ([]*item, []*column, error) {
	switch x := n.GetNode().(type) {
	case *pg.Node_RangeVar:
		return b.single(b.rangeVar(x.RangeVar, sc))
	case *pg.Node_RangeSubselect:
		return b.single(b.rangeSubselect(x.RangeSubselect, sc, with))
	case *pg.Node_RangeFunction:
		if it, err := b.setTemplate(n, x.RangeFunction, sc); it != nil || err != nil {
			return b.single(it, err)
		}
		return b.single(b.rangeFunction(x.RangeFunction, sc))
	case *pg.Node_RangeTableFunc:
		return b.single(b.rangeTableFunc(x.RangeTableFunc, sc))
	case *pg.Node_JoinExpr:
		return b.join(x.JoinExpr, sc, with)
	case *pg.Node_RangeTableSample:
		return nil, nil, refused("tablesample", "cordon: TABLESAMPLE samples rows that a masked session does not have",
			"Use WHERE random() < 0.01, or ORDER BY random() LIMIT n.")
	}
	return nil, nil, refused("unknown-syntax", "cordon: this kind of FROM item is not understood", "Write it as a table, a subquery or a join.")
}

func (b *binder) single(it *item, err error) ([]*item, []*column, error) {
	if err != nil {
		return nil, nil, err
	}
	it.own()
	return []*item{it}, it.columns, nil
}

// claim gives an item its alias in the FROM clause (checkNameSpaceConflicts in parse_relation.c): two tables of one name
// from two schemas are legal, and get aliases of their own since subqueries of one name are not.
func (b *binder) claim(it *item, sc *scope) error {
	it.owner = sc.owner
	if it.name == "" {
		return nil
	}
	it.emit = it.name
	other := sc.owner.taken[it.emit]
	if other == nil {
		sc.owner.taken[it.emit] = it
		return nil
	}
	if it.schema == "" || other.schema == "" || it.schema == other.schema {
		return &Error{Code: "42712", Message: fmt.Sprintf("table name %s specified more than once", quoted(it.name))}
	}
	b.aliases++
	it.emit = "cordon_" + itoa(b.aliases) // reserved: no name of the client's captures it
	sc.owner.taken[it.emit] = it
	return nil
}

// rangeVar binds a table, view or CTE reference.
func (b *binder) rangeVar(rv *pg.RangeVar, sc *scope) (*item, error) {
	if rv.Catalogname != "" && rv.Catalogname != b.env.database {
		return nil, &Error{Code: "0A000", Message: fmt.Sprintf("cross-database references are not implemented: %s",
			quoted(rv.Catalogname+"."+dotted(rv.Schemaname, rv.Relname)))}
	}
	it := &item{name: rv.Relname, rel: true, cols: true}
	if rv.Alias != nil {
		it.name = rv.Alias.Aliasname
	}
	if rv.Schemaname == "" {
		if c := sc.findCTE(rv.Relname); c != nil {
			return it, b.cteReference(rv, c, it, sc)
		}
	}
	e, err := b.resolve(rv.Schemaname, rv.Relname)
	if err != nil {
		return nil, err
	}
	if rv.Alias == nil {
		it.schema = e.relation.Schema
	}
	if err := b.claim(it, sc); err != nil {
		return nil, err
	}
	it.table = b.reference(e, it.emit, !rv.Inh)
	it.columns = rename(it.table.columns(), rv.Alias.GetColnames())
	if len(rv.Alias.GetColnames()) > 0 { // names go by position: every column has to be there
		it.table.aliased = true
		it.useAll()
	}
	rv.Catalogname, rv.Schemaname, rv.Relname, rv.Inh = "", "", it.table.marker, true
	rv.Alias = &pg.Alias{Aliasname: it.emit, Colnames: rv.Alias.GetColnames()}
	return it, nil
}

func (b *binder) cteReference(rv *pg.RangeVar, c *cte, it *item, sc *scope) error {
	if c.later {
		return refused("forward-reference", "cordon: WITH query "+quoted(c.name)+" is used before it is listed", "List WITH queries in the order in which they use one another.")
	}
	it.columns = rename(copyColumns(c.columns), rv.Alias.GetColnames())
	return b.claim(it, sc)
}

func copyColumns(columns []*column) []*column {
	out := make([]*column, len(columns))
	for i, c := range columns {
		d := *c
		out[i] = &d
	}
	return out
}

// resolve finds a relation of the twin: hidden ones neither answer nor shadow.
func (b *binder) resolve(schema, name string) (*exposed, error) {
	tw := b.env.twin
	if name == "pg_authid" && !b.env.definition && (schema == "" || schema == "pg_catalog") {
		return nil, forbiddenCatalog("pg_catalog", name)
	}
	if schema != "" {
		if e, err := tw.relation(schema, name); e != nil || err != nil {
			return e, err
		}
		return nil, undefinedTable(schema, name)
	}
	for _, s := range b.env.path {
		if e, err := tw.relation(s, name); e != nil || err != nil {
			return e, err
		}
	}
	return nil, undefinedTable("", name)
}

// rangeSubselect binds a subquery in FROM, which sees the items to its left only if it is LATERAL.
func (b *binder) rangeSubselect(x *pg.RangeSubselect, sc, with *scope) (*item, error) {
	outer := with
	if x.Lateral {
		outer = sc
	}
	columns, err := b.query(x.Subquery.GetSelectStmt(), outer, false)
	if err != nil {
		return nil, err
	}
	it := &item{name: x.Alias.GetAliasname(), rel: x.Alias != nil, cols: true, columns: rename(inner(columns), x.Alias.GetColnames())}
	return it, b.claim(it, sc)
}

// inner are a subquery's outputs as the query around it sees them: reading them exposes nothing further.
func inner(columns []*column) []*column {
	out := copyColumns(columns)
	for _, c := range out {
		c.uses = nil
	}
	return out
}

// join binds a JOIN: USING and NATURAL columns merge, and the sides' own columns can no longer be named alone
// (transformFromClauseItem in parse_clause.c).
func (b *binder) join(j *pg.JoinExpr, sc, with *scope) ([]*item, []*column, error) {
	leftItems, left, err := b.fromItem(j.Larg, sc, with)
	if err != nil {
		return nil, nil, err
	}
	lateral := &scope{parent: sc.parent, items: append(slices.Clone(sc.items), leftItems...), ctes: sc.ctes, owner: sc.owner}
	rightItems, right, err := b.fromItem(j.Rarg, lateral, with)
	if err != nil {
		return nil, nil, err
	}
	markNullable(j.Jointype, leftItems, rightItems)
	columns, merged, err := b.mergeUsing(j, left, right)
	if err != nil {
		return nil, nil, err
	}
	items := append(leftItems, rightItems...)
	if j.Quals != nil {
		on := &scope{parent: with, items: items, owner: sc.owner}
		if _, err := b.rootExpr(j.Quals, on, true); err != nil {
			return nil, nil, err
		}
	}
	return b.joinItems(j, items, columns, merged, sc)
}

// joinItems is what a JOIN leaves in scope.
func (b *binder) joinItems(j *pg.JoinExpr, items []*item, columns, merged []*column, sc *scope) ([]*item, []*column, error) {
	it := &item{cols: true, columns: columns}
	if j.Alias != nil {
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
		using := &item{name: j.JoinUsingAlias.Aliasname, rel: true, columns: merged}
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
func (b *binder) mergeUsing(j *pg.JoinExpr, left, right []*column) (columns, merged []*column, err error) {
	names, err := usingNames(j, left, right)
	if err != nil {
		return nil, nil, err
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
		l.use()
		r.use()
		m := &column{name: name, label: joinLabels(l.label, r.label), filtered: l.filtered || r.filtered,
			origin: Origin{Unknown: true}, uses: append(slices.Clone(l.uses), r.uses...)}
		if l.typ == r.typ {
			m.typ = l.typ
		}
		if m.filtered && !b.comparable("=", info{typ: l.typ}, info{typ: r.typ}) {
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

// rangeFunction binds functions in FROM; they see the items to their left without LATERAL.
func (b *binder) rangeFunction(x *pg.RangeFunction, sc *scope) (*item, error) {
	it := &item{name: x.Alias.GetAliasname(), rel: true, cols: true}
	expandUnnest(x)
	for _, n := range x.Functions {
		list := n.GetList().GetItems()
		columns, name, err := b.tableFunction(list[0], x, sc)
		if err != nil {
			return nil, err
		}
		if it.name == "" {
			it.name = name
		}
		if len(list) > 1 {
			if defs := list[1].GetList().GetItems(); len(defs) > 0 {
				if columns, err = b.definedColumns(defs); err != nil {
					return nil, err
				}
			}
		}
		it.columns = append(it.columns, columns...)
	}
	if len(x.Coldeflist) > 0 {
		columns, err := b.definedColumns(x.Coldeflist)
		if err != nil {
			return nil, err
		}
		it.columns = columns
	}
	if x.Ordinality {
		it.columns = append(it.columns, &column{name: "ordinality", typ: oidInt8})
	}
	it.columns = rename(it.columns, x.Alias.GetColnames())
	return it, b.claim(it, sc)
}

// expandUnnest makes ROWS FROM (unnest(a), unnest(b)) of unnest(a, b), as transformRangeFunction does.
func expandUnnest(x *pg.RangeFunction) {
	var functions []*pg.Node
	for _, n := range x.Functions {
		items := n.GetList().GetItems()
		f := items[0].GetFuncCall()
		parts, _ := splitName(f.GetFuncname())
		if len(parts) != 1 || parts[0] != "unnest" || len(f.Args) < 2 || f.FuncVariadic || f.AggStar || f.AggDistinct || len(f.AggOrder) > 0 ||
			f.AggFilter != nil || f.Over != nil || len(x.Coldeflist) > 0 || len(items) > 1 && len(items[1].GetList().GetItems()) > 0 {
			functions = append(functions, n)
			continue
		}
		for _, arg := range f.Args {
			call := pg.MakeFuncCallNode(nameNodes("pg_catalog", "unnest"), []*pg.Node{arg}, 0)
			call.GetFuncCall().Funcformat = pg.CoercionForm_COERCE_EXPLICIT_CALL
			functions = append(functions, pg.MakeListNode([]*pg.Node{call, {}}))
		}
		x.IsRowsfrom = true
	}
	x.Functions = functions
}

// tableFunction binds one function call in FROM and derives the columns that it returns.
func (b *binder) tableFunction(n *pg.Node, x *pg.RangeFunction, sc *scope) ([]*column, string, error) {
	name, _ := figureName(n)
	before := n.GetFuncCall()
	in, err := b.rootExpr(n, sc, true)
	if err != nil {
		return nil, "", err
	}
	call := n.GetFuncCall()
	if before != nil && call != before {
		return nil, "", refused("function-in-from", "cordon: function "+name+" cannot stand in FROM", "Call it in a select list.")
	}
	columns := b.env.twin.outputColumns(call, b.argTypes[call])
	if columns == nil {
		column := &column{name: name, typ: in.typ, label: in.label}
		if alias := x.Alias.GetAliasname(); alias != "" && len(x.Functions) == 1 {
			column.name = alias
		}
		columns = append(columns, column)
	}
	for _, c := range columns {
		c.filtered, c.origin = in.filtered, Origin{Unknown: true}
	}
	return columns, name, nil
}

// definedColumns are the columns of a column definition list; their types go by the type rule.
func (b *binder) definedColumns(defs []*pg.Node) ([]*column, error) {
	var columns []*column
	for _, n := range defs {
		def := n.GetColumnDef()
		if def == nil {
			return nil, refused("unknown-syntax", "cordon: this column definition list is not understood", "Write name and type of each column.")
		}
		oid, err := b.typeName(def.TypeName)
		if err != nil {
			return nil, err
		}
		if err := b.collation(def.CollClause); err != nil {
			return nil, err
		}
		columns = append(columns, &column{name: def.Colname, typ: oid, origin: Origin{Unknown: true}})
	}
	return columns, nil
}

// rangeTableFunc binds XMLTABLE.
func (b *binder) rangeTableFunc(x *pg.RangeTableFunc, sc *scope) (*item, error) {
	exprs := []*pg.Node{x.Docexpr, x.Rowexpr}
	for _, n := range x.Namespaces {
		exprs = append(exprs, n.GetResTarget().GetVal())
	}
	it := &item{name: x.Alias.GetAliasname(), rel: true, cols: true}
	if it.name == "" {
		it.name = "xmltable"
	}
	for _, n := range x.Columns {
		def := n.GetRangeTableFuncCol()
		exprs = append(exprs, def.Colexpr, def.Coldefexpr)
		c := &column{name: def.Colname, typ: oidInt4, filtered: true, origin: Origin{Unknown: true}}
		if !def.ForOrdinality {
			oid, err := b.typeName(def.TypeName)
			if err != nil {
				return nil, err
			}
			c.typ = oid
		}
		it.columns = append(it.columns, c)
	}
	for _, n := range exprs {
		if n == nil {
			continue
		}
		if _, err := b.rootExpr(n, sc, true); err != nil {
			return nil, err
		}
	}
	it.columns = rename(it.columns, x.Alias.GetColnames())
	return it, b.claim(it, sc)
}
