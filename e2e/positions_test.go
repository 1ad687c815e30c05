package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// misplaced are statements with an error that cordon finds as Postgres would: it has to stand at the same character of the analyst's own text.
var misplaced = []string{
	// Names.
	"SELECT nothing FROM users",
	"SELECT username, nothing FROM users WHERE score > 1",
	"SELECT u.nothing FROM users u",
	"SELECT 1 FROM users u WHERE u.score > 1 AND lower(nothing) = 'x'",
	"SELECT 1 FROM users ORDER BY score, nothing",
	"SELECT count(*) FROM users GROUP BY nothing",
	"SELECT count(*) FROM users HAVING max(nothing) > 1",
	"SELECT sum(score) OVER (PARTITION BY nothing) FROM users",
	"SELECT phone FROM users",
	"SELECT nobody.score FROM users",
	"SELECT nobody.* FROM users",
	"SELECT *",
	"SELECT * FROM nowhere",
	"SELECT * FROM users u JOIN nowhere n ON true",
	"SELECT * FROM public.nowhere",
	"SELECT (SELECT 1 FROM nowhere)",
	"WITH c AS (SELECT nothing FROM users) SELECT * FROM c",
	"TABLE nowhere",
	"SELECT * FROM nodb.public.users",
	"SELECT user_id FROM users a, users b",
	"SELECT * FROM users a JOIN videos b USING (user_id) WHERE created_at IS NULL",
	"SELECT 1 FROM users, users",
	"SELECT 1 FROM users a JOIN videos b USING (nothing)",
	"SELECT nofunction(score) FROM users",
	"SELECT 1 + public.nofunction(1, 2)",
	"SELECT * FROM nofunction(1)",
	"SELECT lower(score, 1) FROM users",
	"SELECT count(*) FILTER (WHERE nofunction(1)) FROM users",
	"SELECT 1 @@@@ 2",
	"SELECT score FROM users WHERE score ~~~~ 2 OR true",
	"SELECT @@@@ 2",
	"SELECT 1 @@@@ ANY (SELECT 2)",
	"SELECT score FROM users ORDER BY score USING @@@@",
	"SELECT 'x'::notype",
	"SELECT username COLLATE nowhere FROM users",
	"SELECT 'é' FROM users ORDER BY username COLLATE nowhere.x",
	"SELECT * FROM json_to_record('{}') AS x (a int, b text COLLATE nowhere)",
	"SELECT (u).nothing FROM users u",
	"SELECT CAST(score AS notype) FROM users",
	"SELECT notype 'x'",
	"SELECT * FROM json_to_record('{}') AS x (a int, b notype)",
	"SELECT 'nowhere'::regclass",
	"SELECT oid FROM pg_class WHERE oid = 'nowhere'::regclass",
	// Shapes.
	"SELECT 1 UNION SELECT 1, 2",
	"SELECT 1, 2 UNION ALL SELECT score FROM users",
	"SELECT score FROM users INTERSECT SELECT * FROM users",
	"SELECT 1 EXCEPT (SELECT 1, 2 UNION SELECT 3, 4)",
	"VALUES (1, 2), (3, 4), (5, 6, 7)",
	"VALUES (1, 2), (3)",
	"SELECT 1 UNION SELECT 2 ORDER BY 1 + 1",
	// Grammar.
	"SELECT 1 +",
	"SELECT FROM WHERE",
	"SELEC 1",
	"SELECT 'é日本🙂' nothing extra",
	"SELECT (1",
	"SELECT 'unfinished",
	"SELECT 1 FROM users WHERE score = ",
}

// unplaced are statements whose error only the server finds, in the text that cordon sends: that has no place in the analyst's.
var unplaced = []string{
	"SELECT username + 1 FROM users",
	"SELECT score, count(*) FROM users",
	"SELECT 'x'::int",
	"SELECT score FROM users WHERE score = 'x'",
	"SELECT upper(score) FROM users",
	"SELECT CASE WHEN true THEN 1 ELSE 'x' END",
	"SELECT 1 FROM users WHERE score",
	"SELECT sum(max(score)) FROM users",
}

