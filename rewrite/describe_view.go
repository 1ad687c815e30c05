package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

// A view's definition names only what the twin has, or it would not be inlined. But it may hold a constant that is compared with an identifier, chosen
// in its place or joined with it: a raw value. So its text is shown only if no constant can meet a value that the twin treats.
//
// This is judged by names alone, all of them at once: a name is treated if any column of that name in the query is, literal if any holds a
// constant. Two columns of one name are taken for one, so that the judgement errs to hiding.

// viewNames is what is known of the names of a view's query.
type viewNames struct {
	tw               *twin
	marks            func(*exposed, *exposedColumn) bool // the columns of tables to begin with
	treated, literal map[string]bool
	grown            bool // a name was added in this round
	mixed            bool // a constant may meet a treated value
	rows             bool // a whole row is read
}

func newViewNames(tw *twin, marks func(*exposed, *exposedColumn) bool) *viewNames {
	return &viewNames{tw: tw, marks: marks, treated: map[string]bool{}, literal: map[string]bool{}}
}

// showsView says that the definition of a view may be read.
func (tw *twin) showsView(e *exposed, d *catalog.Definition) bool {
	if e.flat == "" && (e.relation.Kind != 'm' || !tw.bindsStored(e.relation)) {
		return false // a table of the twin
	}
	for _, pretty := range []bool{false, true} {
		tree, err := pg.Parse(d.Text(pretty))
		if err != nil || len(tree.Stmts) != 1 {
			return false
		}
		if !tw.keepsApart(tree.Stmts[0].Stmt) {
			return false
		}
	}
	return true
}

// bindsStored says that the query of a materialised view reads only what the twin has.
func (tw *twin) bindsStored(rel *catalog.Relation) bool {
	_, err := tw.inline(rel)
	return err == nil
}

// keepsApart says that no constant of a query can meet a treated value.
func (tw *twin) keepsApart(query *pg.Node) bool {
	v := newViewNames(tw, func(e *exposed, c *exposedColumn) bool { return !e.plain(c.name) })
	v.tables(query)
	if len(v.treated) == 0 {
		return true
	}
	v.learn(query)
	if v.rows {
		return false
	}
	for name := range v.treated {
		if v.literal[name] {
			return false
		}
	}
	walkNodes(query, v.judge)
	return !v.mixed
}

// learn finds out which names are treated or hold constants, by way of others.
func (v *viewNames) learn(query *pg.Node) {
	for v.grown = true; v.grown; {
		v.grown = false
		walkNodes(query, v.name)
	}
}

// tables collects the treated columns of all tables that a query reads, and those that views make of them.
func (v *viewNames) tables(query *pg.Node) {
	walkNodes(query, func(n *pg.Node) {
		t := n.GetRangeVar()
		if t == nil || t.Schemaname == "" {
			return
		}
		rel, ok := v.tw.snapshot.Relation(t.Schemaname, t.Relname)
		if !ok {
			return
		}
		treated := false
		switch e := v.tw.tables[rel.OID]; {
		case e == nil:
		case e.flat != "":
			tree, err := pg.Parse(rel.View)
			if err != nil {
				v.mixed = true
				return
			}
			inner := newViewNames(v.tw, v.marks)
			inner.tables(tree.Stmts[0].Stmt)
			inner.learn(tree.Stmts[0].Stmt)
			for i := range rel.Columns {
				if name := rel.Columns[i].Name; inner.treated[name] || inner.rows {
					v.treated[name], treated = true, true
				}
			}
		default:
			for i := range e.columns {
				if v.marks(e, &e.columns[i]) {
					v.treated[e.columns[i].name] = true
					treated = true
				}
			}
		}
		if treated {
			v.addAll(v.treated, t.Alias.GetColnames())
		}
	})
}

func (v *viewNames) add(set map[string]bool, name string) {
	if name != "" && !set[name] {
		set[name], v.grown = true, true
	}
}

func (v *viewNames) addAll(set map[string]bool, names []*pg.Node) {
	for _, n := range names {
		v.add(set, n.GetString_().GetSval())
	}
}

// name learns from one node which names are treated or hold constants.
func (v *viewNames) name(n *pg.Node) {
	switch x := n.GetNode().(type) {
	case *pg.Node_SelectStmt:
		v.outputs(x.SelectStmt)
	case *pg.Node_RangeSubselect:
		v.renamed(x.RangeSubselect.Subquery, x.RangeSubselect.Alias.GetColnames())
	case *pg.Node_CommonTableExpr:
		v.renamed(x.CommonTableExpr.Ctequery, x.CommonTableExpr.Aliascolnames)
		if x.CommonTableExpr.SearchClause != nil || x.CommonTableExpr.CycleClause != nil {
			v.rows = true
		}
	case *pg.Node_RangeFunction, *pg.Node_RangeTableFunc, *pg.Node_RangeTableSample:
		treated, literal := v.holds(n)
		alias := n.GetRangeFunction().GetAlias()
		if alias == nil {
			alias = n.GetRangeTableFunc().GetAlias()
		}
		names := append(alias.GetColnames(), pg.MakeStrNode(alias.GetAliasname()))
		if treated {
			v.addAll(v.treated, names)
		}
		if literal {
			v.addAll(v.literal, names)
		}
	case *pg.Node_JoinExpr:
		if names := x.JoinExpr.Alias.GetColnames(); len(names) > 0 {
			v.addAll(v.treated, names)
			v.addAll(v.literal, names)
		}
	case *pg.Node_ColumnRef:
		if _, star := splitName(x.ColumnRef.Fields); star {
			v.rows = true
		}
	}
}

