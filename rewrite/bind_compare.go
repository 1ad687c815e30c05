package rewrite

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/builtin"
)

// compared binds the right operand of an operator and gives the label of both: that of two values that are compared, or clear.
func (b *binder) compared(x *pg.A_Expr, l *info, sc *scope) (r info, met label, err error) {
	op := lastString(x.Name)
	equality := builtin.SealedUses["operator "+op] != 0 && x.Lexpr != nil
	if items := x.Rexpr.GetList().GetItems(); equality && x.Kind == pg.A_Expr_Kind_AEXPR_IN {
		b.listAsArray(x, op, l)
		if len(items) == 1 && l.label.sealed() { // unsealed in SQL, a lone member would read as IN (SELECT ...)
			x.Kind, x.Rexpr = pg.A_Expr_Kind_AEXPR_OP, items[0]
		}
	}
	switch {
	case equality && x.Kind == pg.A_Expr_Kind_AEXPR_IN:
		r, err = b.comparedList(l, op, x.Rexpr.GetList().GetItems(), sc)
		return r, label{}, err
	case equality && (x.Kind == pg.A_Expr_Kind_AEXPR_OP_ANY || x.Kind == pg.A_Expr_Kind_AEXPR_OP_ALL):
		r, err = b.comparedArray(l, op, x.Rexpr, sc)
		return r, label{}, err
	}
	if r, err = b.value(x.Rexpr, sc); err != nil {
		return r, met, err
	}
	if sameTyped[op] && !l.literal && x.Lexpr != nil {
		b.asks(x.Rexpr.GetParamRef(), l.typ)
	} else if sameTyped[op] && !r.literal {
		b.asks(x.Lexpr.GetParamRef(), r.typ)
	}
	switch x.Kind {
	case pg.A_Expr_Kind_AEXPR_OP, pg.A_Expr_Kind_AEXPR_DISTINCT, pg.A_Expr_Kind_AEXPR_NOT_DISTINCT, pg.A_Expr_Kind_AEXPR_NULLIF:
		switch {
		case !equality:
		case l.label.sealed() || x.Kind == pg.A_Expr_Kind_AEXPR_NULLIF: // whose result is the left operand
			return r, b.compareWith(l, op, x.Lexpr, x.Rexpr, &r, false), nil
		default:
			return r, b.compareWith(&r, op, x.Rexpr, x.Lexpr, l, false), nil
		}
	}
	use := "operator " + op
	if equality { // in an expression that is no comparison of these two
		use = "expression"
	}
	b.revealAt(x.Lexpr, &l.label, use)
	b.revealAt(x.Rexpr, &r.label, use)
	return r, label{}, nil
}

// sameTyped are the operators of which an operand without a type has that of the other (binary_oper_exact in parse_oper.c).
var sameTyped = map[string]bool{"=": true, "<>": true, "!=": true, "<": true, "<=": true, ">": true, ">=": true}

// comparedRows binds (a, b) = (c, d) and (a, b) IN ((c, d), ...), which compare column by column (make_row_comparison_op in parse_expr.c). It says false, and binds
// nothing, where an expression is anything else.
func (b *binder) comparedRows(x *pg.A_Expr, sc *scope) (in info, ok bool, err error) {
	left, op := x.Lexpr.GetRowExpr(), lastString(x.Name)
	right := []*pg.Node{x.Rexpr}
	switch x.Kind {
	case pg.A_Expr_Kind_AEXPR_IN:
		right = x.Rexpr.GetList().GetItems()
	case pg.A_Expr_Kind_AEXPR_OP, pg.A_Expr_Kind_AEXPR_DISTINCT, pg.A_Expr_Kind_AEXPR_NOT_DISTINCT:
	default:
		return in, false, nil
	}
	if left == nil || builtin.SealedUses["operator "+op] == 0 || !plainRow(left, len(left.Args)) ||
		slices.ContainsFunc(right, func(n *pg.Node) bool { return !plainRow(n.GetRowExpr(), len(left.Args)) }) {
		return in, false, nil
	}
	in = info{typ: oidBool, safe: true}
	for i, n := range left.Args {
		l, err := b.value(n, sc)
		if err != nil {
			return in, true, err
		}
		in.merge(l)
		value := n
		if len(right) > 1 {
			value = nil
		}
		for _, row := range right {
			with := row.GetRowExpr().Args[i]
			r, err := b.value(with, sc)
			if err != nil {
				return in, true, err
			}
			in.merge(r)
			if err := b.ownCompared(op, l, r); err != nil {
				return in, true, b.at(err, x.Location)
			}
			of := l
			switch {
			case of.label.sealed():
				b.compareWith(&of, op, value, with, &r, false)
			case value != nil:
				b.compareWith(&r, op, with, value, &of, false)
			default: // unsealed for one row, it would not be what it is to the others
				b.revealAt(with, &r.label, "two labels")
			}
		}
	}
	for _, row := range right {
		in.safe = in.safe && b.comparableRows(op, left, row.GetRowExpr())
	}
	return in, true, nil
}

