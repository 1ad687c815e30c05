package e2e

import (
	"testing"

	"github.com/cordon-db/cordon/e2e/queries"
)

// Virtual generated columns came with 18: the server computes them where they are read, before a row filter as well.
const virtualSchema = `
CREATE TABLE items (
    id int PRIMARY KEY, kind text NOT NULL, x int NOT NULL, secret text NOT NULL, tag text NOT NULL, owner bigint NOT NULL,
    inverse int GENERATED ALWAYS AS (100 / (x - 5)), number int GENERATED ALWAYS AS (tag::int) VIRTUAL, upper_kind text GENERATED ALWAYS AS (upper(kind)) VIRTUAL,
    twice int NOT NULL GENERATED ALWAYS AS (x / 2 * 2) VIRTUAL, copy text GENERATED ALWAYS AS (secret) VIRTUAL, copied text GENERATED ALWAYS AS ('zz' || secret) VIRTUAL,
    named text GENERATED ALWAYS AS (upper(secret)) VIRTUAL, masked text GENERATED ALWAYS AS (secret || kind) VIRTUAL,
    next_owner bigint GENERATED ALWAYS AS (owner + 1) VIRTUAL, known bigint GENERATED ALWAYS AS (owner) VIRTUAL, stored text GENERATED ALWAYS AS (upper(tag)) STORED);
INSERT INTO items SELECT g, CASE WHEN g % 10 = 5 THEN 'secret' ELSE 'k' || g % 3 END, g, 'zzsecret' || g, CASE WHEN g = 5 THEN 'zztag' ELSE g::text END, g * 7 FROM generate_series(1, 40) g;
CREATE TABLE parts (id int, kind text, v int GENERATED ALWAYS AS (100 / (id - 5)) VIRTUAL) PARTITION BY LIST (kind);
CREATE TABLE parts_a PARTITION OF parts FOR VALUES IN ('a');
CREATE TABLE parts_s PARTITION OF parts FOR VALUES IN ('secret');
INSERT INTO parts SELECT g, CASE WHEN g = 5 THEN 'secret' ELSE 'a' END FROM generate_series(1, 20) g;
CREATE VIEW over_items AS SELECT id, inverse, twice FROM items;
CREATE VIEW over_number AS SELECT id FROM items WHERE number > 3;
CREATE VIEW over_copy AS SELECT copy FROM items;
ANALYZE;
`

const virtualPolicy = `
[domain.owner]
order = "show"

[database.virtual]
unlisted_tables  = "show"
unlisted_columns = "show"

[database.virtual.table."public.items"]
rows = "upper(lower(upper(lower(upper(lower(kind)))))) <> 'SECRET'" # dearer than what the queries ask
[database.virtual.table."public.items".columns]
secret = "hide"
owner  = { pseudonym = "owner" }
named  = "show"
masked = { mask = "partial", keep_first = 2, keep_last = 0 }
known  = { pseudonym = "owner" }

[database.virtual.table."public.parts"]
rows = "upper(lower(upper(lower(upper(lower(kind)))))) <> 'SECRET'"
`

var virtualQueries = []string{
	"SELECT * FROM items", "TABLE over_items", "TABLE over_number", "TABLE parts", "TABLE parts_a", "SELECT to_jsonb(i) FROM items i",
	"SELECT id FROM items WHERE inverse > 3", "SELECT id FROM items WHERE inverse IS NOT NULL", "SELECT id FROM items WHERE number = 7", "SELECT id FROM items WHERE upper_kind = 'K1'",
	"SELECT id FROM items WHERE twice = 8 AND number > 2", "SELECT count(*) FROM items GROUP BY number", "SELECT number, count(*) FROM items GROUP BY 1 HAVING number > 3", "SELECT DISTINCT inverse FROM items",
	"SELECT i.id FROM items i JOIN items k ON k.number = i.id", "SELECT i.id FROM items i LEFT JOIN items k USING (number) WHERE k.id > 3", "SELECT max(inverse), min(number) FROM items", "SELECT id FROM items ORDER BY number, id",
	"SELECT row_number() OVER (PARTITION BY number ORDER BY inverse, id) FROM items", "SELECT s.n FROM (SELECT DISTINCT number AS n FROM items) s WHERE s.n > 3", "SELECT id FROM over_items WHERE inverse > 3",
	"SELECT id FROM parts WHERE v > 3", "SELECT id FROM parts WHERE v > 3 AND kind = 'a'", "SELECT (SELECT max(number) FROM items k WHERE k.number < i.id) FROM items i", "SELECT id FROM items WHERE number IN (SELECT number FROM items)",
	"SELECT count(*) FROM parts p WHERE p IS NOT NULL", "SELECT count(i) FROM items i", "SELECT id FROM items i WHERE i::text LIKE '(7%'", "SELECT i.id FROM items i NATURAL JOIN (SELECT number FROM items) s",
	"SELECT count(*) FILTER (WHERE number > 2) FROM items", "SELECT DISTINCT ON (number) number, id FROM items ORDER BY number, id", "SELECT i.id FROM items i, LATERAL (SELECT 1 LIMIT i.number) l", "SELECT max(id) FROM items GROUP BY ROLLUP (inverse) HAVING inverse > 3",
	"SELECT number FROM items WHERE id = 7 UNION SELECT inverse FROM items WHERE inverse > 3", "WITH w AS (SELECT number AS n, id FROM items) SELECT id FROM w WHERE n > 3", "SELECT id FROM items WHERE (number, inverse) = (7, 50)",
	"SELECT copy FROM items", "SELECT copied FROM items", "SELECT next_owner FROM items", "TABLE over_copy", "SELECT named, masked FROM items WHERE named LIKE 'ZZ%'", "SELECT id FROM items WHERE masked = 'zz*'",
	"SELECT known, owner FROM items WHERE known = owner", "SELECT stored FROM items", "COPY items TO STDOUT",
	"SELECT attname, attgenerated, atthasdef, attnotnull FROM pg_attribute WHERE attrelid = 'items'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
	"SELECT adnum, pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 'items'::regclass ORDER BY 1",
	"SELECT column_name, is_generated, generation_expression, is_nullable FROM information_schema.columns WHERE table_name = 'items' ORDER BY ordinal_position",
	"SELECT column_name, dependent_column FROM information_schema.column_column_usage WHERE table_name = 'items' ORDER BY 1, 2",
	"SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'items'::regclass ORDER BY 1",
	"SELECT objsubid, refobjsubid, deptype FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = 'items'::regclass AND refobjid = 'items'::regclass ORDER BY 1, 2",
}

// TestVirtualColumns plays queries over virtual generated columns that read what is hidden, and that raise at hidden rows alone.
func TestVirtualColumns(t *testing.T) {
	t.Parallel()
	p := twins(t, subject{server: 18, database: "virtual", schema: virtualSchema, policy: virtualPolicy, master: worldKeys[0]})
	p.executions(t, func(t *testing.T, g *gateway) {
		cordon, direct := p.sessions(t, g)
		defer cordon.close()
		defer direct.close()
		s := newScore()
		for i, sql := range virtualQueries {
			s.play(t, cordon, direct, queries.Query{File: "virtual", Line: i, SQL: sql})
		}
		s.judge(t)
		if s.refused > 0 {
			t.Errorf("refused: %v", s.refusals)
		}
		if s.failed != 4 { // of what computes from what is hidden
			t.Errorf("%d errors: %v", s.failed, s.errors)
		}
	})
}
