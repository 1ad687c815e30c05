package rewrite

import (
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// list is n pieces made of their numbers.
func list(n int, sep, piece string) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = strings.ReplaceAll(piece, "#", itoa(i+1))
	}
	return strings.Join(parts, sep)
}

// heavy are short texts that mean much.
func heavy() map[string]string {
	doubled := "WITH a0 AS (SELECT * FROM users)"
	for i := range 40 {
		doubled += fmt.Sprintf(", a%d AS (SELECT * FROM a%d x, a%d y)", i+1, i, i)
	}
	nested := "SELECT username FROM users"
	for range 200 {
		nested = "SELECT (" + nested + " LIMIT 1) FROM users"
	}
	fed := "SELECT 1 WHERE 1 IN (" + list(30000, ",", "#") + ")"
	for range 150 {
		fed = "SELECT (" + fed + ") FROM users LIMIT 1"
	}
	return map[string]string{
		"stars of stars":                      doubled + " SELECT * FROM a40",
		"stars":                               "SELECT " + list(3000, ",", "users.*") + " FROM users",
		"many targets":                        "SELECT " + list(20000, ",", "username") + " FROM users",
		"a list of constants":                 "SELECT username FROM users WHERE user_id IN (" + list(100000, ",", "1#") + ")",
		"an array of constants":               "SELECT username FROM users WHERE user_id = ANY ('{" + list(100000, ",", "1#") + "}')",
		"rows of constants":                   "SELECT username FROM users JOIN (VALUES " + list(20000, ",", "(1#)") + ") v(x) ON v.x = user_id",
		"lists of pairs":                      "SELECT username FROM users WHERE (user_id, nick) IN (" + list(10000, ",", "(1#, 'a#')") + ")",
		"a chain of what is revealed":         "SELECT count(*) FROM " + list(600, ",", "users u#") + " WHERE u1.user_id < 5 AND " + chainOf(600),
		"a chain of what is revealed, long":   "SELECT count(*) FROM " + list(12000, ",", "users u#") + " WHERE u1.user_id < 5 AND " + chainOf(12000),
		"comparisons with what is computed":   "SELECT count(*) FROM users WHERE " + list(3000, " OR ", "user_id = (SELECT #)"),
		"pseudonyms in SQL":                   list(900, " UNION ALL ", "SELECT user_id + # FROM users"),
		"pseudonyms in SQL, many":             "SELECT " + list(1600, ",", "(SELECT user_id::text || nick || # FROM users LIMIT 1)"),
		"windows":                             "SELECT " + list(1600, ",", "row_number() OVER (ORDER BY s.username DESC)") + " FROM (SELECT " + list(1600, ",", "views + # AS v#") + ", username FROM users) s",
		"windows of windows":                  "SELECT " + list(1500, ",", "lag(username) OVER (PARTITION BY views, country, birth ORDER BY username, user_id)") + " FROM users",
		"aggregates":                          "SELECT " + list(1600, ",", "array_agg(username || '#')") + " FROM users",
		"sort items":                          "SELECT DISTINCT " + list(1600, ",", "username || '#' AS a#") + " FROM users ORDER BY " + list(1600, ",", "username || '#'"),
		"sort items of one column":            "(SELECT username FROM users UNION SELECT title FROM videos) ORDER BY " + list(20000, ",", "username"),
		"groups":                              "SELECT count(*) FROM users GROUP BY CUBE (" + list(5000, ",", "username") + ")",
		"names to be looked for":              "SELECT " + list(1600, "+", "a#.x") + " FROM " + list(20000, ",", "(SELECT 1) a#(x)"),
		"names to be looked for, unqualified": "SELECT 1 FROM " + list(15000, ",", "(SELECT 1 x#) a#") + " WHERE " + list(15000, " AND ", "x# > 0"),
		"joins":                               "SELECT * FROM users u0 " + list(900, " ", "JOIN users u# ON true"),
		"natural joins":                       "SELECT count(*) FROM users u0 " + list(900, " ", "NATURAL JOIN users u#"),
		"scalar subqueries":                   nested,
		"scalar subqueries over a long list":  fed,
		"queries of a CTE":                    "WITH a AS (SELECT * FROM users) SELECT " + list(1600, ",", "(SELECT count(*) FROM a)"),
		"statements":                          list(3000, ";", "SELECT username FROM users"),
		"parameters":                          "SELECT count(*) FROM users WHERE " + list(5000, " OR ", "user_id = '#'"),
		"whole rows":                          "SELECT " + list(1600, ",", "to_json(users)") + " FROM users",
		"aggregates of aggregates":            "SELECT " + strings.Repeat("sum(", 600) + "1" + strings.Repeat(")", 600) + " FROM users",
	}
}

// chainOf compares each with the one before, so that each turn of binding reveals another.
func chainOf(n int) string {
	var b strings.Builder
	for i := 1; i < n; i++ {
		if i > 1 {
			b.WriteString(" AND ")
		}
		fmt.Fprintf(&b, "u%d.user_id=u%d.user_id", i, i+1)
	}
	return b.String()
}

// TestBudget: no text within the guard's bounds takes cordon long or much memory, refused or not.
func TestBudget(t *testing.T) {
	t.Parallel()
	for name, policy := range map[string]func(string) string{"sealed": sealedPolicy, "hidden order": hiddenOrder} {
		rw := newTestRewriter(t, parsedPolicy(t, policy), "app", &storedCatalog{current: storedSnapshot(t)})
		for what, text := range heavy() {
			if name == "sealed" && !strings.HasPrefix(what, "a chain") && !strings.HasPrefix(what, "comparisons") { // as with hidden order, but for the keys
				continue
			}
			if len(text) > maxStatement {
				t.Errorf("%s: %d bytes", what, len(text))
			}
			s := newTestSession(t, rw)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			begun := processorTime(t)
			plans, err := s.Query(t.Context(), text)
			took := processorTime(t) - begun
			runtime.ReadMemStats(&after)
			sent := 0
			for _, p := range plans {
				sent += len(p.SQL)
			}
			made := (after.TotalAlloc - before.TotalAlloc) >> 20
			t.Logf("%s, %s: %v, %d MiB, %d bytes sent, %.80v", name, what, took.Round(time.Millisecond), made, sent, err)
			if took > 15*time.Second || made > 3000 {
				t.Errorf("%s, %s took %v and %d MiB", name, what, took, made)
			}
			if err != nil && codeOf(err) == "" {
				t.Errorf("%s, %s: not an answer: %v", name, what, err)
			}
		}
	}
}

// hiddenOrder is sealedPolicy with the order of all identifiers hidden.
func hiddenOrder(text string) string {
	return strings.ReplaceAll(sealedPolicy(text), `order = "show"`, `order = "hide"`)
}

func processorTime(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
