package rewrite

import (
	"errors"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// environment is what a statement is bound against.
type environment struct {
	twin     *twin
	path     []string // effective search_path: schema names in order, pg_catalog where it stands or implicitly first
	setting  string   // search_path as SHOW shows it
	user     string
	database string
	fixed    map[string]string // the values of the settings that the server keeps
	// definition: what is bound is a view's definition, which may read what the client may not name.
	definition bool
	parameters []uint32 // the types that the client declared for $1, $2, ...; 0 where none
	casts      paramCasts
	// sealing: identifiers stay raw where only equality matters, and the proxy seals the columns of the answer.
	sealing bool
	// unsealing: constants and parameters that are compared with raw identifiers are unsealed before they are sent.
	unsealing bool
	work      int                        // steps taken so far; see budget.go
	revealed  map[revealedColumn]*source // columns that were found to be needed in SQL form; kept from one binding to the next
	pathCall  *pg.FuncCall               // the call of set_config that sets search_path; see setconfig.go
	located   map[int]bool               // references, by their places in the statement, whose tableoid was found to be read
	renamed   map[int]bool               // and those which, by the alias that they have, would not be found from where they are named; nil where none is
}

// revealedColumn is a column of a reference to a table, by their places in the statement.
type revealedColumn struct{ table, column int }

// settleSources decides how the next binding reads the columns that this one asked for.
func (env *environment) settleSources() {
	for _, s := range env.revealed {
		s.next()
	}
}

// errAgain says that the statement has to be bound again, with what was revealed.
var errAgain = errors.New("bind again")

// boundQuery is the outcome of binding: what the lowered tree, deparsed, needs to become the text that is sent.
type boundQuery struct {
	columns []Origin
	marks   []mark
	opaque  bool
	quiet   bool
	tables  []uint32
	raw     bool    // identifiers are read raw
	params  []Param // of what is sent; nil: the client's own, as they are
	named   []uint32
}

// mark is an identifier in the deparsed text and what replaces it there.
type mark struct {
	name, text string
	once       bool       // what it stands for is drawn anew in each place
	short      string     // of a table: text with its treatments in short; see reread.go
	form       cipherForm // of a cipher's form
}

// binder binds one statement.
type binder struct {
	env    *environment
	tables []*tableRef
	sets   map[string]bool // set markers in use
	// hazard: an expression that could raise or tell reads a filtered table where its evaluation may precede the row filter.
	hazard    bool
	unsafe    int  // expressions bound so far that could raise or tell
	picks     bool // a query keeps one of values that are equal
	opaque    bool
	params    []Param       // what was unsealed
	paramAt   []int32       // and where in the text it stood
	numbers   map[Param]int // and their places in params
	paramUse  map[int32]int // how often the client's text reads each of its own, where order is hidden
	firstUse  map[int32]paramUse
	firstRead map[int32]int32 // where the text first reads a parameter that has no declared type
	named     namedParams
	compares  map[*pg.TypeCast]bool // casts to arrays that ANY and ALL compare with
	spelled   map[*pg.Node]*item    // rows that are spelled out column by column
	placed    []placedForm
	inverses  []unsealedForm
	unsealed  map[*pg.Node]info         // what is known of the operands that they stand for
	seeds     map[string]bool           // domains whose order keys are in use
	clock     string                    // the name of a function that answers anew at each call, if the statement has one
	folds     string                    // the name of a type or collation that takes texts that differ for equal, if the statement has one
	hiding    int                       // references bound so far to relations and WITH queries whose rows' order must not show
	carried   int                       // identifiers bound so far that come from a query around, or by a scalar subquery
	again     bool                      // a sealed value was revealed: the statement has to be bound again
	probing   bool                      // what is bound was bound before: labels are settled
	inOrder   map[*pg.SelectStmt]bool   // queries without ORDER BY whose rows come in an order that they fix; see order_carry.go
	refs      map[*pg.ColumnRef]*column // what references resolved to
	hidden    map[*pg.ColumnRef]bool    // bare ones that their item's alias would not find
	owners    map[*pg.ColumnRef]*item   // and the item that it is a column of

	wheres   []boundWhere  // conditions, for the fences
	merged   []equality    // what USING says to be equal
	copied   []copiedQuery // subqueries in the keys of ORDER BY
	derived  map[*pg.SelectStmt]*derivedQuery
	sent     []Param                   // the parameters of the settled statement
	argTypes map[*pg.FuncCall][]uint32 // types of bound calls' arguments, 0 where not derived
}

// boundWhere is the condition of WHERE or ON, and what it was bound in.
type boundWhere struct {
	condition *pg.Node
	scope     *scope
	into      []*item // whose rows it decides
	final     bool    // it is of WHERE: every row of the FROM clause passes it
}

// bindQuery binds and lowers a query in place: afterwards the tree is what is to be deparsed.
func bindQuery(env *environment, node *pg.Node) (*boundQuery, error) {
	b := newBinder(env)
	env.casts = paramCasts{}
	inside := map[*pg.ParamRef]bool{}
	walkNodes(node, func(n *pg.Node) {
		b.plainLiteral(n)
		env.casts.note(n, inside)
	})
	if env.twin.hides {
		b.countParams(node)
	}
	columns, err := b.query(node.GetSelectStmt(), nil, true)
	if err != nil {
		return nil, err
	}
	if b.again {
		env.settleSources()
		return nil, errAgain
	}
	if err := b.hideClock(); err != nil {
		return nil, err
	}
	b.meetJoins()
	b.settle(node)
	params := b.settleParams(node)
	b.sent = params
	q := b.finish(columns)
	q.params, q.named = params, b.regParams()
	forms, err := b.formMarks()
	q.marks = append(q.marks, forms...)
	return q, err
}

// bindScalars binds expressions that have no FROM clause around them: the arguments of EXECUTE.
func bindScalars(env *environment, nodes []*pg.Node) (*boundQuery, error) {
	b := newBinder(env)
	for _, n := range nodes {
		if _, err := b.expr(n, &scope{owner: &selectScope{}}); err != nil {
			return nil, err
		}
		b.settle(n)
	}
	return b.finish(nil), nil
}

func newBinder(env *environment) *binder {
	return &binder{env: env, sets: map[string]bool{}, seeds: map[string]bool{}, inOrder: map[*pg.SelectStmt]bool{}, derived: map[*pg.SelectStmt]*derivedQuery{}, refs: map[*pg.ColumnRef]*column{}, owners: map[*pg.ColumnRef]*item{}, hidden: map[*pg.ColumnRef]bool{}, firstUse: map[int32]paramUse{}, firstRead: map[int32]int32{}, argTypes: map[*pg.FuncCall][]uint32{}, unsealed: map[*pg.Node]info{}}
}

// meetJoins fences the statement where something in it could raise or tell and a table's rows are hidden by a join: what stands in a LATERAL subquery, or is
// sorted by, is evaluated as soon as the planner has the row, and that may be before the join.
func (b *binder) meetJoins() {
	b.hazard = b.hazard || b.unsafe > 0 && slices.ContainsFunc(b.tables, func(t *tableRef) bool { return t.exposed.joins })
}

// finish renders the marks, once it is known which columns are read and whether filtered tables need the fence.
func (b *binder) finish(columns []*column) *boundQuery {
	q := &boundQuery{opaque: b.opaque, quiet: b.hiding > 0}
	if b.hazard || slices.ContainsFunc(b.tables, func(t *tableRef) bool { return b.gathers(t.exposed) }) {
		b.pinFences()
		kept := b.readBefore()
		for _, w := range b.wheres {
			b.moveConjuncts(w, kept)
		}
		b.renewCopies()
	}
	for _, t := range b.tables {
		text := b.render(t)
		q.marks = append(q.marks, mark{name: t.marker, text: text, once: t.sample != nil, short: t.shortened(text)})
		q.tables = append(q.tables, t.exposed.relation.OID)
		q.opaque, q.raw = q.opaque || t.opaque(), q.raw || t.raw()
	}
	for name := range b.sets {
		if b.env.definition {
			break // left for the statement that reads the view
		}
		q.marks = append(q.marks, mark{name: name, text: b.setText(name)})
	}
	for _, c := range columns {
		origin := c.origin
		if b.hazard && c.filtered {
			origin = Origin{Unknown: true} // the fence hides it
		}
		origin.Seal = c.label.seal
		q.columns = append(q.columns, origin)
	}
	return q
}

// query binds a SELECT, VALUES or set operation and returns its output columns. top says that nothing is around it,
// so that its select list is evaluated on rows that passed every filter.
func (b *binder) query(sel *pg.SelectStmt, outer *scope, top bool) ([]*column, error) {
	if sel == nil {
		return nil, refused("forbidden-statement", "cordon: only queries are admitted here", "Write a SELECT.")
	}
	if sel.IntoClause != nil {
		return nil, refused("forbidden-into", "cordon: SELECT INTO would create a table; masked sessions are read-only", "Leave INTO out.")
	}
	if len(sel.LockingClause) > 0 {
		return nil, refused("forbidden-locking", "cordon: FOR UPDATE and FOR SHARE take row locks; masked sessions are read-only", "Leave the locking clause out.")
	}
	b.picks = b.picks || picksRows(sel)
	with := outer.child()
	if err := b.with(sel.WithClause, with); err != nil {
		return nil, err
	}
	switch {
	case sel.Op != pg.SetOperation_SETOP_NONE:
		return b.setOperation(sel, with, top)
	case len(sel.ValuesLists) > 0:
		return b.values(sel, with)
	}
	return b.selectQuery(sel, with, top)
}

// with binds the WITH queries in order; each sees those before it, and itself if it is recursive. With RECURSIVE they may be listed in any order.
func (b *binder) with(clause *pg.WithClause, sc *scope) error {
	ctes := clause.GetCtes()
	if clause.GetRecursive() {
		ctes = inOrderOfUse(ctes)
		for i := len(ctes) - 1; i > 0; i-- { // a name of a later query must not be taken for a table
			sc.ctes = append(sc.ctes, &cte{name: ctes[i].GetCommonTableExpr().GetCtename(), later: true})
		}
	}
	for _, n := range ctes {
		x, hiding := n.GetCommonTableExpr(), b.hiding
		columns, err := b.cteColumns(x, sc, clause.Recursive)
		if err != nil {
			return err
		}
		sc.ctes = append(sc.ctes, &cte{name: x.Ctename, columns: columns, added: len(searchColumns(x)), hides: b.hiding > hiding, sorted: b.sortedRows(x.Ctequery.GetSelectStmt()),
			derived: b.derived[x.Ctequery.GetSelectStmt()]})
	}
	return nil
}

func (b *binder) cteColumns(x *pg.CommonTableExpr, sc *scope, recursive bool) ([]*column, error) {
	sel := x.Ctequery.GetSelectStmt()
	if sel == nil {
		return nil, refused("forbidden-write", "cordon: a WITH query that changes data is not admitted; masked sessions are read-only", "Use SELECT in WITH.")
	}
	var (
		columns []*column
		err     error
	)
	if recursive { // the name is the query itself, which only the second arm of a UNION may read
		sc = sc.child()
		sc.ctes = append(sc.ctes, &cte{name: x.Ctename, later: true})
	}
	if recursive && sel.Op == pg.SetOperation_SETOP_UNION {
		columns, err = b.recursiveCTE(x, sel, sc)
	} else {
		columns, err = b.query(sel, sc, false)
	}
	if err != nil {
		return nil, err
	}
	return appendSearchColumns(x, rename(columns, x.Aliascolnames)), nil
}

// recursiveCTE binds the non-recursive arm, puts its columns in scope under the CTE's name, then binds the recursive arm.
func (b *binder) recursiveCTE(x *pg.CommonTableExpr, sel *pg.SelectStmt, outer *scope) ([]*column, error) {
	b.picks = b.picks || picksRows(sel)
	sc := outer.child()
	if err := b.with(sel.WithClause, sc); err != nil {
		return nil, err
	}
	hiding := b.hiding
	left, err := b.query(sel.Larg, sc, false)
	if err != nil {
		return nil, err
	}
	for _, c := range left { // in the rows that follow it may not be
		c.null = false
	}
	self := rename(derived(left), x.Aliascolnames)
	plain := x.SearchClause == nil && x.CycleClause == nil
	inner := sc.child()
	inner.ctes = append(inner.ctes, &cte{name: x.Ctename, columns: appendSearchColumns(x, self), added: len(searchColumns(x)), hides: b.hiding > hiding || b.env.twin.hides && readsOthers(sel.Rarg, x.Ctename),
		sorted: plain && b.sortedRows(sel.Larg)})
	targets := firstTargets(sel.Rarg)
	right, err := b.query(sel.Rarg, inner, false)
	if err != nil {
		return nil, err
	}
	b.inOrder[sel] = plain && b.sortedRows(sel.Larg) && b.sortedRows(sel.Rarg)
	if !plain { // their columns are rows of the query's
		b.revealAll(left, "SEARCH and CYCLE")
		b.revealAll(right, "SEARCH and CYCLE")
	}
	if err := b.orderAndLimit(sel, sc, left); err != nil {
		return nil, err
	}
	columns, err := b.mergeColumns(sel.Op, derived(left), right)
	return columns, b.at(err, leftmostOf(targets))
}

// appendSearchColumns adds what SEARCH and CYCLE add to a recursive query.
func appendSearchColumns(x *pg.CommonTableExpr, columns []*column) []*column {
	filtered := false
	for _, c := range columns {
		filtered = filtered || c.filtered
	}
	for _, name := range searchColumns(x) {
		columns = append(columns, &column{name: name, filtered: filtered, origin: Origin{Unknown: true}})
	}
	return columns
}

func searchColumns(x *pg.CommonTableExpr) (names []string) {
	if x.SearchClause != nil {
		names = append(names, x.SearchClause.SearchSeqColumn)
	}
	if x.CycleClause != nil {
		names = append(names, x.CycleClause.CycleMarkColumn, x.CycleClause.CyclePathColumn)
	}
	return names
}

// orderAndLimit binds what follows a set operation or VALUES: only output columns may be named in ORDER BY.
func (b *binder) orderAndLimit(sel *pg.SelectStmt, sc *scope, columns []*column) error {
	for _, n := range sel.SortClause {
		if s := n.GetSortBy(); !isOrdinal(s.GetNode()) && !isOutputName(s.GetNode(), columns) {
			return b.at(&Error{Code: "0A000", Message: "invalid UNION/INTERSECT/EXCEPT ORDER BY clause",
				Hint: "Only result column names can be used, not expressions or functions. Wrap the query in a SELECT to order by an expression."}, leftmost(s.GetNode()))
		}
		b.sorted(n.GetSortBy(), true, columns)
		if err := b.sortOperator(n.GetSortBy()); err != nil {
			return err
		}
	}
	return b.limit(sel, sc)
}

func (b *binder) limit(sel *pg.SelectStmt, sc *scope) error {
	for _, n := range []*pg.Node{sel.LimitOffset, sel.LimitCount} {
		if n == nil {
			continue
		}
		if err := b.count(n, sc); err != nil {
			return err
		}
	}
	return nil
}

// count binds a number of rows, of LIMIT, OFFSET or a frame: anything but a literal could be negative, which raises.
func (b *binder) count(n *pg.Node, sc *scope) error {
	if c := n.GetAConst(); !c.GetIsnull() && (c.GetIval() == nil || c.GetIval().Ival < 0) { // LIMIT ALL is NULL
		b.unsafe++
	}
	_, err := b.expr(n, sc)
	return err
}

// values binds VALUES lists.
func (b *binder) values(sel *pg.SelectStmt, with *scope) ([]*column, error) {
	sc := with.child()
	sc.owner = &selectScope{}
	var columns []*column
	for row, n := range sel.ValuesLists {
		items, err := b.expandStars(n.GetList().GetItems(), sc)
		if err != nil {
			return nil, err
		}
		n.GetList().Items = items
		for i, e := range items {
			in, err := b.rootExpr(e, sc, true)
			if err != nil {
				return nil, err
			}
			if row == 0 {
				columns = append(columns, &column{name: "column" + itoa(i+1), typ: in.typ, filtered: in.filtered, collate: in.collate, origin: Origin{Unknown: true}})
				continue
			}
			if i >= len(columns) {
				continue
			}
			c := columns[i]
			b.convert(c.typ, in.typ)
			c.filtered, c.collate = c.filtered || in.filtered, joinCollations(c.collate, in.collate)
			if c.typ != in.typ {
				c.typ = 0
			}
		}
		if len(items) != len(columns) {
			return nil, b.at(&Error{Code: "42601", Message: "VALUES lists must all be the same length"}, leftmostOf(items))
		}
	}
	return columns, b.orderAndLimit(sel, with, columns)
}

// convert notes that values of two types become one: a conversion that is not looked at may raise.
func (b *binder) convert(l, r uint32) {
	if l, r = asText(l), asText(r); l != r && l != 0 && r != 0 && !widening[[2]uint32{l, r}] && !widening[[2]uint32{r, l}] {
		b.unsafe++
		b.hazard = true
	}
}

// derived copies columns for a place where the table's own columns are no longer what is read.
func derived(columns []*column) []*column {
	out := make([]*column, len(columns))
	for i, c := range columns {
		d := *c
		d.uses = nil
		d.origin = Origin{Unknown: true}
		out[i] = &d
	}
	return out
}

// rename applies a column alias list.
func rename(columns []*column, names []*pg.Node) []*column {
	if len(names) == 0 {
		return columns
	}
	out := make([]*column, len(columns))
	for i, c := range columns {
		d := *c
		if i < len(names) {
			d.name = names[i].GetString_().GetSval()
		}
		out[i] = &d
	}
	return out
}

func isOrdinal(n *pg.Node) bool {
	c := n.GetAConst()
	return c != nil && c.GetIval() != nil
}

func isOutputName(n *pg.Node, columns []*column) bool {
	fields := n.GetColumnRef().GetFields()
	if len(fields) != 1 {
		return false
	}
	name := fields[0].GetString_().GetSval()
	for _, c := range columns {
		if c.name == name && name != "" {
			return true
		}
	}
	return false
}
