package rewrite

import (
	"slices"
	"strconv"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/builtin"
)

func itoa(i int) string { return strconv.Itoa(i) }

// selectScope is what one SELECT needs to remember across its clauses.
type selectScope struct {
	taken      map[string][]*item // the items of its FROM clause by name
	claims     int                // how many have had a name
	collecting bool               // references are after grouping: in the select list, HAVING, ORDER BY
	aggregates int                // depth of aggregate arguments being bound
	aggregated bool               // an aggregate or a window function of this SELECT itself was bound
	filtering  bool               // WHERE is being bound
	keyed      bool               // GROUP BY has a subquery, which has to be written as in the select list
	loose      []looseRef         // references outside aggregates, for the functional dependency on a primary key
	hides      bool               // the order of the rows of its FROM clause, as WHERE leaves them, must not show
	grouped    bool               // an aggregate of this SELECT was bound
	groupBy    bool               // it has one, whose items and what comes after are being bound
	calls      []orderedCall      // its aggregates and window functions
	json       []jsonCall         // and those of SQL/JSON
	groups     []boundExpr        // what GROUP BY names
	item       *pg.Node           // the select item being bound, where it may be a row's ctid
	placed     bool               // one was
}

// looseRef is a reference that GROUP BY must cover.
type looseRef struct {
	item   *item
	column *column
	ref    *pg.ColumnRef // nil where a whole row reads the column
}

// selectQuery binds one SELECT, clause by clause in the order in which names come into being.
func (b *binder) selectQuery(sel *pg.SelectStmt, with *scope, top bool) ([]*column, error) {
	sc := with.child()
	sc.owner = &selectScope{taken: map[string][]*item{}}
	hiding, carried := b.hiding, b.carried
	for _, n := range sel.FromClause {
		items, _, err := b.fromItem(n, sc, with)
		if err != nil {
			return nil, err
		}
		sc.items = append(sc.items, items...)
	}
	b.castBefore(sel.TargetList)
	if sel.WhereClause != nil {
		sc.owner.filtering = true
		if _, err := b.rootExpr(sel.WhereClause, sc, true); err != nil {
			return nil, err
		}
		sc.owner.filtering = false
		b.wheres = append(b.wheres, boundWhere{sel.WhereClause, sc, present(sc.items), true})
	}
	sc.owner.hides = b.hiding > hiding // a condition with a subquery may become a join, and its order show
	sc.owner.groupBy = len(sel.GroupClause) > 0
	sc.owner.collecting = sc.owner.groupBy
	for _, n := range sel.GroupClause {
		walkNodes(n, func(n *pg.Node) { sc.owner.keyed = sc.owner.keyed || n.GetSubLink() != nil })
	}
	columns, err := b.targets(sel, sc, top)
	if err != nil {
		return nil, err
	}
	if err := b.grouping(sel, sc, columns); err != nil {
		return nil, err
	}
	if err := b.windows(sel.WindowClause, sc); err != nil {
		return nil, err
	}
	// what is grouped, partitioned or told apart by may be an identifier of a subquery or of a query around, and then its order shows
	sc.owner.hides = sc.owner.hides || b.carried > carried
	for _, n := range sel.DistinctClause {
		if n.GetNode() == nil { // plain DISTINCT is a list of one empty node
			continue
		}
		if err := b.distinctOn(n, sel, sc, columns, top, carried); err != nil {
			return nil, err
		}
	}
	for _, n := range sel.SortClause {
		if err := b.orderBy(n.GetSortBy(), sel, sc, columns, top); err != nil {
			return nil, err
		}
		if err := b.sortOperator(n.GetSortBy()); err != nil {
			return nil, err
		}
	}
	if err := b.limit(sel, with); err != nil {
		return nil, err
	}
	if top {
		if err := b.showNames(sel, sc, columns); err != nil {
			return nil, err
		}
	}
	if err := b.dependOnKey(sel, sc, columns); err != nil {
		return columns, err
	}
	b.derive(sel, sc, columns)
	if !sc.owner.hides {
		b.inOrder[sel] = len(sel.FromClause) == 0 && b.oneRow(sel, sc)
		return columns, nil
	}
	return columns, b.hideOrder(sel, sc, columns, top)
}

