package e2e

import (
	"fmt"
	"testing"

	"github.com/cordon-db/cordon/e2e/attacks"
	"github.com/cordon-db/cordon/e2e/queries"
)

// versionStatements are how many random statements TestVersions plays against the twin and between the worlds on each version.
const versionStatements = 100

// TestVersions keeps every supported version tested: what differs by version, the corpus and random statements against the twin, the attacks and random
// statements between the worlds. To be quick, a version plays every second query and attack, and the next version the others; the flag -server runs any test
// in full on a version.
func TestVersions(t *testing.T) {
	t.Parallel()
	corpus, err := queries.Load(queries.Files)
	if err != nil {
		t.Fatal(err)
	}
	all, err := attacks.Load(attacks.Files)
	if err != nil {
		t.Fatal(err)
	}
	for i, version := range []int{15, 14, 16, 17, 18} {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			t.Parallel()
			t.Run("random", func(t *testing.T) {
				s := attacksSubject(t)
				s.server = version
				p := twins(t, s)
				g, sc := p.serve(t, nil), newScore()
				p.playRandom(t, g, sc, versionStatements, 0)
				sc.judge(t)
				p.playDifferences(t, g)
			})
			if version == 15 { // what the other tests run on, as scripts/setup has it
				return
			}
			t.Run("corpus", func(t *testing.T) {
				s := corpusSubject(t)
				s.server = version
				p := twins(t, s)
				p.playCorpus(t, p.serve(t, nil), everySecond(corpus, i))
			})
			t.Run("worlds", func(t *testing.T) {
				g := executedWorlds(t, version, orderHidden)
				playAttacks(t, g, everySecond(all, i))
				if differ := playRandom(t, g, versionStatements, choosingStep, func(stream []byte) []byte { return stream }); len(differ) > 0 {
					t.Errorf("%d random statements differ", len(differ))
				}
			})
		})
	}
}

// everySecond is half of a list.
func everySecond[T any](list []T, from int) []T {
	var half []T
	for i := from % 2; i < len(list); i += 2 {
		half = append(half, list[i])
	}
	return half
}

