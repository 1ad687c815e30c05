package e2e

import (
	"testing"

	"github.com/cordon-db/cordon/e2e/queries"
)

// What can be declared since 17 and 18 and the parser, which is 16's, does not know.
const newestSchema = `
CREATE TABLE periods (id int4range, at daterange, n int CONSTRAINT n_known CHECK (n > 0) NOT ENFORCED, kind text CONSTRAINT kind_there NOT NULL NO INHERIT, "Odd ""col" int NOT NULL, phone text NOT NULL CHECK (phone <> 'zz') NOT ENFORCED,
    email text NOT NULL, PRIMARY KEY (id, at WITHOUT OVERLAPS), "the id" int4range, CONSTRAINT periods_odd UNIQUE ("the id", at WITHOUT OVERLAPS), CONSTRAINT zz_phone_once UNIQUE NULLS NOT DISTINCT (phone, kind), UNIQUE NULLS NOT DISTINCT (kind, n));
CREATE TABLE visits (id int4range, during daterange, of int, who bigint, FOREIGN KEY (id, PERIOD during) REFERENCES periods (id, PERIOD at));
CREATE TABLE users (id int PRIMARY KEY, ref int CONSTRAINT ref_loose REFERENCES users NOT ENFORCED, late int, first text COLLATE pg_c_utf8);
ALTER TABLE users ADD CONSTRAINT late_there NOT NULL late NOT VALID;
CREATE TABLE parent (id int CONSTRAINT parent_there NOT NULL, phone int CONSTRAINT zz_parent NOT NULL);
CREATE TABLE child (extra int NOT NULL) INHERITS (parent);
CREATE DOMAIN there AS text CONSTRAINT there_is NOT NULL;
CREATE TABLE domains (d there);
COMMENT ON CONSTRAINT parent_there ON parent IS 'is there';
COMMENT ON CONSTRAINT zz_parent ON parent IS 'zz comment';
`

const newestPolicy = `
[database.newest]
unlisted_tables  = "show"
unlisted_columns = "show"

[database.newest.table."public.periods".columns]
phone = "hide"
email = "null"

[database.newest.table."public.parent".columns]
phone = "hide"
`

