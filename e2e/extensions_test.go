package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cordon-db/cordon/e2e/queries"
)

// extensionsSubject is the analysts' database with contributed extensions, of which the policy lists some.
func extensionsSubject(tb testing.TB) subject {
	s := corpusSubject(tb)
	s.schema += `
CREATE EXTENSION pg_trgm;
CREATE SCHEMA ext; CREATE EXTENSION hstore SCHEMA ext;
CREATE EXTENSION fuzzystrmatch;
CREATE EXTENSION citext;
CREATE TABLE labels (id int4 PRIMARY KEY, name citext);
INSERT INTO labels VALUES (1, 'Abc'), (2, 'ABC'), (3, 'xyz'), (4, NULL);
CREATE FUNCTION similarity(int4, int4) RETURNS float4 LANGUAGE sql AS 'SELECT 0::float4';
CREATE SCHEMA fuzzystrmatch; CREATE FUNCTION fuzzystrmatch.mine(int4) RETURNS int4 LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION loud(int4) RETURNS int4 LANGUAGE sql AS 'SELECT 1';
CREATE OPERATOR %% (LEFTARG = int4, RIGHTARG = int4, FUNCTION = int4pl);
CREATE SCHEMA mine; CREATE TYPE mine.level AS ENUM ('low'); CREATE FUNCTION mine.alike(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE OPERATOR mine.% (LEFTARG = text, RIGHTARG = text, FUNCTION = mine.alike);
CREATE OPERATOR mine.%> (LEFTARG = int4, RIGHTARG = int4, FUNCTION = int4pl);
CREATE INDEX videos_title ON videos USING gin (title gin_trgm_ops);`
	s.policy = strings.Replace(s.policy, "[database.social]\n", "[database.social]\nfunctions = [\"pg_trgm.*\", \"hstore.*\", \"citext.*\"]\n", 1) + `
[database.social.table."public.labels".columns]
id   = "show"
name = "show"
`
	for i, rows := range labelFilters {
		s.schema += fmt.Sprintf("CREATE TABLE labels%d AS SELECT *, name::text AS note FROM labels;", i)
		s.policy += fmt.Sprintf(`
[database.social.table."public.labels%d"]
rows = "%s"
[database.social.table."public.labels%[1]d".columns]
id   = "show"
name = "show"
note = { mask = "sql", expression = "CASE WHEN name = 'abc' THEN 'hidden' ELSE note END" }
`, i, rows)
	}
	return s
}

// labelFilters are row filters over labels that mean the operators and functions of citext, without regard to case.
var labelFilters = []string{
	"name <> 'abc'", "'abc' <> name", "name > 'b'", "name NOT LIKE 'a%'", "name NOT LIKE 'a%' ESCAPE '#'", "name !~ '^a'", "name NOT ILIKE 'a%'", "name <> ALL ('{abc,b}')", "name <> ALL (ARRAY['abc', 'b'])",
	"name OPERATOR(public.<>) 'abc'", "name::text <> 'abc'", "strpos(name, 'B') = 0", "split_part(name, 'B', 2) = ''", "replace(name, 'b', '') = 'Ac'", "name = (SELECT max(l.name) FROM labels l)",
	"lower(name) <> 'abc'", "coalesce(name, 'q') <> 'abc'", "name <> CAST('abc' AS citext)", "pg_catalog.strpos(name::text, 'B') = 0",
}