// byVersion are statements that servers from 14 to 18 and the parser, which is 16's, read or answer differently: each has to be refused or answered as on
// the twin.
var byVersion = []string{
	// Numbers.
	"SELECT 0x1F", "SELECT 0b11, 0o17", "SELECT 1_000", "SELECT 1_000.5, 1e1_0", "SELECT 0xFFFFFFFFFFFFFFFFFF", "SELECT 1a", "SELECT 0x", "SELECT 1_", "SELECT 100 AS x_1",
	// SQL/JSON.
	"SELECT JSON_OBJECT('a': 1, 'b': 2)", "SELECT JSON_ARRAY(1, NULL, 2 NULL ON NULL)", "SELECT JSON_ARRAY(SELECT video_id FROM videos ORDER BY 1)", "SELECT JSON_OBJECTAGG(video_id: title) FROM videos",
	"SELECT JSON_ARRAYAGG(video_id ORDER BY video_id) FROM videos", "SELECT '{}' IS JSON, 'x' IS NOT JSON OBJECT", "SELECT json_object('{a,1}'), json_object('{a}', '{1}')",
	"SELECT JSON('{\"a\": 1}')", "SELECT JSON_SCALAR(1)", "SELECT JSON_SERIALIZE('{}')", "SELECT JSON_VALUE('{\"a\": 1}', '$.a')", "SELECT JSON_VALUE('{\"a\": 1}', '$.a' RETURNING int)",
	"SELECT JSON_QUERY('{\"a\": [1]}', '$.a' WITH WRAPPER)", "SELECT JSON_EXISTS('{\"a\": 1}', '$.a')", "SELECT * FROM JSON_TABLE('[1, 2]', '$[*]' COLUMNS (a int PATH '$')) j",
	"SELECT pg_catalog.json_value('{}', '$.a')", "SELECT json_strip_nulls('{\"a\": [null]}'), jsonb_strip_nulls('{\"a\": [null]}')", "SELECT json_strip_nulls('{\"a\": [null]}', true)",
	// Names that are keywords in some versions.
	"SELECT 1 AS json_value, 2 AS merge_action, 3 AS system_user", "SELECT json_table, json FROM (VALUES (1, 2)) v (json_table, json)", "SELECT SYSTEM_USER IS NULL", `SELECT "system_user" FROM (SELECT 1 AS "system_user") s`,
	"SELECT keep, quotes, omit, error, empty FROM (VALUES (1, 2, 3, 4, 5)) v (keep, quotes, omit, error, empty)", "SELECT enforced, objects, \"virtual\" FROM (VALUES (1, 2, 3)) v (enforced, objects, \"virtual\")",
	"SELECT nested.path, nested.plan FROM (VALUES (1, 2)) nested (path, plan)", "SELECT period, target FROM (SELECT 1 AS period, 2 AS target) source",
	// FROM without an alias; other grammar.
	"SELECT * FROM (SELECT 1 AS a)", "SELECT count(*) FROM (VALUES (1), (2))", "SELECT now() AT LOCAL IS NULL", "SELECT XMLSERIALIZE(DOCUMENT '<a><b/></a>'::xml AS text INDENT)",
	"SELECT XMLSERIALIZE(DOCUMENT '<a><b/></a>'::xml AS text)", "SELECT a.* FROM (SELECT 1 b) a GROUP BY DISTINCT b",
	// Functions, operators and casts of some versions.
	"SELECT any_value(visibility) FROM videos", "SELECT erf(1), erfc(1)", "SELECT date_add('2024-01-01 00:00+00'::timestamptz, '1 day'::interval, 'UTC')", "SELECT to_bin(5), to_oct(8)", "SELECT uuid_extract_version('41db1265-8bc1-4ab3-992f-885799a4af1d')",
	"SELECT xmltext('<a>')", "SELECT unicode_assigned('a')", "SELECT casefold('AbC' COLLATE \"C\")", "SELECT crc32('abc'), crc32c('abc')", "SELECT array_sort(ARRAY[3,1,2]), array_reverse(ARRAY[1,2])", "SELECT reverse('abc'::bytea)",
	"SELECT gamma(5), lgamma(5)", "SELECT min(title::bytea), max(title::bytea) FROM videos", "SELECT min(ROW(video_id)), max(ROW(video_id, title)) FROM videos", "SELECT 1::int::bytea, '\\x01'::bytea::int", "SELECT regexp_like(title, '^a'), regexp_count(title, 'a') FROM videos ORDER BY video_id",
	"SELECT range_agg(r) FROM (VALUES ('{[1,2]}'::int4multirange), ('{[5,6]}')) v (r)", "SELECT '((0,0),(1,1))'::path::point", "SELECT @@ '((0,0),(1,1))'::path", "SELECT box '((0,0),(1,1))' <-> line '{1,2,3}'", "SELECT 'a'::tsvector @@ 'a'::tsquery, point '(0,0)' <-> point '(1,1)'",
	"SELECT min(a), max(a) FROM pg_timezone_abbrevs t (a)", "SELECT count(*) > 0 FROM pg_timezone_abbrevs", "SELECT sum(i), avg(i) FROM (VALUES (interval '1 day'), ('2 days')) v (i)", "SELECT interval 'infinity'", "SELECT timezone('2024-01-01'::timestamp) IS NULL",
	"SELECT random(1, 1), random_normal(0, 0)", "SELECT to_number('XIV', 'RN')", "SELECT to_char(485, 'RN'), to_char(now(), 'TZ') IS NULL", "SELECT jsonb_path_query('\"1\"', '$.number()')", "SELECT jsonb_path_query('{\"a\": [1]}', '$.a[*].double()')",
	// Catalogs.
	"SELECT * FROM pg_collation WHERE collname = 'C'", "SELECT * FROM pg_auth_members", "SELECT relname, relpersistence, relkind FROM pg_class WHERE relname = 'pg_am'", "SELECT count(*) FROM pg_constraint", "SELECT json('{}'), uuid('41db1265-8bc1-4ab3-992f-885799a4af1d')",
	"SELECT attname, attstattarget, attndims, attinhcount FROM pg_attribute WHERE attrelid = 'videos'::regclass AND attnum > 0 ORDER BY attnum", "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1",
	"SELECT * FROM pg_stat_io", "SELECT * FROM pg_wait_events", "SELECT * FROM pg_aios", "SELECT * FROM pg_parameter_acl", "SELECT pg_get_acl(1259, 1247, 0)", "SELECT pg_input_is_valid('hidden', 'regclass')", "SELECT pg_basetype('int4')", "SHOW server_version_num", "SHOW search_path",
}

// playDifferences plays byVersion. A refusal is fine.
func (p pair) playDifferences(t *testing.T, g *gateway) {
	cordon, direct := p.sessions(t, g)
	defer cordon.close()
	defer direct.close()
	s := newScore()
	for _, sql := range byVersion {
		s.play(t, cordon, direct, queries.Query{File: "versions_test.go", Name: sql, SQL: sql})
	}
	for _, d := range s.differences {
		t.Error(d)
	}
	t.Logf("%v; %v", s, s.refusals)
	if s.refused > 30 || s.played < 70 {
		t.Errorf("%d of %d refused", s.refused, s.played)
	}
}
