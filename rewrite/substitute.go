package rewrite

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// tableRef is one reference to a relation of the twin in a statement.
type tableRef struct {
	marker  string // identifier that stands for it in the tree
	alias   string
	exposed *exposed
	only    bool
	aliased bool // has a column alias list
	used    []bool
	number  int                        // place among the statement's references
	reveals map[revealedColumn]*source // nil: every pseudonym is read in SQL form
	located bool                       // its tableoid is read
	oidUsed bool                       // and was read in this binding
	pushed  []string                   // safe conditions of WHERE and ON, as text over alias
	sample  *sample                    // of TABLESAMPLE; nil: all rows
}

// reference registers a reference to a relation.
func (b *binder) reference(e *exposed, alias string, only bool) *tableRef {
	t := &tableRef{marker: "cordon_ref_" + itoa(len(b.tables)+1), alias: alias, exposed: e, only: only, used: make([]bool, len(e.columns)), number: len(b.tables)}
	if b.env.sealing {
		t.reveals = b.env.revealed
	}
	t.located = b.env.located[t.number]
	b.tables = append(b.tables, t)
	if e.hides {
		b.hiding++
	}
	b.hazard = b.hazard || e.raises
	if e.clock != "" {
		b.clock = e.clock
	}
	return t
}

// columns are the twin's columns of the relation, each with the mark that says it is read.
func (t *tableRef) columns() []*column {
	columns := make([]*column, len(t.exposed.columns))
	for i := range t.exposed.columns {
		c := &t.exposed.columns[i]
		columns[i] = &column{name: c.name, typ: c.typ, origin: c.origin, uses: []*bool{&t.used[i]}, raises: c.opaque, collate: joinCollations("", c.collate), reg: c.reg,
			filtered: t.exposed.filtered && t.exposed.flat == "" || c.filtered}
		if t.sealed(i) {
			columns[i].label = label{seal: c.seal, sources: []*source{t.source(i)}}
			columns[i].origin = c.raw
		}
	}
	return columns
}

// source is how the statement reads a pseudonymised column.
func (t *tableRef) source(i int) *source {
	key := revealedColumn{t.number, i}
	if t.reveals[key] == nil {
		t.reveals[key] = &source{typ: t.exposed.columns[i].rawType}
	}
	return t.reveals[key]
}

// sealed says that a column is read raw.
func (t *tableRef) sealed(i int) bool {
	return t.reveals != nil && t.exposed.columns[i].seal != Seal{} && t.source(i).mode != readClear
}

// raw says that identifiers may be read raw, whether the binder thinks so of any or not.
func (t *tableRef) raw() bool {
	return t.reveals != nil && (t.exposed.sealed.flat != "" || slices.ContainsFunc(t.exposed.columns, func(c exposedColumn) bool { return c.seal != Seal{} }))
}

// opaque says that an error of the plan may carry a raw value of this reference.
func (t *tableRef) opaque() bool {
	for i, used := range t.used {
		if used && t.exposed.columns[i].opaque {
			return true
		}
	}
	return t.exposed.opaque
}

// keyIn says whether a grouping covers the relation's primary key.
func (t *tableRef) keyIn(grouped map[*bool]bool) bool {
	rel := t.exposed.relation
	if len(rel.PrimaryKey) == 0 || t.exposed.flat != "" {
		return false
	}
	for _, num := range rel.PrimaryKey {
		c, ok := rel.ColumnByNum(num)
		if !ok {
			return false
		}
		covered := false
		for i := range t.exposed.columns {
			covered = covered || t.exposed.columns[i].name == c.Name && grouped[&t.used[i]]
		}
		if !covered {
			return false
		}
	}
	return true
}

// render is the subquery that takes a reference's place.
func (b *binder) render(t *tableRef) string {
	e := t.exposed
	gather := b.gathers(e)
	if e.flat != "" {
		return "(" + b.expandSets(t.viewText(b.hazard || gather)) + ")"
	}
	plain := "SELECT " + t.selectList() + " FROM " + t.from()
	if e.filter != "" {
		plain += " WHERE " + e.filter
	}
	text := b.expandSets(plain)
	if b.hazard && e.filtered {
		text = t.narrowed(text) + t.fenceEnd()
	} else if gather {
		text = t.narrowed(text)
	}
	if gather {
		text = t.gathered(text)
	}
	if t.sample != nil {
		text = t.sample.text(text)
	}
	return "(" + text + ")"
}

