package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// A key column that is equal to one value leaves one row at most, if it is compared as the key is unique: several keys may be equal to one float8, or to one
// text of a collation that ignores case.

// oneKey says that a condition holds every column of a table's primary key to a value.
func (b *binder) oneKey(t *tableRef, where *pg.Node) bool {
	if !uniqueKey(t) {
		return false
	}
	pinned := map[*bool]bool{}
	for _, n := range conjuncts(where) {
		x := n.GetAExpr()
		if x == nil || x.Kind != pg.A_Expr_Kind_AEXPR_OP || !builtinEquality(x.Name) {
			continue
		}
		for _, sides := range [][2]*pg.Node{{x.Lexpr, x.Rexpr}, {x.Rexpr, x.Lexpr}} {
			if c := b.refs[sides[0].GetColumnRef()]; c != nil && len(c.uses) == 1 && b.pins(c, sides[1]) {
				pinned[c.uses[0]] = t.distinguishes(c)
			}
		}
	}
	return t.keyIn(pinned)
}

func builtinEquality(name []*pg.Node) bool {
	parts, _ := splitName(name)
	return len(parts) == 1 && parts[0] == "=" || len(parts) == 2 && parts[0] == "pg_catalog" && parts[1] == "="
}

// distinguishes says that different values of a table's column stay different on the twin: those of a mask do not.
func (t *tableRef) distinguishes(c *column) bool {
	for i := range t.exposed.columns {
		if e := &t.exposed.columns[i]; c.uses[0] == &t.used[i] {
			return e.seal != Seal{} || e.origin.Table == t.exposed.relation.OID
		}
	}
	return false
}

var integers = []uint32{oidInt2, oidInt4, oidInt8}

// pins says that at most one value of a column is equal to a constant or a parameter, which have to be of its own type, or integers both.
func (b *binder) pins(c *column, n *pg.Node) bool {
	in, ok := b.given(n)
	if tw := b.env.twin; !ok || !plainCollations[joinCollations(c.collate, in.collate)] || tw.ownBase(c.typ) != nil {
		return false
	} else if !in.literal {
		l, r := asText(tw.base(c.typ)), asText(tw.base(in.typ))
		return l != 0 && l == r || slices.Contains(integers, l) && slices.Contains(integers, r)
	}
	return true
}

// given is what is known of a constant or a parameter, cast or not.
func (b *binder) given(n *pg.Node) (in info, ok bool) {
	if !isGiven(n) {
		return info{}, false
	}
	if cast := n.GetTypeCast(); cast != nil {
		typ, err := b.typeName(cast.TypeName)
		return info{typ: typ, collate: b.env.twin.collationOf(typ)}, err == nil
	}
	if p := n.GetParamRef(); p.GetNumber() >= ownParams {
		return info{typ: b.params[p.Number-ownParams].Type}, true
	} else if p != nil { // one that is read elsewhere too may have its type from there
		in := b.parameter(p)
		return in, !in.literal || b.paramUse[p.Number] == 1
	}
	a, err := literal(n)
	return info{typ: a.Type, literal: a.Type == 0}, err == nil
}

// countParams notes how often each parameter is read.
func (b *binder) countParams(n *pg.Node) {
	b.paramUse = map[int32]int{}
	walkNodes(n, func(node *pg.Node) {
		if p := node.GetParamRef(); p != nil {
			b.paramUse[p.Number]++
		}
	})
}
