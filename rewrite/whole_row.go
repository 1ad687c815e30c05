package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/builtin"
)

// wholeRow binds a name that is no column: a row of a FROM item.
func (b *binder) wholeRow(n *pg.Node, ref *pg.ColumnRef, parts []string, sc *scope) (info, error) {
	it, err := sc.findItem("", parts[0])
	if err != nil {
		return info{}, err
	}
	if it == nil {
		if systemColumns[parts[0]] {
			return b.systemColumn(n, parts[0], nil, sc)
		}
		return info{}, undefinedColumn("", parts[0])
	}
	ref.Fields = nameNodes(it.emit)
	b.owners[ref] = it
	return b.useRow(n, it, "whole row")
}

// rowStar binds t.* inside an expression: the whole row.
func (b *binder) rowStar(n *pg.Node, ref *pg.ColumnRef, parts []string, sc *scope) (info, error) {
	if len(parts) == 0 {
		return info{}, &Error{Code: "0A000", Message: "row expansion via \"*\" is not supported here", Hint: "Name the columns."}
	}
	it, err := b.qualifier(parts, sc)
	if err != nil {
		return info{}, err
	}
	ref.Fields = append(nameNodes(it.emit), pg.MakeAStarNode())
	return b.useRow(n, it, "whole row")
}

// presence binds what is looked at only for whether it is NULL, or counted, which the raw identifiers of a row tell as well as their pseudonyms.
func (b *binder) presence(n *pg.Node, sc *scope, use string) (info, error) {
	if row := n.GetRowExpr(); row != nil && !sc.owner.grouping() {
		return b.rowOf(row, sc, use)
	}
	parts, star := splitName(n.GetColumnRef().GetFields())
	it := b.rowItem(n, sc)
	if star && len(parts) > 0 {
		it, _ = b.qualifier(parts, sc)
	}
	if it == nil || it.owner.grouping() { // GROUP BY may name it
		return b.value(n, sc)
	}
	fields := nameNodes(it.emit)
	if star {
		fields = append(fields, pg.MakeAStarNode())
	}
	n.GetColumnRef().Fields = fields
	b.owners[n.GetColumnRef()] = it
	return b.useRow(n, it, use)
}

// rowOf binds a row that is written out.
func (b *binder) rowOf(row *pg.RowExpr, sc *scope, use string) (info, error) {
	args, err := b.expandStars(row.Args, sc)
	if err != nil {
		return info{}, err
	}
	row.Args = args
	in := info{safe: true}
	for _, n := range args {
		arg, err := b.value(n, sc)
		if err != nil {
			return info{}, err
		}
		if builtin.SealedUses[use] != 0 {
			equate(arg.label)
		}
		b.revealAt(n, &arg.label, use)
		in.merge(arg)
	}
	return typed(in, nil, 0, false)
}

// useRow reads every column of an item at once. A row is spelled out where its identifiers are read raw, with the SQL form at places, and where a key determines it: GROUP BY
// then names its columns.
func (b *binder) useRow(n *pg.Node, it *item, use string) (info, error) {
	it.useAll()
	in := info{origin: Origin{Unknown: true}}
	spelled := it.staysSpelled()
	for _, c := range it.columns {
		b.collect(nil, it, c)
		in.filtered = in.filtered || c.filtered
		spelled = spelled || b.atPlace(&c.label, use)
	}
	switch {
	case spelled && it.spellable():
		b.spellRow(n, it, use)
		return in, nil
	case it.table != nil && it.table.aliased:
		return info{}, refused("aliased-row", "cordon: a whole row of "+quoted(it.name)+", which has two columns of one name, is not in this version", "Give the columns different aliases.")
	case it.table != nil && it.table.located:
		return info{}, refused("system-column", "cordon: a whole row of "+quoted(it.name)+" beside its tableoid is not in this version", "Name the columns.")
	}
	b.revealAll(it.columns, use)
	return in, nil
}

// atPlace says that a use of a value gets the SQL form at its place.
func (b *binder) atPlace(l *label, use string) bool {
	return l.sealed() && !b.probing && builtin.SealedUses[use] == 0 && l.placeable()
}

// expandStars writes out t.* where it stands for the columns of t and not for a row: in ROW() and VALUES (transformExpressionList in parse_target.c).
func (b *binder) expandStars(nodes []*pg.Node, sc *scope) ([]*pg.Node, error) {
	var list []*pg.Node
	for _, n := range nodes {
		parts, star := splitName(n.GetColumnRef().GetFields())
		if !star || len(parts) == 0 {
			list = append(list, n)
			continue
		}
		it, err := b.qualifier(parts, sc)
		if err != nil {
			return nil, b.at(err, n.GetColumnRef().Location)
		}
		if !it.spellable() {
			list = append(list, n)
			continue
		}
		for _, c := range it.columns {
			list = append(list, pg.MakeColumnRefNode(nameNodes(append(slices.Clone(parts), c.name)...), n.GetColumnRef().Location))
		}
	}
	return list, nil
}

