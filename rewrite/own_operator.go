package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

// A base type of people's own, as citext is, has operators of its own. The server's search_path has none of them: where it has an implicit cast to
// text, pg_catalog's operator would be taken, and give other rows than the twin without a word.

// ownCompared refuses to compare two values by an operator of pg_catalog where Postgres would choose one of the type's own.
func (b *binder) ownCompared(op string, l, r info) error {
	tw := b.env.twin
	own := tw.ownBase(l.typ)
	if own == nil {
		own = tw.ownBase(r.typ)
	}
	if own == nil || !slices.ContainsFunc(tw.snapshot.Operators(op), func(o *catalog.Operator) bool {
		return o.Schema != "pg_catalog" && tw.mayTake(o.Left, l) && tw.mayTake(o.Right, r)
	}) {
		return nil
	}
	return refused("forbidden-operator", "cordon: type "+quoted(own.Name)+" has an operator "+quoted(op)+" of its own, which is not reviewed or cannot be named here",
		"Compare the values as text, or write it as a plain comparison and ask for the type's extension to be listed under functions in the policy.")
}

// ownBase is a base type of people's own, perhaps under a domain; nil if it is another type.
func (tw *twin) ownBase(typ uint32) *catalog.Type {
	if t, ok := tw.snapshot.Types[tw.base(typ)]; ok && t.OID >= catalog.FirstUserOID && t.Kind == 'b' && t.Category != 'A' {
		return t
	}
	return nil
}

// mayTake says that an operator that takes a declared type takes a value, if its type is known, without a cast.
func (tw *twin) mayTake(declared uint32, in info) bool {
	return in.literal || in.typ == 0 || asText(tw.base(in.typ)) == declared
}

// ownComparedEach looks at an expression in which a value is compared with another, with the members of a list, or with those of an array.
func (b *binder) ownComparedEach(x *pg.A_Expr, l, r info, sc *scope) error {
	op := lastString(operatorOf(x))
	switch x.Kind {
	case pg.A_Expr_Kind_AEXPR_OP_ANY, pg.A_Expr_Kind_AEXPR_OP_ALL:
		if r.typ == 0 && x.Rexpr.GetAArrayExpr() != nil {
			r = b.guessed(x.Rexpr, sc)
		}
		if r.typ != 0 {
			r.typ = b.env.twin.snapshot.Elem(b.env.twin.base(r.typ))
		}
	case pg.A_Expr_Kind_AEXPR_IN, pg.A_Expr_Kind_AEXPR_BETWEEN, pg.A_Expr_Kind_AEXPR_NOT_BETWEEN,
		pg.A_Expr_Kind_AEXPR_BETWEEN_SYM, pg.A_Expr_Kind_AEXPR_NOT_BETWEEN_SYM:
		for _, n := range x.Rexpr.GetList().GetItems() {
			if err := b.ownCompared(op, l, b.operand(n)); err != nil {
				return err
			}
		}
		return nil
	}
	return b.ownCompared(op, l, r)
}

// spelledOut writes IN, BETWEEN and LIKE with the operators of a listed extension, where these are meant: they cannot be qualified otherwise. It says false where
// something else is meant, or where the value would have to be computed twice.
func (b *binder) spelledOut(n *pg.Node, x *pg.A_Expr, sc *scope) bool {
	if len(b.env.twin.memberOperators) == 0 {
		return false
	}
	items, ops, join := x.Rexpr.GetList().GetItems(), []string(nil), pg.BoolExprType_AND_EXPR
	switch x.Kind {
	case pg.A_Expr_Kind_AEXPR_LIKE, pg.A_Expr_Kind_AEXPR_ILIKE:
		items, ops = []*pg.Node{x.Rexpr}, []string{lastString(x.Name)}
	case pg.A_Expr_Kind_AEXPR_IN:
		if ops = slices.Repeat([]string{lastString(x.Name)}, len(items)); ops[0] == "=" {
			join = pg.BoolExprType_OR_EXPR
		}
	case pg.A_Expr_Kind_AEXPR_BETWEEN:
		ops = []string{">=", "<="}
	case pg.A_Expr_Kind_AEXPR_NOT_BETWEEN:
		ops, join = []string{"<", ">"}, pg.BoolExprType_OR_EXPR
	}
	if len(ops) == 0 || len(ops) != len(items) || len(ops) > 1 && x.Lexpr.GetColumnRef() == nil {
		return false
	}
	var parts []*pg.Node
	for i, item := range items {
		part := &pg.A_Expr{Kind: pg.A_Expr_Kind_AEXPR_OP, Name: nameNodes(ops[i]), Lexpr: cloneNode(x.Lexpr), Rexpr: item, Location: x.Location}
		if _, members, err := b.memberOperator(part, sc); members == nil && err == nil {
			return false
		}
		parts = append(parts, &pg.Node{Node: &pg.Node_AExpr{AExpr: part}})
	}
	if n.Node = parts[0].Node; len(parts) > 1 {
		n.Node = pg.MakeBoolExprNode(join, parts, x.Location).Node
	}
	return true
}
