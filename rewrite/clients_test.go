package rewrite

import (
	"os"
	"path/filepath"
	"testing"
)

// TestCatalogQueriesPlan: what psql, JDBC, SQLAlchemy and others ask of the catalog is planned, not refused.
func TestCatalogQueriesPlan(t *testing.T) {
	files, err := filepath.Glob("builtin/testdata/catalog_queries/*.sql")
	if err != nil || len(files) < 5 {
		t.Fatalf("catalog queries: %v, %v", files, err)
	}
	rw := appRewriter(t)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		stmts, err := parse(string(text))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, stmt := range stmts {
			source := sourceOf(string(text), stmt)
			s := newTestSession(t, rw)
			plans, err := s.Query(t.Context(), source)
			if err != nil {
				t.Errorf("%s: %v\n%s", filepath.Base(file), err, source)
			}
			for _, p := range plans {
				checkSent(t, s, p)
			}
		}
	}
}