// treatedMark stands for a treatment where the text of a substitution is read once more.
const treatedMark = "cordon_treated"

// shortened is the text of a substitution with its treatments in short.
func (t *tableRef) shortened(text string) string {
	for i, used := range t.used {
		if c := &t.exposed.columns[i]; used && t.exposed.flat == "" && len(c.expr) > 100 {
			text = strings.Replace(text, c.expr+" AS "+quoteIdent(c.name), treatedMark+" AS "+quoteIdent(c.name), 1)
		}
	}
	return text
}

// from is the raw relation, under its own name: treatments and filters refer to it by that.
func (t *tableRef) from() string {
	if t.exposed.source != "" {
		return t.exposed.source
	}
	rel := t.exposed.relation
	text := quoteIdent(rel.Schema) + "." + quoteIdent(rel.Name)
	if rel.System() {
		return text + " r" // the allow list of package builtin is written over this alias
	}
	if t.only {
		text = "ONLY " + text
	}
	return text
}

// selectList exposes the columns that the statement reads.
func (t *tableRef) selectList() string {
	var list []string
	for i, used := range t.used {
		if c := &t.exposed.columns[i]; t.sealed(i) && used {
			list = append(list, c.bare+" AS "+quoteIdent(c.name))
		} else if used {
			list = append(list, c.expr+" AS "+quoteIdent(c.name))
		}
	}
	if t.oidUsed {
		list = append(list, t.locatedExpr())
	}
	return strings.Join(list, ", ")
}

// narrowed are the rows that the moved conditions leave: inside, indexes still serve them.
func (t *tableRef) narrowed(plain string) string {
	if len(t.pushed) == 0 {
		return plain
	}
	return "SELECT * FROM (" + plain + ") " + quoteIdent(t.alias) + " WHERE " + strings.Join(t.pushed, " AND ")
}

// fenceEnd keeps the server from evaluating anything of the statement on a hidden row, at plan time too: statistics are
// not read through a set operation (pitfall C1).
func (t *tableRef) fenceEnd() string {
	var nulls []string
	for i, used := range t.used {
		if used {
			nulls = append(nulls, t.exposed.columns[i].null())
		}
	}
	if t.oidUsed {
		nulls = append(nulls, "NULL::pg_catalog.oid")
	}
	return fenceEnd(nulls)
}

// fenceEnd is the arm of a fence that yields no row.
func fenceEnd(nulls []string) string {
	return " UNION ALL SELECT " + strings.Join(nulls, ", ") + " WHERE false OFFSET 0"
}

// null is a NULL of the column's type and collation.
func (c *exposedColumn) null() string {
	null := "NULL::" + c.cast
	if c.collate != "" && c.collate != `pg_catalog."default"` {
		null += " COLLATE " + c.collate
	}
	return null
}

// moveConjuncts moves into the fence of a filtered table, if the statement needs it, those conditions of WHERE and ON that are safe and read only it. Left outside too, a
// condition would count twice in the planner's estimate, the second time blindly, as one row of 200: it then joins large tables in nested loops.
func (b *binder) moveConjuncts(where boundWhere, kept map[string]bool) {
	for _, c := range conjuncts(where.condition) {
		if len(kept) > 0 && kept[b.conditionText(c)] {
			continue
		}
		if b.moveInto(c, where.scope, where.into) && !b.carries(c) {
			c.Node = &pg.Node_AConst{AConst: &pg.A_Const{Val: &pg.A_Const_Boolval{Boolval: &pg.Boolean{Boolval: true}}}}
		}
	}
}

