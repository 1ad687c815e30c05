package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/builtin"
)

// Operators that are no comparisons and cannot raise.

// quiet says that a built-in operator of these operands cannot raise, whatever they are: the one for their types is on the list, or, beside a literal, every one that takes the other operand.
func (b *binder) quiet(op string, l, r info) bool {
	left, right := b.typeNameOf(l.typ), b.typeNameOf(r.typ)
	if !l.literal && !r.literal {
		return l.typ != 0 && r.typ != 0 && builtin.SafeOperator(op, left, right)
	}
	found := false
	for _, o := range b.env.twin.snapshot.Operators(op) {
		if o.Schema != "pg_catalog" || l.typ == 0 || o.Left != l.typ {
			continue
		}
		if found = builtin.SafeOperator(op, left, b.typeNameOf(o.Right)); !found {
			return false
		}
	}
	return found
}

// dividesByConstant says that an integer is divided by one that is not zero: only by -1 it could leave the range.
func dividesByConstant(x *pg.A_Expr, op string, l info) bool {
	return (op == "/" || op == "%") && (l.typ == oidInt2 || l.typ == oidInt4 || l.typ == oidInt8) && x.Rexpr.GetAConst().GetIval().GetIval() > 0
}

// arrayOperators compare the members of two arrays (array_contain_compare in arrayfuncs.c).
var arrayOperators = map[string]bool{"&&": true, "@>": true, "<@": true}

// memberOf is what is known of the members of an array; of nothing else is anything known.
func (b *binder) memberOf(n *pg.Node, in info) info {
	if in.literal {
		return in
	}
	if in.typ == 0 { // ARRAY['a', 'b'] is of texts, whatever it meets
		for _, member := range n.GetAArrayExpr().GetElements() {
			if member.GetAConst().GetSval() == nil {
				return info{}
			}
			in.typ = sealedArrays[oidText]
		}
	}
	t := b.env.twin.snapshot.Types[in.typ]
	if t == nil || t.Elem == 0 {
		return info{}
	}
	if of := b.env.twin.snapshot.Types[t.Elem]; of == nil || of.Array != in.typ { // int2vector
		return info{}
	}
	return info{typ: t.Elem, collate: in.collate}
}
