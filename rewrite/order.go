package rewrite

import (
	"slices"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// The order of rows is information: heap and index order is mostly that of the raw identifiers. For tables with identifiers of a domain
// with order = "hide", whatever depends on position or choice is made a function of what the twin has, and of a keyed hash of identifiers as the last key:
//
//	order.go            the rows of a query that is the outermost, is ordered or limited, or picks by DISTINCT ON
//	order_carry.go      queries that leave the order of a subquery or WITH query as it is
//	order_pin.go        when a condition on the primary key leaves one row
//	order_key.go        what a value is sorted by
//	order_row.go        what the rows of a FROM clause, or groups, are told apart by
//	order_window.go     window functions that count rows or pick one
//	order_aggregate.go  aggregates whose result depends on the order of their input

// ordered says that a query's rows come in an order, or that it picks some.
func ordered(sel *pg.SelectStmt) bool {
	return len(sel.SortClause) > 0 || sel.LimitCount != nil || sel.LimitOffset != nil
}

// hideOrder makes what depends on the order of rows in a SELECT a function of the rows alone.
func (b *binder) hideOrder(sel *pg.SelectStmt, sc *scope, columns []*column, top bool) error {
	if err := b.hideInCalls(sel, sc); err != nil {
		return err
	}
	distinctOn := len(sel.DistinctClause) > 0 && sel.DistinctClause[0].GetNode() != nil
	b.inOrder[sel] = b.oneRow(sel, sc) || b.carriesOrder(sel, sc)
	switch {
	case !top && !ordered(sel) && !distinctOn || b.inOrder[sel]:
		return nil
	case sel.LimitOption == pg.LimitOption_LIMIT_OPTION_WITH_TIES:
		return b.sortTies(sel, columns)
	case distinctOn:
		return b.sortDistinctOn(sel, sc)
	}
	if keys, ok := b.outputKeys(sel, sc, columns); ok {
		appendSort(&sel.SortClause, keys)
		return nil
	}
	return b.sortOutside(sel, columns)
}

// hideSetOrder is hideOrder for a set operation, which can be sorted by its output columns only.
func (b *binder) hideSetOrder(sel *pg.SelectStmt, columns []*column) error {
	if sel.LimitOption == pg.LimitOption_LIMIT_OPTION_WITH_TIES {
		return b.sortTies(sel, columns)
	}
	return b.sortOutside(sel, columns)
}

// oneRow says that a SELECT gives at most one row: an aggregate without groups, nothing in FROM, or one table at a value of its primary key.
func (b *binder) oneRow(sel *pg.SelectStmt, sc *scope) bool {
	for _, n := range sel.TargetList {
		if b.returnsSet(n) {
			return false
		}
	}
	if sc.owner.grouped || len(sel.FromClause) == 0 {
		return len(sel.GroupClause) == 0
	}
	return len(sc.items) == 1 && sc.items[0].table != nil && b.oneKey(sc.items[0].table, sel.WhereClause)
}

// isGiven says that an expression is a constant or a parameter.
func isGiven(n *pg.Node) bool {
	if cast := n.GetTypeCast(); cast != nil {
		n = cast.Arg
	}
	return n.GetAConst() != nil || n.GetParamRef() != nil
}

// returnsSet says that an expression may give several rows.
func (b *binder) returnsSet(n *pg.Node) bool {
	found := false
	b.walk(n, func(node *pg.Node) {
		call := node.GetFuncCall()
		parts, _ := splitName(call.GetFuncname())
		if len(parts) == 0 {
			return
		}
		if schema := parts[:len(parts)-1]; len(schema) > 0 && schema[len(schema)-1] != "pg_catalog" {
			found = true
			return
		}
		for _, f := range b.env.twin.snapshot.Functions("pg_catalog", parts[len(parts)-1]) {
			found = found || f.Set
		}
	})
	return found
}

// outputKeys are sort keys that make the order of a SELECT's rows total over its output, where they can stand in its own ORDER BY. Primary keys that the
// twin shows come first: their indexes serve a LIMIT.
func (b *binder) outputKeys(sel *pg.SelectStmt, sc *scope, columns []*column) ([]*pg.Node, bool) {
	distinct := len(sel.DistinctClause) > 0
	var keys []*pg.Node
	if !distinct && !sc.owner.grouped && len(sel.GroupClause) == 0 && sel.HavingClause == nil {
		shown, all := b.shownKeys(sc)
		if keys = shown; all && !b.returnsSet(selectNode(&pg.SelectStmt{TargetList: sel.TargetList})) {
			return keys, true
		}
	}
	var ranked sortKeys
	for i, c := range columns {
		switch {
		case isGiven(c.expr):
		case !c.label.sealed() && fixedTypes[c.typ]:
			ranked.add(rankFixed, pg.MakeAConstIntNode(int64(i+1), 0))
		case distinct || c.expr.GetColumnRef() == nil:
			return nil, false
		default:
			b.addKeys(&ranked, c.bound())
		}
	}
	return append(keys, ranked.nodes()...), true
}

// outerAlias is the alias of a query that is sorted from outside.
const outerAlias = "cordon_w"

// sortOutside makes a query the subquery of one that sorts its rows: by what it was sorted by, and by its output.
func (b *binder) sortOutside(sel *pg.SelectStmt, columns []*column) error {
	b.spend((1 + len(sel.SortClause)) * len(columns) * 4)
	if err := b.exhausted(); err != nil {
		return err
	}
	inner, _, items, err := b.withSortColumns(sel, columns)
	if err != nil {
		return err
	}
	b.wrap(sel, inner, columns, items)
	sel.LimitCount, sel.LimitOffset, sel.LimitOption = inner.LimitCount, inner.LimitOffset, inner.LimitOption
	inner.LimitCount, inner.LimitOffset, inner.LimitOption, inner.SortClause = nil, nil, pg.LimitOption_LIMIT_OPTION_DEFAULT, nil
	return nil
}

// sortTies sorts what FETCH FIRST ... WITH TIES leaves. Which rows that are is fixed, once those are that OFFSET skips.
func (b *binder) sortTies(sel *pg.SelectStmt, columns []*column) error {
	b.spend((1 + len(sel.SortClause)) * len(columns) * 4)
	if err := b.exhausted(); err != nil {
		return err
	}
	inner, all, items, err := b.withSortColumns(sel, columns)
	if err != nil {
		return err
	}
	with := inner.WithClause
	inner.WithClause = nil
	if inner.LimitOffset != nil {
		inner = b.offsetFirst(inner, all, items)
	}
	b.wrap(sel, inner, columns, items)
	sel.WithClause = with
	return nil
}

// offsetFirst makes a query with OFFSET and WITH TIES one of two levels: the inner sorts by all there is and skips, the outer fetches by the query's own order.
func (b *binder) offsetFirst(sel *pg.SelectStmt, all []*column, items []*pg.Node) *pg.SelectStmt {
	skipped, fetched := &pg.SelectStmt{}, &pg.SelectStmt{}
	offset, count := sel.LimitOffset, sel.LimitCount
	sel.LimitOffset, sel.LimitCount, sel.LimitOption, sel.SortClause = nil, nil, pg.LimitOption_LIMIT_OPTION_DEFAULT, nil
	b.wrap(skipped, sel, all, b.copiesOf(items))
	skipped.LimitOffset, skipped.LimitOption = offset, pg.LimitOption_LIMIT_OPTION_COUNT
	b.wrap(fetched, skipped, all, nil)
	fetched.SortClause, fetched.LimitCount, fetched.LimitOption = b.copiesOf(items), count, pg.LimitOption_LIMIT_OPTION_WITH_TIES
	return fetched
}

// wrap makes sel SELECT <columns> FROM (inner) ORDER BY items and the columns. WITH stays outside, where LIMIT sees it, too.
func (b *binder) wrap(sel, inner *pg.SelectStmt, columns []*column, items []*pg.Node) {
	with := inner.WithClause
	inner.WithClause = nil
	alias := &pg.Alias{Aliasname: outerAlias}
	var targets []*pg.Node
	var ranked sortKeys
	for i, c := range columns {
		name := outerColumn(i)
		alias.Colnames = append(alias.Colnames, pg.MakeStrNode(name))
		ref := pg.MakeColumnRefNode(nameNodes(outerAlias, name), 0)
		targets = append(targets, pg.MakeResTargetNodeWithNameAndVal(c.name, ref, 0))
		if !isGiven(c.expr) {
			outside := c.bound()
			outside.node = ref
			b.addKeys(&ranked, outside)
		}
	}
	appendSort(&items, ranked.nodes())
	sel.Reset()
	sel.WithClause, sel.TargetList, sel.SortClause = with, targets, items
	sel.Op, sel.LimitOption = pg.SetOperation_SETOP_NONE, pg.LimitOption_LIMIT_OPTION_DEFAULT
	sel.FromClause = []*pg.Node{{Node: &pg.Node_RangeSubselect{RangeSubselect: &pg.RangeSubselect{Subquery: selectNode(inner), Alias: alias}}}}
}

func outerColumn(i int) string { return "cordon_c" + itoa(i+1) }

// withSortColumns moves a query, and gives its sort items as they stand outside: each over an output column, which is added to all where there is none.
func (b *binder) withSortColumns(sel *pg.SelectStmt, columns []*column) (inner *pg.SelectStmt, all []*column, items []*pg.Node, err error) {
	inner, all = moveSelect(sel), slices.Clone(columns)
	for _, n := range sel.SortClause {
		s := n.GetSortBy()
		place := b.outputPlace(s.Node, columns)
		if isOrdinal(s.Node) && (place < 0 || place >= len(columns)) { // findTargetlistEntrySQL92 in parse_clause.c
			return nil, nil, nil, b.at(&Error{Code: "42P10", Message: "ORDER BY position " + itoa(place+1) + " is not in select list"}, leftmost(s.Node))
		}
		if place < 0 {
			if sel.Op != pg.SetOperation_SETOP_NONE || len(sel.DistinctClause) > 0 {
				return nil, nil, nil, b.at(&Error{Code: "42P10", Message: "for SELECT DISTINCT, ORDER BY expressions must appear in select list"}, leftmost(s.Node))
			}
			place = len(all)
			all = append(all, &column{name: outerColumn(place)})
			inner.TargetList = append(inner.TargetList, pg.MakeResTargetNodeWithNameAndVal(outerColumn(place), s.Node, 0))
		}
		items = append(items, &pg.Node{Node: &pg.Node_SortBy{SortBy: &pg.SortBy{SortbyDir: s.SortbyDir, SortbyNulls: s.SortbyNulls, UseOp: s.UseOp,
			Node: pg.MakeColumnRefNode(nameNodes(outerAlias, outerColumn(place)), 0)}}})
	}
	return inner, all, items, nil
}

// outputPlace is the output column that a sort item is, by number, name or expression; -1 if it is none.
func (b *binder) outputPlace(n *pg.Node, columns []*column) int {
	if isOrdinal(n) {
		return int(n.GetAConst().GetIval().Ival) - 1
	}
	name := ""
	if fields := n.GetColumnRef().GetFields(); len(fields) == 1 {
		name = lastString(fields)
	}
	for i, c := range columns {
		if name != "" && c.name == name {
			return i
		}
	}
	for i, c := range columns {
		if c.expr != nil && b.sameExpr(c.expr, n) {
			return i
		}
	}
	return -1
}

// sameExpr says that two bound expressions are one, as the server sees it once it has found whose columns they name.
func (b *binder) sameExpr(x, y *pg.Node) bool {
	return comparison(func(r, s *pg.ColumnRef) bool {
		if c, d := b.refs[r], b.refs[s]; c != nil && d != nil {
			return c.source() == d.source()
		}
		p, q := b.placedAs(r), b.placedAs(s)
		return p != nil && q != nil && p.seal == q.seal && p.sources[0].typ == q.sources[0].typ
	}).same(x, y)
}

// placedAs is the label whose form a mark stands for; nil if a reference is no such mark.
func (b *binder) placedAs(ref *pg.ColumnRef) *label {
	name, found := strings.CutPrefix(lastString(ref.Fields), formMark)
	if i, err := strconv.Atoi(name); found && err == nil && i >= 1 && i <= len(b.placed) && b.refs[ref] == nil {
		return &b.placed[i-1].label
	}
	return nil
}

// moveSelect gives a SELECT's clauses to another one, node by node: what the binder remembers of them stays true.
func moveSelect(sel *pg.SelectStmt) *pg.SelectStmt {
	moved := &pg.SelectStmt{}
	sel.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		moved.ProtoReflect().Set(field, value)
		return true
	})
	return moved
}

