package rewrite

import (
	"cmp"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

// The planner sees that a.x = b.x AND b.x = 5 mean a.x = 5 (equivclass.c), on the nullable side of an outer join, too (reconsider_outer_join_clauses), but it does not carry
// the constant into a fence. It is written into it here: a row of a that has another x meets no row that the statement shows.

// equality says that two columns are equal wherever the rows of certain items are not left out.
type equality struct {
	columns [2]*column
	into    []*item
}

// pin is a constant that a column is equal to.
type pin struct {
	value *pg.Node
	typ   uint32 // of the constant; 0 of a text that takes the column's type
}

// pins are the constants that columns of a FROM clause are equal to.
type pins map[*column]pin

// pinFences writes into the fences what the columns of their tables are equal to because others are.
func (b *binder) pinFences() {
	known, moved, edges := pins{}, map[*column]bool{}, slices.Clone(b.merged)
	for _, w := range b.wheres {
		local, own := b.factsOf(w)
		for c := range local {
			moved[c] = moved[c] || w.final || slices.Contains(w.into, c.home) // or has to stay where it is
		}
		edges = append(edges, own...)
		b.carry(local, own)
		for c, p := range local {
			if _, told := known[c]; !told && (w.final || slices.Contains(w.into, c.home)) {
				known[c] = p
			}
		}
	}
	for again := true; again; {
		b.carry(known, edges)
		again = b.pinBelow(known, moved)
	}
	for _, c := range known.where(func(it *item) bool { return it.table != nil }) {
		if !moved[c] && b.takesConditions(c.home) {
			b.pinFence(c, known[c])
		}
	}
}

// factsOf are the constants to which a condition says that columns are equal, and the columns that it says are equal.
func (b *binder) factsOf(w boundWhere) (pins, []equality) {
	facts, edges := pins{}, []equality(nil)
	for _, n := range conjuncts(w.condition) {
		x := n.GetAExpr()
		if x == nil || x.Kind != pg.A_Expr_Kind_AEXPR_OP || !builtinEquality(x.Name) {
			continue
		}
		l, r := b.columnOf(x.Lexpr, w.scope), b.columnOf(x.Rexpr, w.scope)
		switch {
		case l != nil && r != nil:
			edges = append(edges, equality{[2]*column{l, r}, w.into})
		case l != nil:
			b.pin(facts, l, x.Rexpr)
		case r != nil:
			b.pin(facts, r, x.Lexpr)
		}
	}
	return facts, edges
}

// columnOf is the column of an item of a scope that an expression is.
func (b *binder) columnOf(n *pg.Node, sc *scope) *column {
	c := b.refs[n.GetColumnRef()]
	if n.GetColumnRef() == nil || c == nil {
		return nil
	}
	if c = c.source(); c.home == nil || c.home.owner != sc.owner {
		return nil
	}
	return c
}

// pin notes the constant that a column is equal to, if it is one of a type that is known.
func (b *binder) pin(facts pins, c *column, n *pg.Node) {
	if !isGiven(n) || isNull(n) {
		return
	}
	p := pin{value: n}
	switch {
	case n.GetTypeCast() != nil:
		typ, err := newBinder(b.env).typeName(n.GetTypeCast().TypeName)
		if err != nil || n.GetTypeCast().Arg.GetParamRef() != nil && b.sentType(n.GetTypeCast().Arg.GetParamRef()) == 0 {
			return
		}
		p.typ = typ
	case n.GetParamRef() != nil:
		if p.typ = b.sentType(n.GetParamRef()); p.typ == 0 && !b.readFirst(n.GetParamRef()) { // in another place it would be
			return
		}
	default:
		a, err := literal(n)
		if err != nil {
			return
		}
		p.typ = a.Type
	}
	if _, told := facts[c]; !told && (p.typ == 0 || b.oneEquality(p.typ, c.typ)) {
		facts[c] = p
	}
}

// sentType is the type that is declared to the server for a parameter of the settled statement; 0 for none.
func (b *binder) sentType(p *pg.ParamRef) uint32 {
	if i := int(p.Number) - 1; i >= 0 && i < len(b.sent) {
		return b.sent[i].Type
	}
	return b.parameterType(p)
}

// readFirst says that nothing gives a parameter its type but this place.
func (b *binder) readFirst(p *pg.ParamRef) bool {
	use, used := b.firstUse[p.Number]
	at, read := b.firstRead[p.Number]
	return used && read && use.at == p.Location && at == p.Location
}

// oneEquality says that values of two built-in types are equal by operators that agree with one another: a = b and b = c mean a = c.
func (b *binder) oneEquality(l, r uint32) bool {
	l, r = asText(l), asText(r)
	return l != 0 && l < catalog.FirstUserOID && (l == r || slices.Contains(integers, l) && slices.Contains(integers, r))
}

// carry adds the constants that follow by equalities.
func (b *binder) carry(known pins, edges []equality) {
	for again := true; again; {
		again = false
		for _, e := range edges {
			b.spend(1)
			for i, from := range e.columns {
				to := e.columns[1-i]
				p, is := known[from]
				if _, told := known[to]; !is || told || !slices.Contains(e.into, to.home) || !b.alike(from, to, p) {
					continue
				}
				known[to], again = p, true
			}
		}
	}
}

// pinBelow takes constants down to the columns of the queries that items are; those that a condition of its own says go there with it. It says whether it found any.
func (b *binder) pinBelow(known pins, moved map[*column]bool) bool {
	found := false
	for _, c := range known.where(func(it *item) bool { return it.derived != nil && *it.derived.read == 1 }) {
		below, _ := c.home.derived.below(b, slices.Index(c.home.columns, c))
		if below == nil || below.source().home == nil || moved[c] {
			continue
		}
		if _, told := known[below.source()]; !told {
			known[below.source()], found = known[c], true
		}
	}
	return found
}

// alike says that what one column is equal to the other is, too, if it is equal to the first.
func (b *binder) alike(from, to *column, p pin) bool {
	return b.oneEquality(from.typ, to.typ) && (p.typ != 0 || from.typ == to.typ) && from.label.seal == to.label.seal &&
		plainCollations[joinCollations(from.collate, to.collate)]
}

// where are the pinned columns of certain items, those of one item in their order.
func (p pins) where(is func(*item) bool) []*column {
	var columns []*column
	for c := range p {
		if is(c.home) {
			columns = append(columns, c)
		}
	}
	slices.SortFunc(columns, func(c, d *column) int {
		return cmp.Compare(slices.Index(c.home.columns, c), slices.Index(d.home.columns, d))
	})
	return columns
}

// pinFence writes column = constant into the fence of the column's table, unless it would compute a form for each row.
func (b *binder) pinFence(c *column, p pin) {
	i := slices.Index(c.home.columns, c)
	if i < 0 || c.raises || c.home.table.exposed.columns[i].seal != (Seal{}) && !c.label.sealed() {
		return
	}
	if is := (info{typ: c.typ, collate: c.collate}); !b.comparable("=", is, info{typ: cmp.Or(p.typ, c.typ), collate: c.collate}) {
		return
	}
	ref := pg.MakeColumnRefNode(nameNodes(c.home.table.alias, c.name), 0)
	text, err := deparseExpr(pg.MakeAExprNode(pg.A_Expr_Kind_AEXPR_OP, nameNodes("pg_catalog", "="), ref, cloneNode(p.value), 0))
	if err == nil {
		c.home.table.pushed = append(c.home.table.pushed, "("+text+")")
	}
}
