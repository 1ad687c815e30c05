package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// Casts that cannot raise where a row is read: those that the server has done before it reads one, and those that no value fails.

// readsCast says that the server is done with a cast before it reads a row: of a constant, of a parameter that it reads as that type, or of an array of these, whose
// members it converts one by one (transformTypeCast in parse_expr.c).
func (b *binder) readsCast(x *pg.TypeCast, oid uint32) bool {
	array := x.Arg.GetAArrayExpr()
	if array == nil {
		return b.foldsConstant(x.Arg.GetAConst(), oid) || b.readsParameter(x.Arg.GetParamRef(), oid) && len(x.TypeName.Typmods) == 0
	}
	element := b.env.twin.snapshot.Elem(oid)
	if element == 0 || len(x.TypeName.ArrayBounds) == 0 || len(x.TypeName.Typmods) > 0 {
		return false
	}
	for _, n := range array.Elements {
		if !b.foldsConstant(n.GetAConst(), element) && !b.readsParameter(n.GetParamRef(), element) {
			return false
		}
	}
	return true
}

// readsParameter says that a parameter is read as a value of the type that it is cast to, wherever it stands.
func (b *binder) readsParameter(p *pg.ParamRef, oid uint32) bool {
	return p != nil && b.parameterType(p) == 0 && b.env.casts[p.Number] != "" && b.env.twin.base(oid) == oid
}

// paramCasts are the types, as they are written, that the parameters of a statement are cast to wherever they stand; empty for one that stands without a cast, or has two. The
// server gives a parameter the type of its first place, and would convert it at another (variable_coerce_param_hook in parse_param.c).
type paramCasts map[int32]string

// note notes the parameters that a node has, or casts; it is called with each node of a statement, outermost first.
func (c paramCasts) note(n *pg.Node, inside map[*pg.ParamRef]bool) {
	if p := n.GetParamRef(); p != nil && !inside[p] {
		c[p.Number] = ""
		return
	}
	x := n.GetTypeCast()
	if x == nil {
		return
	}
	members, bounds := []*pg.Node{x.Arg}, len(x.TypeName.GetArrayBounds())
	if array := x.Arg.GetAArrayExpr(); array != nil && bounds > 0 {
		members, bounds = array.Elements, 0
	}
	for _, member := range members {
		p := member.GetParamRef()
		if p == nil {
			continue
		}
		parts, _ := splitName(x.TypeName.GetNames())
		as := strings.Join(parts, ".") + strings.Repeat("[]", bounds)
		if before, read := c[p.Number]; read && before != as {
			as = ""
		}
		c[p.Number], inside[p] = as, true
	}
}

// foldsConstant says that the server computes the cast of a constant before it reads a row: an untyped one is parsed with the statement,
// unless a domain's check is left over, and a number is converted by the planner, unless that depends on a setting, as for money.
func (b *binder) foldsConstant(c *pg.A_Const, oid uint32) bool {
	if c == nil {
		return false
	}
	if c.Isnull || c.GetSval() != nil {
		return b.env.twin.base(oid) == oid
	}
	return plainNumbers[oid]
}

// plainNumbers are the types that the planner converts a number, a truth value or a bit string to: also to their text.
var plainNumbers = map[uint32]bool{oidBool: true, oidInt8: true, oidInt2: true, oidInt4: true, oidText: true, oidOID: true, 700: true, 701: true,
	1042: true, oidVarchar: true, 1560: true, 1562: true, oidNumeric: true}

// widening are casts that cannot raise: int2, int4 to wider integers and numeric; varchar to text; integers, bool, uuid and char to text; date to timestamps is not here.
var widening = map[[2]uint32]bool{
	{21, 23}: true, {21, 20}: true, {23, 20}: true, {21, 1700}: true, {23, 1700}: true, {20, 1700}: true, {1043, 25}: true, {25, 1043}: true,
	{21, 25}: true, {23, 25}: true, {20, 25}: true, {16, 25}: true, {2950, 25}: true, {1042, 25}: true,
}