// TestPositions compares where an error is said to stand with what Postgres says of the same text: behind characters of several bytes, in the second statement of
// a string, in PREPARE, on a later line, by both protocols.
func TestPositions(t *testing.T) {
	t.Parallel()
	p := twins(t, corpusSubject(t))
	cordon, direct := p.sessions(t, p.serve(t, nil))
	defer cordon.close()
	defer direct.close()
	ways := map[string]func(*asker, string) (*pgconn.PgError, error){
		"simple":   func(a *asker, sql string) (*pgconn.PgError, error) { return a.failure(sql, false) },
		"extended": func(a *asker, sql string) (*pgconn.PgError, error) { return a.failure(sql, true) },
		"behind characters": func(a *asker, sql string) (*pgconn.PgError, error) {
			return a.failure("/* é日本🙂 */\n  "+sql, true)
		},
		"second statement": func(a *asker, sql string) (*pgconn.PgError, error) {
			return a.failure("SELECT 'é日本🙂'; -- and\n"+sql, false)
		},
		"PREPARE": func(a *asker, sql string) (*pgconn.PgError, error) {
			return a.failure("PREPARE kept AS "+sql, false)
		},
	}
	placed := 0
	for name, way := range ways {
		for _, sql := range misplaced {
			got, want := both(t, cordon, direct, way, sql)
			if got.Code != want.Code || got.Position != want.Position {
				t.Errorf("%s: %s\n%s %s at %d, Postgres: %s %s at %d", name, sql, got.Code, got.Message, got.Position, want.Code, want.Message, want.Position)
			}
			if want.Position > 0 {
				placed++
			}
		}
		for _, sql := range unplaced {
			got, want := both(t, cordon, direct, way, sql)
			if got.Code != want.Code || got.Position != 0 || want.Position == 0 || got.InternalPosition != 0 {
				t.Errorf("%s: %s\n%s %s at %d, Postgres: %s %s at %d", name, sql, got.Code, got.Message, got.Position, want.Code, want.Message, want.Position)
			}
		}
	}
	if placed < 200 {
		t.Errorf("only %d errors have a position", placed)
	}
}

// TestRefusedPositions looks at where refusals of cordon's own stand: at what they are about.
func TestRefusedPositions(t *testing.T) {
	t.Parallel()
	p := twins(t, corpusSubject(t))
	cordon, direct := p.sessions(t, p.serve(t, nil))
	defer cordon.close()
	defer direct.close()
	for _, sql := range []string{ // what is refused stands behind ^
		"SELECT 'é日本🙂', ^pg_sleep(1)",
		"SELECT 1 FROM users WHERE score > ^pg_try_advisory_lock(1)",
		"SELECT 1 FROM ^pg_shmem_allocations a",
		"SELECT NULL::^tid",
		"SELECT 1 FROM users WHERE ^ctid IS NULL",
		"SELECT * FROM users TABLESAMPLE ^system (1 + random())",
		"SELECT '日本'; ^DELETE FROM users",
		"SELECT '日本'; /* x */ ^SET row_security = off",
		"^EXPLAIN SELECT 1",
	} {
		before, after, found := strings.Cut(sql, "^")
		if !found {
			t.Fatalf("%s: no place", sql)
		}
		got, err := cordon.failure(before+after, false)
		if err != nil || got == nil {
			t.Fatalf("%s: %v", sql, err)
		}
		if want := int32(len([]rune(before)) + 1); got.Position != want || !strings.HasPrefix(got.Message, "cordon") || got.Hint == "" {
			t.Errorf("%s: %s at %d, want %d", sql, got.Message, got.Position, want)
		}
	}
}

func both(tb testing.TB, cordon, direct *asker, way func(*asker, string) (*pgconn.PgError, error), sql string) (got, want *pgconn.PgError) {
	tb.Helper()
	got, err := way(cordon, sql)
	if err != nil || got == nil {
		tb.Fatalf("cordon: %s: %v", sql, err)
	}
	want, err = way(direct, sql)
	if err != nil || want == nil {
		tb.Fatalf("the twin: %s: %v", sql, err)
	}
	return got, want
}

// failure is the error that a text comes to.
func (a *asker) failure(sql string, extended bool) (*pgconn.PgError, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var err error
	if extended {
		_, err = one(a.conn.ExecParams(ctx, sql, nil, nil, nil, nil).Read())
	} else {
		_, err = a.conn.Exec(ctx, sql).ReadAll()
	}
	var failed *pgconn.PgError
	if errors.As(err, &failed) {
		return failed, nil
	}
	return nil, fmt.Errorf("no error: %w", err)
}
