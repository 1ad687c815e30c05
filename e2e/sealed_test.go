package e2e

import (
	"bytes"
	"strings"
	"testing"

	"github.com/cordon-db/cordon/e2e/attacks"
	"github.com/cordon-db/cordon/internal/pgcluster/pgtest"
	"github.com/cordon-db/cordon/rewrite/builtin"
)

// brokenUses are changes to the closed table of sealed execution that make it wrong, each with a statement that would be answered from raw identifiers.
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
	{"operator -", builtin.Takes, "SELECT user_id - 0 FROM users WHERE username = 'user17'"},
	{"operator *", builtin.Takes, "SELECT user_id * 1 FROM users WHERE username = 'user17'"},
	{"operator ||", builtin.Takes, "SELECT user_id || 'x' FROM users WHERE username = 'user17'"},
	{"operator #", builtin.Takes, "SELECT user_id # 0 FROM users WHERE username = 'user17'"},
	{"operator <<", builtin.Takes, "SELECT user_id << 0 FROM users WHERE username = 'user17'"},
	{"function array_agg", builtin.Passes, "SELECT array_agg(user_id) FROM users WHERE username = 'user17'"},
	{"function json_agg", builtin.Takes, "SELECT json_agg(user_id) FROM users WHERE username = 'user17'"},
	{"function bit_and", builtin.Takes, "SELECT bit_and(user_id) FROM users WHERE username = 'user17'"},
	{"function lead", builtin.Takes, "SELECT DISTINCT first_value(x) OVER () FROM (SELECT lead(user_id, 0) OVER (ORDER BY username) AS x FROM users WHERE username = 'user17') s"},
	{"function first_value", builtin.Takes, "SELECT first_value(user_id) OVER (ORDER BY username) FROM users WHERE username = 'user17'"},
	{"function last_value", builtin.Takes, "SELECT last_value(user_id) OVER (ORDER BY username) FROM users WHERE username = 'user17'"},
	{"function nth_value", builtin.Takes, "SELECT nth_value(user_id, 1) OVER (ORDER BY username) FROM users WHERE username = 'user17'"},
	{"function lag", builtin.Takes, "SELECT DISTINCT first_value(x) OVER () FROM (SELECT lag(user_id, 0) OVER (ORDER BY username) AS x FROM users WHERE username = 'user17') s"},
}

// besides are the entries of the table that say no more than that they are there, each with the use that looks most like it and is unsafe: one of brokenUses.
var besides = map[string]string{
	"operator =": "operator <=", "operator <>": "operator <", "operator !=": "operator >", "IS NULL": "expression", "GROUP BY": "ORDER BY", "GROUPING": "expression",
	"DISTINCT ON": "ORDER BY", "PARTITION BY": "ORDER BY", "select item": "ARRAY", "USING": "two labels", "set operation": "two labels",
}

// TestSealedTableIsCovered: each entry of the table is broken, or what is next to it.
func TestSealedTableIsCovered(t *testing.T) {
	t.Parallel()
	broken := map[string]bool{}
	for _, m := range brokenUses {
		broken[m.use] = true
	}
	for use := range builtin.SealedUses {
		if !broken[use] && !broken[besides[use]] {
			t.Errorf("nothing breaks %q", use)
		}
	}
	for use, next := range besides {
		if builtin.SealedUses[use] == 0 || builtin.SealedUses[next] != 0 {
			t.Errorf("%q is to be in the table, and %q not", use, next)
		}
	}
}

// TestSealedTableIsClosed breaks the table of sealed uses entry by entry. Each time the statement is found out before it is sent, and answered in SQL form as if nothing were
// broken. It runs alone, since the table is one.
func TestSealedTableIsClosed(t *testing.T) {
	clusters := loadWorlds(t, *server, keepRows)
	for _, c := range clusters { // where the plan depends on estimates, not on the worlds
		pgtest.Exec(t, pgtest.Superuser(t, c, database), "ANALYZE")
	}
	for _, m := range brokenUses {
		t.Run(m.use, func(t *testing.T) {
			a := attacks.Attack{Steps: []attacks.Step{{Verb: attacks.Simple, SQL: m.sql}}}
			streams := func(records *journal) (rows [2][]byte) {
				for i, g := range serveWorldsLogging(t, clusters, nil, records.logger()) {
					stream, _, err := transcript(g, a)
					if err != nil {
						t.Fatal(err)
					}
					eachMessage(stream, func(typ byte, body []byte) {
						switch typ {
						case 'E': // it would be seen to differ from anything
							t.Errorf("%q: %s", body, m.sql)
						case 'D': // what the server says of a column differs between the executions
							rows[i] = append(rows[i], body...)
						}
					})
				}
				return rows
			}
			var whole, broken journal
			right := streams(&whole)
			if len(right[0]) == 0 || !bytes.Equal(right[0], right[1]) || foundOut(&whole) > 0 {
				t.Errorf("with the table as it is: %q and %q, found out %d times: %s", right[0], right[1], foundOut(&whole), m.sql)
			}
			was, had := builtin.SealedUses[m.use]
			defer func() {
				if delete(builtin.SealedUses, m.use); had {
					builtin.SealedUses[m.use] = was
				}
			}()
			builtin.SealedUses[m.use] = m.as
			if rows := streams(&broken); !bytes.Equal(rows[0], right[0]) || !bytes.Equal(rows[1], right[0]) || foundOut(&broken) < 2 {
				t.Errorf("broken: %q and %q instead of %q, found out %d times: %s", rows[0], rows[1], right[0], foundOut(&broken), m.sql)
			}
		})
	}
}

// foundOut is how often what was to be sent read otherwise than it was bound.
func foundOut(records *journal) int {
	records.mu.Lock()
	defer records.mu.Unlock()
	return strings.Count(records.text.String(), "planned without sealed execution")
}
