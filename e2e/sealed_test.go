package e2e

import (
	"bytes"
	"testing"

	"github.com/cordon-db/cordon/e2e/attacks"
	"github.com/cordon-db/cordon/internal/pgcluster/pgtest"
	"github.com/cordon-db/cordon/rewrite/builtin"
)

// brokenUses are changes to the closed table of sealed execution that make it wrong, each with a statement that shows it: the worlds differ,
// or the answer is no longer the twin's, or the second wall ends the session.
var brokenUses = []struct {
	use string
	as  builtin.SealedUse
	sql string
}{
	{"operator <", builtin.Takes, "SELECT count(*) FROM friends WHERE a < b"},
	{"operator >", builtin.Takes, "SELECT count(*) FROM users u, users v WHERE u.user_id > v.user_id AND u.username < v.username"},
	{"operator <=", builtin.Takes, "SELECT count(*) FROM users u, users v WHERE u.user_id <= v.user_id AND u.username < v.username"},
	{"operator >=", builtin.Takes, "SELECT count(*) FROM friends WHERE a >= b"},
	{"operator +", builtin.Takes, "SELECT user_id + 0 FROM users WHERE username = 'user17'"},
	{"operator %", builtin.Takes, "SELECT user_id % 1000 FROM users WHERE username = 'user17'"},
	{"operator &", builtin.Takes, "SELECT user_id & 1023 FROM users WHERE username = 'user17'"},
	{"operator @", builtin.Takes, "SELECT @ user_id FROM users WHERE username = 'user17'"},
	{"function max", builtin.Passes, "SELECT max(user_id) FROM users"},
	{"function min", builtin.Passes, "SELECT min(user_id) FROM users"},
	{"function array_agg", builtin.Takes, "SELECT array_agg(user_id) FROM users WHERE username = 'user17'"},
	{"function sum", builtin.Takes, "SELECT sum(user_id) FROM users WHERE username = 'user17'"},
	{"function count", builtin.Passes, "SELECT count(user_id) FROM users"},
	{"further argument", builtin.Takes, "SELECT DISTINCT lag(0::int8, 1, user_id) OVER (PARTITION BY user_id ORDER BY username) FROM users WHERE username = 'user17'"},
	{"ORDER BY", builtin.Takes, "SELECT user_id, username FROM users ORDER BY 1 LIMIT 3"},
	{"expression", builtin.Takes, "SELECT username FROM users ORDER BY user_id LIMIT 3"},
	{"GREATEST and LEAST", builtin.Takes, "SELECT count(*) FROM friends WHERE GREATEST(a, b) = a"},
	{"ARRAY", builtin.Takes, "SELECT ARRAY[user_id] FROM users WHERE username = 'user17'"},
	{"whole row", builtin.Takes, "SELECT to_json(u) FROM users u WHERE username = 'user17'"},
	{"two labels", builtin.Takes, "SELECT user_id FROM users WHERE username = 'user17' UNION ALL SELECT 5::int8"},
	{"cast to another type", builtin.Takes, "SELECT user_id::text FROM users WHERE username = 'user17'"},
	{"cast to its own type", builtin.Takes, "SELECT user_id::int8 FROM users WHERE username = 'user17'"},
	{"row of a subquery", builtin.Takes, "SELECT ARRAY(SELECT user_id FROM users WHERE username = 'user17')"},
	{"SEARCH and CYCLE", builtin.Takes, "WITH RECURSIVE r AS (SELECT a FROM friends WHERE a = (SELECT user_id FROM users WHERE username = 'user17')" +
		" UNION SELECT f.b FROM friends f JOIN r ON r.a = f.a) SEARCH BREADTH FIRST BY a SET o SELECT o FROM r ORDER BY 1 LIMIT 1"},
	{"CASE", builtin.Takes, "SELECT CASE WHEN score > 0 THEN user_id END FROM users WHERE username = 'user17'"},
	{"NULLIF", builtin.Takes, "SELECT NULLIF(user_id, 5) FROM users WHERE username = 'user17'"},
	{"scalar subquery", builtin.Takes, "SELECT (SELECT user_id FROM users WHERE username = 'user17')"},
	{"function lag", builtin.Takes, "SELECT DISTINCT first_value(x) OVER () FROM (SELECT lag(user_id, 0) OVER (ORDER BY username) AS x FROM users WHERE username = 'user17') s"},
}

// TestSealedTableIsClosed breaks the table of sealed uses entry by entry; each is seen. It runs alone, since the table is one.
func TestSealedTableIsClosed(t *testing.T) {
	clusters := loadWorlds(t, *server, keepRows)
	for _, c := range clusters { // where the plan depends on estimates, not on the worlds
		pgtest.Exec(t, pgtest.Superuser(t, c, database), "ANALYZE")
	}
	for _, m := range brokenUses {
		t.Run(m.use, func(t *testing.T) {
			a := attacks.Attack{Steps: []attacks.Step{{Verb: attacks.Simple, SQL: m.sql}}}
			streams := func() [2][]byte {
				var out [2][]byte
				for i, g := range serveWorlds(t, clusters, nil) {
					var err error
					if out[i], _, err = transcript(g, a); err != nil {
						t.Fatal(err)
					}
				}
				return out
			}
			right := streams()
			if !bytes.Equal(right[0], right[1]) {
				t.Errorf("the worlds differ with the table as it is: %s", m.sql)
			}
			was, had := builtin.SealedUses[m.use]
			defer func() {
				if delete(builtin.SealedUses, m.use); had {
					builtin.SealedUses[m.use] = was
				}
			}()
			builtin.SealedUses[m.use] = m.as
			if broken := streams(); bytes.Equal(broken[0], broken[1]) && bytes.Equal(broken[0], right[0]) {
				t.Errorf("unseen: %s", m.sql)
			}
		})
	}
}
