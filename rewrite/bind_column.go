package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v5"
)

// columnRef binds a reference to a column, or to a whole row.
func (b *binder) columnRef(n *pg.Node, ref *pg.ColumnRef, sc *scope) (info, error) {
	for s := sc; s != nil; s = s.parent { // what a name is looked up in
		b.spend(len(s.items))
	}
	parts, star := splitName(ref.Fields)
	if star {
		return b.rowStar(n, ref, parts, sc)
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
			return b.systemColumn(n, name, it, sc)
		}
		return info{}, undefinedColumn(parts[len(parts)-2], name)
	}
	ref.Fields = nameNodes(it.emit, name)
	return b.useColumn(ref, it, c, sc), nil
}

func (b *binder) useColumn(ref *pg.ColumnRef, it *item, c *column, sc *scope) info {
	c.use()
	b.collect(ref, it, c)
	if it.emit == "" && c.home != nil {
		it = c.home
	}
	b.refs[ref], b.owners[ref] = c, it
	if c.label.sealed() && it.owner != sc.owner && (sc.owner == nil || !sc.owner.filtering) && b.env.twin.hidesOrder(c.label.seal.Domain) { // of a query around: in this one it may be sorted or hashed by
		b.hiding++
		b.carried++
	}
	if len(ref.Fields) == 1 && it.emit != "" && it.owner != sc.owner && !sc.sends(it) {
		b.hidden[ref] = true
	} else if len(ref.Fields) == 1 && it.emit != "" && c.label.sealed() && sc.pastCall(it) { // of whose columns reread knows less than the binder
		ref.Fields = nameNodes(it.emit, lastString(ref.Fields))
	}
	return info{typ: c.typ, label: c.label, origin: c.origin, filtered: c.filtered, safe: !c.raises, collate: c.collate}
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
		x.Arg = pg.MakeColumnRefNode(nameNodes(it.name, field), x.Arg.GetColumnRef().Location)
		if len(rest) == 1 {
			n.Node = x.Arg.Node
			return b.value(n, sc)
		}
		rest = rest[1:]
		x.Indirection = rest
	}
	in, err := b.expr(x.Arg, sc)
	if err != nil {
		return info{}, err
	}
	out := info{typ: in.typ, filtered: in.filtered, collate: in.collate, safe: in.safe, origin: Origin{Unknown: true}}
	i := 0
	if field := rest[0].GetString_(); field != nil {
		if c := fieldNamed(b.rowBehind(x.Arg), field.Sval); c != nil {
			out.typ, out.safe, out.collate = c.typ, false, c.collate
			i++
		}
	}
	for i < len(rest) {
		if rest[i].GetAIndices() == nil {
			if err := b.fieldOf(rest[i], &out); err != nil {
				return info{}, err
			}
			i++
			continue
		}
		subscripts := 1
		for i+subscripts < len(rest) && rest[i+subscripts].GetAIndices() != nil {
			subscripts++
		}
		if err := b.subscripts(rest[i:i+subscripts], sc, &out); err != nil {
			return info{}, err
		}
		i += subscripts
	}
	return out, nil
}

// fieldNamed is the column of an item's rows that a field of its whole row is; nil where there is none, or more than one.
func fieldNamed(it *item, name string) *column {
	if it == nil {
		return nil
	}
	c, err := it.column(name)
	if err != nil {
		return nil
	}
	return c
}

// subscripts binds the subscripts of a value, which are of one array however many there are.
func (b *binder) subscripts(steps []*pg.Node, sc *scope, of *info) error {
	element, slice := b.env.twin.snapshot.Elem(b.env.twin.base(of.typ)), false
	for _, step := range steps {
		idx := step.GetAIndices()
		slice = slice || idx.IsSlice
		for _, n := range []*pg.Node{idx.Lidx, idx.Uidx} {
			if n == nil {
				continue
			}
			sub, err := b.expr(n, sc)
			if err != nil {
				return err
			}
			of.filtered = of.filtered || sub.filtered
			of.safe = of.safe && sub.safe && (sub.literal || sub.typ == oidInt4 || sub.typ == oidInt2) // a wider number may be no int4
		}
	}
	of.safe = of.safe && element != 0 && !slice // a place that the array does not have is NULL
	if slice {
		element = of.typ
	}
	of.typ = element
	return nil
}

// fieldOf binds the selection of a field. A value of a composite type has the fields of its type; of any other value it must not be a call in disguise.
func (b *binder) fieldOf(step *pg.Node, of *info) error {
	if step.GetString_() == nil {
		return expandComposite()
	}
	name := step.GetString_().Sval
	for _, c := range b.env.twin.fields(of.typ) {
		if c.Name == name {
			of.typ, of.collate = c.Type.OID, joinCollations("", c.Type.Collation)
			return nil
		}
	}
	of.typ, of.safe, of.collate = 0, false, ""
	return b.fieldName(name)
}

func expandComposite() *Error {
	return refused("expand-composite", "cordon: (expression).* is not understood where the type of the expression is not known", "Put the function into FROM: SELECT f.* FROM f(...) AS f. Of a row that a query passes on, name the columns there.")
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
	if !v.admitted || v.rule.Template != "" || clocks[name] || v.kind != 'f' { // an aggregate would be taken for none
		return refused("functional-notation", "cordon: field "+quoted(name)+" could be a call of the function of that name", "Write the call as "+name+"(...), or put the function into FROM.")
	}
	return nil
}