// moveInto writes a condition into the fence of the table that it reads, through the queries that the table's rows come by. It says whether it did.
func (b *binder) moveInto(c *pg.Node, sc *scope, into []*item) bool {
	it := b.soleItem(c, sc)
	if it == nil || !slices.Contains(into, it) {
		return false
	}
	if it.table == nil {
		below := b.descend(c, it)
		return below != nil && b.moveInto(below, it.derived.scope, present(it.derived.scope.items))
	}
	if !b.takesConditions(it) {
		return false
	}
	probe := newBinder(b.env)
	probe.probing = true
	copied := cloneNode(c)
	if in, err := probe.expr(copied, &scope{items: sc.items, parent: sc.parent, owner: &selectScope{}}); err != nil || !in.safe {
		return false
	}
	text, err := deparseExpr(copied)
	if err != nil {
		return false
	}
	it.table.pushed = append(it.table.pushed, "("+text+")")
	return true
}

// takesConditions says that conditions can stand beside the filter of an item's table, and have to.
func (b *binder) takesConditions(it *item) bool {
	return (b.hazard && it.table.exposed.filtered || b.gathers(it.table.exposed)) && it.table.exposed.flat == "" && !it.table.aliased &&
		it.table.sample == nil // or it would be drawn anew for each row of a query around
}

// readBefore are the conditions that read a parameter whose type the server takes from what stands before them, and would take from them if they came first. Wherever one of
// these is written, it stays: DISTINCT ON and GROUP BY compare whole subqueries, of which the first might hold a parameter's first place.
func (b *binder) readBefore() map[string]bool {
	kept := map[string]bool{}
	if len(b.firstRead) == 0 {
		return kept
	}
	for _, w := range b.wheres {
		for _, c := range conjuncts(w.condition) {
			first := map[int32]int32{}
			walkNodes(c, func(n *pg.Node) {
				if p := n.GetParamRef(); p != nil && b.parameterType(p) == 0 {
					if at, ok := first[p.Number]; !ok || p.Location < at {
						first[p.Number] = p.Location
					}
				}
			})
			for number, at := range first {
				if earliest, ok := b.firstRead[number]; ok && earliest < at {
					kept[b.conditionText(c)] = true
				}
			}
		}
	}
	return kept
}

// conditionText is a condition as text, each column with the alias of its item, however it is spelled.
func (b *binder) conditionText(c *pg.Node) string {
	spelled := map[*pg.ColumnRef][]*pg.Node{}
	walkNodes(c, func(n *pg.Node) {
		ref := n.GetColumnRef()
		if c := b.refs[ref]; ref != nil && c != nil && c.source().home != nil {
			spelled[ref] = ref.Fields
			ref.Fields = nameNodes(c.source().home.emit, c.source().name)
		}
	})
	text, err := deparseExpr(cloneNode(c))
	for ref, fields := range spelled {
		ref.Fields = fields
	}
	if err != nil {
		return ""
	}
	return text
}

// carries says that a condition is col = value of a column that has to equal another table's: the planner then looks for the value there as well.
func (b *binder) carries(condition *pg.Node) bool {
	x := condition.GetAExpr()
	if x == nil || x.Kind != pg.A_Expr_Kind_AEXPR_OP || lastString(x.Name) != "=" {
		return false
	}
	return slices.ContainsFunc([]*pg.Node{x.Lexpr, x.Rexpr}, func(n *pg.Node) bool {
		c := b.refs[n.GetColumnRef()]
		return c != nil && c.source().equated
	})
}

// soleItem is the item of this FROM clause that an expression reads, if it reads just one and holds
// neither a subquery nor a call.
func (b *binder) soleItem(n *pg.Node, sc *scope) *item {
	var only *item
	var outer []*pg.ColumnRef // of queries around this one: visible in the fence, too
	simple := true
	walkNodes(n, func(node *pg.Node) {
		switch x := node.GetNode().(type) {
		case *pg.Node_SubLink, *pg.Node_FuncCall:
			simple = false
		case *pg.Node_ColumnRef:
			found, here := b.itemOf(x.ColumnRef, sc)
			if !here && b.refs[x.ColumnRef] != nil {
				outer = append(outer, x.ColumnRef)
				return
			}
			if found == nil || only != nil && only != found {
				simple = false
			}
			only = found
		}
	})
	if !simple || only == nil || slices.ContainsFunc(outer, func(ref *pg.ColumnRef) bool { return !b.qualified(ref, sc) }) {
		return nil
	}
	return only
}

