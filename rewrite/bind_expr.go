package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v5"
)

// Types of pg_catalog that the binder itself assigns (pg_type.dat).
const (
	oidBool        = 16
	oidInt8        = 20
	oidInt4        = 23
	oidText        = 25
	oidOID         = 26
	oidVarchar     = 1043
	oidNumeric     = 1700
	oidTimestampTZ = 1184
	oidInterval    = 1186
)

// info is what the binder derives of an expression.
type info struct {
	typ      uint32 // 0 where it is not derived
	label    label
	origin   Origin
	filtered bool // reads a value that derives from a table with a row filter
	// safe: cannot raise, has no effect, and tells nothing by being evaluated, for every value of what it reads.
	safe    bool
	literal bool // an untyped literal or a parameter: takes the type of what it meets
	// collated: of a collation that may be non-deterministic, for which LIKE raises.
	collated bool
	moment   bool // a point in time that depends on no row: now(), CURRENT_DATE and these moved by a short interval
	span     bool // a literal interval too short to overflow a timestamp of our times
}

// merge adds an operand to what is known of an expression made of it.
func (in *info) merge(arg info) {
	in.filtered = in.filtered || arg.filtered
	in.safe = in.safe && arg.safe
	in.collated = in.collated || arg.collated
	in.origin = Origin{}
}

// rootExpr binds a whole expression. hazard says that the server may evaluate it before a row filter: in WHERE, ON, HAVING, FILTER, and
// in any select list below the outermost (pitfall C2). Whether it reads the filtered table does not matter: one without a column, or over
// another table, is evaluated when a row asks for it, and that it was tells about the row.
func (b *binder) rootExpr(n *pg.Node, sc *scope, hazard bool) (info, error) {
	in, err := b.expr(n, sc)
	if err == nil && hazard && !in.safe {
		b.hazard = true
	}
	return in, err
}

// exprs binds operands and joins what is known of them.
func (b *binder) exprs(nodes []*pg.Node, sc *scope) (info, error) {
	in := info{safe: true}
	for _, n := range nodes {
		if n == nil || n.GetNode() == nil {
			continue
		}
		arg, err := b.expr(n, sc)
		if err != nil {
			return info{}, err
		}
		in.merge(arg)
	}
	return in, nil
}

// typed sets the type of a result whose operands were joined.
func typed(in info, err error, oid uint32, safe bool) (info, error) {
	in.typ = oid
	in.safe = in.safe && safe
	return in, err
}

// expr binds an expression and lowers it in place, and counts those that are not safe.
func (b *binder) expr(n *pg.Node, sc *scope) (info, error) {
	in, err := b.simple(n, sc)
	if !in.safe {
		b.unsafe++
	}
	return in, err
}

// simple binds the kinds of expressions that nearly every statement has. Every node kind that neither it nor compound names is refused.
func (b *binder) simple(n *pg.Node, sc *scope) (info, error) {
	switch x := n.GetNode().(type) {
	case *pg.Node_ColumnRef:
		return b.columnRef(n, x.ColumnRef, sc)
	case *pg.Node_AConst:
		return constant(x.AConst), nil
	case *pg.Node_ParamRef:
		return b.parameter(x.ParamRef), nil
	case *pg.Node_TypeCast:
		return b.typeCast(n, x.TypeCast, sc)
	case *pg.Node_AExpr:
		return b.aExpr(x.AExpr, sc)
	case *pg.Node_FuncCall:
		return b.funcCall(n, x.FuncCall, sc)
	case *pg.Node_SubLink:
		return b.subLink(x.SubLink, sc)
	case *pg.Node_BoolExpr:
		in, err := b.exprs(x.BoolExpr.Args, sc)
		return typed(in, err, oidBool, true)
	case *pg.Node_NullTest:
		in, err := b.exprs([]*pg.Node{x.NullTest.Arg}, sc)
		return typed(in, err, oidBool, true)
	case *pg.Node_BooleanTest:
		in, err := b.exprs([]*pg.Node{x.BooleanTest.Arg}, sc)
		return typed(in, err, oidBool, true)
	case *pg.Node_SqlvalueFunction:
		return b.valueFunction(n, x.SqlvalueFunction)
	case *pg.Node_List:
		return b.exprs(x.List.Items, sc)
	case *pg.Node_NamedArgExpr:
		return b.expr(x.NamedArgExpr.Arg, sc)
	}
	return b.compound(n, sc)
}

