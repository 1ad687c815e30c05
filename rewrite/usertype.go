package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/config"
	"github.com/cordon-db/cordon/rewrite/builtin"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

// admitsType is the type rule: reviewed built-in types, information_schema's domains, and of people's own what runs none of their code and names no hidden
// object: enums, composite types, ranges and domains of admitted types, rows of tables of which the twin has every column, and arrays of these.
func (tw *twin) admitsType(oid uint32) bool { return tw.admitsTypeIn(oid, 0) }

// mostNested bounds how deep types are looked into.
const mostNested = 8

func (tw *twin) admitsTypeIn(oid uint32, depth int) bool {
	t, ok := tw.snapshot.Types[oid]
	if !ok || depth > mostNested {
		return false
	}
	if t.Category == 'A' && t.Elem != 0 && t.Kind != 'd' { // a domain over an array is of that category, too
		return tw.admitsTypeIn(t.Elem, depth+1)
	}
	switch {
	case t.Schema == "pg_catalog" && t.OID < catalog.FirstUserOID:
		return builtin.Type(t.Name)
	case t.OID < catalog.FirstUserOID:
		return t.Schema == "information_schema" && t.Kind == 'd'
	}
	switch t.Kind {
	case 'e':
		return true
	case 'c':
		return tw.showsFields(t, depth+1)
	case 'd':
		return tw.admitsTypeIn(t.Base, depth+1) && tw.admitsChecks(t)
	case 'r', 'm':
		return t.Plain && tw.admitsTypeIn(t.Subtype, depth+1)
	}
	return false
}

// showsFields says that a composite type is the same in the twin: one made by CREATE TYPE, or the row type of a table of which the twin shows every column, of
// admitted types.
func (tw *twin) showsFields(t *catalog.Type, depth int) bool {
	rel, ok := tw.snapshot.RelationByOID(t.Relation)
	if !ok || rel.OID < catalog.FirstUserOID {
		return false
	}
	rule := &config.Table{}
	if rel.Kind != 'c' {
		if rule = tw.tableRule(rel); rule == nil {
			return false
		}
	}
	return !slices.ContainsFunc(rel.Columns, func(c catalog.Column) bool {
		return !tw.admitsTypeIn(c.Type.OID, depth) || rel.Kind != 'c' && tw.treatment(rel, rule, &c).Kind != config.Show
	})
}

// fields are the columns of an admitted composite type; nil of any other type.
func (tw *twin) fields(oid uint32) []catalog.Column {
	t, ok := tw.snapshot.Types[tw.base(oid)]
	if !ok || t.Kind != 'c' || !tw.admitsType(t.OID) {
		return nil
	}
	rel, _ := tw.snapshot.RelationByOID(t.Relation)
	return rel.Columns
}

// checkDomains judges the constraints of all domains once: afterwards a twin does not change.
func (tw *twin) checkDomains() {
	clear(tw.checked) // judged before the casts were known
	for _, t := range tw.snapshot.Types {
		if t.Kind == 'd' && t.OID >= catalog.FirstUserOID {
			tw.admitsChecks(t)
		}
	}
}

// admitsChecks says that the constraints of a domain call only what is reviewed: they run wherever a value becomes one of it.
func (tw *twin) admitsChecks(t *catalog.Type) bool {
	admitted, known := tw.checked[t.OID]
	if !known {
		tw.checked[t.OID] = false // a constraint that casts to its own domain would not end
		admitted = !slices.ContainsFunc(t.Checks, func(text string) bool { return !tw.admitsCheck(t, text) })
		tw.checked[t.OID] = admitted
	}
	return admitted
}

func (tw *twin) admitsCheck(t *catalog.Type, text string) bool {
	tree, err := pg.Parse("ALTER DOMAIN d ADD " + text)
	if err != nil || len(tree.Stmts) != 1 {
		return false
	}
	check := tree.Stmts[0].Stmt.GetAlterDomainStmt().GetDef().GetConstraint().GetRawExpr()
	if check == nil || admitQuery(check) != nil {
		return false
	}
	env := &environment{twin: tw, path: []string{"pg_catalog"}, setting: "pg_catalog", database: tw.snapshot.Database}
	value := &item{cols: true, columns: []*column{{name: "value", typ: t.Base}}}
	_, err = newBinder(env).expr(check, &scope{items: []*item{value}, owner: &selectScope{}})
	return err == nil
}
