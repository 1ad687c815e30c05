package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v5"
)

// setOperation binds UNION, INTERSECT and EXCEPT.
func (b *binder) setOperation(sel *pg.SelectStmt, with *scope, top bool) ([]*column, error) {
	hiding := b.hiding
	left, err := b.query(sel.Larg, with, false)
	if err != nil {
		return nil, err
	}
	targets := firstTargets(sel.Rarg)
	right, err := b.query(sel.Rarg, with, false)
	if err != nil {
		return nil, err
	}
	columns, err := b.mergeColumns(sel.Op, derived(left), right)
	if err != nil {
		return nil, b.at(err, leftmostOf(targets))
	}
	if err := b.orderAndLimit(sel, with, columns); err != nil {
		return nil, err
	}
	if b.hiding > hiding && (top || ordered(sel)) {
		return columns, b.hideSetOrder(sel, columns)
	}
	return columns, nil
}

var setOperators = map[pg.SetOperation]string{pg.SetOperation_SETOP_UNION: "UNION", pg.SetOperation_SETOP_INTERSECT: "INTERSECT", pg.SetOperation_SETOP_EXCEPT: "EXCEPT"}

// firstTargets is the select list that names the columns of a query, as it is before it is bound.
func firstTargets(sel *pg.SelectStmt) []*pg.Node {
	for sel.GetOp() > pg.SetOperation_SETOP_NONE {
		sel = sel.Larg
	}
	return sel.GetTargetList()
}

// mergeColumns joins the columns of two arms of a set operation, position by position.
func (b *binder) mergeColumns(op pg.SetOperation, left, right []*column) ([]*column, error) {
	if len(left) != len(right) {
		return nil, &Error{Code: "42601", Message: "each " + setOperators[op] + " query must have the same number of columns"}
	}
	merged := make([]*column, len(left))
	for i, l := range left {
		m, r := *l, right[i]
		m.label, m.null = b.meetArms(l, r), l.null && r.null
		m.filtered, m.raises = l.filtered || r.filtered, l.raises || r.raises
		m.collate = joinCollations(l.collate, r.collate)
		m.origin, m.expr = Origin{Unknown: true}, nil // a constant of one arm is none of all rows
		b.convert(l.typ, r.typ)
		switch {
		case l.typ == 0 && l.null:
			m.typ = r.typ
		case l.typ != r.typ && !(r.typ == 0 && r.null):
			m.typ = 0
		}
		merged[i] = &m
	}
	return merged, nil
}

// meetArms is the label of a column of a set operation. An arm in which it is NULL has the label of the other.
func (b *binder) meetArms(l, r *column) label {
	null, other := l, r
	if !l.null {
		null, other = r, l
	}
	if null.null && !other.null && other.label.sealed() && (null.typ == 0 || other.label.seal.Fits(null.typ)) {
		return b.passed(other.label, "set operation")
	}
	return b.meet(l.label, r.label, "set operation")
}
