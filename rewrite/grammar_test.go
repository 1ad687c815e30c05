package rewrite

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// TestGrammarOfOtherServers has what the parser and a server read differently: refused, or the server's own error.
func TestGrammarOfOtherServers(t *testing.T) {
	const answer = ""
	glued := []string{"SELECT 1a", "SELECT 0x", "SELECT 1.5_"} // a number and a name on 14
	sessions := map[int]*Session{}
	for _, version := range []int{14, 15, 17, 18} {
		snapshot := storedSnapshot(t)
		snapshot.ServerVersion = version * 10000
		sessions[version] = newTestSession(t, newTestRewriter(t, parsedPolicy(t, nil), "app", &storedCatalog{current: snapshot}))
	}
	for _, c := range []struct {
		sql, older, newer string // the reason of the refusal or the SQLSTATE on 14 and 15, and on 17 and 18
	}{
		{"SELECT 0x1F", "newer-grammar", answer},
		{"SELECT 1_000.5", "newer-grammar", answer},
		{"SELECT 0B1 + 1", "newer-grammar", answer},
		{"SELECT 10, 0, 1.5e3, '0x1F', 1 AS x_1 -- 1_000", answer, answer},
		{"SELECT JSON_OBJECT('a': 1)", "newer-grammar", answer},
		{"SELECT JSON_ARRAY(1, 2)", "newer-grammar", answer},
		{"SELECT JSON_ARRAY(SELECT video_id FROM videos)", "newer-grammar", answer},
		{"SELECT JSON_ARRAYAGG(video_id) FROM videos", "newer-grammar", answer},
		{"SELECT json_object('{a,1}'::text[])", answer, answer},
		{"SELECT '1' IS JSON", "newer-grammar", answer},
		{"SELECT XMLSERIALIZE(DOCUMENT '<a/>'::xml AS text INDENT)", "newer-grammar", answer},
		{"SELECT SYSTEM_USER", "newer-grammar", "42883"}, // of the stored catalog, which is 15's
		{"SELECT uuid('2f0f5e5c-0000-0000-0000-000000000000')", answer, answer},
		{"SELECT JSON('{}')", answer, "newer-grammar"},
		{`SELECT count(*) FROM (SELECT 1)`, "42601", answer},
		{`SELECT count(*) FROM (VALUES (1))`, "42601", answer},
		{`WITH a AS (SELECT * FROM (SELECT 1)) SELECT * FROM a`, "42601", answer},
		{"SELECT JSON_VALUE('{}', '$.a')", "42883", "newer-grammar"},
		{"SELECT JSON_VALUE('{}', '$.a' RETURNING int)", "42601", "newer-grammar"},
		{"SELECT * FROM JSON_TABLE('[1]', '$[*]' COLUMNS (a int PATH '$')) j", "42601", "newer-grammar"},
		{"SELECT now() AT LOCAL", "42601", "newer-grammar"},
		{"MERGE INTO videos v USING users u ON true WHEN MATCHED THEN DELETE RETURNING v.*", "42601", "forbidden-write"},
		{"UPDATE videos SET title = '' RETURNING WITH (OLD AS o) o.title", "42601", "forbidden-write"},
		{"SELECT 1 FROM", "42601", "42601"},
		{"SELECT 1a", "42601", "42601"},
		{"SELECT 0x", "42601", "42601"},
		{"SELECT 1.5_", "42601", "42601"},
	} {
		for version, want := range map[int]string{14: c.older, 15: c.older, 17: c.newer, 18: c.newer} {
			if version == 14 && slices.Contains(glued, c.sql) {
				want = "newer-grammar"
			}
			_, err := sessions[version].Query(t.Context(), c.sql)
			var e *Error
			got := answer
			if errors.As(err, &e) {
				if got = e.Reason; got == "" {
					got = e.Code
				}
			}
			if got != want {
				t.Errorf("%d: %s: %q, want %q (%v)", version, c.sql, got, want, err)
			}
			if got == "newer-grammar" && (e.Code != "0A000" || !strings.Contains(e.Message, "Postgres 16")) || got == "42601" && !strings.Contains(e.Message, "alias") && e.Hint == "" {
				t.Errorf("%d: %s: no clear answer: %+v", version, c.sql, e)
			}
		}
	}
}
