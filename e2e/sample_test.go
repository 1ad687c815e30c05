package e2e

import (
	"context"
	"testing"
)

// TestSamples: a sample has about as many rows as it asks for, of the visible ones, others each time, and is drawn once a reference.
func TestSamples(t *testing.T) {
	t.Parallel()
	g := executedWorlds(t, *server, orderHidden)
	a := connect(t, g[0].address, "analyst", database, nil)
	defer a.close()
	ask := func(sql string) string {
		t.Helper()
		results, err := a.conn.Exec(context.Background(), sql).ReadAll()
		if err != nil || len(results) != 1 || len(results[0].Rows) != 1 {
			t.Fatalf("%s: %v", sql, err)
		}
		return string(results[0].Rows[0][0])
	}
	for _, sql := range []string{
		"SELECT count(*) BETWEEN 140 AND 260 FROM videos TABLESAMPLE BERNOULLI (50)", // of 400: six deviations
		"SELECT count(*) BETWEEN 140 AND 260 FROM videos TABLESAMPLE SYSTEM (50)",
		"SELECT count(*) BETWEEN 5 AND 75 FROM videos TABLESAMPLE BERNOULLI (10)",
		"SELECT count(*) = 0 FROM videos TABLESAMPLE BERNOULLI (80) WHERE visibility <> 'public' OR title LIKE 'zz%'",
		"SELECT count(*) = 0 FROM (SELECT v.video_id FROM generate_series(1, 20) i, videos v TABLESAMPLE BERNOULLI (50) GROUP BY v.video_id HAVING count(*) <> 20) s",
		"SELECT count(DISTINCT n) = 1 FROM generate_series(1, 20) i, LATERAL (SELECT count(*) AS n FROM videos v TABLESAMPLE BERNOULLI (50) WHERE v.video_id > i - i) s",
		"SELECT count(DISTINCT n) = 1 FROM generate_series(1, 20) i, LATERAL (SELECT count(*) + i - i AS n FROM videos v TABLESAMPLE BERNOULLI (50)) s",
		"SELECT count(*) BETWEEN 40 AND 160 FROM videos v TABLESAMPLE BERNOULLI (50) JOIN videos w TABLESAMPLE BERNOULLI (50) USING (video_id)", // each by itself
	} {
		if got := ask(sql); got != "t" {
			t.Errorf("%s: %s", sql, got)
		}
	}
	const which = "SELECT string_agg(title, ' ' ORDER BY title) FROM videos TABLESAMPLE BERNOULLI (50)"
	if first, second := ask(which), ask(which); first == second {
		t.Error("two samples are the same")
	}
}
