package rewrite

import (
	"slices"
	"strconv"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// Types of pg_catalog that the binder itself assigns (pg_type.dat).
const (
	oidBool         = 16
	oidInt8         = 20
	oidName         = 19
	oidNameArray    = 1003
	oidInt2         = 21
	oidInt4         = 23
	oidText         = 25
	oidOID          = 26
	oidTID          = 27
	oidXID          = 28
	oidVarchar      = 1043
	oidVarcharArray = 1015
	oidFloat4       = 700
	oidFloat8       = 701
	oidNumeric      = 1700
	oidUUID         = 2950
	oidDate         = 1082
	oidTimestamp    = 1114
	oidTimestampTZ  = 1184
	oidInterval     = 1186
	oidRecord       = 2249
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
	// collate is the collation, quoted and qualified; empty for none and for the database's own, which yields to any other.
	collate string
	moment  int  // a point in time that depends on no row; see moment.go
	span    bool // a literal of less than a thousand years, as an interval or a number of days
}

// merge adds an operand to what is known of an expression made of it.
func (in *info) merge(arg info) {
	in.filtered = in.filtered || arg.filtered
	in.safe = in.safe && arg.safe
	in.collate = joinCollations(in.collate, arg.collate)
	in.origin = Origin{}
}

// rootExpr binds a whole expression. hazard says that the server may evaluate it before a row filter: in WHERE, ON, HAVING, FILTER, and
// in any select list below the outermost (pitfall C2). Whether it reads the filtered table does not matter: one without a column, or over
// another table, is evaluated when a row asks for it, and that it was tells about the row.
func (b *binder) rootExpr(n *pg.Node, sc *scope, hazard bool) (info, error) {
	in, err := b.rootValue(n, sc, hazard)
	b.revealAt(n, &in.label, "expression")
	return in, err
}

// rootValue is rootExpr of an expression that may stay sealed.
func (b *binder) rootValue(n *pg.Node, sc *scope, hazard bool) (info, error) {
	in, err := b.value(n, sc)
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

// expr binds an expression and lowers it in place. What it gives never is a raw identifier.
func (b *binder) expr(n *pg.Node, sc *scope) (info, error) {
	in, err := b.value(n, sc)
	b.revealAt(n, &in.label, "expression")
	return in, err
}

// value is expr for the uses that may leave a value sealed, those of builtin.SealedUses alone. It counts the expressions that are not safe.
func (b *binder) value(n *pg.Node, sc *scope) (info, error) {
	b.spend(1)
	if err := b.exhausted(); err != nil {
		return info{}, err
	}
	is := n.GetNode() // binding may put something else into n
	in, err := b.simple(n, sc)
	if !in.safe {
		b.unsafe++
	}
	if err != nil {
		err = b.refusedAt(err, &pg.Node{Node: is})
	}
	return in, err
}

// simple binds the kinds of expressions that nearly every statement has. Every node kind that neither it nor compound names is refused.
func (b *binder) simple(n *pg.Node, sc *scope) (info, error) {
	switch x := n.GetNode().(type) {
	case *pg.Node_ColumnRef:
		in, err := b.columnRef(n, x.ColumnRef, sc)
		return in, b.at(err, x.ColumnRef.Location)
	case *pg.Node_AConst:
		return constant(x.AConst), nil
	case *pg.Node_ParamRef:
		return b.parameter(x.ParamRef), nil
	case *pg.Node_TypeCast:
		return b.typeCast(n, x.TypeCast, sc)
	case *pg.Node_AExpr:
		if b.spelledOut(n, x.AExpr, sc) {
			return b.value(n, sc)
		}
		return b.aExpr(x.AExpr, sc)
	case *pg.Node_FuncCall:
		return b.funcCall(n, x.FuncCall, sc)
	case *pg.Node_SubLink:
		return b.subLink(x.SubLink, sc)
	case *pg.Node_BoolExpr:
		in, err := b.exprs(x.BoolExpr.Args, sc)
		return typed(in, err, oidBool, true)
	case *pg.Node_NullTest:
		in, err := b.presence(x.NullTest.Arg, sc, "IS NULL")
		b.reveal(&in.label, "IS NULL")
		return typed(info{safe: in.safe, filtered: in.filtered}, err, oidBool, true)
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
		b.reveal(&in.label, "GREATEST and LEAST")
		in.safe = false
		return in, err
	case *pg.Node_AArrayExpr:
		return b.arrayExpr(x.AArrayExpr, sc)
	case *pg.Node_RowExpr:
		return b.rowOf(x.RowExpr, sc, "expression")
	case *pg.Node_GroupingFunc:
		if sc.owner != nil {
			sc.owner.aggregates++
			defer func() { sc.owner.aggregates-- }()
		}
		in := info{safe: true}
		for _, n := range x.GroupingFunc.Args {
			arg, err := b.value(n, sc)
			if err != nil {
				return info{}, err
			}
			b.reveal(&arg.label, "GROUPING")
			in.merge(arg)
		}
		return typed(in, nil, oidInt4, true)
	case *pg.Node_CollateClause:
		name, err := b.collation(x.CollateClause)
		if err != nil {
			return info{}, err
		}
		in, err := b.expr(x.CollateClause.Arg, sc)
		if name != "" {
			in.collate = name
		}
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

// parameter is untyped, as a literal is, unless the client declared a type: then the server converts what it meets.
func (b *binder) parameter(p *pg.ParamRef) info {
	b.named.use(p.Number, 0)
	if typ := b.parameterType(p); typ != 0 {
		if b.env.twin.folds(typ) {
			b.folds = "the type of a parameter (" + b.env.twin.typeName(typ) + ")"
		}
		return info{typ: typ, safe: true, collate: b.env.twin.collationOf(typ)}
	}
	if _, ok := b.firstUse[p.Number]; !ok {
		b.firstUse[p.Number] = paramUse{at: p.Location}
	}
	if first, ok := b.firstRead[p.Number]; !ok || p.Location < first {
		b.firstRead[p.Number] = p.Location
	}
	return info{safe: true, literal: true}
}

// parameterType is the type that the client declared for a parameter, 0 where none.
func (b *binder) parameterType(p *pg.ParamRef) uint32 {
	if i := int(p.Number) - 1; i >= 0 && i < len(b.env.parameters) {
		return b.env.parameters[i]
	}
	return 0
}

func (b *binder) caseExpr(x *pg.CaseExpr, sc *scope) (info, error) {
	cond := info{safe: true}
	arg, err := b.caseArg(x.Arg, sc)
	if err != nil {
		return info{}, err
	}
	cond.merge(arg)
	var results []*pg.Node
	for _, n := range x.Args {
		when := n.GetCaseWhen()
		if when == nil {
			return info{}, refused("unknown-syntax", "cordon: this CASE is not understood", "Use CASE WHEN ... THEN ... END.")
		}
		results = append(results, when.Result)
		is, err := b.value(when.Expr, sc)
		if err != nil {
			return info{}, err
		}
		cond.merge(is)
		if x.Arg == nil {
			b.reveal(&is.label, "condition")
			continue
		}
		if err := b.ownCompared("=", arg, is); err != nil {
			return info{}, b.at(err, x.Location)
		}
		of := arg
		b.compareWith(&of, "=", nil, when.Expr, &is, false)
		cond.safe = cond.safe && b.comparable("=", b.operand(x.Arg), b.operand(when.Expr))
	}
	in, err := b.choice(append(results, x.Defresult), sc)
	in.merge(cond)
	return in, err
}

// caseArg binds the value that a CASE compares, which not every CASE has.
func (b *binder) caseArg(n *pg.Node, sc *scope) (info, error) {
	if n == nil {
		return info{safe: true}, nil
	}
	return b.value(n, sc)
}

// arrayExpr binds ARRAY[...], which raises only where its members are converted.
func (b *binder) arrayExpr(x *pg.A_ArrayExpr, sc *scope) (info, error) {
	in, err := b.choice(x.Elements, sc)
	if err != nil {
		return info{}, err
	}
	b.reveal(&in.label, "ARRAY")
	element := in.typ
	// Arrays within an array raise where their lengths differ.
	in.safe = in.safe && (in.literal || element != 0 && b.env.twin.snapshot.Elem(element) == 0)
	in.typ, in.literal = 0, false
	if t, ok := b.env.twin.snapshot.Types[element]; ok {
		in.typ = t.Array
	}
	return in, nil
}

// choice binds alternatives of one value: NULL or all of one label, or the label is clear.
func (b *binder) choice(nodes []*pg.Node, sc *scope) (info, error) {
	in := info{safe: true, literal: true}
	first, labelled := true, false
	names := slices.ContainsFunc(nodes, b.showsName)
	var nulls []uint32 // types of NULLs that have one
	for _, n := range nodes {
		if n == nil {
			continue
		}
		shown := ""
		if names {
			shown = shownReg(n)
		}
		arg, err := b.value(n, sc)
		if err != nil {
			return info{}, err
		}
		if shown != "" { // a literal, beside names
			if err := b.applyTemplate(n, regTemplates[shown], []*pg.Node{cloneNode(n)}); err != nil {
				return info{}, err
			}
			arg = info{typ: oidText}
		}
		in.merge(arg)
		switch {
		case isNull(n):
			if !arg.literal {
				nulls = append(nulls, arg.typ)
			}
		case !labelled:
			in.label, labelled = arg.label, true
		default:
			in.label = b.meet(in.label, arg.label, "CASE")
		}
		if arg.literal {
			continue
		}
		if first {
			in.typ, first = arg.typ, false
			continue
		}
		if in.typ != arg.typ {
			in.typ, in.safe = widerNumber(in.typ, arg.typ), false // a conversion that is not looked at
		}
	}
	if slices.ContainsFunc(nulls, func(typ uint32) bool { return !in.label.seal.Fits(typ) }) {
		b.reveal(&in.label, "two labels")
	}
	in.literal = first
	in.label = b.passed(in.label, "CASE")
	return in, nil
}

// isNull says that an expression is NULL, or NULL of a type.
func isNull(n *pg.Node) bool {
	if cast := n.GetTypeCast(); cast != nil {
		n = cast.Arg
	}
	return n.GetAConst().GetIsnull()
}

func constant(c *pg.A_Const) info {
	in := info{safe: true}
	switch {
	case c.Isnull, c.GetSval() != nil:
		in.literal = true
	case c.GetIval() != nil:
		in.typ, in.span = oidInt4, isDays(c.GetIval().Ival)
	case c.GetFval() != nil:
		in.typ = oidNumeric
		if _, err := strconv.ParseInt(c.GetFval().Fval, 10, 64); err == nil { // make_const in parse_node.c
			in.typ = oidInt8
		}
	case c.GetBoolval() != nil:
		in.typ = oidBool
	}
	return in
}