// targets binds the select list; a target whose expression is replaced keeps its name.
func (b *binder) targets(sel *pg.SelectStmt, sc *scope, top bool) ([]*column, error) {
	var columns []*column
	var list []*pg.Node
	aggregated := false
	for _, n := range sel.TargetList {
		target := n.GetResTarget()
		if target == nil {
			return nil, refused("unknown-syntax", "cordon: this kind of select item is not understood", "Write the expression in another way.")
		}
		stars, nodes, isStar, err := b.star(target, sc, sel, top)
		if err != nil {
			return nil, err
		}
		if b.spend(len(stars)); b.exhausted() != nil {
			return nil, b.exhausted()
		}
		if isStar {
			columns = append(columns, stars...)
			b.readStars(stars, top)
			list = append(list, nodes...)
			continue
		}
		name := outputName(target)
		if target.Val.GetFuncCall() != nil {
			b.castsName(target.Val)
		}
		shown := shownReg(target.Val)
		if top && ofRows(sel) {
			sc.owner.item = target.Val
		}
		in, err := b.targetExpr(target.Val, sc, top)
		sc.owner.item = nil
		if err != nil {
			return nil, err
		}
		aggregated = aggregated || sc.owner.aggregated
		if shown != "" {
			if err := b.applyTemplate(target.Val, regTemplates[shown], []*pg.Node{cloneNode(target.Val)}); err != nil {
				return nil, err
			}
		}
		if target.Name == "" && outputName(target) != name {
			target.Name = name
		}
		columns = append(columns, &column{name: name, expr: target.Val, typ: in.typ, label: in.label, filtered: in.filtered, collate: in.collate, origin: in.origin, reg: b.regOf(target.Val),
			null: isNull(target.Val)})
		list = append(list, n)
	}
	sel.TargetList = list
	if sc.owner.placed && aggregated {
		return nil, hiddenSystemColumn("ctid")
	}
	return columns, tooManyTargets(len(columns))
}

// readStars notes what reading the columns of a star may raise, as targetExpr does for one that is named.
func (b *binder) readStars(stars []*column, top bool) {
	if slices.ContainsFunc(stars, func(c *column) bool { return c.raises }) {
		b.unsafe++
		b.hazard = b.hazard || !top
	}
}

// targetExpr binds a select item. Below the outermost select list it may be moved to where rows are not filtered yet, unless it is computed
// above an aggregate or a window of this SELECT, which no condition passes.
func (b *binder) targetExpr(n *pg.Node, sc *scope, top bool) (info, error) {
	sc.owner.aggregated = false
	in, err := b.value(n, sc)
	b.reveal(&in.label, "select item")
	if err == nil && !top && !in.safe && !sc.owner.aggregated {
		b.hazard = true
	}
	return in, err
}

// grouping binds GROUP BY, where a bare name is an input column first, and HAVING.
func (b *binder) grouping(sel *pg.SelectStmt, sc *scope, columns []*column) error {
	collecting := sc.owner.collecting
	sc.owner.collecting = false
	for _, n := range sel.GroupClause {
		if err := b.groupItem(n, sc, columns); err != nil {
			return err
		}
	}
	sc.owner.collecting = collecting
	for _, n := range conjuncts(sel.HavingClause) {
		if err := b.having(n, sc); err != nil {
			return err
		}
	}
	return nil
}

// having binds a conjunct of HAVING. One without an aggregate is evaluated in WHERE (subquery_planner in planner.c).
func (b *binder) having(n *pg.Node, sc *scope) error {
	sc.owner.aggregated = false
	in, err := b.expr(n, sc)
	if err == nil && !in.safe && !sc.owner.aggregated {
		b.hazard = true
	}
	return err
}

// conjuncts are the operands of a condition's outermost AND.
func conjuncts(condition *pg.Node) []*pg.Node {
	if and := condition.GetBoolExpr(); and != nil && and.Boolop == pg.BoolExprType_AND_EXPR {
		return and.Args
	}
	if condition == nil {
		return nil
	}
	return []*pg.Node{condition}
}

