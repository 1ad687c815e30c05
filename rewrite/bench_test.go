package rewrite

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"
)

// benchStatements are what sessions send: %d is replaced by another number each time in the cold benchmarks.
var benchStatements = []struct{ name, sql string }{
	{"lookup", "SELECT username, country FROM users WHERE username = 'user%d'"},
	{"pseudonym", "SELECT user_id, email FROM users WHERE user_id = %d"},
	{"join", "SELECT u.username, count(*), max(v.views) FROM users u JOIN videos v USING (user_id) WHERE v.views > %d GROUP BY u.username ORDER BY 2 DESC LIMIT 10"},
	{"report", `WITH active AS (SELECT user_id, country FROM users WHERE country IN ('IE', 'NO') AND views > %d),
		ranked AS (SELECT v.user_id, v.title, row_number() OVER (PARTITION BY v.user_id ORDER BY v.views DESC, v.video_id) AS place FROM videos v WHERE v.created_at >= date '2024-01-01')
		SELECT a.country, count(DISTINCT a.user_id) AS people, count(r.title) AS films, coalesce(sum(CASE WHEN r.place = 1 THEN 1 ELSE 0 END), 0) AS firsts
		FROM active a LEFT JOIN ranked r ON r.user_id = a.user_id AND r.place <= 3 WHERE EXISTS (SELECT 1 FROM friends f WHERE f.a = a.user_id OR f.b = a.user_id)
		GROUP BY a.country HAVING count(*) > 1 ORDER BY people DESC, a.country`},
	{"catalog", `SELECT c.oid, n.nspname, c.relname FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relname OPERATOR(pg_catalog.~) '^(users%d)$' COLLATE pg_catalog.default AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY 2, 3`},
}

func benchSession(b *testing.B, policy func(string) string) *Session {
	b.Helper()
	rw := newTestRewriter(b, parsedPolicy(b, policy), "app", &storedCatalog{current: storedSnapshot(b)})
	s, err := rw.NewSession(SessionParams{User: "analyst", Database: "app"})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// cpu reports the processor time of the process an operation, which a busy machine distorts less than the clock.
func cpu(b *testing.B) func() {
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	begun := used()
	return func() { b.ReportMetric(float64((used()-begun).Nanoseconds())/1000/float64(b.N), "cpu-us/op") }
}

// BenchmarkQueryCold rewrites a text that was never seen: parse, bind, substitute, deparse, verify.
func BenchmarkQueryCold(b *testing.B) { benchCold(b, nil) }

// BenchmarkQuerySealed is the same for sealed execution, where the text is read once more.
func BenchmarkQuerySealed(b *testing.B) { benchCold(b, sealedPolicy) }

func benchCold(b *testing.B, policy func(string) string) {
	for _, c := range benchStatements {
		b.Run(c.name, func(b *testing.B) {
			s := benchSession(b, policy)
			number := 0
			b.ReportAllocs()
			report := cpu(b)
			for b.Loop() {
				number++
				if _, err := s.Query(context.Background(), fmt.Sprintf(c.sql, number)); err != nil {
					b.Fatal(err)
				}
			}
			report()
		})
	}
}

// BenchmarkQueryCached asks again for a plan that the cache has.
func BenchmarkQueryCached(b *testing.B) {
	for _, c := range benchStatements {
		b.Run(c.name, func(b *testing.B) {
			s, text := benchSession(b, nil), fmt.Sprintf(c.sql, 1)
			if _, err := s.Query(context.Background(), text); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			report := cpu(b)
			for b.Loop() {
				if _, err := s.Query(context.Background(), text); err != nil {
					b.Fatal(err)
				}
			}
			report()
		})
	}
}
