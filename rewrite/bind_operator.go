package rewrite

import (
	"regexp"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/builtin"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

// operator admits an operator name: the server's search_path is pinned, so only pg_catalog's can be chosen, and of
// those only built-in ones whose functions are reviewed.
func (b *binder) operator(name []*pg.Node) error {
	parts, _ := splitName(name)
	if len(parts) == 0 {
		return nil
	}
	op := parts[len(parts)-1]
	if len(parts) > 1 && parts[len(parts)-2] != "pg_catalog" {
		return refused("forbidden-operator", "cordon: operator "+quoted(op)+" of schema "+quoted(parts[len(parts)-2])+" is not reviewed",
			"Use the operators of pg_catalog, or ask for its extension to be listed under functions in the policy.")
	}
	return b.env.twin.operator(op)
}

// operator judges the operators of a name, once a twin.
func (tw *twin) operator(op string) error {
	verdict, ok := tw.operators.Load(op)
	if !ok {
		verdict = tw.judgeOperator(op)
		tw.operators.Store(op, verdict)
	}
	if verdict == (*Error)(nil) {
		return nil
	}
	failed := *verdict.(*Error) // the caller's own, to which it may add a position
	return &failed
}

func (tw *twin) judgeOperator(op string) *Error {
	found := false
	for _, o := range tw.snapshot.Operators(op) {
		if o.Schema != "pg_catalog" {
			continue
		}
		found = true
		left, right := tw.typeName(o.Left), tw.typeName(o.Right)
		// An overload on a type that no cast reaches (xid, tid, aclitem) is met only on catalog columns; all of these are pure.
		reached := (left == "" || builtin.Type(left)) && builtin.Type(right)
		if o.OID >= catalog.FirstUserOID || reached && !builtin.Operator(op, left, right) {
			return refused("forbidden-operator", "cordon: operator "+quoted(op)+" is not reviewed for every type", "Use a function or another operator.")
		}
	}
	if !found && slices.ContainsFunc(tw.snapshot.Operators(op), func(o *catalog.Operator) bool { _, shown := tw.schema(o.Schema); return shown }) {
		return refused("forbidden-operator", "cordon: operator "+quoted(op)+" is not built in and not reviewed", "Use the operators of pg_catalog, or ask for its extension to be listed under functions in the policy.")
	}
	if !found && op != "<>" && op != "!=" {
		return &Error{Code: "42883", Message: "operator does not exist: " + op}
	}
	return nil
}

func (tw *twin) typeName(oid uint32) string {
	if t, ok := tw.snapshot.Types[oid]; ok {
		return t.Name
	}
	return ""
}

func (b *binder) typeNameOf(oid uint32) string {
	if oid >= catalog.FirstUserOID { // of people's own, perhaps by the name of one of the server's
		return ""
	}
	return b.env.twin.typeName(oid)
}

// comparable says that comparing two values cannot raise, whatever they are.
func (b *binder) comparable(op string, l, r info) bool {
	if op == "!=" {
		op = "<>"
	}
	if joinCollations(l.collate, r.collate) == conflicting {
		return false
	}
	switch {
	case l.literal && r.literal: // both are text
		return quietOperators[op]
	case l.literal:
		l.typ = r.typ
	case r.literal:
		r.typ = l.typ
	}
	l.typ, r.typ = asText(b.env.twin.base(l.typ)), asText(b.env.twin.base(r.typ))
	if l.typ == 0 || r.typ == 0 {
		return false
	}
	if (l.typ == oidOID && r.typ == oidInt4 || l.typ == oidInt4 && r.typ == oidOID) && (op == "=" || op == "<>") {
		return true // an int4 is an oid without a conversion
	}
	if l.typ == r.typ && quietOperators[op] {
		if t, ok := b.env.twin.snapshot.Types[l.typ]; ok && t.Kind == 'e' {
			return true
		}
	}
	return builtin.SafeOperator(op, b.typeNameOf(l.typ), b.typeNameOf(r.typ))
}

// base is the type under a domain: reading a value checks no constraint.
func (tw *twin) base(typ uint32) uint32 {
	for range 8 {
		t, ok := tw.snapshot.Types[typ]
		if !ok || t.Kind != 'd' {
			break
		}
		typ = t.Base
	}
	return typ
}

// isText says that a value is text or name, of a collation that LIKE and regular expressions take.
func (b *binder) isText(in info) bool {
	typ := asText(b.env.twin.base(in.typ))
	return (typ == oidText || typ == oidName) && plainCollations[in.collate]
}

// plainRegexp is a regular expression literal that means what it says in every flavour, as psql makes of \d name.
var plainRegexp = regexp.MustCompile(`^\^?(\([A-Za-z0-9_]+\)|[A-Za-z0-9_]+)\$?$`)

// wellFormedRegexp says that matching this pattern cannot raise: a plain literal, perhaps with the default collation behind it.
func wellFormedRegexp(n *pg.Node) bool {
	if c := n.GetCollateClause(); c != nil {
		if parts, _ := splitName(c.Collname); len(parts) == 0 || parts[len(parts)-1] != "default" {
			return false
		}
		n = c.Arg
	}
	c := n.GetAConst().GetSval()
	return c != nil && plainRegexp.MatchString(c.Sval)
}

// asText is text for varchar, which has no operators of its own.
func asText(typ uint32) uint32 {
	if typ == oidVarchar {
		return oidText
	}
	return typ
}

// aExpr binds an operator expression.
func (b *binder) aExpr(x *pg.A_Expr, sc *scope) (info, error) {
	schema, operators, err := b.memberOperator(x, sc)
	if err != nil {
		return info{}, b.at(err, x.Location)
	}
	if operators != nil {
		return b.useMember(x, schema, operators, sc)
	}
	if err := b.operator(operatorOf(x)); err != nil {
		return info{}, b.at(err, x.Location)
	}
	b.compareNumbers(x)
	if in, ok, err := b.comparedRows(x, sc); ok || err != nil {
		return in, err
	}
	var l, r info
	if x.Lexpr != nil {
		if l, err = b.value(x.Lexpr, sc); err != nil {
			return info{}, err
		}
	}
	var met label
	if r, met, err = b.compared(x, &l, sc); err != nil {
		return info{}, err
	}
	if err := b.ownComparedEach(x, l, r, sc); err != nil {
		return info{}, b.at(err, x.Location)
	}
	in := info{safe: true}
	in.merge(l)
	in.merge(r)
	if x.Lexpr == nil {
		return typed(in, nil, 0, false)
	}
	op := lastString(x.Name)
	switch x.Kind {
	case pg.A_Expr_Kind_AEXPR_OP:
		if one, other := b.refs[x.Lexpr.GetColumnRef()], b.refs[x.Rexpr.GetColumnRef()]; op == "=" && one != nil && other != nil {
			one.equated, other.equated = true, true
		}
		if rows := x.Lexpr.GetRowExpr(); rows != nil {
			in.typ, in.safe = oidBool, b.comparableRows(op, rows, x.Rexpr.GetRowExpr())
			return in, nil
		}
		if (op == "~" || op == "!~") && b.isText(l) && l.safe && wellFormedRegexp(x.Rexpr) {
			return info{typ: oidBool, filtered: in.filtered, safe: true}, nil
		}
		return b.binary(x, op, l, r, in), nil
	case pg.A_Expr_Kind_AEXPR_DISTINCT, pg.A_Expr_Kind_AEXPR_NOT_DISTINCT:
		in.typ, in.safe = oidBool, in.safe && b.comparable("=", l, r)
	case pg.A_Expr_Kind_AEXPR_IN, pg.A_Expr_Kind_AEXPR_BETWEEN, pg.A_Expr_Kind_AEXPR_NOT_BETWEEN:
		in.typ, in.safe = oidBool, in.safe && b.comparableList(op, l, x.Rexpr.GetList().GetItems())
	case pg.A_Expr_Kind_AEXPR_LIKE, pg.A_Expr_Kind_AEXPR_ILIKE:
		in.typ, in.safe = oidBool, in.safe && b.isText(l) && wellFormedPattern(x.Rexpr)
	case pg.A_Expr_Kind_AEXPR_OP_ANY, pg.A_Expr_Kind_AEXPR_OP_ALL:
		in.typ, in.safe = oidBool, in.safe && b.comparableArray(op, l, x.Rexpr, r)
	case pg.A_Expr_Kind_AEXPR_NULLIF:
		in.typ, in.label, in.safe = l.typ, b.passed(met, "NULLIF"), in.safe && b.comparable("=", l, r)
	default: // SIMILAR, BETWEEN SYMMETRIC
		in.typ, in.safe = oidBool, false
	}
	return in, nil
}

// operatorOf is the operator that an expression resolves on the server; BETWEEN names none of its own.
func operatorOf(x *pg.A_Expr) []*pg.Node {
	switch x.Kind {
	case pg.A_Expr_Kind_AEXPR_BETWEEN, pg.A_Expr_Kind_AEXPR_NOT_BETWEEN, pg.A_Expr_Kind_AEXPR_BETWEEN_SYM, pg.A_Expr_Kind_AEXPR_NOT_BETWEEN_SYM:
		return nameNodes("<=")
	}
	return x.Name
}

func (b *binder) binary(x *pg.A_Expr, op string, l, r, in info) info {
	switch {
	case quietOperators[op] || op == "!=":
		in.typ, in.safe = oidBool, in.safe && b.comparable(op, l, r)
	case isMoved(op, l, r):
		in.typ, in.moment = b.operatorResult(op, l.typ, r.typ), max(l.moment, r.moment)+1
	default:
		if in.typ = b.operatorResult(op, l.typ, r.typ); in.typ == 0 && arithmetic[op] {
			if in.typ = widerNumber(l.typ, r.typ); in.typ == oidFloat4 { // of another number: there is no such operator
				in.typ = oidFloat8
			}
		}
		in.safe = in.safe && (dividesByConstant(x, op, l) || b.quiet(op, l, r) || arrayOperators[op] && b.comparable("=", b.memberOf(x.Lexpr, l), b.memberOf(x.Rexpr, r)))
	}
	return in
}

// arithmetic are the operators that numbers of two types are made one for.
var arithmetic = map[string]bool{"+": true, "-": true, "*": true, "/": true, "%": true}

// numberTypes are the types of numbers, in the order of their implicit casts (pg_cast.dat).
var numberTypes = []uint32{oidInt2, oidInt4, oidInt8, oidNumeric, oidFloat4, oidFloat8}

// widerNumber is the type that numbers of two types become; 0 if one is no number.
func widerNumber(l, r uint32) uint32 {
	i, j := slices.Index(numberTypes, l), slices.Index(numberTypes, r)
	if i < 0 || j < 0 {
		return 0
	}
	return numberTypes[max(i, j)]
}

// operatorResult is the result type of the built-in operator with just these operand types; 0 if there is none.
func (b *binder) operatorResult(op string, l, r uint32) uint32 {
	for _, o := range b.env.twin.snapshot.Operators(op) {
		if o.Schema == "pg_catalog" && o.Left == l && o.Right == r {
			return o.Result
		}
	}
	return 0
}

// comparableList says that comparing a value with each of a list cannot raise.
func (b *binder) comparableList(op string, l info, list []*pg.Node) bool {
	if op != "=" && op != "<>" {
		op = "<=" // BETWEEN
	}
	for _, n := range list {
		if !b.comparable(op, l, b.operand(n)) {
			return false
		}
	}
	return true
}

// comparableArray says that comparing a value with the members of an array cannot raise. An array written as a literal or sent as a
// parameter is read before any row is.
func (b *binder) comparableArray(op string, l info, array *pg.Node, r info) bool {
	if x := array.GetAArrayExpr(); x != nil {
		return !slices.ContainsFunc(x.Elements, func(n *pg.Node) bool { return !b.comparable(op, l, b.operand(n)) })
	}
	if t, ok := b.env.twin.snapshot.Types[r.typ]; ok && t.Category == 'A' {
		r = info{typ: t.Elem, collate: r.collate}
	}
	return b.comparable(op, l, r)
}

// comparableRows says that reading two rows and comparing them column by column cannot raise.
func (b *binder) comparableRows(op string, l, r *pg.RowExpr) bool {
	if r == nil || len(l.Args) != len(r.Args) {
		return false
	}
	for i := range l.Args {
		left, right := b.operand(l.Args[i]), b.operand(r.Args[i])
		if !left.safe || !right.safe || !b.comparable(op, left, right) {
			return false
		}
	}
	return true
}

// operand is what is known of an operand that is bound already: of a constant, a parameter, a column or a typed literal.
func (b *binder) operand(n *pg.Node) info {
	if in, ok := b.unsealed[n]; ok {
		return in
	}
	switch x := n.GetNode().(type) {
	case *pg.Node_AConst:
		return constant(x.AConst)
	case *pg.Node_ParamRef:
		return b.parameter(x.ParamRef)
	case *pg.Node_ColumnRef:
		if c := b.refs[x.ColumnRef]; c != nil {
			return info{typ: c.typ, safe: !c.raises, collate: c.collate}
		}
	case *pg.Node_TypeCast:
		if typ, err := b.typeName(x.TypeCast.TypeName); err == nil && b.readsCast(x.TypeCast, typ) {
			return info{typ: typ, safe: true, collate: b.env.twin.collationOf(typ)}
		}
	}
	return info{}
}

// wellFormedPattern says that LIKE with this pattern cannot raise: a literal that does not end in an escape (pitfall C1).
func wellFormedPattern(n *pg.Node) bool {
	c := n.GetAConst().GetSval()
	if c == nil {
		return false
	}
	pattern := c.Sval
	trailing := len(pattern) - len(strings.TrimRight(pattern, `\`))
	return trailing%2 == 0
}