// compound binds what is built of several expressions.
func (b *binder) compound(n *pg.Node, sc *scope) (info, error) {
	switch x := n.GetNode().(type) {
	case *pg.Node_CaseExpr:
		return b.caseExpr(x.CaseExpr, sc)
	case *pg.Node_CoalesceExpr:
		return b.choice(x.CoalesceExpr.Args, sc)
	case *pg.Node_MinMaxExpr:
		in, err := b.choice(x.MinMaxExpr.Args, sc)
		in.safe = false
		return in, err
	case *pg.Node_AArrayExpr:
		in, err := b.exprs(x.AArrayExpr.Elements, sc)
		return typed(in, err, 0, false)
	case *pg.Node_RowExpr:
		in, err := b.exprs(x.RowExpr.Args, sc)
		return typed(in, err, 0, false)
	case *pg.Node_GroupingFunc:
		if sc.owner != nil {
			sc.owner.aggregates++
			defer func() { sc.owner.aggregates-- }()
		}
		in, err := b.exprs(x.GroupingFunc.Args, sc)
		return typed(in, err, oidInt4, true)
	case *pg.Node_CollateClause:
		if err := b.collation(x.CollateClause); err != nil {
			return info{}, err
		}
		in, err := b.expr(x.CollateClause.Arg, sc)
		in.origin = Origin{Unknown: true}
		in.safe = false
		return in, err
	case *pg.Node_AIndirection:
		return b.indirection(n, x.AIndirection, sc)
	case *pg.Node_XmlExpr:
		return b.unsafeExprs(sc, append(x.XmlExpr.NamedArgs, x.XmlExpr.Args...)...)
	case *pg.Node_ResTarget: // a named argument of xmlelement or xmlforest
		return b.expr(x.ResTarget.Val, sc)
	case *pg.Node_XmlSerialize:
		if _, err := b.typeName(x.XmlSerialize.TypeName); err != nil {
			return info{}, err
		}
		return b.unsafeExprs(sc, x.XmlSerialize.Expr)
	}
	return b.jsonExpr(n, sc)
}

func (b *binder) unsafeExprs(sc *scope, nodes ...*pg.Node) (info, error) {
	in, err := b.exprs(nodes, sc)
	return typed(in, err, 0, false)
}

// jsonExpr binds the SQL/JSON constructors of the grammar.
func (b *binder) jsonExpr(n *pg.Node, sc *scope) (info, error) {
	var output *pg.JsonOutput
	var nodes []*pg.Node
	var aggregate *pg.JsonAggConstructor
	switch x := n.GetNode().(type) {
	case *pg.Node_JsonObjectConstructor:
		output, nodes = x.JsonObjectConstructor.Output, x.JsonObjectConstructor.Exprs
	case *pg.Node_JsonArrayConstructor:
		output, nodes = x.JsonArrayConstructor.Output, x.JsonArrayConstructor.Exprs
	case *pg.Node_JsonKeyValue:
		return b.unsafeExprs(sc, x.JsonKeyValue.Key, x.JsonKeyValue.Value.GetRawExpr())
	case *pg.Node_JsonValueExpr:
		return b.unsafeExprs(sc, x.JsonValueExpr.RawExpr)
	case *pg.Node_JsonIsPredicate:
		in, err := b.exprs([]*pg.Node{x.JsonIsPredicate.Expr}, sc)
		return typed(in, err, oidBool, false)
	case *pg.Node_JsonObjectAgg:
		aggregate = x.JsonObjectAgg.Constructor
		nodes = []*pg.Node{x.JsonObjectAgg.Arg.GetKey(), x.JsonObjectAgg.Arg.GetValue().GetRawExpr()}
	case *pg.Node_JsonArrayAgg:
		aggregate = x.JsonArrayAgg.Constructor
		nodes = []*pg.Node{x.JsonArrayAgg.Arg.GetRawExpr()}
	default:
		return info{}, refused("unknown-syntax", "cordon: an expression of this statement is not understood", "Write it with ordinary functions and operators.")
	}
	if aggregate != nil {
		return b.jsonAggregate(aggregate, nodes, sc)
	}
	return b.jsonOutput(output, nodes, sc)
}

