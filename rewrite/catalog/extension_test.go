package catalog

import (
	"log/slog"
	"slices"
	"testing"
)

// TestExtensions: what belongs to an extension is found in any schema, and a change of that alone is seen.
func TestExtensions(t *testing.T) {
	t.Parallel()
	s, _, conn := source(t, "extended", slog.New(slog.DiscardHandler))
	run(t, conn, "CREATE EXTENSION pg_trgm; CREATE FUNCTION mine(int4) RETURNS int4 LANGUAGE sql AS 'SELECT 1'")
	first := refresh(t, s)
	e := first.Extensions["pg_trgm"]
	if e == nil || first.Extensions["plpgsql"] == nil || len(first.Extensions) != 2 {
		t.Fatalf("extensions %+v", first.Extensions)
	}
	similarity, mine := first.Functions("public", "similarity")[0].OID, first.Functions("public", "mine")[0].OID
	percent := first.Operators("%>")[0].OID
	if !slices.Contains(e.Functions, similarity) || slices.Contains(e.Functions, mine) || !slices.Contains(e.Operators, percent) {
		t.Errorf("members %+v", e)
	}
	run(t, conn, "ALTER EXTENSION pg_trgm ADD FUNCTION mine(int4)")
	if e := refresh(t, s).Extensions["pg_trgm"]; !slices.Contains(e.Functions, mine) {
		t.Error("a new member is not seen")
	}
}