// grouping says that what is being bound stands in or after GROUP BY, outside aggregates.
func (s *selectScope) grouping() bool { return s != nil && s.groupBy && s.aggregates == 0 }

// spellable says that each column of an item can be named.
func (it *item) spellable() bool {
	for _, c := range it.columns {
		if it.shared(c.name) || c.starless || c.computed {
			return false
		}
	}
	return it.emit != "" && len(it.columns) > 0
}

// spellRow puts (SELECT cordon_row FROM (SELECT t.a AS a, ...) cordon_row) in the place of a row, which keeps the names of its fields: those of the table, whatever its
// column aliases are.
func (b *binder) spellRow(n *pg.Node, it *item, use string) {
	fields := &pg.SelectStmt{LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE}
	for i, c := range it.columns {
		value := pg.MakeColumnRefNode(nameNodes(it.emit, c.name), 0)
		b.refs[value.GetColumnRef()], b.owners[value.GetColumnRef()] = c, it
		l := c.label
		b.revealAt(value, &l, use)
		name := c.name
		if it.table != nil {
			name = it.table.exposed.columns[i].name
		}
		fields.TargetList = append(fields.TargetList, pg.MakeResTargetNodeWithNameAndVal(name, value, 0))
	}
	row := scalar(selectFrom(pg.MakeColumnRefNode(nameNodes(rowAlias), 0), fields, &pg.Alias{Aliasname: rowAlias}))
	if b.spelled == nil {
		b.spelled = map[*pg.Node]*item{}
	}
	b.spelled[n] = it
	if !it.nullable {
		n.Node = row
		return
	}
	is := b.isThere(&pg.Node{Node: n.Node}, it)
	when := &pg.Node{Node: &pg.Node_CaseWhen{CaseWhen: &pg.CaseWhen{Expr: is, Result: &pg.Node{Node: row}}}}
	n.Node = &pg.Node_CaseExpr{CaseExpr: &pg.CaseExpr{Args: []*pg.Node{when}}}
}

// isThere says that an item has a row where an outer join may have added none: what it adds is no row of NULLs but NULL.
func (b *binder) isThere(row *pg.Node, it *item) *pg.Node {
	if c := b.notNull(it); c != nil && it.owner.grouping() { // the key that GROUP BY names, which tells as much
		key := pg.MakeColumnRefNode(nameNodes(it.emit, c.name), 0)
		b.refs[key.GetColumnRef()], b.owners[key.GetColumnRef()] = c, it
		return &pg.Node{Node: &pg.Node_NullTest{NullTest: &pg.NullTest{Arg: key, Nulltesttype: pg.NullTestType_IS_NOT_NULL}}}
	}
	null := &pg.Node{Node: &pg.Node_AConst{AConst: &pg.A_Const{Isnull: true}}}
	return pg.MakeAExprNode(pg.A_Expr_Kind_AEXPR_DISTINCT, nameNodes("="), row, null, 0) // this test does not look into a row (transformAExprDistinct in parse_expr.c)
}

// notNull is a column of a table's primary key that is no NULL in any row.
func (b *binder) notNull(it *item) *column {
	if it.table == nil || it.table.exposed.flat != "" {
		return nil
	}
	rel := it.table.exposed.relation
	for i := range it.table.exposed.columns {
		c, ok := rel.Column(it.table.exposed.columns[i].name)
		if ok && slices.Contains(rel.PrimaryKey, c.Num) && !b.env.twin.objects.loose[attributeKey(rel.OID, c.Num)] {
			return it.columns[i]
		}
	}
	return nil
}

const rowAlias = "cordon_row"

// staysSpelled says that a row of an item is spelled out whatever its identifiers are: where columns have aliases, of which a row knows nothing, and where GROUP BY names some.
func (it *item) staysSpelled() bool {
	return it.table != nil && (it.table.aliased || it.table.located || it.owner.grouping())
}

// rowBehind is the FROM item whose whole row an expression gives, through the queries that the row came by; nil where it gives none. The row is read as it stands then, with its
// identifiers in SQL form: of one that is spelled out the server does not know the fields (expandRecordVariable in parse_target.c).
func (b *binder) rowBehind(n *pg.Node) *item {
	for b.refs[n.GetColumnRef()] != nil {
		c := b.refs[n.GetColumnRef()]
		if c.expr == nil {
			return nil
		}
		n = c.expr
	}
	if it := b.spelled[n]; it != nil {
		if it.staysSpelled() {
			return nil
		}
		for _, c := range it.columns {
			l := c.label
			b.reveal(&l, "field of a row")
		}
		return it
	}
	return b.owners[n.GetColumnRef()]
}