func (b *binder) jsonAggregate(c *pg.JsonAggConstructor, nodes []*pg.Node, sc *scope) (info, error) {
	if sc.owner != nil {
		sc.owner.aggregates++
		defer func() { sc.owner.aggregates-- }()
	}
	if err := b.window(c.Over, sc); err != nil {
		return info{}, err
	}
	for _, o := range c.AggOrder {
		nodes = append(nodes, o.GetSortBy().GetNode())
		if err := b.sortOperator(o.GetSortBy()); err != nil {
			return info{}, err
		}
	}
	if c.AggFilter != nil {
		if _, err := b.rootExpr(c.AggFilter, sc, true); err != nil {
			return info{}, err
		}
	}
	return b.jsonOutput(c.Output, nodes, sc)
}

func (b *binder) jsonOutput(output *pg.JsonOutput, nodes []*pg.Node, sc *scope) (info, error) {
	if output != nil {
		if _, err := b.typeName(output.TypeName); err != nil {
			return info{}, err
		}
	}
	return b.unsafeExprs(sc, nodes...)
}

// columnRef binds a reference to a column, or to a whole row.
func (b *binder) columnRef(n *pg.Node, ref *pg.ColumnRef, sc *scope) (info, error) {
	parts, star := splitName(ref.Fields)
	if star {
		return b.rowStar(ref, parts, sc)
	}
	if len(parts) == 1 {
		it, c, err := sc.findColumn(parts[0])
		if err != nil {
			return info{}, err
		}
		if c != nil {
			return b.useColumn(ref, it, c, sc), nil
		}
		return b.wholeRow(n, ref, parts, sc)
	}
	it, err := b.qualifier(parts[:len(parts)-1], sc)
	if err != nil {
		return info{}, err
	}
	name := parts[len(parts)-1]
	c, err := it.column(name)
	if err != nil {
		return info{}, err
	}
	if c == nil {
		if systemColumns[name] && it.table != nil {
			return b.systemColumn(n, name, it)
		}
		return info{}, undefinedColumn(parts[len(parts)-2], name)
	}
	ref.Fields = nameNodes(it.emit, name)
	return b.useColumn(ref, it, c, sc), nil
}

// rowStar binds t.* inside an expression: in a call the whole row, in ROW(...) its columns.
func (b *binder) rowStar(ref *pg.ColumnRef, parts []string, sc *scope) (info, error) {
	if len(parts) == 0 {
		return info{}, &Error{Code: "0A000", Message: "row expansion via \"*\" is not supported here", Hint: "Name the columns."}
	}
	it, err := b.qualifier(parts, sc)
	if err != nil {
		return info{}, err
	}
	if err := aliasedRow(it); err != nil {
		return info{}, err
	}
	it.useAll()
	in := info{origin: Origin{Unknown: true}}
	for _, c := range it.columns {
		b.collect(sc, it, c)
		in.filtered = in.filtered || c.filtered
	}
	ref.Fields = append(nameNodes(it.emit), pg.MakeAStarNode())
	return in, nil
}

var systemColumns = map[string]bool{"ctid": true, "xmin": true, "xmax": true, "cmin": true, "cmax": true, "tableoid": true}

func (b *binder) useColumn(ref *pg.ColumnRef, it *item, c *column, sc *scope) info {
	c.use()
	b.collect(sc, it, c)
	if it.emit == "" && c.home != nil {
		it = c.home
	}
	b.refs[ref], b.owners[ref] = c, it
	return info{typ: c.typ, label: c.label, origin: c.origin, filtered: c.filtered, safe: !c.raises, collated: c.collated}
}

// parameter is untyped, as a literal is, unless the client declared a type: then the server converts what it meets.
func (b *binder) parameter(p *pg.ParamRef) info {
	if i := int(p.Number) - 1; i >= 0 && i < len(b.env.parameters) && b.env.parameters[i] != 0 && b.env.parameters[i] != untyped {
		return info{typ: b.env.parameters[i], safe: true}
	}
	return info{safe: true, literal: true}
}

