package builtin

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed relations.txt
var relationText string

// Conditions that relations.txt names and templates share; the relation's alias is r.
const (
	descriptionShown = `((r.objoid < 16384::pg_catalog.oid AND r.classoid <> 2613::pg_catalog.oid) OR (r.classoid = 1259::pg_catalog.oid AND r.objoid = ANY (` + MarkRelations +
		`) AND (r.objsubid = 0 OR ((r.objoid::pg_catalog.int8 << 16) + r.objsubid) = ANY (` + MarkAttributes + `))) OR (r.classoid = 1247::pg_catalog.oid AND r.objoid = ANY (` + MarkTypes +
		`)) OR (r.classoid = 2606::pg_catalog.oid AND r.objoid = ANY (` + MarkConstraints + `)))`
	sharedDescriptionShown = `(r.objoid < 16384::pg_catalog.oid OR (r.classoid = 1262::pg_catalog.oid AND r.objoid = (SELECT cordon_d.oid FROM pg_catalog.pg_database cordon_d WHERE cordon_d.datname = pg_catalog.current_database())))`
	partitionKeyShown      = `(r.partrelid = ANY (` + MarkRelations + `) AND r.partexprs IS NULL AND NOT EXISTS (SELECT 1 FROM pg_catalog.unnest(r.partattrs) cordon_k(num) WHERE NOT (((r.partrelid::pg_catalog.int8 << 16) + cordon_k.num) = ANY (` + MarkAttributes + `))))`
)

// SchemaShown is the condition of a row of pg_namespace: the server's own schemas, and those where a relation of the twin lies.
func SchemaShown(alias string) string {
	return "(" + alias + ".oid < 16384::pg_catalog.oid OR EXISTS (SELECT 1 FROM pg_catalog.pg_class cordon_c WHERE cordon_c.relnamespace = " + alias +
		".oid AND cordon_c.oid = ANY (" + MarkRelations + ")))"
}

var relations = mustReadRelations(relationText)

// System returns how a system relation is substituted, and whether it is admitted. Columns are those of every version from 14 to 18: the caller leaves
// out what the server's relation lacks, and a column that the server has and the list lacks is not exposed.
func System(schema, name string) (SystemRelation, bool) {
	if schema != "pg_catalog" {
		return SystemRelation{}, false
	}
	rel, ok := relations[name]
	return rel, ok
}

// mustReadRelations reads relations.txt. A malformed line is a mistake in the program, so it panics at start.
func mustReadRelations(text string) map[string]SystemRelation {
	shared := strings.NewReplacer("@description", descriptionShown, "@shdescription", sharedDescriptionShown,
		"@partition", partitionKeyShown, "@namespace", SchemaShown("r"), "@settings", settingsShown())
	out := map[string]SystemRelation{}
	name := ""
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "" || strings.HasPrefix(trimmed, "--"):
		case !strings.HasPrefix(line, " "):
			var where string
			name, where, _ = strings.Cut(trimmed, " where ")
			out[name] = SystemRelation{Where: shared.Replace(where)}
		case name == "":
			panic(fmt.Sprintf("builtin: column before a relation: %q", trimmed))
		default:
			rel := out[name]
			rel.Columns = append(rel.Columns, readColumns(trimmed)...)
			out[name] = rel
		}
	}
	return out
}

// readColumns reads "name := expression", or names of columns that are shown as they are.
func readColumns(line string) []SystemColumn {
	if name, expr, ok := strings.Cut(line, " := "); ok {
		return []SystemColumn{{Name: name, Expr: expr}}
	}
	var out []SystemColumn
	for name := range strings.FieldsSeq(line) {
		out = append(out, SystemColumn{Name: name})
	}
	return out
}
