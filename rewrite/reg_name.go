package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/builtin"
)

// Names that only the server knows, those of a parameter or of a text that it computes, are looked up in what the twin has of the catalogs, by cordon's own
// queries. The input of reg* would look past the twin, and raises where a hidden schema may not be used.

// Regular expressions of names as parse_ident reads them.
const (
	identifier = `("([^"]|"")+"|[^\x01-\x40\x5b-\x5e\x60\x7b-\x7f][^\x01-\x23\x25-\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f]*)`
	nameForm   = `\s*` + identifier + `(\s*\.\s*` + identifier + `)?\s*`
	arrayForm  = `(\s*\[\s*[0-9]*\s*\])`
)

// nameLookups find the oid of what a describing function's argument names. A name of nothing in the twin gives NULL.
var nameLookups = map[builtin.Object]string{
	builtin.NamesRelation:   ofText("CASE WHEN cordon_v.name ~ '^" + nameForm + "$' THEN " + inPath("pg_class", "relname", "relnamespace", builtin.MarkRelations, "cordon_v.name", "cordon_c.oid") + " END"),
	builtin.NamesType:       ofText(typeLookup),
	builtin.NamesSchema:     ofText(`(SELECT cordon_n.oid FROM pg_catalog.pg_namespace cordon_n WHERE cordon_n.nspname = cordon_v.name AND ` + builtin.SchemaShown("cordon_n") + `)`),
	builtin.NamesDatabase:   ofText(`(SELECT cordon_d.oid FROM pg_catalog.pg_database cordon_d WHERE cordon_d.datname = cordon_v.name)`),
	builtin.NamesLanguage:   ofText(`(SELECT cordon_l.oid FROM pg_catalog.pg_language cordon_l WHERE cordon_l.lanname = cordon_v.name)`),
	builtin.NamesTablespace: ofText(`(SELECT cordon_t.oid FROM pg_catalog.pg_tablespace cordon_t WHERE cordon_t.spcname = cordon_v.name)`),
	builtin.NamesRole:       ofText(`(SELECT cordon_r.oid FROM pg_catalog.pg_roles cordon_r WHERE cordon_r.rolname = cordon_v.name)`),
}

// regLookups find the oid that a cast to reg* makes of a text, if the twin has what it names: unlike what describing functions are given, it reaches the client.
var regLookups = map[string]string{
	"regclass": shownIn("pg_class", builtin.MarkRelations, nameLookups[builtin.NamesRelation]),
	"regtype":  shownIn("pg_type", builtin.MarkTypes, nameLookups[builtin.NamesType]),
	// One that several functions have names none (regprocin in regproc.c).
	"regproc": shownIn("pg_proc", builtin.MarkFunctions, ofText("CASE WHEN cordon_v.name ~ '^"+nameForm+"$' THEN (SELECT CASE pg_catalog.cardinality(cordon_f.oids) WHEN 1 THEN cordon_f.oids[1] END FROM (SELECT ARRAY"+
		strings.Replace(inPath("pg_proc", "proname", "pronamespace", builtin.MarkFunctions, "cordon_v.name", "cordon_c.oid"), "LIMIT 1", "LIMIT 2", 1)+") cordon_f(oids)) END")),
	"regnamespace": ofText(single(`(SELECT cordon_n.oid FROM pg_catalog.pg_namespace cordon_n WHERE cordon_n.nspname = (pg_catalog.parse_ident(cordon_v.name))[1] AND ` + builtin.SchemaShown("cordon_n") + `)`)),
	"regrole":      ofText(single(`(SELECT cordon_r.oid FROM pg_catalog.pg_roles cordon_r WHERE cordon_r.rolname = (pg_catalog.parse_ident(cordon_v.name))[1])`)),
}

// regOIDs are the types that a client is told of a parameter that is cast to them.
var regOIDs = map[string]uint32{"regproc": 24, "regclass": 2205, "regtype": 2206, "regrole": 4096, "regnamespace": 4089, "regconfig": oidRegConfig}