// TestExtensions plays what belongs to extensions that the policy lists, through cordon and on the twin.
func TestExtensions(t *testing.T) {
	t.Parallel()
	p := twins(t, extensionsSubject(t))
	p.executions(t, func(t *testing.T, g *gateway) {
		cordon, direct := p.sessions(t, g)
		defer cordon.close()
		defer direct.close()
		s := newScore()
		for i, sql := range []string{
			"SELECT show_trgm('word')",
			"SELECT video_id, title <-> 'sing' FROM videos ORDER BY 2, 1 LIMIT 7",
			"SELECT video_id FROM videos WHERE title % 'How to sing' ORDER BY 1",
			"SELECT video_id FROM videos v WHERE v.title %> 'sing' ORDER BY 1",
			"SELECT video_id FROM videos WHERE 'sing' <% title ORDER BY 1",
			"SELECT video_id FROM videos WHERE title OPERATOR(public.%) 'How to sing' ORDER BY 1",
			"SELECT video_id FROM videos WHERE title % ANY (ARRAY['How to sing', 'Live! cook']) ORDER BY 1",
			"SELECT video_id, word_similarity('sing', title) FROM videos ORDER BY 2 DESC, 1 LIMIT 5",
			"SELECT video_id % 7 FROM videos ORDER BY 1",
			"SELECT point(0, 0) <-> point(3, 4)",
			"SELECT username % 'user_1' FROM users ORDER BY username",
			"SELECT u.username <-> v.title FROM users u JOIN videos v USING (user_id) ORDER BY v.video_id",
			"SELECT plan, min(lower(display_name) <-> 'ana') FROM users GROUP BY plan ORDER BY 1",
			"SELECT (SELECT max(v.title <-> u.display_name) FROM videos v WHERE v.user_id = u.user_id) FROM users u ORDER BY u.username",
			"SELECT ext.hstore('a', 'b') OPERATOR(ext.->) 'a'",
			"SELECT video_id, coalesce(title, '') <-> 'sing' FROM videos ORDER BY 2, 1 LIMIT 7",
			"SELECT video_id, CASE WHEN video_id > 5 THEN title ELSE 'sing' END <-> 'sing' FROM videos ORDER BY 2, 1 LIMIT 7",
			"SELECT video_id FROM videos WHERE (title || '!') % 'How to sing!' ORDER BY 1",
			"SELECT video_id FROM videos WHERE 'sing' <-> (title || video_id::text) < 0.9 ORDER BY 1",
			"SELECT video_id FROM videos WHERE title::varchar(9) % 'How to sing' ORDER BY 1",
			"SELECT ext.hstore(u) FROM users u ORDER BY username LIMIT 5",
			"SELECT ext.hstore(ROW(u.user_id, u.username)) FROM users u ORDER BY username LIMIT 5",
			"SELECT ext.hstore(array_agg(username ORDER BY username), array_agg(user_id::text ORDER BY username)) FROM users",
			"SELECT user_id::text % '12345' FROM users ORDER BY username",
			"SELECT * FROM ext.each(ext.hstore('a', 'b'))",
			"SELECT e.key, e.value FROM users u, LATERAL ext.each(ext.hstore(ARRAY['id', u.user_id::text])) e ORDER BY u.username LIMIT 5",
			"SELECT ext.skeys(ext.hstore('a', 'b')), (ext.each(ext.hstore('a', 'b'))).key",
			"SET search_path = public, ext",
			"SELECT hstore('a', 'b') -> 'a', hstore('a', 'b') ? 'a', hstore('a', 'b') || hstore('c', 'd'), %# hstore('a', 'b')",
			"SELECT u.username FROM users u WHERE hstore(u) -> 'username' = 'user_1' ORDER BY 1",
			"SELECT hstore('a', 'b') = hstore('a', 'b'), hstore('a', 'b') @> hstore('a', 'c')",
			"SET search_path = public",
			"SET search_path = mine, public", // with somebody's own operators
			"SELECT video_id FROM videos WHERE title OPERATOR(public.%) 'How to sing' ORDER BY 1",
			"SELECT video_id FROM videos WHERE title %> 'sing' ORDER BY 1",
			"SET search_path = public",
			"SELECT id FROM labels WHERE name = 'abc' ORDER BY id",
			"SELECT id FROM labels WHERE name <> 'abc' OR name > 'b' ORDER BY id",
			"SELECT id FROM labels WHERE name IN ('abc') ORDER BY id",
			"SELECT id FROM labels WHERE name IN ('abc', 'XYZ') ORDER BY id",
			"SELECT id FROM labels WHERE name NOT IN ('abc', 'b') ORDER BY id",
			"SELECT id FROM labels WHERE name = ANY (ARRAY['abc', 'XYZ']) ORDER BY id",
			"SELECT id FROM labels WHERE name BETWEEN 'a' AND 'b' ORDER BY id",
			"SELECT id FROM labels WHERE name NOT BETWEEN 'a' AND 'b' ORDER BY id",
			"SELECT id FROM labels WHERE name LIKE 'a%' AND name NOT LIKE 'X%' ORDER BY id",
			"SELECT id FROM labels WHERE name ILIKE 'a%' ORDER BY id",
			"SELECT id FROM labels WHERE name ~ '^a' ORDER BY id",
			"SELECT max(name), min(name) FROM labels WHERE id > 2",
			"SELECT max(id), min(name::text) FROM labels",
			"SELECT max(username), max(user_id) FROM users",
			"SELECT replace(name, 'b', 'x'), strpos(name, 'b'), split_part(name, 'B', 1) FROM labels ORDER BY id",
			"SELECT replace(title, 'b', 'x'), strpos(title, 'B'), split_part(title::varchar(9), 'B', 1) FROM videos ORDER BY video_id",
			"SELECT strpos(name, title), regexp_replace(name, '^a', 'z'), translate(title, 'ab', 'cd') FROM labels, videos ORDER BY id, video_id LIMIT 20",
			"SELECT id FROM labels WHERE name IN (SELECT 'abc'::text) ORDER BY id",
			"SELECT l.id FROM labels l JOIN videos v ON l.name = v.title ORDER BY id",
			"SELECT a.id, b.id FROM labels a JOIN labels b ON a.name = b.name ORDER BY 1, 2",
			"SELECT lower(name), count(*) FROM labels GROUP BY name ORDER BY 1, 2",
			"SELECT count(DISTINCT name) FROM labels",
			"SELECT id FROM labels WHERE name::text = 'abc' OR name || '' = 'abc' ORDER BY id",
			"SELECT title ~~~~ 1 FROM videos",
			"SELECT nosuch(title) FROM videos",
		} {
			q := queries.Query{Name: sql, SQL: sql, Line: i, Ordered: true}
			if s.play(t, cordon, direct, q) {
				t.Errorf("refused: %s", sql)
			}
		}
		for i, rows := range labelFilters {
			q := queries.Query{Name: rows, SQL: fmt.Sprintf("SELECT id, note FROM public.labels%d ORDER BY id", i), Line: i, Ordered: true}
			if s.play(t, cordon, direct, q) {
				t.Errorf("refused: labels where %s", rows)
			}
		}
		for _, path := range []string{"mine, public", "public, mine"} {
			if _, err := cordon.failure("SET search_path = "+path, false); err == nil || !strings.Contains(err.Error(), "no error") {
				t.Error(err)
			}
			for _, sql := range []string{"SELECT video_id FROM videos WHERE title % 'x'", "SELECT 'a' % 'b'", "SELECT title % ANY (ARRAY['x']) FROM videos"} {
				if got, err := cordon.failure(sql, false); err != nil || !strings.Contains(got.Message, `operator "%" of schema "mine" could be chosen`) {
					t.Errorf("%s: %v, %v", sql, got, err)
				}
			}
		}
		if _, err := cordon.failure("SET search_path = public", false); err == nil || !strings.Contains(err.Error(), "no error") {
			t.Error(err)
		}
		for sql, reason := range map[string]string{
			"SELECT similarity(title, 'sing') FROM videos":                                  "public.similarity is not allowed by the policy", // somebody's own function could be chosen
			"SELECT levenshtein('a', 'b')":                                                  "public.levenshtein is not allowed by the policy",
			"SELECT fuzzystrmatch.mine(1)":                                                  "function mine does not exist", // nothing of its schema is in the twin
			"SELECT loud(1)":                                                                "public.loud is not allowed by the policy",
			"SELECT 1 %% 2":                                                                 "is not built in and not reviewed",
			"SELECT 1 OPERATOR(public.%%) 2":                                                `of schema "public" is not reviewed`,
			"SELECT title OPERATOR(ext.%) 'x' FROM videos":                                  `of schema "ext" is not reviewed`,
			"SELECT 'word' <% ANY (SELECT title FROM videos)":                               "is not built in and not reviewed",
			"SELECT title FROM videos ORDER BY title USING <%":                              "is not built in and not reviewed",
			"SELECT id FROM labels WHERE name IS DISTINCT FROM 'abc'":                       `type "citext" has an operator "=" of its own`,
			"SELECT NULLIF(name, 'abc') FROM labels":                                        `type "citext" has an operator "=" of its own`,
			"SELECT CASE name WHEN 'abc' THEN 1 END FROM labels":                            `type "citext" has an operator "=" of its own`,
			"SELECT id FROM labels WHERE (name, id) = ('abc', 1)":                           `type "citext" has an operator "=" of its own`,
			"SELECT id FROM labels WHERE 'abc' IN (SELECT name FROM labels)":                `type "citext" has an operator "=" of its own`,
			"SELECT id FROM labels WHERE lower(name)::varchar = 'x' OR name SIMILAR TO 'x'": `type "citext" has an operator "~" of its own`,
			"SELECT set_config('pg_trgm.similarity_threshold','0')":                         "",
		} {
			if got, err := cordon.failure(sql, false); err != nil || !strings.Contains(got.Message, reason) || got.Position == 0 {
				t.Errorf("%s: %v, %v", sql, got, err)
			}
		}
		s.judge(t)
	})
}
