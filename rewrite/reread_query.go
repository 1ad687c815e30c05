package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// query reads a query in the scope around it, and gives its columns.
func (r *reader) query(sel *pg.SelectStmt, outer *readScope) []readColumn {
	return r.queryOf(sel, outer, -1)
}

// queryOf is query; many is the number of its columns where that is known, else negative.
func (r *reader) queryOf(sel *pg.SelectStmt, outer *readScope, many int) []readColumn {
	if r.problem != "" || sel == nil {
		r.fail("a query that is none")
		return nil
	}
	sc := &readScope{parent: outer, ctes: map[string][]readColumn{}}
	r.with(sel.WithClause, sc)
	var columns []readColumn
	switch {
	case sel.Op != pg.SetOperation_SETOP_NONE && sel.Larg != nil:
		columns = r.setOperation(sel, sc, many)
	case len(sel.ValuesLists) > 0:
		columns = r.values(sel, sc)
	default:
		columns = r.selection(sel, sc, many)
	}
	for _, n := range []*pg.Node{sel.LimitCount, sel.LimitOffset} {
		if n != nil {
			r.plain(n, &readScope{parent: sc.parent, ctes: sc.ctes})
		}
	}
	r.spend(len(columns))
	if len(sel.LockingClause) > 0 || sel.IntoClause != nil {
		r.fail("a query with a clause that is not known")
	}
	return columns
}

// with reads WITH queries, each in sight of those before it; of RECURSIVE ones, in sight of all.
func (r *reader) with(x *pg.WithClause, sc *readScope) {
	pending := slices.Clone(x.GetCtes())
	names := map[string]bool{} // of those that are not read yet
	reads := map[*pg.Node]map[string]bool{}
	for _, n := range pending {
		names[n.GetCommonTableExpr().Ctename] = x.Recursive
		reads[n] = r.relationNames(n)
		if x.Recursive {
			sc.ctes[n.GetCommonTableExpr().Ctename] = []readColumn{{unread: true}}
		}
	}
	for len(pending) > 0 && r.problem == "" {
		next := slices.IndexFunc(pending, func(n *pg.Node) bool { return !r.readsAny(n.GetCommonTableExpr().Ctename, reads[n], names) })
		next = max(next, 0) // a name may be that of a WITH query within
		cte := pending[next].GetCommonTableExpr()
		r.withQuery(cte, x.Recursive, sc)
		delete(names, cte.Ctename)
		pending = slices.Delete(pending, next, next+1)
	}
}

// relationNames are the names without a schema that a WITH query reads.
func (r *reader) relationNames(n *pg.Node) map[string]bool {
	names := map[string]bool{}
	walkNodes(n, func(below *pg.Node) {
		r.work++
		if rv := below.GetRangeVar(); rv != nil && rv.Schemaname == "" {
			names[rv.Relname] = true
		}
	})
	return names
}

// readsAny says that a WITH query may read another of some names.
func (r *reader) readsAny(own string, reads, names map[string]bool) bool {
	r.spend(len(reads))
	for name := range reads {
		if name != own && names[name] {
			return true
		}
	}
	return false
}

// withQuery reads a WITH query: a recursive one until it gives what it is taken to give.
func (r *reader) withQuery(cte *pg.CommonTableExpr, recursive bool, sc *readScope) {
	sel := cte.Ctequery.GetSelectStmt()
	names := &pg.Alias{Aliasname: cte.Ctename, Colnames: cte.Aliascolnames}
	recursive = recursive && sel.GetOp() == pg.SetOperation_SETOP_UNION
	if recursive {
		inner := &readScope{parent: sc, ctes: map[string][]readColumn{}}
		r.with(sel.WithClause, inner)
		sc.ctes[cte.Ctename] = r.added(cte, r.renamed(r.query(sel.Larg, inner), names))
	}
	for settled := false; !settled && r.problem == ""; {
		columns := r.added(cte, r.renamed(r.query(sel, sc), names))
		settled = !recursive || slices.Equal(sc.ctes[cte.Ctename], columns)
		sc.ctes[cte.Ctename] = columns
	}
}

