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
		`)) OR (r.classoid = 2606::pg_catalog.oid AND r.objoid = ANY (` + MarkConstraints + `)) OR (r.classoid = 3381::pg_catalog.oid AND r.objoid = ANY (` + MarkStatistics + `)) OR (r.classoid = 2620::pg_catalog.oid AND r.objoid = ANY (` + MarkTriggers +
		`)) OR (r.classoid = 1255::pg_catalog.oid AND r.objoid = ANY (` + MarkFunctions + `)) OR (r.classoid = 2615::pg_catalog.oid AND r.objoid = ANY (` + MarkSchemas + `)) OR r.classoid = ANY ('{3079,3456}'::pg_catalog.oid[]))`
	sharedDescriptionShown = `(r.objoid < 16384::pg_catalog.oid OR (r.classoid = 1262::pg_catalog.oid AND r.objoid = (SELECT cordon_d.oid FROM pg_catalog.pg_database cordon_d WHERE cordon_d.datname = pg_catalog.current_database())))`
)

// SchemaShown is the condition of a row of pg_namespace: the server's own schemas, and those where something of the twin lies.
func SchemaShown(alias string) string {
	return "(" + alias + ".oid < 16384::pg_catalog.oid OR " + alias + ".oid = ANY (" + MarkSchemas + "))"
}

// dependencyShown is the condition of a row of pg_depend: the twin has both ends.
func dependencyShown() string {
	end := func(class, object, part string) string {
		return strings.NewReplacer("$class", "r."+class, "$object", "r."+object, "$part", "r."+part).Replace(`($object < 16384::pg_catalog.oid
	OR ($class = 1259::pg_catalog.oid AND $object = ANY (cordon_relations) AND ($part = 0 OR (($object::pg_catalog.int8 << 16) + $part) = ANY (cordon_attributes) OR $object = ANY (cordon_hollow)))
	OR ($class = 1247::pg_catalog.oid AND $object = ANY (cordon_types)) OR ($class = 2606::pg_catalog.oid AND $object = ANY (cordon_constraints))
	OR ($class = 3381::pg_catalog.oid AND $object = ANY (cordon_statistics)) OR ($class = 2620::pg_catalog.oid AND $object = ANY (cordon_triggers)) OR ($class = 1255::pg_catalog.oid AND $object = ANY (cordon_functions))
	OR ($class = 2604::pg_catalog.oid AND $object IN (SELECT cordon_e.oid FROM pg_catalog.pg_attrdef cordon_e WHERE ((cordon_e.adrelid::pg_catalog.int8 << 16) + cordon_e.adnum) = ANY (cordon_defaults)))
	OR ($class = 2618::pg_catalog.oid AND $object IN (SELECT cordon_e.oid FROM pg_catalog.pg_rewrite cordon_e WHERE cordon_e.rulename = '_RETURN' AND cordon_e.ev_class = ANY (cordon_views)))
	OR ($class = 2615::pg_catalog.oid AND $object = ANY (cordon_schemas))
	OR $class = ANY ('{3079,3456}'::pg_catalog.oid[]))`)
	}
	return end("classid", "objid", "objsubid") + " AND " + end("refclassid", "refobjid", "refobjsubid")
}

// inherits is the condition that every table that a table inherits from, or is a partition of, is one of the twin's.
func inherits(table string) string {
	return "NOT EXISTS (SELECT 1 FROM pg_catalog.pg_inherits cordon_i WHERE cordon_i.inhrelid = " + table + " AND cordon_i.inhparent <> ALL (cordon_relations))"
}

var relations = mustReadRelations(relationText)

// System returns how a system relation is substituted, and whether it is admitted. Columns are those of every version from 14 to 18: the caller leaves
// out what the server's relation lacks, and a column that the server has and the list lacks is not exposed.
func System(schema, name string) (SystemRelation, bool) {
	if schema == "information_schema" {
		name = schema + "." + name
	} else if schema != "pg_catalog" {
		return SystemRelation{}, false
	}
	rel, ok := relations[name]
	return rel, ok
}

// mustReadRelations reads relations.txt. A malformed line is a mistake in the program, so it panics at start.
func mustReadRelations(text string) map[string]SystemRelation {
	shared := strings.NewReplacer("@description", descriptionShown, "@shdescription", sharedDescriptionShown,
		"@inherits(r.attrelid)", inherits("r.attrelid"), "@inherits(r.conrelid)", inherits("r.conrelid"), "@namespace", SchemaShown("r"), "@depend", dependencyShown(), "@settings", settingsShown(), "@stated", statedCases())
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
			rel.Columns = append(rel.Columns, readColumns(shared.Replace(trimmed))...)
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