// plainRow says that a row is written out, column by column.
func plainRow(row *pg.RowExpr, columns int) bool {
	return row != nil && columns > 0 && len(row.Args) == columns && !slices.ContainsFunc(row.Args, func(n *pg.Node) bool {
		return slices.ContainsFunc(n.GetColumnRef().GetFields(), func(f *pg.Node) bool { return f.GetAStar() != nil })
	})
}

// comparedList binds the members of an IN list, which are compared with a value one by one.
func (b *binder) comparedList(l *info, op string, items []*pg.Node, sc *scope) (info, error) {
	in := info{safe: true}
	for _, n := range items {
		arg, err := b.value(n, sc)
		if err != nil {
			return info{}, err
		}
		b.compareWith(l, op, nil, n, &arg, false)
		in.merge(arg)
	}
	return in, nil
}

// longList is from how many members on a list of constants is unsealed as an array: binding a hundred parameters costs the server more than looking them up.
// A plan made without the values assumes ten members of it (estimate_array_length in selfuncs.c).
const longList = 10

// listAsArray makes a long list of constants, compared with a sealed value, the array that it means, as a constant of its own: x IN (a, b) is x = ANY ('{a,b}'),
// NOT IN is <> ALL.
func (b *binder) listAsArray(x *pg.A_Expr, op string, l *info) {
	items := x.Rexpr.GetList().GetItems()
	if len(items) < longList || b.probing || !l.label.sealed() || l.label.seal.Array {
		return
	}
	members := make([]string, len(items))
	for i, n := range items {
		var ok bool
		if members[i], ok = b.sealedConstant(n, l.label.seal, false); !ok {
			return
		}
	}
	literal := "{" + strings.Join(members, ",") + "}"
	if !readable(literal, l.label.seal, true) {
		return
	}
	if x.Kind = pg.A_Expr_Kind_AEXPR_OP_ANY; op == "<>" {
		x.Kind = pg.A_Expr_Kind_AEXPR_OP_ALL
	}
	x.Rexpr = &pg.Node{Node: &pg.Node_AConst{AConst: &pg.A_Const{Val: &pg.A_Const_Sval{Sval: &pg.String{Sval: literal}}, Location: items[0].GetAConst().GetLocation()}}}
}

// comparedArray binds the array of = ANY and <> ALL. One that is written out is compared member by member.
func (b *binder) comparedArray(l *info, op string, n *pg.Node, sc *scope) (info, error) {
	if array := n.GetAArrayExpr(); array != nil && l.label.sealed() && !l.label.seal.Array {
		in, err := b.comparedList(l, op, array.Elements, sc)
		in.typ = sealedArrays[l.label.seal.Type]
		return in, err
	}
	r, err := b.expr(n, sc)
	if err == nil {
		b.compareWith(l, op, nil, n, &r, true)
	}
	return r, err
}

// compareWith is the label of a comparison of a value, perhaps sealed, with an operand that is bound already, which is unsealed for it if it is clear
// and can be; otherwise both are of one seal, or revealed: at their places if value is the node of the one value that is compared with it.
func (b *binder) compareWith(of *info, op string, value, n *pg.Node, operand *info, array bool) label {
	if of.label.sealed() && !operand.label.sealed() {
		if typ, ok := b.readAs(n, of.label.seal, array); ok {
			param := n.GetParamRef()
			if b.unseal(n, of.label.seal, typ, array, operand) || b.unsealInSQL(n, of, array, operand) {
				b.asks(param, operand.typ)
				equate(of.label)
				return of.label
			}
		}
	}
	if value != nil && of.label.seal != operand.label.seal {
		b.revealAt(value, &of.label, "two labels")
		b.revealAt(n, &operand.label, "two labels")
	}
	equate(of.label, operand.label)
	return b.meet(of.label, operand.label, "operator "+op)
}