// added are the columns of a WITH query with those that SEARCH and CYCLE add, which hold rows of the columns that they name.
func (r *reader) added(cte *pg.CommonTableExpr, columns []readColumn) []readColumn {
	var names []*pg.Node
	if s := cte.SearchClause; s != nil {
		names = append(names, s.SearchColList...)
		columns = append(columns, readColumn{name: s.SearchSeqColumn, starless: true})
	}
	if c := cte.CycleClause; c != nil {
		names = append(names, c.CycleColList...)
		columns = append(columns, readColumn{name: c.CycleMarkColumn, starless: true}, readColumn{name: c.CyclePathColumn, starless: true})
	}
	for _, n := range names {
		if c, _ := find(columns, n.GetString_().GetSval()); c.guarded() {
			r.fail("SEARCH or CYCLE by %s", c)
		}
	}
	return columns
}

func (r *reader) setOperation(sel *pg.SelectStmt, sc *readScope, many int) []readColumn {
	left, right := r.queryOf(sel.Larg, sc, many), r.queryOf(sel.Rarg, sc, many)
	columns := r.meetAll(left, right, "the arms of a set operation")
	r.sort(sel.SortClause, &readScope{parent: sc.parent, ctes: sc.ctes}, columns)
	return columns
}

// meetAll is what columns hold that take their values from two lists.
func (r *reader) meetAll(left, right []readColumn, what string) []readColumn {
	if isOpen(left) || isOpen(right) {
		if (row(left).guarded() || row(right).guarded()) && r.problem == "" {
			r.fail("%s have columns that cannot be counted", what)
		}
		left = slices.Clone(left)
		for i := range left {
			left[i].content = content{}
		}
		return left
	}
	if len(left) != len(right) {
		r.fail("%s differ in number", what)
		return nil
	}
	columns := make([]readColumn, len(left))
	for i := range left {
		columns[i] = readColumn{name: left[i].name, typ: left[i].typ, content: r.meet(left[i].content, right[i].content, what)}
	}
	return columns
}

// meet is what a value holds that may come from either of two places: both have to hold the same, or NULL.
func (r *reader) meet(a, b content, what string) content {
	switch {
	case a.row && b.row: // of which columns, is not known
		return r.fail("%s hold %s and %s", what, a, b)
	case a == b || b.null && !b.guarded():
		return a
	case a.null && !a.guarded():
		return b
	case a.guarded() || b.guarded():
		return r.fail("%s hold %s and %s", what, a, b)
	}
	return content{}
}

func (r *reader) values(sel *pg.SelectStmt, sc *readScope) (columns []readColumn) {
	for i, list := range sel.ValuesLists {
		var values []readColumn
		for _, n := range list.GetList().GetItems() {
			if stars, ok := r.stars(n, sc, nil); ok {
				values = append(values, stars...)
				continue
			}
			values = append(values, readColumn{content: r.value(n, sc)})
		}
		for k := range values {
			values[k].name = "column" + itoa(k+1)
		}
		if isOpen(values) && row(values).guarded() {
			r.fail("VALUES have columns that cannot be counted")
		}
		if i == 0 {
			columns = values
			continue
		}
		columns = r.meetAll(columns, values, "rows of VALUES")
	}
	r.sort(sel.SortClause, sc, columns)
	return columns
}

