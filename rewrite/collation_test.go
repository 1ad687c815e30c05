package rewrite

import (
	"strings"
	"testing"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

// TestDomainCollation: what is of a domain is compared by the domain's collation, by which LIKE raises: tables are fenced from it. That of the text under it is not.
func TestDomainCollation(t *testing.T) {
	for _, collation := range []string{"", "public.own"} {
		snapshot := storedSnapshot(t)
		domain, _ := snapshot.TypeByName("public", "short_text")
		domain.Collation = collation
		domain.Checks = nil
		rw := newTestRewriter(t, parsedPolicy(t, nil), "app", &storedCatalog{current: snapshot})
		abbreviate(t, rw, "analyst")
		for _, sql := range []string{
			"SELECT count(*) FROM users WHERE CASE WHEN views = 7 THEN $1 LIKE 'a%' ELSE true END",
		} {
			s, err := rw.NewSession(SessionParams{User: "analyst", Database: "app"})
			if err != nil {
				t.Fatal(err)
			}
			p, err := s.Parse(t.Context(), sql, []uint32{domain.OID})
			if err != nil {
				t.Fatal(err)
			}
			fenced := strings.Contains(p.SQL, "OFFSET 0")
			if fenced != (collation != "") {
				t.Errorf("collation %q: %s", collation, p.SQL)
			}
		}
	}
}

// TestDomainOverArray: such a domain may have the category and the element of its array, and has constraints of its own.
func TestDomainOverArray(t *testing.T) {
	snapshot := storedSnapshot(t)
	text := snapshot.Types[oidText]
	domain := &catalog.Type{OID: 999999, Schema: "public", Name: "texts", Kind: 'd', Category: 'A', Elem: text.OID, Base: text.Array, Checks: []string{"CHECK ((unlisted(1) = 1))"}}
	snapshot.Types[domain.OID] = domain
	tw, _, err := newTestRewriter(t, parsedPolicy(t, nil), "app", &storedCatalog{current: snapshot}).twin("analyst")
	if err != nil {
		t.Fatal(err)
	}
	if tw.admitsType(domain.OID) {
		t.Error("a domain over an array is admitted in spite of its constraint")
	}
	domain.Checks = nil
	clear(tw.checked)
	if !tw.admitsType(domain.OID) {
		t.Error("a domain over an array without constraints is refused")
	}
}

// TestJoinCollations: the database's own collation yields, two others conflict for good, and only some match patterns.
func TestJoinCollations(t *testing.T) {
	const c, posix, own = `pg_catalog."C"`, `pg_catalog."POSIX"`, `public.own`
	for _, test := range [][3]string{
		{"", "", ""}, {`pg_catalog."default"`, "", ""}, {c, `pg_catalog."default"`, c}, {"", own, own}, {c, c, c},
		{c, posix, conflicting}, {own, c, conflicting}, {conflicting, c, conflicting}, {"", conflicting, conflicting},
	} {
		if got := joinCollations(test[0], test[1]); got != test[2] {
			t.Errorf("%q with %q: %q, wanted %q", test[0], test[1], got, test[2])
		}
		if got := joinCollations(test[1], test[0]); got != test[2] {
			t.Errorf("%q with %q: %q, wanted %q", test[1], test[0], got, test[2])
		}
	}
	for collation, plain := range map[string]bool{"": true, c: true, posix: true, own: false, conflicting: false} {
		if plainCollations[collation] != plain {
			t.Errorf("%q matches patterns: %v", collation, !plain)
		}
	}
}
