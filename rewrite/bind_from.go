package rewrite

import (
	"fmt"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// fromItem binds one entry of a FROM clause. It returns the items that the entry puts in scope and its columns in the
// order of a star. sc holds the items to the left (for LATERAL), with the scope around the SELECT.
func (b *binder) fromItem(n *pg.Node, sc, with *scope) ([]*item, []*column, error) {
	is := n.GetNode()
	items, columns, err := b.fromKind(n, sc, with)
	if err != nil {
		err = b.refusedAt(err, &pg.Node{Node: is})
	}
	return items, columns, err
}

func (b *binder) fromKind(n *pg.Node, sc, with *scope) ([]*item, []*column, error) {
	switch x := n.GetNode().(type) {
	case *pg.Node_RangeVar:
		return b.single(b.rangeVar(x.RangeVar, sc))
	case *pg.Node_RangeSubselect:
		return b.single(b.rangeSubselect(x.RangeSubselect, sc, with))
	case *pg.Node_RangeFunction:
		if rv := settingsOf(x.RangeFunction); rv != nil {
			n.Node = &pg.Node_RangeVar{RangeVar: rv}
			return b.single(b.rangeVar(rv, sc))
		}
		if it, err := b.setTemplate(n, x.RangeFunction, sc); it != nil || err != nil {
			return b.single(it, err)
		}
		return b.single(b.rangeFunction(n, x.RangeFunction, sc))
	case *pg.Node_RangeTableFunc:
		return b.single(b.rangeTableFunc(x.RangeTableFunc, sc))
	case *pg.Node_JoinExpr:
		return b.join(x.JoinExpr, sc, with)
	case *pg.Node_RangeTableSample:
		return b.single(b.rangeTableSample(n, x.RangeTableSample, sc))
	}
	return nil, nil, refused("unknown-syntax", "cordon: this kind of FROM item is not understood", "Write it as a table, a subquery or a join.")
}

func (b *binder) single(it *item, err error) ([]*item, []*column, error) {
	if err != nil {
		return nil, nil, err
	}
	it.own()
	b.spend(len(it.columns))
	return []*item{it}, it.columns, b.exhausted()
}

// claim gives an item its alias in the FROM clause (checkNameSpaceConflicts in parse_relation.c): two tables of one name
// from two schemas are legal, and get aliases of their own since subqueries of one name are not.
func (b *binder) claim(it *item, sc *scope) error { return b.claimAs(it, sc, false) }

// claimAs is claim; renamed says that the item gets an alias of its own in any case.
func (b *binder) claimAs(it *item, sc *scope, renamed bool) error {
	it.owner = sc.owner
	if it.name == "" {
		return nil
	}
	it.emit = it.name
	others := sc.owner.taken[it.name]
	for _, other := range others {
		if it.schema == "" || other.schema == "" || it.schema == other.schema {
			return &Error{Code: "42712", Message: fmt.Sprintf("table name %s specified more than once", quoted(it.name))}
		}
	}
	if sc.owner.claims++; renamed || len(others) > 0 { // reserved: no name of the client's captures it, nor of a query within; and equal subqueries stay equal
		it.emit = "cordon_" + itoa(sc.depth()) + "_" + itoa(sc.owner.claims)
	}
	sc.owner.taken[it.name] = append(others, it)
	return nil
}

// rangeVar binds a table, view or CTE reference.
func (b *binder) rangeVar(rv *pg.RangeVar, sc *scope) (*item, error) {
	if rv.Catalogname != "" && rv.Catalogname != b.env.database {
		return nil, b.at(&Error{Code: "0A000", Message: fmt.Sprintf("cross-database references are not implemented: %s",
			quoted(rv.Catalogname+"."+dotted(rv.Schemaname, rv.Relname)))}, rv.Location)
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
		return nil, b.at(err, rv.Location)
	}
	if rv.Alias == nil {
		it.schema = e.relation.Schema
	}
	if err := b.claimAs(it, sc, b.env.renamed[len(b.tables)]); err != nil {
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
		return b.at(refused("forward-reference", "cordon: WITH query "+quoted(c.name)+" is used before it is listed", "List WITH queries in the order in which they use one another."), rv.Location)
	}
	it.columns = rename(copyColumns(c.columns), rv.Alias.GetColnames())
	if !slices.Contains(sc.parent.ctes, c) { // of a query around this one: addRangeTableEntryForCTE in parse_relation.c
		for _, added := range it.columns[len(it.columns)-c.added:] {
			added.starless = true
		}
	}
	it.sorted = c.sorted
	it.readBy(c.derived)
	if c.hides {
		b.hiding++
	}
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
	it := &item{name: x.Alias.GetAliasname(), rel: x.Alias != nil, cols: true, columns: rename(inner(columns), x.Alias.GetColnames()),
		sorted: b.sortedRows(x.Subquery.GetSelectStmt())}
	it.readBy(b.derived[x.Subquery.GetSelectStmt()])
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