// sortDistinctOn sorts the rows that DISTINCT ON picks from: by its expressions, and by what tells them apart.
func (b *binder) sortDistinctOn(sel *pg.SelectStmt, sc *scope) error {
	if len(sel.SortClause) == 0 {
		appendSort(&sel.SortClause, b.copiesOf(sel.DistinctClause))
	}
	keys, err := b.rowKeys(sel, sc)
	if err != nil {
		return err
	}
	nodes := keys.nodes()
	for i, n := range nodes {
		if len(n.GetColumnRef().GetFields()) == 1 { // a name alone would be that of an output column first (findTargetlistEntrySQL92 in parse_clause.c)
			nodes[i] = &pg.Node{Node: &pg.Node_CoalesceExpr{CoalesceExpr: &pg.CoalesceExpr{Args: []*pg.Node{n}}}}
		}
	}
	appendSort(&sel.SortClause, nodes)
	return nil
}

// appendSort adds keys to an ORDER BY clause.
func appendSort(clause *[]*pg.Node, keys []*pg.Node) {
	for _, key := range keys {
		if key.GetSortBy() != nil { // says by which operator
			*clause = append(*clause, key)
			continue
		}
		*clause = append(*clause, &pg.Node{Node: &pg.Node_SortBy{SortBy: &pg.SortBy{Node: key,
			SortbyDir: pg.SortByDir_SORTBY_DEFAULT, SortbyNulls: pg.SortByNulls_SORTBY_NULLS_DEFAULT}}})
	}
}

// readsOthers says that a query names another relation than itself.
func readsOthers(sel *pg.SelectStmt, self string) bool {
	found := false
	walkNodes(selectNode(sel), func(n *pg.Node) {
		rv := n.GetRangeVar()
		found = found || rv != nil && (rv.Schemaname != "" || rv.Relname != self)
	})
	return found
}