// targets are the select lists of a query, those of each arm of a set operation, and the rows of VALUES.
func targets(sel *pg.SelectStmt) [][]*pg.Node {
	if sel.GetLarg() != nil {
		return append(targets(sel.Larg), targets(sel.Rarg)...)
	}
	lists := [][]*pg.Node{}
	if sel.GetTargetList() != nil {
		lists = append(lists, sel.TargetList)
	}
	for _, row := range sel.GetValuesLists() {
		lists = append(lists, row.GetList().GetItems())
	}
	return lists
}

// outputs names the columns of a query: what any arm of a set operation has in a place, the column of that place has.
func (v *viewNames) outputs(sel *pg.SelectStmt) {
	lists := targets(sel)
	for _, list := range lists {
		for i, n := range list {
			value := n
			if t := n.GetResTarget(); t != nil {
				value = t.Val
			}
			treated, literal := v.holds(value)
			for _, other := range lists {
				name := "column" + itoa(i+1)
				if i < len(other) && other[i].GetResTarget() != nil {
					name = outputName(other[i].GetResTarget())
				}
				if treated {
					v.add(v.treated, name)
				}
				if literal {
					v.add(v.literal, name)
				}
			}
		}
	}
}

// renamed gives the names of a column alias list what the query in it has anywhere.
func (v *viewNames) renamed(query *pg.Node, names []*pg.Node) {
	if len(names) == 0 {
		return
	}
	for _, list := range targets(query.GetSelectStmt()) {
		for _, n := range list {
			if t := n.GetResTarget(); t != nil {
				n = t.Val
			}
			treated, literal := v.holds(n)
			if treated {
				v.addAll(v.treated, names)
			}
			if literal {
				v.addAll(v.literal, names)
			}
		}
	}
}

// holds says whether a treated name and whether a constant is anywhere in an expression.
func (v *viewNames) holds(n *pg.Node) (treated, literal bool) {
	if n == nil {
		return false, false
	}
	aside := map[*pg.Node]bool{}
	leave := func(n *pg.Node) { walkNodes(n, func(inner *pg.Node) { aside[inner] = true }) }
	walkNodes(n, func(node *pg.Node) {
		if aside[node] {
			return
		}
		switch x := node.GetNode().(type) {
		case *pg.Node_FuncCall:
			switch name := lastString(x.FuncCall.Funcname); {
			case len(x.FuncCall.Args) > 1 && takesUnit[name] && timeUnits[constantText(x.FuncCall.Args[0])]:
				leave(x.FuncCall.Args[0])
			case name == "count" && len(x.FuncCall.Args) == 1 && x.FuncCall.Args[0].GetColumnRef() != nil: // a number of values
				leave(x.FuncCall.Args[0])
			}
		case *pg.Node_SubLink:
			if x.SubLink.SubLinkType == pg.SubLinkType_EXISTS_SUBLINK { // judged by itself; what it selects meets nothing
				leave(x.SubLink.Subselect)
			}
		case *pg.Node_ColumnRef:
			name := lastString(x.ColumnRef.Fields)
			treated, literal = treated || v.treated[name] || v.treated[x.ColumnRef.Fields[0].GetString_().GetSval()], literal || v.literal[name]
		case *pg.Node_AConst:
			literal = literal || !x.AConst.Isnull && x.AConst.GetBoolval() == nil
		}
	})
	return treated, literal
}

var (
	takesUnit = map[string]bool{"date_trunc": true, "date_part": true, "extract": true}
	timeUnits = map[string]bool{"year": true, "quarter": true, "month": true, "week": true, "day": true, "hour": true, "minute": true, "second": true, "dow": true, "isodow": true, "doy": true, "epoch": true}
)

func constantText(n *pg.Node) string {
	if cast := n.GetTypeCast(); cast != nil {
		n = cast.Arg
	}
	return n.GetAConst().GetSval().GetSval()
}

// judge looks for a place where a constant may meet a treated value: an item of a list or a condition that holds both.
func (v *viewNames) judge(n *pg.Node) {
	switch x := n.GetNode().(type) {
	case *pg.Node_SelectStmt:
		s := x.SelectStmt
		for _, list := range [][]*pg.Node{s.TargetList, s.GroupClause, s.SortClause, s.DistinctClause, s.WindowClause, {s.LimitCount, s.LimitOffset}} {
			for _, item := range list {
				v.unit(item)
			}
		}
		for _, row := range s.ValuesLists {
			for _, item := range row.GetList().GetItems() {
				v.unit(item)
			}
		}
		v.condition(s.WhereClause)
		v.condition(s.HavingClause)
	case *pg.Node_JoinExpr:
		v.condition(x.JoinExpr.Quals)
	case *pg.Node_RangeFunction, *pg.Node_RangeTableFunc, *pg.Node_RangeTableSample:
		v.unit(n)
	}
}

// condition judges what AND, OR and NOT join, each by itself.
func (v *viewNames) condition(n *pg.Node) {
	if b := n.GetBoolExpr(); b != nil {
		for _, arg := range b.Args {
			v.condition(arg)
		}
		return
	}
	v.unit(n)
}

func (v *viewNames) unit(n *pg.Node) {
	treated, literal := v.holds(n)
	v.mixed = v.mixed || treated && literal
}
