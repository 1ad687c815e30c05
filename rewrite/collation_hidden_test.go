package rewrite

import (
	"strings"
	"testing"

	"github.com/cordon-db/cordon/masking"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

// shaded is the stored catalog with types that are compared by the collation own, which takes texts that differ for equal, whatever they are made of.
func shaded(snapshot *catalog.Snapshot) {
	domain, _ := snapshot.TypeByName("public", "short_text")
	domain.Collation, domain.Checks = "public.own", nil
	over, _ := snapshot.TypeByName("public", "mood")
	*over = catalog.Type{OID: over.OID, Schema: "public", Name: "mood", Kind: 'd', Category: 'S', Base: domain.OID, Collation: `pg_catalog."C"`, Array: over.Array}
	pair, _ := snapshot.TypeByName("public", "pair")
	rel, _ := snapshot.RelationByOID(pair.Relation)
	for i := range rel.Columns {
		if c := &rel.Columns[i]; c.Name == "b" {
			c.Type = masking.Type{OID: oidText, Name: "text", Collation: "public.own"}
		}
	}
}

// TestFoldingTypes: where the order of rows is hidden, a type is refused as its collation is, if it takes texts that differ for equal.
func TestFoldingTypes(t *testing.T) {
	sqls := []string{
		"SELECT DISTINCT username::short_text FROM users",
		"SELECT DISTINCT CAST(username AS public.short_text) FROM users",
		"SELECT min(username::mood) FROM users",
		"SELECT DISTINCT ARRAY[username]::short_text[] FROM users",
		"SELECT DISTINCT ROW(1, username)::pair FROM users",
		"SELECT DISTINCT short_text(username) FROM users",
		"SELECT DISTINCT COALESCE(NULL::short_text, username) FROM users",
		"SELECT DISTINCT r.a FROM users, json_to_record(json_build_object('a', username)) AS r (a short_text)",
		"SELECT DISTINCT r.a FROM users, xmltable('/x' PASSING xml('<x/>') COLUMNS a short_text PATH 'x') AS r",
		"SELECT DISTINCT r.b FROM users, json_populate_record(NULL::pair, json_build_object('b', username)) AS r",
		"PREPARE p(short_text) AS SELECT DISTINCT COALESCE(CASE WHEN views < 0 THEN $1 END, username) FROM users",
		"PREPARE p(pair[]) AS SELECT 1 FROM users",
	}
	hidden := hiding(t, shaded)
	snapshot := storedSnapshot(t)
	shaded(snapshot)
	shown := newTestSession(t, newTestRewriter(t, parsedPolicy(t, nil), "app", &storedCatalog{current: snapshot}))
	for _, sql := range sqls {
		if _, err := play(hidden, sql); err == nil || !strings.Contains(err.Error(), "takes texts that differ for equal") {
			t.Errorf("%s: %v", sql, err)
		}
		if _, err := play(shown, sql); err != nil && strings.Contains(err.Error(), "takes texts that differ for equal") {
			t.Errorf("where the order is shown: %s: %v", sql, err)
		}
	}
	domain, _ := snapshot.TypeByName("public", "short_text")
	const sql = "SELECT DISTINCT COALESCE(CASE WHEN views < 0 THEN $1 END, username) FROM users"
	for _, oid := range []uint32{domain.OID, domain.Array} {
		if _, err := hidden.Parse(t.Context(), sql, []uint32{oid}); err == nil || !strings.Contains(err.Error(), "takes texts that differ for equal") {
			t.Errorf("a parameter of type %d: %v", oid, err)
		}
	}
	if _, err := shown.Parse(t.Context(), sql, []uint32{domain.OID}); err != nil {
		t.Error(err)
	}
	// ...but for a table with partitions by what is hidden.
	if _, err := play(shown, "SELECT DISTINCT page::short_text FROM visits"); err == nil || !strings.Contains(err.Error(), "takes texts that differ for equal") {
		t.Errorf("partitions: %v", err)
	}
	if _, err := shown.Parse(t.Context(), "SELECT DISTINCT COALESCE(CASE WHEN page = '' THEN $1 END, page) FROM visits", []uint32{domain.OID}); err == nil || !strings.Contains(err.Error(), "takes texts that differ for equal") {
		t.Errorf("partitions, a parameter: %v", err)
	}
}

// TestDeterministicTypes: a domain of another collation is admitted.
func TestDeterministicTypes(t *testing.T) {
	for _, collation := range []string{"", `pg_catalog."C"`, "public.plain", "unseen.own"} {
		s := hiding(t, func(s *catalog.Snapshot) {
			shaded(s)
			domain, _ := s.TypeByName("public", "short_text")
			domain.Collation = collation
		})
		if _, err := play(s, "SELECT DISTINCT username::short_text, 'x'::mood FROM users"); err != nil {
			t.Errorf("%q: %v", collation, err)
		}
	}
}
