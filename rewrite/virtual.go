package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

// computes says that reading a column may raise: a virtual generated one's expression is evaluated where the column is read, on a hidden row before the
// filter. What cannot be shown never to raise may.
func (tw *twin) computes(rel *catalog.Relation, col *catalog.Column) bool {
	if !col.Virtual {
		return false
	}
	for _, d := range tw.snapshot.Definitions {
		if d.Kind == catalog.DefaultText && d.OID == rel.OID && d.Sub == col.Num {
			return !tw.yields(rel, d.Plain, col)
		}
	}
	return true
}

// yields says that an expression over the raw row has a value of the column's type, whatever the row: no cast is left to the server, which prints none.
func (tw *twin) yields(rel *catalog.Relation, text string, col *catalog.Column) bool {
	tree, err := pg.Parse("SELECT " + text)
	if err != nil || len(tree.Stmts) != 1 || len(tree.Stmts[0].Stmt.GetSelectStmt().GetTargetList()) != 1 {
		return false
	}
	row := &item{name: rel.Name, emit: rel.Name, rel: true, cols: true}
	for i := range rel.Columns {
		if c := &rel.Columns[i]; !c.Generated { // an expression reads no generated column
			row.columns = append(row.columns, &column{name: c.Name, typ: c.Type.OID, collate: joinCollations("", c.Type.Collation), home: row})
		}
	}
	b := newBinder(&environment{twin: tw, path: []string{"pg_catalog"}, setting: "pg_catalog", database: tw.snapshot.Database, definition: true})
	in, err := b.expr(tree.Stmts[0].Stmt.GetSelectStmt().TargetList[0].GetResTarget().Val, &scope{items: []*item{row}, owner: &selectScope{}})
	return err == nil && in.safe && b.unsafe == 0 && in.typ == col.Type.OID && col.Type.Mod < 0
}

// readsVirtual says that a node of a text over rel's rows may read a virtual column, of rel's or of a table of its own.
func readsVirtual(snapshot *catalog.Snapshot, rel *catalog.Relation, n *pg.Node) bool {
	whole := false
	switch x := n.GetNode().(type) {
	case *pg.Node_RangeVar:
		read, ok := snapshot.Relation(x.RangeVar.Schemaname, x.RangeVar.Relname)
		if !ok {
			return false
		}
		rel, whole = read, true
	case *pg.Node_ColumnRef:
		name := lastString(x.ColumnRef.Fields)
		if c, ok := rel.Column(name); ok {
			return c.Virtual
		}
		whole = name == rel.Name || name == ""
	}
	return whole && slices.ContainsFunc(rel.Columns, func(c catalog.Column) bool { return c.Virtual })
}
