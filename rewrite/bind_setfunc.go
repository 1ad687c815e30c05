package rewrite

import (
	"cmp"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// rangeFunction binds the functions of a FROM item; they see the items to their left without LATERAL.
func (b *binder) rangeFunction(n *pg.Node, x *pg.RangeFunction, sc *scope) (*item, error) {
	it := &item{name: x.Alias.GetAliasname(), rel: true, cols: true, call: true}
	expandUnnest(x)
	replaced := false
	for _, n := range x.Functions {
		list := n.GetList().GetItems()
		call := list[0].GetFuncCall()
		columns, name, err := b.tableFunction(list[0], x, sc)
		if err != nil {
			return nil, err
		}
		replaced = replaced || call != nil && list[0].GetFuncCall() != call
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
	if replaced {
		functionQuery(n, x, it)
	}
	it.columns = rename(it.columns, x.Alias.GetColnames())
	return it, b.claim(it, sc)
}

// functionQuery makes a subquery of a FROM item that is one call, in whose place a template stands.
func functionQuery(n *pg.Node, x *pg.RangeFunction, it *item) {
	sel := selectOf(x.Functions[0].GetList().GetItems()[0])
	sel.GetSelectStmt().TargetList[0].GetResTarget().Name = it.columns[0].name
	n.Node = &pg.Node_RangeSubselect{RangeSubselect: &pg.RangeSubselect{Lateral: true, Subquery: sel,
		Alias: &pg.Alias{Aliasname: it.name, Colnames: x.Alias.GetColnames()}}}
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
	if before != nil && call != before && (len(x.Functions) > 1 || x.Ordinality || len(x.Coldeflist) > 0) {
		return nil, "", refused("function-in-from", "cordon: function "+name+" cannot stand in ROWS FROM, or beside WITH ORDINALITY", "Call it in a select list, or alone.")
	}
	if before != nil && call != before { // one value, by a template
		one := &column{name: cmp.Or(x.Alias.GetAliasname(), name), typ: in.typ, filtered: in.filtered, collate: in.collate, origin: Origin{Unknown: true}}
		return []*column{one}, name, nil
	}
	columns := b.env.twin.outputColumns(call, b.argTypes[call])
	for _, c := range b.env.twin.fields(in.typ) { // a set of composite values has their columns
		columns = append(columns, &column{name: c.Name, typ: c.Type.OID, collate: joinCollations("", c.Type.Collation)})
	}
	if columns == nil {
		column := &column{name: name, typ: in.typ}
		if alias := x.Alias.GetAliasname(); alias != "" && len(x.Functions) == 1 {
			column.name = alias
		}
		columns = append(columns, column)
	}
	for _, c := range columns {
		c.filtered, c.collate, c.origin = in.filtered, joinCollations(c.collate, in.collate), Origin{Unknown: true}
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
		collate, err := b.collation(def.CollClause)
		if err != nil {
			return nil, err
		}
		if def.CollClause == nil {
			collate = b.env.twin.collationOf(oid)
		}
		columns = append(columns, &column{name: def.Colname, typ: oid, collate: collate, origin: Origin{Unknown: true}})
	}
	return columns, nil
}
