package rewrite

import (
	"errors"

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
			return
		}
		pending = failed
	}
}

var errRowSecurity = errors.New("row security")

// inline binds a view's definition twice: with its filtered tables flattenable and fenced.
func (tw *twin) inline(rel *catalog.Relation) (*exposed, error) {
	e := &exposed{relation: rel}
	for _, fenced := range []bool{false, true} {
		tree, err := pg.Parse(rel.View)
		if err != nil {
			return nil, err
		}
		env := &environment{twin: tw, path: []string{"pg_catalog"}, setting: "pg_catalog", database: tw.snapshot.Database, definition: true}
		b := newBinder(env)
		columns, err := b.query(tree.Stmts[0].Stmt.GetSelectStmt(), nil, false)
		if err != nil {
			return nil, err
		}
		if len(columns) != len(rel.Columns) {
			return nil, undefinedTable(rel.Schema, rel.Name)
		}
		for _, t := range b.tables {
			if t.exposed.relation.RowSecurity && rel.OID >= catalog.FirstUserOID {
				return nil, errRowSecurity
			}
		}
		// What a system view computes is the server's own, over names as templates show them; it does not tell.
		b.hazard = fenced || b.hazard && rel.OID >= catalog.FirstUserOID
		e.raises = rel.OID >= catalog.FirstUserOID && b.unsafe > 0
		e.columns = nil
		for i, c := range columns {
			col := &rel.Columns[i]
			origin := c.origin
			if b.filteredTables() > 0 || fenced {
				origin = Origin{Unknown: true}
			}
			e.columns = append(e.columns, exposedColumn{name: col.Name, typ: col.Type.OID, cast: col.Type.Name, collate: col.Type.Collation,
				origin: origin, filtered: c.filtered})
			e.filtered = e.filtered || c.filtered
		}
		e.filtered = e.filtered || b.filteredTables() > 0
		b.settle(tree.Stmts[0].Stmt)
		q := b.finish(columns)
		e.opaque = e.opaque || q.opaque
		text, err := emit(tree.Stmts[0].Stmt, q.marks)
		if err != nil {
			return nil, err
		}
		if fenced {
			e.fenced = text
		} else {
			e.flat = text
		}
	}
	if rel.SecurityBarrier {
		e.bar()
	}
	return e, nil
}

// bar makes the rows that a security_barrier view leaves out as unreachable as hidden ones.
func (e *exposed) bar() {
	var nulls []string
	for i := range e.columns {
		e.columns[i].filtered = true
		nulls = append(nulls, e.columns[i].null())
	}
	e.filtered = true
	e.fenced = "SELECT * FROM (" + e.fenced + ") " + quoteIdent(e.relation.Name) + fenceEnd(nulls)
}