// itemOf is the FROM item of a scope that a bound reference reads; here says whether there is one, a join without an alias included.
func (b *binder) itemOf(ref *pg.ColumnRef, sc *scope) (found *item, here bool) {
	c := b.refs[ref]
	for _, it := range sc.items {
		if c == nil || !slices.Contains(it.columns, c) {
			continue
		}
		here = true
		if side := c.source(); c.of != nil && c.home == nil && side.name == c.name && len(ref.Fields) == 1 { // merged of both sides of a join, it is that of one; by the alias of USING no fence finds it
			found = side.home
		} else if it.table != nil || it.derived != nil {
			found = it
		}
	}
	return found, here
}

// qualified puts its item's alias in front of a column of a query around a scope, which a table of the scope may have, too.
func (b *binder) qualified(ref *pg.ColumnRef, sc *scope) bool {
	it := b.owners[ref]
	if len(ref.Fields) > 1 {
		return true
	}
	if it == nil || it.emit == "" || !sc.sends(it) {
		return false
	}
	ref.Fields = nameNodes(it.emit, b.refs[ref].name)
	return true
}

// deparseExpr writes an expression back.
func deparseExpr(n *pg.Node) (string, error) {
	text, err := deparse(selectOf(n))
	return strings.TrimPrefix(text, "SELECT "), err
}

// notCopied are the kinds of relations that COPY ... TO does not take (BeginCopyTo in copyto.c). A view that the policy lists is a table of
// the twin.
var notCopied = map[byte]string{'v': "view", 'm': "materialized view", 'f': "foreign table", 'p': "partitioned table"}

// copyQuery is the SELECT that COPY table TO STDOUT means: this table alone, without generated columns (pitfall S18).
func copyQuery(env *environment, rel *pg.RangeVar, columns, quotes []*pg.Node) (*pg.Node, error) {
	b := newBinder(env)
	e, err := b.resolve(rel.Schemaname, rel.Relname)
	if err != nil {
		return nil, b.refusedAt(err, &pg.Node{Node: &pg.Node_RangeVar{RangeVar: rel}})
	}
	if kind := notCopied[e.relation.Kind]; kind != "" && (e.relation.Kind != 'v' || e.flat != "") {
		return nil, &Error{Code: "42809", Message: "cannot copy from " + kind + " " + quoted(rel.Relname), Hint: "Try the COPY (SELECT ...) TO variant."}
	}
	if len(columns) == 0 {
		for i := range e.columns {
			if c, ok := e.relation.Column(e.columns[i].name); ok && !c.Generated {
				columns = append(columns, pg.MakeStrNode(c.Name))
			}
		}
	}
	sel := &pg.SelectStmt{LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE}
	for _, n := range columns {
		name := n.GetString_().GetSval()
		if e.column(name) == nil {
			return nil, undefinedCopyColumn(rel, name)
		}
		sel.TargetList = append(sel.TargetList, pg.MakeResTargetNodeWithVal(pg.MakeColumnRefNode(nameNodes(name), 0), 0))
	}
	for _, n := range quotes {
		name := n.GetString_().GetSval()
		switch {
		case e.column(name) == nil:
			return nil, undefinedCopyColumn(rel, name)
		case !slices.ContainsFunc(columns, func(c *pg.Node) bool { return c.GetString_().GetSval() == name }):
			return nil, &Error{Code: "42P10", Message: "FORCE_QUOTE column " + quoted(name) + " not referenced by COPY"}
		}
	}
	from := pg.MakeFullRangeVarNode(e.relation.Schema, e.relation.Name, "", 0)
	from.GetRangeVar().Inh = false
	from.GetRangeVar().Alias = nil
	sel.FromClause = []*pg.Node{from}
	return &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: sel}}, nil
}

func undefinedCopyColumn(rel *pg.RangeVar, name string) *Error {
	return &Error{Code: "42703", Message: "column " + quoted(name) + " of relation " + quoted(rel.Relname) + " does not exist"}
}
