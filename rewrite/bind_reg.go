package rewrite

import "github.com/cordon-db/cordon/rewrite/builtin"

// regTemplates turn an oid into the text that a cast to reg* shows, in the twin and under the session's own search_path. The
// result is text, never reg*: an untyped literal that met a reg* value would be looked up by the server, hidden names
// included (pitfall C7).
var regTemplates = map[string]string{
	"regclass": `COALESCE((SELECT CASE WHEN cordon_c.relnamespace = ANY (cordon_path) AND NOT EXISTS (
		SELECT 1 FROM pg_catalog.pg_class cordon_o WHERE cordon_o.relname = cordon_c.relname
			AND (cordon_o.oid < 16384 OR cordon_o.oid = ANY (cordon_relations))
			AND pg_catalog.array_position(cordon_path, cordon_o.relnamespace) < pg_catalog.array_position(cordon_path, cordon_c.relnamespace))
		THEN pg_catalog.quote_ident(cordon_c.relname::pg_catalog.text)
		ELSE pg_catalog.quote_ident(cordon_n.nspname::pg_catalog.text) || '.' || pg_catalog.quote_ident(cordon_c.relname::pg_catalog.text) END
		FROM pg_catalog.pg_class cordon_c JOIN pg_catalog.pg_namespace cordon_n ON cordon_n.oid = cordon_c.relnamespace
		WHERE cordon_c.oid = ($1)::pg_catalog.oid AND (cordon_c.oid < 16384 OR cordon_c.oid = ANY (cordon_relations))), (($1)::pg_catalog.oid)::pg_catalog.text)`,
	"regtype": "COALESCE(" + builtin.FormatType("NULL") + ", (($1)::pg_catalog.oid)::pg_catalog.text)",
	"regproc": `COALESCE((SELECT cordon_p.proname::pg_catalog.text FROM pg_catalog.pg_proc cordon_p
		WHERE cordon_p.oid = ($1)::pg_catalog.oid AND cordon_p.oid < 16384), (($1)::pg_catalog.oid)::pg_catalog.text)`,
	"regnamespace": `COALESCE((SELECT pg_catalog.quote_ident(cordon_n.nspname::pg_catalog.text) FROM pg_catalog.pg_namespace cordon_n
		WHERE cordon_n.oid = ($1)::pg_catalog.oid AND ` + builtin.SchemaShown("cordon_n") + `), (($1)::pg_catalog.oid)::pg_catalog.text)`,
	"regrole": `pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(($1)::pg_catalog.oid)::pg_catalog.text)`,
}

// nameLookups find the oid of what a describing function's argument names when only the server knows the name: a value of text. A name
// of nothing in the twin gives NULL. Unqualified names of relations are looked up along the session's own search_path.
var nameLookups = map[builtin.Object]string{
	builtin.NamesRelation: byNumber(`CASE WHEN pg_catalog.strpos(($1)::pg_catalog.text, '.') = 0 THEN
		(SELECT cordon_c.oid FROM pg_catalog.pg_class cordon_c WHERE cordon_c.relname = (pg_catalog.parse_ident(($1)::pg_catalog.text))[1]
			AND cordon_c.relnamespace = ANY (cordon_path) AND (cordon_c.oid < 16384 OR cordon_c.oid = ANY (cordon_relations))
			ORDER BY pg_catalog.array_position(cordon_path, cordon_c.relnamespace) LIMIT 1)
		ELSE pg_catalog.to_regclass(($1)::pg_catalog.text)::pg_catalog.oid END`),
	builtin.NamesType:     byNumber(`pg_catalog.to_regtype(($1)::pg_catalog.text)::pg_catalog.oid`),
	builtin.NamesSchema:   byNumber(`(SELECT cordon_n.oid FROM pg_catalog.pg_namespace cordon_n WHERE cordon_n.nspname = ($1)::pg_catalog.text AND ` + builtin.SchemaShown("cordon_n") + `)`),
	builtin.NamesDatabase: byNumber(`(SELECT cordon_d.oid FROM pg_catalog.pg_database cordon_d WHERE cordon_d.datname = ($1)::pg_catalog.text)`),
	builtin.NamesRole:     byNumber(`(SELECT cordon_r.oid FROM pg_catalog.pg_roles cordon_r WHERE cordon_r.rolname = ($1)::pg_catalog.text)`),
}

// relationNamed is the oid of the relation that a text names, if the twin has it: unlike what describing functions are given, it reaches the client.
var relationNamed = `(SELECT cordon_r.oid FROM pg_catalog.pg_class cordon_r WHERE cordon_r.oid = (` + nameLookups[builtin.NamesRelation] + `)
	AND (cordon_r.oid < 16384 OR cordon_r.oid = ANY (cordon_relations)))`

func byNumber(lookup string) string {
	return "CASE WHEN ($1)::pg_catalog.text ~ '^[0-9]+$' THEN ($1)::pg_catalog.text::pg_catalog.oid ELSE " + lookup + " END"
}