func (b *binder) groupItem(n *pg.Node, sc *scope, columns []*column) error {
	if set := n.GetGroupingSet(); set != nil {
		// Servers before 18 do not sort by a column that a filter says to be constant, although the sets make it NULL.
		b.hazard = true
		for _, c := range set.Content {
			if err := b.groupItem(c, sc, columns); err != nil {
				return err
			}
		}
		return nil
	}
	if row := n.GetRowExpr(); row != nil && row.RowFormat == pg.CoercionForm_COERCE_IMPLICIT_CAST {
		for _, c := range row.Args {
			if err := b.groupItem(c, sc, columns); err != nil {
				return err
			}
		}
		return nil
	}
	if isOrdinal(n) {
		if i := int(n.GetAConst().GetIval().Ival); i >= 1 && i <= len(columns) {
			sc.owner.groups = append(sc.owner.groups, columns[i-1].bound())
		}
		return nil
	}
	if isOutputName(n, columns) {
		name := n.GetColumnRef().Fields[0].GetString_().Sval
		local := &scope{items: sc.items}
		_, c, err := local.findColumn(name)
		if c == nil && err == nil && name == "tableoid" { // a column of the table, too
			if it, ambiguous := local.soleTable("tableoid"); it != nil || ambiguous != nil {
				c, err = &column{}, ambiguous
			}
		}
		if err != nil || c == nil {
			i := slices.IndexFunc(columns, func(c *column) bool { return c.name == name })
			sc.owner.groups = append(sc.owner.groups, columns[i].bound())
			return err
		}
	}
	in, err := b.rootValue(n, sc, false)
	sc.owner.groups = append(sc.owner.groups, boundExpr{n, in})
	equate(in.label)
	b.reveal(&in.label, "GROUP BY")
	return err
}

// sorted reveals the output column that an item of ORDER BY stands for: order is of pseudonyms. Unless the item has to be in the select list, it is
// sorted by the column's SQL form, and the column stays raw.
func (b *binder) sorted(item *pg.SortBy, listed bool, columns []*column) {
	fields := item.Node.GetColumnRef().GetFields()
	for i, c := range columns {
		if isOrdinal(item.Node) && int(item.Node.GetAConst().GetIval().Ival) != i+1 || !isOrdinal(item.Node) && (len(fields) != 1 || c.name != lastString(fields)) {
			continue
		}
		if !listed && c.expr != nil && c.label.sealed() && !b.probing && builtin.SealedUses["ORDER BY"] == 0 && b.placeable(c.expr, &c.label) {
			item.Node = cloneNode(c.expr)
			b.place(item.Node, &c.label)
			return
		}
		b.reveal(&c.label, "ORDER BY")
	}
}

// isOutput says that an item of ORDER BY or DISTINCT ON is an output column: a bare name is one first.
func isOutput(n *pg.Node, columns []*column) bool { return isOrdinal(n) || isOutputName(n, columns) }

// orderBy binds an item of ORDER BY. With DISTINCT its expression must stand in the select list, too.
func (b *binder) orderBy(item *pg.SortBy, sel *pg.SelectStmt, sc *scope, columns []*column, top bool) error {
	distinct := len(sel.DistinctClause) > 0
	if isOutput(item.GetNode(), columns) {
		b.sorted(item, distinct, columns)
		return nil
	}
	in, err := b.rootValue(item.GetNode(), sc, !top)
	if distinct {
		b.reveal(&in.label, "expression")
	}
	b.revealAt(item.GetNode(), &in.label, "expression")
	return err
}

// distinctOn binds an item of DISTINCT ON, which must match ORDER BY where there is one.
func (b *binder) distinctOn(n *pg.Node, sel *pg.SelectStmt, sc *scope, columns []*column, top bool, carried int) error {
	if isOutput(n, columns) {
		if sc.owner.hides {
			b.sorted(&pg.SortBy{Node: n}, true, columns)
		}
		return nil
	}
	in, err := b.rootValue(n, sc, !top)
	sc.owner.hides = sc.owner.hides || b.carried > carried
	use := "DISTINCT ON"
	if len(sel.SortClause) > 0 || sc.owner.hides { // it is sorted by
		use = "expression"
	}
	b.reveal(&in.label, use)
	return err
}

