package e2e

import (
	"fmt"
	"strings"
)

// parityStatements are simple queries of every kind.
func parityStatements() []parityCase {
	return []parityCase{
		spoken("types", "(1,x)", `SELECT 1, 'text', NULL, 1.5::float8, 2.50::numeric, true, '\x00ff'::bytea, '{"a": [1]}'::jsonb, ARRAY[1,NULL,3], ROW(1,'x'), '2024-02-29'::date,
			'2024-02-29 12:00+00'::timestamptz, '1 day 2 hours'::interval, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, '10.0.0.1/8'::inet, int4range(1, 5), 'NaN'::float4, '\x'::bytea, ''`),
		spoken("no rows", "SELECT 0", "SELECT * FROM item WHERE false"),
		spoken("no columns", "SELECT 3", "SELECT FROM generate_series(1, 3)"),
		spoken("empty query", "I", "", ";", "-- nothing", "/* a */ ; ; "),
		spoken("several statements", "third", "SELECT 'first'; SELECT 'second', 2; SELECT 'third'"),
		spoken("several statements, one fails", "C22012", "INSERT INTO part VALUES (1); SELECT 1; SELECT 1/0; SELECT 2", "SELECT count(*) FROM part"),
		spoken("several statements and transactions", "ROLLBACK", "BEGIN; SELECT 1; COMMIT; BEGIN; SELECT 2; ROLLBACK; SELECT 3"),
		spoken("several statements, a syntax error", "C42601", "SELECT 1; SELEC 2"),
		spoken("syntax error", "C42601", "SELECT 1 +", "SELECT 'é', * FRM item"),
		spoken("unknown table", "C42P01", "SELECT * FROM nowhere"),
		spoken("unknown column, with a hint", "Perhaps you meant", "SELECT nam FROM item"),
		spoken("unknown function, with a hint", "C42883", "SELECT nothing_like(1, 'x')"),
		spoken("unique violation", "item_name_key", "INSERT INTO item VALUES (101, 'item 1')"),
		spoken("not null violation", "C23502", "INSERT INTO item VALUES (101)"),
		spoken("check violation", "npositive", "INSERT INTO item VALUES (101, 'x', -1)"),
		spoken("foreign key violation", "npart_of", "INSERT INTO part VALUES (2, 9999)", "INSERT INTO part VALUES (3, 1); DELETE FROM item WHERE id = 1"),
		spoken("text too long", "C22001", "INSERT INTO part VALUES (4, NULL, 'longer than ten')"),
		spoken("error with context", "PL/pgSQL function fails", "SELECT fails(0)", "SELECT fails(1)"),
		spoken("error with every field", "nits_constraint", `DO $$ BEGIN RAISE EXCEPTION 'all of it' USING ERRCODE = 'ZZ001', DETAIL = 'its detail', HINT = 'its hint',
			COLUMN = 'its_column', CONSTRAINT = 'its_constraint', DATATYPE = 'its_type', TABLE = 'its_table', SCHEMA = 'its_schema'; END $$`),
		spoken("notices", "said hello", "SELECT says('hello')", "DO $$ BEGIN RAISE WARNING 'w'; RAISE INFO 'i'; RAISE LOG 'l'; RAISE DEBUG 'd'; END $$",
			"SET client_min_messages = debug1", "CREATE TEMP TABLE noted (id int PRIMARY KEY)", "SET client_min_messages = error", "SELECT says('unheard')"),
		spoken("notices between rows", "said item 20", "SELECT says(name) FROM item WHERE id BETWEEN 20 AND 40 ORDER BY id"),
		spoken("error behind rows", "C22012", "SELECT 10 / (50 - id) FROM item ORDER BY id"),
		spoken("failed transaction", "C25P02", "BEGIN", "SELECT 1/0", "SELECT 1", "COMMIT", "SELECT 2"),
		spoken("warnings of transactions", "C25001", "COMMIT", "BEGIN", "BEGIN", "ROLLBACK", "ROLLBACK", "SAVEPOINT x"),
		spoken("savepoints", "ROLLBACK", "BEGIN", "SAVEPOINT a", "SELECT 1/0", "ROLLBACK TO a", "SELECT 1", "RELEASE a", "ROLLBACK TO a", "ROLLBACK"),
		spoken("isolation", "C25006", "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE", "SHOW transaction_isolation", "DELETE FROM part", "ROLLBACK AND CHAIN", "COMMIT"),
		spoken("two phases", "C55000", "BEGIN", "PREPARE TRANSACTION 'x'", "ROLLBACK PREPARED 'x'"),
		spoken("cursors", "item 12", "BEGIN", "DECLARE c SCROLL CURSOR FOR SELECT * FROM item ORDER BY id", "FETCH 3 FROM c", "FETCH BACKWARD 1 FROM c", "MOVE 8 IN c", "FETCH ABSOLUTE 12 FROM c",
			"FETCH ALL FROM c", "FETCH 1 FROM c", "CLOSE c", "FETCH 1 FROM c", "ROLLBACK"),
		spoken("cursor that is held", "item 3", "DECLARE h CURSOR WITH HOLD FOR SELECT name FROM item ORDER BY id", "FETCH 3 FROM h", "CLOSE ALL"),
		spoken("binary cursor", "FETCH 2", "BEGIN", "DECLARE b BINARY CURSOR FOR SELECT id, price, made FROM item ORDER BY id", "FETCH 2 FROM b", "COMMIT"),
		spoken("PREPARE and EXECUTE", "item 7", "PREPARE p (int) AS SELECT name FROM item WHERE id = $1", "EXECUTE p(7)", "EXECUTE p(7, 8)", "SELECT name, parameter_types FROM pg_prepared_statements", "DEALLOCATE p", "EXECUTE p(1)", "DEALLOCATE ALL"),
		spoken("EXPLAIN", "Seq Scan on item", "EXPLAIN SELECT * FROM item WHERE price > 3", "EXPLAIN (FORMAT json, VERBOSE) SELECT count(*) FROM item JOIN part ON item = item.id",
			"EXPLAIN (ANALYZE, TIMING off, SUMMARY off, COSTS off) SELECT name FROM item ORDER BY price LIMIT 3"),
		spoken("temporary tables", "C42P01", "CREATE TEMP TABLE t AS SELECT g FROM generate_series(1, 5) g", "SELECT sum(g) FROM t", "BEGIN; CREATE TEMP TABLE u (a int) ON COMMIT DROP; COMMIT", "SELECT * FROM u", "DISCARD TEMP", "SELECT * FROM t"),
		spoken("DO", "PL/pgSQL function inline_code_block", "DO $$ BEGIN PERFORM 1; END $$", "DO $$ BEGIN PERFORM fails(0); END $$", "DO LANGUAGE nolang 'x'"),
		spoken("definitions", "drop cascades to 2 other objects", "CREATE SCHEMA s", "CREATE TABLE s.a (x int PRIMARY KEY)", "CREATE VIEW s.v AS SELECT * FROM s.a", "CREATE SCHEMA IF NOT EXISTS s",
			"CREATE INDEX ON s.a (x)", "ALTER TABLE s.a ADD y text DEFAULT 'd'", "DROP TABLE s.a", "DROP SCHEMA s CASCADE", "DROP TABLE IF EXISTS s.a"),
		spoken("changes", "INSERT 0 1", "INSERT INTO part VALUES (10, 1, 'a'), (11, 2, 'b') RETURNING *", "UPDATE part SET note = 'c' WHERE id = 10 RETURNING id, note", "INSERT INTO part VALUES (10) ON CONFLICT (id) DO NOTHING",
			"INSERT INTO part VALUES (10) ON CONFLICT (id) DO UPDATE SET note = 'd'", "WITH d AS (DELETE FROM part RETURNING id) SELECT * FROM d ORDER BY id",
			"MERGE INTO part USING item ON part.id = item.id WHEN NOT MATCHED AND item.id < 3 THEN INSERT VALUES (item.id, item.id) WHEN MATCHED THEN DELETE", "TRUNCATE part"),
		spoken("CALL", "CALL", "CALL gives(2, 3)", "CALL gives(2)"),
		spoken("VACUUM and ANALYZE", "C25001", "VACUUM part", "ANALYZE part", "BEGIN", "VACUUM part", "ROLLBACK"),
		spoken("rights", "C42501", "SET ROLE eu_poor", "SELECT * FROM secret", "DROP TABLE item", "COPY (SELECT 1) TO PROGRAM 'true'", "RESET ROLE", "SELECT * FROM secret"),
		spoken("large objects", "C42704", "SELECT lo_from_bytea(70001, '\\x0102')", "SELECT lo_get(70001)", "SELECT lo_unlink(70001)", "SELECT lo_get(70001)"),
		spoken("catalogs", "positive", "SELECT conname, contype FROM pg_constraint WHERE conrelid = 'item'::regclass ORDER BY 1", "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'item' ORDER BY ordinal_position", `SELECT 'item'::regclass, 'item'::regclass::oid`),
		spoken("a row of 5 MB", strings.Repeat("x", 5000), "SELECT repeat('x', 5000000), 1", "SELECT 'after'"),
		spoken("200,000 rows", "SELECT 200000", "SELECT g, g::text, NULL FROM generate_series(1, 200000) g"),
		spoken("1,600 columns", "1599", "SELECT "+numbers(1600)),
		spoken("1,665 columns", "C54011", "SELECT "+numbers(1665)),
		spoken("a statement of 10 MB", "10485760", "SELECT length('"+strings.Repeat("y", 10<<20)+"')"),
		spoken("an error in a statement of 1 MB", "C42601", "SELECT "+strings.Repeat(" ", 1<<20)+" FROM FROM"),
		spoken("3,000 chained operators", "SELECT 1", "SELECT 1"+strings.Repeat("+1", 3000)),
		spoken("invalid UTF-8", "C22021", "SELECT '\xff\xfe'", "SELECT 'caf\xc3'", "SELECT 'é', '日本', '🙂'"),
		spoken("bytes that no encoding has", "C22021", "SELECT chr(0)", "SELECT E'\\x00'", "SELECT convert_from('\\xff', 'UTF8')"),
	}
}

func numbers(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprint(&b, i)
	}
	return b.String()
}
