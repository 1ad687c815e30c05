package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/builtin"
)

// subLink binds a subquery in an expression.
func (b *binder) subLink(x *pg.SubLink, sc *scope) (info, error) {
	before, unsafe, hiding := b.filteredTables(), b.unsafe, b.hiding
	columns, err := b.query(x.Subselect.GetSelectStmt(), sc, false)
	if err != nil {
		return info{}, err
	}
	// A subquery runs when a row first asks for it: one that can raise tells that a row did.
	in := info{safe: b.unsafe == unsafe, filtered: b.filteredTables() > before}
	for _, c := range columns {
		in.filtered = in.filtered || c.filtered
	}
	if err := b.operator(x.OperName); err != nil {
		return info{}, b.at(err, x.Location)
	}
	switch x.SubLinkType {
	case pg.SubLinkType_EXISTS_SUBLINK:
		in.typ = oidBool
	case pg.SubLinkType_ANY_SUBLINK, pg.SubLinkType_ALL_SUBLINK:
		in.typ = oidBool
		test, quiet, err := b.comparedSubquery(x, columns, sc)
		if err != nil {
			return info{}, err
		}
		in.merge(test)
		in.safe = in.safe && quiet
	case pg.SubLinkType_EXPR_SUBLINK, pg.SubLinkType_ARRAY_SUBLINK, pg.SubLinkType_ROWCOMPARE_SUBLINK:
		in.safe = false // more than one row is an error
		if x.SubLinkType == pg.SubLinkType_ARRAY_SUBLINK && len(columns) != 1 {
			return info{}, b.at(&Error{Code: "42601", Message: "subquery must return only one column"}, x.Location)
		}
		if len(columns) == 1 {
			in.collate = columns[0].collate
		}
		if x.SubLinkType == pg.SubLinkType_EXPR_SUBLINK && len(columns) == 1 {
			in.typ, in.label = columns[0].typ, b.passed(columns[0].label, "scalar subquery")
			if sc.owner != nil && sc.owner.keyed { // each of two copies is over tables of its own: neither may stay raw beside one that does not
				b.reveal(&in.label, "expression")
			}
			if in.label.sealed() && b.env.twin.hidesOrder(in.label.seal.Domain) {
				b.carried++
			}
		} else {
			b.revealAll(columns, "row of a subquery")
		}
		if sel := x.Subselect.GetSelectStmt(); x.SubLinkType == pg.SubLinkType_ARRAY_SUBLINK && b.hiding > hiding && !ordered(sel) && !b.inOrder[sel] {
			if err := b.sortOutside(sel, columns); err != nil {
				return info{}, err
			}
		}
	default:
		return info{}, refused("unknown-syntax", "cordon: this kind of subquery is not understood", "Use EXISTS, IN or a scalar subquery.")
	}
	return in, nil
}

// comparedSubquery binds what a subquery's rows are compared with, by ANY or ALL. quiet says that the comparison cannot raise.
func (b *binder) comparedSubquery(x *pg.SubLink, columns []*column, sc *scope) (in info, quiet bool, err error) {
	op := "="
	if len(x.OperName) > 0 {
		op = lastString(x.OperName)
	}
	tests := []*pg.Node{x.Testexpr}
	if row := x.Testexpr.GetRowExpr(); row != nil {
		if row.Args, err = b.expandStars(row.Args, sc); err != nil {
			return in, false, err
		}
		tests = row.Args
	}
	in = info{safe: true}
	matched := len(tests) == len(columns) && builtin.SealedUses["operator "+op] != 0
	for i, n := range tests {
		if comparedReg(n) != "" && quietOperators[op] && len(columns) == len(tests) && columns[i].typ == oidOID {
			asNumber(n)
		}
		test, err := b.value(n, sc)
		if err != nil {
			return in, false, err
		}
		in.merge(test)
		if len(columns) == len(tests) {
			if err := b.ownCompared(op, test, info{typ: columns[i].typ}); err != nil {
				return in, false, b.at(err, x.Location)
			}
		}
		if !matched {
			b.reveal(&test.label, "row of a subquery")
			continue
		}
		of := info{typ: columns[i].typ, label: columns[i].label, collate: columns[i].collate}
		if len(tests) > 1 || !b.unsealColumn(x.Subselect.GetSelectStmt(), of, &test) {
			b.compareWith(&of, op, nil, n, &test, false)
		}
		quiet = len(tests) == 1 && b.comparable(op, test, of)
	}
	if !matched {
		b.revealAll(columns, "row of a subquery")
	}
	return in, quiet, nil
}

func (b *binder) filteredTables() int {
	count := 0
	for _, t := range b.tables {
		if t.exposed.filtered {
			count++
		}
	}
	return count
}