// newestQueries are what psql 18 and drivers ask of it, and what tells by another way.
var newestQueries = []string{
	"SELECT conname, conrelid::regclass::text, contype, conkey, conperiod, conenforced, convalidated, connoinherit, conislocal, coninhcount, pg_get_constraintdef(oid), pg_get_constraintdef(oid, true) FROM pg_constraint WHERE connamespace = 2200 ORDER BY 2, 1",
	"SELECT c.conname, a.attname, c.connoinherit, c.conislocal, c.coninhcount <> 0, c.convalidated FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_attribute a ON (a.attrelid = c.conrelid AND a.attnum = c.conkey[1]) WHERE c.contype = 'n' AND c.conrelid = 'periods'::pg_catalog.regclass::pg_catalog.oid ORDER BY a.attnum",
	"SELECT c2.relname, i.indisprimary, i.indisunique, i.indisclustered, i.indisvalid, pg_catalog.pg_get_indexdef(i.indexrelid, 0, true), pg_catalog.pg_get_constraintdef(con.oid, true), contype, condeferrable, condeferred, i.indisreplident, c2.reltablespace, con.conperiod FROM pg_catalog.pg_class c, pg_catalog.pg_class c2, pg_catalog.pg_index i LEFT JOIN pg_catalog.pg_constraint con ON (conrelid = i.indrelid AND conindid = i.indexrelid AND contype IN ('p','u','x')) WHERE c.relname = 'periods' AND c.oid = i.indrelid AND i.indexrelid = c2.oid ORDER BY i.indisprimary DESC, c2.relname",
	"SELECT indexrelid::regclass::text, indnullsnotdistinct, pg_get_indexdef(indexrelid) FROM pg_index WHERE indexrelid >= 16384 AND indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 2200) ORDER BY 1",
	"SELECT attname, attnotnull, attgenerated, attstattarget, attnum FROM pg_attribute WHERE attrelid = 'periods'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
	"SELECT constraint_name, table_name, constraint_type, enforced, nulls_distinct FROM information_schema.table_constraints WHERE table_schema = 'public' ORDER BY 1, 2",
	"SELECT constraint_name, check_clause FROM information_schema.check_constraints WHERE constraint_schema = 'public' ORDER BY 1",
	"SELECT table_name, column_name, is_nullable FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2", "SELECT * FROM information_schema.constraint_column_usage ORDER BY 7, 3, 4",
	"SELECT obj_description(oid, 'pg_constraint'), conname FROM pg_constraint WHERE conrelid IN ('parent'::regclass, 'child'::regclass) ORDER BY 2", "SELECT description FROM pg_description WHERE objoid >= 16384 ORDER BY 1",
	"SELECT count(*) FROM pg_constraint WHERE conname LIKE 'zz%'", "SELECT contype, count(*) FROM pg_constraint WHERE oid >= 16384 GROUP BY 1 ORDER BY 1", "SELECT typname, typnotnull FROM pg_type WHERE typtype = 'd' AND typnamespace = 2200",
	"SELECT tgname, tgconstraint <> 0 FROM pg_trigger WHERE NOT tgisinternal", "SELECT relname, relchecks, relhastriggers FROM pg_class WHERE relnamespace = 2200 ORDER BY 1",
	"SELECT pg_get_constraintdef(o::oid) FROM generate_series(16384, 16600) o WHERE pg_get_constraintdef(o::oid) IS NOT NULL ORDER BY 1",
	// psql 16 to 18.
	`SELECT d.datname as "Name", pg_catalog.pg_get_userbyid(d.datdba) as "Owner", pg_catalog.pg_encoding_to_char(d.encoding) as "Encoding", CASE d.datlocprovider WHEN 'b' THEN 'builtin' WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' END AS "Locale Provider", d.datcollate as "Collate", d.datctype as "Ctype", d.datlocale as "Locale", d.daticurules as "ICU Rules", CASE WHEN pg_catalog.array_length(d.datacl, 1) = 0 THEN '(none)' ELSE pg_catalog.array_to_string(d.datacl, E'\n') END AS "Access privileges" FROM pg_catalog.pg_database d WHERE d.datname = 'newest' ORDER BY 1`,
	`SELECT e.extname AS "Name", e.extversion AS "Version", ae.default_version AS "Default version", n.nspname AS "Schema", d.description AS "Description" FROM pg_catalog.pg_extension e LEFT JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace LEFT JOIN pg_catalog.pg_description d ON d.objoid = e.oid AND d.classoid = 'pg_catalog.pg_extension'::pg_catalog.regclass LEFT JOIN pg_catalog.pg_available_extensions() ae(name, default_version, comment) ON ae.name = e.extname ORDER BY 1`,
	`SELECT m.rolname AS "Role name", r.rolname AS "Member of", pg_catalog.concat_ws(', ', CASE WHEN pam.admin_option THEN 'ADMIN' END, CASE WHEN pam.inherit_option THEN 'INHERIT' END, CASE WHEN pam.set_option THEN 'SET' END) AS "Options", g.rolname AS "Grantor" FROM pg_catalog.pg_roles m JOIN pg_catalog.pg_auth_members pam ON (pam.member = m.oid) LEFT JOIN pg_catalog.pg_roles r ON (pam.roleid = r.oid) LEFT JOIN pg_catalog.pg_roles g ON (pam.grantor = g.oid) WHERE m.rolname !~ '^pg_' ORDER BY 1, 2, 4`,
	`SELECT pubname AS "Name", pg_catalog.pg_get_userbyid(pubowner) AS "Owner", puballtables AS "All tables", pubinsert AS "Inserts", pubupdate AS "Updates", pubdelete AS "Deletes", pubtruncate AS "Truncates", (CASE pubgencols WHEN 'n' THEN 'none' WHEN 's' THEN 'stored' END) AS "Generated columns", pubviaroot AS "Via root" FROM pg_catalog.pg_publication ORDER BY 1`,
	`SELECT n.nspname as "Schema", p.proname as "Name", pg_catalog.pg_get_function_result(p.oid) as "Result data type", CASE WHEN p.proleakproof THEN 'yes' ELSE 'no' END as "Leakproof?", p.prosrc FROM pg_catalog.pg_proc p LEFT JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE p.proname OPERATOR(pg_catalog.~) '^(upper)$' COLLATE pg_catalog.default ORDER BY 1, 2, 3`,
	`SELECT n.nspname AS "Schema", c.collname AS "Name", CASE c.collprovider WHEN 'd' THEN 'default' WHEN 'b' THEN 'builtin' WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' END AS "Provider", c.collcollate, c.collctype, c.colllocale AS "Locale", c.collicurules, CASE WHEN c.collisdeterministic THEN 'yes' ELSE 'no' END FROM pg_catalog.pg_collation c, pg_catalog.pg_namespace n WHERE n.oid = c.collnamespace AND c.collencoding IN (-1, pg_catalog.pg_char_to_encoding(pg_catalog.getdatabaseencoding())) AND c.collprovider <> 'i' ORDER BY 1, 2`,
	`SELECT am.amname, CASE WHEN op.opcintype > 0 THEN pg_catalog.format_type(o.amoplefttype, NULL) END, o.amopopr::pg_catalog.regoperator::text, o.amopstrategy, CASE WHEN p.proleakproof THEN 'yes' ELSE 'no' END FROM pg_catalog.pg_amop o JOIN pg_catalog.pg_am am ON am.oid = o.amopmethod JOIN pg_catalog.pg_operator op2 ON o.amopopr = op2.oid JOIN pg_catalog.pg_proc p ON p.oid = op2.oprcode LEFT JOIN pg_catalog.pg_opclass op ON op.opcfamily = o.amopfamily AND op.opcname = 'int4_ops' WHERE am.amname = 'btree' AND o.amoplefttype = 23 AND o.amoprighttype = 23 ORDER BY 4`,
	"SELECT backend_type, object, context, reads, read_bytes FROM pg_stat_io WHERE false", "SELECT * FROM pg_stat_checkpointer WHERE false", "SELECT total_vacuum_time FROM pg_stat_all_tables WHERE false",
	"SELECT conperiod FROM pg_constraint WHERE false", "SELECT stats_reset FROM pg_stat_wal WHERE false",
	"SELECT attcompression, attmissingval FROM pg_attribute WHERE false", "SELECT relallfrozen FROM pg_class WHERE false", "SELECT amtype FROM pg_am WHERE false",
}

// TestNewestDeclarations asks of what only the newest servers have.
func TestNewestDeclarations(t *testing.T) {
	t.Parallel()
	p := twins(t, subject{server: 18, database: "newest", schema: newestSchema, policy: newestPolicy, master: worldKeys[0]})
	g := p.serve(t, nil)
	s := newScore()
	for i, sql := range newestQueries {
		cordon, direct := p.sessions(t, g)
		s.play(t, cordon, direct, queries.Query{File: "newest", Line: i, SQL: sql})
		cordon.close()
		direct.close()
	}
	s.judge(t)
	if s.refused+s.failed > 0 {
		t.Errorf("refused: %v; errors: %v", s.refusals, s.errors)
	}
}