// sortOperator admits ORDER BY ... USING with a built-in comparison only.
func (b *binder) sortOperator(s *pg.SortBy) error {
	if len(s.GetUseOp()) == 0 {
		return nil
	}
	return b.at(b.operator(s.UseOp), s.Location)
}

func (b *binder) windows(defs []*pg.Node, sc *scope) error {
	for _, n := range defs {
		if err := b.window(n.GetWindowDef(), sc); err != nil {
			return err
		}
	}
	return nil
}

func (b *binder) window(w *pg.WindowDef, sc *scope) error {
	if w == nil {
		return nil
	}
	for _, n := range w.PartitionClause {
		in, err := b.rootValue(n, sc, true) // a condition on the key descends below the window
		if err != nil {
			return err
		}
		equate(in.label)
		b.reveal(&in.label, "PARTITION BY")
	}
	for _, n := range w.OrderClause {
		if _, err := b.rootExpr(n.GetSortBy().GetNode(), sc, false); err != nil {
			return err
		}
		if err := b.sortOperator(n.GetSortBy()); err != nil {
			return err
		}
	}
	for _, n := range []*pg.Node{w.StartOffset, w.EndOffset} {
		if n == nil {
			continue
		}
		if err := b.count(n, sc); err != nil {
			return err
		}
	}
	return nil
}

// withoutEquality are types that GROUP BY cannot take: json, xml, point, line, lseg, box, path, polygon, circle.
var withoutEquality = map[uint32]bool{114: true, 142: true, 600: true, 601: true, 602: true, 603: true, 604: true, 628: true, 718: true}

// dependOnKey appends to GROUP BY what a table's primary key determines. Postgres does this by itself for a table,
// not for the subquery that stands in its place (check_functional_grouping in pg_constraint.c, pitfall S3).
func (b *binder) dependOnKey(sel *pg.SelectStmt, sc *scope, columns []*column) error {
	if len(sel.GroupClause) == 0 || len(sc.owner.loose) == 0 {
		return nil
	}
	grouped, ok := b.groupedColumns(sel)
	if !ok {
		return nil
	}
	picked := map[*pg.ColumnRef]string{}
	for _, ref := range sc.owner.loose {
		table := ref.item.table
		if table == nil || len(ref.column.uses) != 1 || grouped[ref.column.uses[0]] || !table.keyIn(grouped) {
			continue
		}
		if withoutEquality[ref.column.typ] {
			if !b.pickable(ref) {
				return ungroupable(ref.column.name)
			}
			picked[ref.ref] = ref.column.name
			continue
		}
		grouped[ref.column.uses[0]] = true
		sel.GroupClause = append(sel.GroupClause, pg.MakeColumnRefNode(nameNodes(ref.item.emit, ref.column.name), 0))
	}
	return b.pick(sel, picked, columns)
}

// groupedColumns are the table columns that GROUP BY names, directly, by ordinal or by output name. Not ok: grouping sets.
func (b *binder) groupedColumns(sel *pg.SelectStmt) (map[*bool]bool, bool) {
	grouped := map[*bool]bool{}
	for _, n := range sel.GroupClause {
		if n.GetGroupingSet() != nil {
			return nil, false
		}
		ref := n.GetColumnRef()
		if b.refs[ref] == nil || ref == nil {
			ref = targetRef(sel, n)
		}
		if c := b.refs[ref]; ref != nil && c != nil {
			for _, u := range c.uses {
				grouped[u] = true
			}
		}
	}
	return grouped, true
}

// targetRef is the column reference of the select item that an ordinal or an output name stands for.
func targetRef(sel *pg.SelectStmt, n *pg.Node) *pg.ColumnRef {
	return namedTarget(sel, n).GetVal().GetColumnRef()
}

// namedTarget is the select item that an ordinal or an output name stands for.
func namedTarget(sel *pg.SelectStmt, n *pg.Node) *pg.ResTarget {
	if isOrdinal(n) {
		if i := int(n.GetAConst().GetIval().Ival); i >= 1 && i <= len(sel.TargetList) {
			return sel.TargetList[i-1].GetResTarget()
		}
		return nil
	}
	name := lastString(n.GetColumnRef().GetFields())
	for _, t := range sel.TargetList {
		if name != "" && outputName(t.GetResTarget()) == name {
			return t.GetResTarget()
		}
	}
	return nil
}