// selection reads a SELECT with its clauses, each in the scope that it has.
func (r *reader) selection(sel *pg.SelectStmt, sc *readScope, many int) (columns []readColumn) {
	if table := r.substituted(sel); table != nil {
		return r.substitution(sel, table)
	}
	var star []readColumn
	for _, n := range sel.FromClause {
		entry := r.from(n, sc)
		sc = sc.with(entry.items...)
		star = append(star, entry.star...)
	}
	if sel.WhereClause != nil {
		r.plain(sel.WhereClause, sc)
	}
	for _, n := range sel.TargetList {
		target := n.GetResTarget()
		if stars, ok := r.stars(target.Val, sc, star); ok {
			columns = append(columns, stars...)
			continue
		}
		columns = append(columns, readColumn{name: outputName(target), content: r.value(target.Val, sc)})
	}
	columns = counted(columns, many)
	r.groups(sel.GroupClause, sc, columns)
	if sel.HavingClause != nil {
		r.plain(sel.HavingClause, sc)
	}
	for _, n := range sel.WindowClause {
		r.window(n.GetWindowDef(), sc)
	}
	for _, n := range sel.DistinctClause {
		if n.GetNode() != nil {
			r.keyed(n, sc, columns)
		}
	}
	r.sort(sel.SortClause, sc, columns)
	return columns
}

// counted are columns, of which the open one stands for as many as are missing.
func counted(columns []readColumn, many int) []readColumn {
	at := slices.IndexFunc(columns, func(c readColumn) bool { return c.open })
	if at < 0 || many < len(columns)-1 || isOpen(columns[at+1:]) {
		return columns
	}
	return slices.Concat(columns[:at], make([]readColumn, many-len(columns)+1), columns[at+1:])
}

// groups reads GROUP BY, where identifiers are only told apart.
func (r *reader) groups(list []*pg.Node, sc *readScope, columns []readColumn) {
	for _, n := range list {
		switch x := n.GetNode().(type) {
		case *pg.Node_GroupingSet:
			r.groups(x.GroupingSet.Content, sc, columns)
		case *pg.Node_RowExpr:
			r.groups(x.RowExpr.Args, sc, columns)
		default:
			r.keyed(n, sc, columns)
		}
	}
}

// keyed reads an expression by which rows are told apart.
func (r *reader) keyed(n *pg.Node, sc *readScope, columns []readColumn) content {
	if c, ok := output(n, columns, sc); ok {
		return c
	}
	return r.value(n, sc)
}

// output is the output column that an expression of ORDER BY, GROUP BY or DISTINCT ON names or counts.
func output(n *pg.Node, columns []readColumn, sc *readScope) (content, bool) {
	if at := n.GetAConst().GetIval(); n.GetAConst() != nil && at != nil && !n.GetAConst().Isnull {
		if i := int(at.Ival) - 1; i >= 0 && i < len(columns) && !isOpen(columns[:i+1]) {
			return columns[i].content, true
		}
		if !isOpen(columns) { // there is none: the server refuses it
			return content{}, true
		}
		return row(columns), true
	}
	fields := n.GetColumnRef().GetFields()
	if len(fields) != 1 {
		return content{}, false
	}
	c, ok := find(columns, lastString(fields))
	if !ok || c.guarded() {
		return c, ok
	}
	for _, it := range sc.items { // GROUP BY looks there first
		if in, ok := find(it.columns, lastString(fields)); ok && in.guarded() {
			return in, true
		}
	}
	return c, true
}

// sort reads ORDER BY, which tells the order of what it is by.
func (r *reader) sort(list []*pg.Node, sc *readScope, columns []readColumn) {
	for _, n := range list {
		key := n.GetSortBy().GetNode()
		var c content
		if fields := key.GetColumnRef().GetFields(); len(fields) == 1 {
			var ok bool
			if c, ok = find(columns, lastString(fields)); !ok {
				c = r.value(key, sc)
			}
		} else {
			c = r.keyed(key, sc, columns)
		}
		if c.guarded() && !c.key {
			r.fail("ORDER BY %s", c)
		}
	}
}

func (r *reader) window(w *pg.WindowDef, sc *readScope) {
	if w == nil {
		return
	}
	for _, n := range w.PartitionClause {
		r.value(n, sc)
	}
	r.sort(w.OrderClause, sc, nil)
	for _, n := range []*pg.Node{w.StartOffset, w.EndOffset} {
		if n != nil {
			r.plain(n, sc)
		}
	}
}