// regShown are regTemplates of what was looked up: the look-up stands in one place.
var regShown = func() map[string]string {
	shown := map[string]string{}
	for reg, template := range regTemplates {
		shown[reg] = "(SELECT " + strings.ReplaceAll(template, "$1", "cordon_w.oid") + " FROM (SELECT $1) cordon_w(oid))"
	}
	return shown
}()

// typeLookup looks a name of a type up without its modifiers, of which input functions raise. The server reads what only its grammar knows, as "double precision" is: a name that has
// no schema, so it finds types of pg_catalog.
var typeLookup = strings.NewReplacer("@name", `pg_catalog.regexp_replace(cordon_v.name, '[(][^()]*[)]', '', 'g')`).Replace(
	`(SELECT CASE WHEN cordon_u.name ~ '^` + nameForm + arrayForm + `*\s*$' THEN COALESCE(CASE WHEN cordon_u.name !~ '[".]' THEN pg_catalog.to_regtype(cordon_u.name)::pg_catalog.oid END, ` +
		inPath("pg_type", "typname", "typnamespace", builtin.MarkTypes, `pg_catalog.regexp_replace(cordon_u.name, '`+arrayForm+`+\s*$', '')`,
			`CASE WHEN cordon_u.name ~ '\]\s*$' THEN NULLIF(cordon_c.typarray, 0::pg_catalog.oid) ELSE cordon_c.oid END`) + `)
	WHEN cordon_u.name ~ '^[A-Za-z ]+` + arrayForm + `*\s*$' THEN pg_catalog.to_regtype(cordon_u.name)::pg_catalog.oid END FROM (SELECT @name) cordon_u(name))`)

// ofText is the oid that a text stands for: by a name, or by its digits.
func ofText(lookup string) string {
	return "(SELECT CASE WHEN cordon_v.name ~ '^[0-9]+$' THEN cordon_v.name::pg_catalog.oid ELSE " + lookup + " END FROM (SELECT ($1)::pg_catalog.text) cordon_v(name))"
}

// single is a look-up of a name that has no schema.
func single(lookup string) string {
	return `CASE WHEN cordon_v.name ~ '^\s*` + identifier + `\s*$' THEN ` + lookup + " END"
}

// inPath is what a name of one or two parts finds in a catalog of the twin: along the session's own search_path, where it has no schema.
func inPath(catalog, name, namespace, mark, text, result string) string {
	return strings.NewReplacer("@catalog", catalog, "@namespace", namespace, "@name", name, "@mark", mark, "@text", text, "@result", result).Replace(
		`(SELECT @result FROM pg_catalog.parse_ident(@text) cordon_i(parts) JOIN pg_catalog.@catalog cordon_c ON cordon_c.@name = cordon_i.parts[pg_catalog.cardinality(cordon_i.parts)]
		AND cordon_c.@namespace = ANY (CASE pg_catalog.cardinality(cordon_i.parts) WHEN 1 THEN cordon_path ELSE ARRAY(SELECT cordon_n.oid FROM pg_catalog.pg_namespace cordon_n WHERE cordon_n.nspname = cordon_i.parts[1]) END)
		WHERE cordon_c.oid < 16384 OR cordon_c.oid = ANY (@mark) ORDER BY pg_catalog.array_position(cordon_path, cordon_c.@namespace) LIMIT 1)`)
}

// shownIn is an oid that a look-up found, if it is of the server's own objects or of the twin's.
func shownIn(catalog, mark, lookup string) string {
	return "(SELECT cordon_r.oid FROM pg_catalog." + catalog + " cordon_r WHERE cordon_r.oid = (" + lookup + ") AND (cordon_r.oid < 16384 OR cordon_r.oid = ANY (" + mark + ")))"
}

// roleLiteral looks the name of a role up on the server: NULL where there is none.
func (b *binder) roleLiteral(n *pg.Node, x *pg.TypeCast) (info, error) {
	err := b.applyTemplate(n, regLookups["regrole"], []*pg.Node{x.Arg})
	return info{typ: oidOID}, err
}