// wholeRow binds a name that is no column: a row of a FROM item.
func (b *binder) wholeRow(n *pg.Node, ref *pg.ColumnRef, parts []string, sc *scope) (info, error) {
	it, err := sc.findItem("", parts[0])
	if err != nil {
		return info{}, err
	}
	if it == nil {
		if systemColumns[parts[0]] {
			return b.systemColumn(n, parts[0], nil)
		}
		return info{}, undefinedColumn("", parts[0])
	}
	if err := aliasedRow(it); err != nil {
		return info{}, err
	}
	it.useAll()
	in := info{origin: Origin{Unknown: true}}
	for _, c := range it.columns {
		b.collect(sc, it, c)
		in.filtered = in.filtered || c.filtered
	}
	ref.Fields = nameNodes(it.emit)
	b.owners[ref] = it
	return in, nil
}

// aliasedRow refuses the whole row of a table with column aliases: on the twin its fields keep the table's names, of a subquery they do not.
func aliasedRow(it *item) error {
	if it.table == nil || !it.table.aliased {
		return nil
	}
	return refused("aliased-row", "cordon: a whole row of "+quoted(it.name)+", which has column aliases, is not in this version", "Name the columns, or leave the column aliases out.")
}

// rowItem is the FROM item whose whole row an expression is; nil if it is something else.
func (b *binder) rowItem(n *pg.Node, sc *scope) *item {
	parts, star := splitName(n.GetColumnRef().GetFields())
	if star || len(parts) != 1 {
		return nil
	}
	if _, c, err := sc.findColumn(parts[0]); c != nil || err != nil {
		return nil
	}
	it, err := sc.findItem("", parts[0])
	if err != nil {
		return nil
	}
	return it
}

// indirection binds subscripts and field selections. (row).field is a column; a field of anything else must not be the
// functional notation for a function that is not reviewed (pitfall S12).
func (b *binder) indirection(n *pg.Node, x *pg.A_Indirection, sc *scope) (info, error) {
	rest := x.Indirection
	if it := b.rowItem(x.Arg, sc); it != nil && rest[0].GetString_() != nil {
		field := rest[0].GetString_().Sval
		x.Arg = pg.MakeColumnRefNode(nameNodes(it.name, field), 0)
		if len(rest) == 1 {
			n.Node = x.Arg.Node
			return b.expr(n, sc)
		}
		rest = rest[1:]
		x.Indirection = rest
	}
	in, err := b.expr(x.Arg, sc)
	if err != nil {
		return info{}, err
	}
	for _, step := range rest {
		if err := b.indirectionStep(step, sc, &in); err != nil {
			return info{}, err
		}
	}
	return info{filtered: in.filtered, origin: Origin{Unknown: true}}, nil
}

func (b *binder) indirectionStep(step *pg.Node, sc *scope, in *info) error {
	if idx := step.GetAIndices(); idx != nil {
		sub, err := b.exprs([]*pg.Node{idx.Lidx, idx.Uidx}, sc)
		in.merge(sub)
		return err
	}
	field := step.GetString_()
	if field == nil {
		return refused("expand-composite", "cordon: (expression).* is not understood", "Put the function into FROM: SELECT f.* FROM f(...) AS f.")
	}
	return b.fieldName(field.Sval)
}

// fieldName admits a field that is not the functional notation of a call that would need to be looked at.
func (b *binder) fieldName(name string) error {
	if _, ok := b.env.twin.snapshot.TypeByName("pg_catalog", name); ok { // then it is a cast, which for reg* looks names up
		return refused("functional-notation", "cordon: field "+quoted(name)+" could be a cast to the type of that name", "Write the cast as CAST(... AS "+name+"), or put the function into FROM.")
	}
	if !b.env.twin.accepts("pg_catalog", name, 1) {
		return nil
	}
	v := b.env.twin.call("pg_catalog", name, 1)
	if !v.admitted || v.rule.Template != "" {
		return refused("functional-notation", "cordon: field "+quoted(name)+" could be a call of the function of that name", "Write the call as "+name+"(...), or put the function into FROM.")
	}
	return nil
}

