package rewrite

import (
	"errors"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

// inlineViews adds to the twin the views that the policy does not list: each is bound from its definition, so that its
// tables are substituted. A view that reads what the twin lacks does not exist there.
func (tw *twin) inlineViews() {
	var pending []*catalog.Relation
	for _, rel := range tw.snapshot.Relations() {
		if rel.OID >= catalog.FirstUserOID && rel.Kind == 'v' && tw.tables[rel.OID] == nil && tw.listed(rel) == nil {
			pending = append(pending, rel)
		}
	}
	for len(pending) > 0 { // a view may read views that come later
		var failed []*catalog.Relation
		for _, rel := range pending {
			e, err := tw.inline(rel)
			if err != nil {
				failed = append(failed, rel)
				continue
			}
			tw.tables[rel.OID] = e
		}
		if len(failed) == len(pending) {
			tw.refuseViews(failed)
			return
		}
		pending = failed
	}
}

// refuseViews keeps apart what the twin lacks and what it has but cordon cannot read: views whose definition calls what is not reviewed, or whose tables
// have row security. Only where the policy shows what it does not list, and only of views that read nothing hidden: of any other the name tells.
func (tw *twin) refuseViews(views []*catalog.Relation) {
	for again := tw.policy.ShowTables && len(tw.missing) == 0; again; { // views over such views are refused, too
		again = false
		for _, rel := range views {
			if tw.refusedViews[rel.OID] || !tw.readsAllShown(rel) {
				continue
			}
			var e *Error
			if _, err := tw.inline(rel); errors.Is(err, errRowSecurity) || errors.As(err, &e) && (e.Reason != "" || e.Code == "42883") { // the server has the function, or there were no such view
				tw.refusedViews[rel.OID], again = true, true
			}
		}
	}
}

// readsAllShown says that the twin has every column of every table that a view's definition names.
func (tw *twin) readsAllShown(rel *catalog.Relation) bool {
	tree, err := pg.Parse(rel.View)
	if err != nil {
		return false
	}
	all := true
	walkNodes(tree.Stmts[0].Stmt, func(n *pg.Node) {
		rv := n.GetRangeVar()
		if rv == nil || rv.Schemaname == "" { // a WITH query
			return
		}
		read, ok := tw.snapshot.Relation(rv.Schemaname, rv.Relname)
		switch {
		case !ok:
			all = false
		case read.System() || tw.refusedViews[read.OID]:
		case read.Kind == 'm' && tw.listed(read) == nil:
			all = all && tw.readsAllShown(read)
		default:
			e := tw.tables[read.OID]
			all = all && e != nil && len(e.columns) == len(read.Columns)
		}
	})
	return all
}

// refusal is the answer to a relation that the twin has and cordon does not read.
func (tw *twin) refusal(rel *catalog.Relation) error {
	shown := tw.policy.ShowTables && len(tw.missing) == 0 && tw.listed(rel) == nil && !tw.nameless(rel)
	switch {
	case tw.refusedViews[rel.OID]:
		return refused("forbidden-view", "cordon: the definition of view "+quoted(rel.Name)+" is not admitted in a masked session: it calls what is not reviewed, or reads tables with row security",
			"Ask for the view to be listed in the policy.")
	case shown && (rel.Kind == 'f' || rel.Kind == 'm' && tw.readsAllShown(rel)):
		return refused("forbidden-view", "cordon: materialized views and foreign tables are read only where the policy lists them", "Ask for "+quoted(rel.Name)+" to be listed in the policy.")
	}
	return nil
}

var errRowSecurity = errors.New("row security")

// viewTexts are the query of an inlined view, with its filtered tables flattenable and fenced; empty for a table.
type viewTexts struct{ flat, fenced string }

func (v *viewTexts) set(fenced bool, text string) {
	if fenced {
		v.fenced = text
	} else {
		v.flat = text
	}
}

// inline binds a view's definition with its filtered tables flattenable and fenced, and, for sealed execution, both with its identifiers raw.
func (tw *twin) inline(rel *catalog.Relation) (*exposed, error) {
	e := &exposed{relation: rel, located: map[int]bool{}}
	for _, fenced := range []bool{false, true} {
		columns, text, err := tw.bindView(e, fenced, nil)
		for errors.Is(err, errAgain) {
			columns, text, err = tw.bindView(e, fenced, nil)
		}
		if err != nil {
			return nil, err
		}
		e.columns = nil
		for i, c := range columns {
			col := &rel.Columns[i]
			e.columns = append(e.columns, exposedColumn{name: col.Name, typ: col.Type.OID, cast: col.Type.Name, collate: col.Type.Collation,
				origin: c.origin, filtered: c.filtered})
		}
		e.set(fenced, text)
	}
	if tw.policy.Sealed && rel.OID >= catalog.FirstUserOID {
		for _, fenced := range []bool{false, true} {
			if err := tw.inlineSealed(e, fenced); err != nil {
				return nil, err
			}
		}
	}
	if rel.SecurityBarrier {
		e.bar()
	}
	return e, nil
}

// bindView binds the definition of e's relation. revealed is what the sealed binding knows so far; nil: every pseudonym is read in SQL form.
func (tw *twin) bindView(e *exposed, fenced bool, revealed map[revealedColumn]*source) ([]*column, string, error) {
	rel := e.relation
	tree, err := pg.Parse(rel.View)
	if err != nil {
		return nil, "", err
	}
	env := &environment{twin: tw, path: []string{"pg_catalog"}, setting: "pg_catalog", database: tw.snapshot.Database, definition: true,
		sealing: revealed != nil, revealed: revealed, located: e.located}
	b := newBinder(env)
	columns, err := b.query(tree.Stmts[0].Stmt.GetSelectStmt(), nil, false)
	if err != nil {
		return nil, "", err
	}
	for i, c := range columns {
		if i < len(rel.Columns) && (c.label.seal.Array || !c.label.seal.Fits(rel.Columns[i].Type.OID)) { // a view's arrays have no SQL form of their own
			b.reveal(&c.label, "array of a view")
		}
	}
	if b.again {
		env.settleSources()
		return nil, "", errAgain
	}
	if len(columns) != len(rel.Columns) {
		return nil, "", undefinedTable(rel.Schema, rel.Name)
	}
	if err := b.hideClock(); err != nil {
		return nil, "", err
	}
	e.clock = b.clock
	for _, t := range b.tables {
		e.hides, e.scattered, e.joins = e.hides || t.exposed.hides, e.scattered || t.exposed.scattered, e.joins || t.exposed.joins
		if t.exposed.relation.RowSecurity && rel.OID >= catalog.FirstUserOID {
			return nil, "", errRowSecurity
		}
	}
	b.meetJoins()
	// What a system view computes is the server's own, over names as templates show them; it does not tell.
	b.hazard = fenced || b.hazard && rel.OID >= catalog.FirstUserOID
	e.raises = rel.OID >= catalog.FirstUserOID && b.unsafe > 0
	for _, c := range columns {
		if b.filteredTables() > 0 || fenced {
			c.origin = Origin{Unknown: true}
		}
		e.filtered = e.filtered || c.filtered
	}
	e.filtered = e.filtered || b.filteredTables() > 0
	b.settle(tree.Stmts[0].Stmt)
	q := b.finish(columns)
	forms, err := b.formMarks()
	if err != nil {
		return nil, "", err
	}
	e.opaque = e.opaque || q.opaque
	text, err := emit(tree.Stmts[0].Stmt, append(q.marks, forms...))
	if err == nil && len(text) > maxSent/8 { // of views upon views: no statement could read it
		err = tooComplex()
	}
	return columns, text, err
}

// inlineSealed binds the definition with raw identifiers, and notes which columns come out sealed.
func (tw *twin) inlineSealed(e *exposed, fenced bool) error {
	revealed := map[revealedColumn]*source{}
	for turn := 1; ; turn++ {
		columns, text, err := tw.bindView(e, fenced, revealed)
		switch {
		case errors.Is(err, errAgain) && turn < maxTurns:
			continue
		case errors.Is(err, errAgain): // its pseudonyms are computed in SQL
			e.sealed = viewTexts{}
			for i := range e.columns {
				e.columns[i].seal = Seal{}
			}
			return nil
		}
		if err != nil {
			return err
		}
		e.sealed.set(fenced, text)
		for i, c := range columns {
			ec, col := &e.columns[i], &e.relation.Columns[i]
			if c.label.sealed() && c.label.seal.Fits(col.Type.OID) {
				ec.seal, ec.bare, ec.raw, ec.rawType = c.label.seal, quoteIdent(sealedView)+"."+quoteIdent(col.Name), c.origin, col.Type
				if ec.expr, err = tw.forms.pseudonym(ec.seal.Domain, col.Type, ec.bare); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

// sealedView is the alias of a sealed view's query.
const sealedView = "cordon_view"

// viewText is what stands in the place of a reference to an inlined view.
func (t *tableRef) viewText(hazard bool) string {
	texts := t.exposed.viewTexts
	if t.reveals != nil && t.exposed.sealed.flat != "" {
		texts = t.exposed.sealed
	}
	text := texts.flat
	if hazard {
		text = texts.fenced
	}
	if t.reveals == nil || t.exposed.sealed.flat == "" {
		return text
	}
	var list []string
	for i, used := range t.used {
		switch c := &t.exposed.columns[i]; {
		case !used:
		case c.seal != Seal{} && !t.sealed(i):
			list = append(list, c.expr+" AS "+quoteIdent(c.name))
		default:
			list = append(list, quoteIdent(sealedView)+"."+quoteIdent(c.name)+" AS "+quoteIdent(c.name))
		}
	}
	return "SELECT " + strings.Join(list, ", ") + " FROM (" + text + ") " + quoteIdent(sealedView)
}

// bar makes the rows that a security_barrier view leaves out as unreachable as hidden ones.
func (e *exposed) bar() {
	var nulls []string
	for i := range e.columns {
		e.columns[i].filtered = true
		nulls = append(nulls, e.columns[i].null())
	}
	e.filtered = true
	for _, texts := range []*viewTexts{&e.viewTexts, &e.sealed} {
		if texts.fenced != "" {
			texts.fenced = "SELECT * FROM (" + texts.fenced + ") " + quoteIdent(e.relation.Name) + fenceEnd(nulls)
		}
	}
}
