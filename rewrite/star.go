package rewrite

import (
	"cmp"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// star binds *, t.* and (t).* in a select list. The star stays in the tree, since the substitution exposes just what
// the twin has; only under GROUP BY is it written out, so that the primary key's dependents can be named, beside tableoid, and where names are shown for numbers.
func (b *binder) star(target *pg.ResTarget, sc *scope, sel *pg.SelectStmt, top bool) ([]*column, []*pg.Node, bool, error) {
	if x := target.GetVal().GetAIndirection(); x != nil && x.Indirection[len(x.Indirection)-1].GetAStar() != nil && !b.namesItem(x, sc) {
		columns, err := b.expandFields(x, sc)
		if err != nil {
			err = b.refusedAt(err, target.Val)
		}
		return columns, []*pg.Node{pg.MakeResTargetNodeWithVal(target.Val, 0)}, true, err
	}
	it, star, err := b.starItem(target, sc)
	if !star || err != nil {
		return nil, nil, star, err
	}
	var items []*item
	if it != nil {
		items = []*item{it}
	} else {
		for _, it := range sc.items {
			if it.cols {
				items = append(items, it)
			}
		}
		if len(items) == 0 {
			return nil, nil, true, b.at(&Error{Code: "42601", Message: "SELECT * with no tables specified is not valid"}, leftmost(target.GetVal()))
		}
	}
	var columns []*column
	var nodes []*pg.Node
	for _, it := range items {
		if err := tooManyTargets(len(columns) + len(it.columns)); err != nil {
			return nil, nil, true, err
		}
		it.useAll()
		for _, c := range it.columns {
			if c.starless {
				continue
			}
			ref := pg.MakeColumnRefNode(nameNodes(it.emit, c.name), 0)
			if it.emit == "" && c.home != nil && c.home.emit != "" { // two tables of a join may have columns of one name
				ref = pg.MakeColumnRefNode(nameNodes(c.home.emit, c.name), 0)
			} else if it.emit == "" {
				ref = pg.MakeColumnRefNode(nameNodes(c.name), 0)
			}
			b.collect(ref.GetColumnRef(), it, c)
			b.refs[ref.GetColumnRef()] = c
			out := *c
			out.uses, out.expr = nil, ref
			if !nameable(ref.GetColumnRef(), cmp.Or(c.home, it), sc) { // nothing but the star reads it
				out.expr = nil
			}
			columns = append(columns, &out)
			nodes = append(nodes, pg.MakeResTargetNodeWithVal(ref, 0))
		}
	}
	if len(sel.GroupClause) == 0 && !anyLocated(items) && !anyLocated(sc.items) && !(top && slices.ContainsFunc(columns, (*column).showsName)) {
		val := pg.MakeColumnRefNode([]*pg.Node{pg.MakeAStarNode()}, 0)
		if it != nil {
			val = pg.MakeColumnRefNode(append(nameNodes(it.emit), pg.MakeAStarNode()), 0)
		}
		nodes = []*pg.Node{pg.MakeResTargetNodeWithVal(val, 0)}
	}
	return columns, nodes, true, nil
}

// nameable says that a reference to a column of an item names no other one, too.
func nameable(ref *pg.ColumnRef, it *item, sc *scope) bool {
	name := lastString(ref.Fields)
	if len(ref.Fields) > 1 {
		return !it.shared(name)
	}
	from := &scope{items: sc.items}
	_, _, err := from.findColumn(name)
	return err == nil
}

// starItem finds the item of t.* or (t).*; nil for a lone star.
func (b *binder) starItem(target *pg.ResTarget, sc *scope) (*item, bool, error) {
	var parts []string
	switch x := target.GetVal().GetNode().(type) {
	case *pg.Node_ColumnRef:
		names, star := splitName(x.ColumnRef.Fields)
		if !star {
			return nil, false, nil
		}
		if len(names) == 0 {
			return nil, true, nil
		}
		parts = names
	case *pg.Node_AIndirection:
		last := x.AIndirection.Indirection[len(x.AIndirection.Indirection)-1]
		if last.GetAStar() == nil {
			return nil, false, nil
		}
		parts, _ = splitName(x.AIndirection.Arg.GetColumnRef().Fields)
	default:
		return nil, false, nil
	}
	it, err := b.qualifier(parts, sc)
	if err != nil {
		err = b.at(err, leftmost(target.GetVal()))
	}
	return it, true, err
}

// qualifier finds the item that the parts in front of a column or a star name.
func (b *binder) qualifier(parts []string, sc *scope) (*item, error) {
	name, schema := parts[len(parts)-1], ""
	if len(parts) > 1 {
		schema = parts[len(parts)-2]
	}
	if len(parts) > 3 || len(parts) == 3 && parts[0] != b.env.database {
		return nil, &Error{Code: "0A000", Message: "cross-database references are not implemented: " + quoted(name)}
	}
	it, err := sc.findItem(schema, name)
	if err == nil && it == nil {
		err = missingFromItem(name)
	}
	if err == nil && !sc.sends(it) {
		err = b.rename(it)
	}
	return it, err
}

// rename has the statement bound again, with an alias of its own for a table that a nearer FROM item would be taken for: tables are sent by their names without schemas.
func (b *binder) rename(it *item) error {
	if it.table == nil || b.env.renamed == nil || it.emit != it.name {
		return refused("captured-name", "cordon: "+quoted(it.name)+" stands behind another FROM item of that name here", "Give one of the two an alias of its own.")
	}
	b.env.renamed[it.table.number] = true
	b.again = true
	return nil
}

// collect remembers a reference that stands outside aggregates of its own SELECT, after grouping; ref is nil for a whole row's.
func (b *binder) collect(ref *pg.ColumnRef, it *item, c *column) {
	if o := it.owner; o != nil && o.collecting && o.aggregates == 0 {
		o.loose = append(o.loose, looseRef{it, c, ref})
	}
}

// namesItem says that (name).* is a star of a FROM item.
func (b *binder) namesItem(x *pg.A_Indirection, sc *scope) bool {
	parts, star := splitName(x.Arg.GetColumnRef().GetFields())
	if len(parts) == 0 || star || len(x.Indirection) > 1 {
		return false
	}
	if len(parts) == 1 {
		if _, c, err := sc.findColumn(parts[0]); c != nil || err != nil {
			return false
		}
	}
	it, err := b.qualifier(parts, sc)
	return err == nil && it != nil
}

// expandFields binds (expression).* of a value of a composite type, or of a call with output arguments, which the server expands.
func (b *binder) expandFields(x *pg.A_Indirection, sc *scope) ([]*column, error) {
	arg := x.Arg
	if steps := x.Indirection[:len(x.Indirection)-1]; len(steps) > 0 {
		arg = &pg.Node{Node: &pg.Node_AIndirection{AIndirection: &pg.A_Indirection{Arg: x.Arg, Indirection: steps}}}
	}
	in, err := b.expr(arg, sc)
	if err != nil {
		return nil, err
	}
	if inner := arg.GetAIndirection(); len(x.Indirection) > 1 && inner != nil {
		x.Arg, x.Indirection = inner.Arg, append(inner.Indirection, x.Indirection[len(x.Indirection)-1])
	} else if len(x.Indirection) > 1 {
		x.Arg, x.Indirection = arg, x.Indirection[len(x.Indirection)-1:]
	}
	var columns []*column
	for _, c := range b.env.twin.fields(in.typ) {
		columns = append(columns, &column{name: c.Name, typ: c.Type.OID, collate: joinCollations("", c.Type.Collation)})
	}
	if it := b.rowBehind(arg); it != nil && len(x.Indirection) == 1 {
		for _, c := range it.columns {
			columns = append(columns, &column{name: c.name, typ: c.typ, collate: c.collate})
		}
	}
	if columns == nil {
		call := x.Arg.GetFuncCall()
		if columns = b.env.twin.outputColumns(call, b.argTypes[call]); columns == nil || len(x.Indirection) > 1 {
			return nil, expandComposite()
		}
	}
	for _, c := range columns {
		c.filtered, c.origin, c.raises = in.filtered, Origin{Unknown: true}, !in.safe
	}
	return columns, nil
}