func (b *binder) caseExpr(x *pg.CaseExpr, sc *scope) (info, error) {
	conditions := []*pg.Node{x.Arg}
	results := []*pg.Node{x.Defresult}
	for _, n := range x.Args {
		when := n.GetCaseWhen()
		if when == nil {
			return info{}, refused("unknown-syntax", "cordon: this CASE is not understood", "Use CASE WHEN ... THEN ... END.")
		}
		conditions = append(conditions, when.Expr)
		results = append(results, when.Result)
	}
	cond, err := b.exprs(conditions, sc)
	if err != nil {
		return info{}, err
	}
	in, err := b.choice(results, sc)
	in.merge(cond)
	in.safe = in.safe && x.Arg == nil // CASE x WHEN y is an equality of types that are not looked at
	return in, err
}

// choice binds alternatives of one value; the label is joined over all of them.
func (b *binder) choice(nodes []*pg.Node, sc *scope) (info, error) {
	in := info{safe: true, literal: true}
	first := true
	for _, n := range nodes {
		if n == nil {
			continue
		}
		arg, err := b.expr(n, sc)
		if err != nil {
			return info{}, err
		}
		in.merge(arg)
		if arg.literal {
			continue
		}
		if first {
			in.typ, in.label, first = arg.typ, arg.label, false
			continue
		}
		in.label = joinLabels(in.label, arg.label)
		if in.typ != arg.typ {
			in.typ, in.safe = 0, false // a conversion that is not looked at
		}
	}
	in.literal = first
	return in, nil
}

func constant(c *pg.A_Const) info {
	in := info{safe: true}
	switch {
	case c.Isnull, c.GetSval() != nil:
		in.literal = true
	case c.GetIval() != nil:
		in.typ = oidInt4
	case c.GetFval() != nil:
		in.typ = oidNumeric
	case c.GetBoolval() != nil:
		in.typ = oidBool
	}
	return in
}

// subLink binds a subquery in an expression.
func (b *binder) subLink(x *pg.SubLink, sc *scope) (info, error) {
	before, unsafe := b.filteredTables(), b.unsafe
	columns, err := b.query(x.Subselect.GetSelectStmt(), sc, false)
	if err != nil {
		return info{}, err
	}
	// A subquery runs when a row first asks for it: one that can raise tells that a row did.
	in := info{safe: b.unsafe == unsafe, filtered: b.filteredTables() > before}
	for _, c := range columns {
		in.filtered = in.filtered || c.filtered
	}
	test := info{safe: true}
	if x.Testexpr != nil {
		if test, err = b.expr(x.Testexpr, sc); err != nil {
			return info{}, err
		}
		in.merge(test)
	}
	if err := b.operator(x.OperName); err != nil {
		return info{}, err
	}
	switch x.SubLinkType {
	case pg.SubLinkType_EXISTS_SUBLINK:
		in.typ = oidBool
	case pg.SubLinkType_ANY_SUBLINK, pg.SubLinkType_ALL_SUBLINK:
		op := "="
		if len(x.OperName) > 0 {
			op = lastString(x.OperName)
		}
		in.typ = oidBool
		in.safe = in.safe && len(columns) == 1 && b.comparable(op, test, info{typ: columns[0].typ})
	case pg.SubLinkType_EXPR_SUBLINK, pg.SubLinkType_ARRAY_SUBLINK, pg.SubLinkType_ROWCOMPARE_SUBLINK:
		in.safe = false // more than one row is an error
		if x.SubLinkType == pg.SubLinkType_EXPR_SUBLINK && len(columns) == 1 {
			in.typ, in.label = columns[0].typ, columns[0].label
		}
	default:
		return info{}, refused("unknown-syntax", "cordon: this kind of subquery is not understood", "Use EXISTS, IN or a scalar subquery.")
	}
	return in, nil
}

func (b *binder) filteredTables() int {
	count := 0
	for _, t := range b.tables {
		if t.exposed.filtered {
			count++
		}
	}
	return count
}
