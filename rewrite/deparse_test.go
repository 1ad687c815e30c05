package rewrite

import (
	"testing"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// TestDeparseParentheses: what the deparser writes wrongly by itself is written with parentheses.
func TestDeparseParentheses(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT (ARRAY(SELECT 1))[1]":                             "SELECT (ARRAY(SELECT 1))[1]",
		"SELECT (CASE WHEN a THEN b END)[1]":                      "SELECT (CASE WHEN a THEN b END)[1]",
		"SELECT (a IS DISTINCT FROM b) IS TRUE":                   "SELECT (a IS DISTINCT FROM b) IS TRUE",
		"SELECT (x IS DISTINCT FROM y) IS NULL, (ARRAY[x, y])[1]": "SELECT (x IS DISTINCT FROM y) IS NULL, (ARRAY[x, y])[1]",
		"SELECT ((a IS DISTINCT FROM b) IS TRUE) IS DISTINCT FROM (c = ANY (SELECT (d IS DISTINCT FROM e) IS FALSE))": "SELECT ((a IS DISTINCT FROM b) IS TRUE) IS DISTINCT FROM (c = ANY (SELECT (d IS DISTINCT FROM e) IS FALSE))",
	} {
		tree, err := pg.Parse(sql)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := deparse(tree.Stmts[0].Stmt); err != nil || got != want {
			t.Errorf("%s is written as %q, %v", sql, got, err)
		}
	}
}
