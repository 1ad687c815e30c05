package rewrite

import (
	"strings"
	"testing"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

// extended plans a query against the stored catalog, in which an extension has the operator === and the function unlisted.
func extended(tb testing.TB, sealed bool, sql string) (*Plan, error) {
	tb.Helper()
	snapshot := storedSnapshot(tb)
	toy := &catalog.Extension{Name: "toy"}
	for _, f := range snapshot.Functions("public", "unlisted") {
		toy.Functions = append(toy.Functions, f.OID)
	}
	for _, f := range snapshot.Functions("pg_catalog", "planted") {
		toy.Functions = append(toy.Functions, f.OID)
	}
	for _, name := range []string{"===", "~~~~"} {
		for _, o := range snapshot.Operators(name) {
			toy.Operators = append(toy.Operators, o.OID)
		}
	}
	snapshot.Extensions = map[string]*catalog.Extension{"toy": toy}
	cfg := parsedPolicy(tb, func(text string) string {
		if sealed {
			text = sealedPolicy(text)
		}
		return strings.Replace(text, `functions = ["public.allowed"`, `functions = ["toy.*", "public.allowed"`, 1)
	})
	rw := newTestRewriter(tb, cfg, "app", &storedCatalog{current: snapshot})
	abbreviate(tb, rw, "analyst")
	s, err := rw.NewSession(SessionParams{User: "analyst", Database: "app"})
	if err != nil {
		tb.Fatal(err)
	}
	plans, err := s.Query(tb.Context(), sql)
	if err != nil {
		return nil, err
	}
	return plans[0], nil
}

// TestMemberOperator: an extension's operator is written with its schema, sees no raw identifier and no hidden row, and its errors are withheld.
func TestMemberOperator(t *testing.T) {
	for _, sealed := range []bool{false, true} {
		p, err := extended(t, sealed, "SELECT username FROM users WHERE user_id OPERATOR(public.===) 'x' AND username === 'x'")
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"OPERATOR(public.===) 'x'", "WHERE false OFFSET 0", "<pseudonym user bigint: "} {
			if !strings.Contains(p.SQL, want) {
				t.Errorf("%s lacks %s", p.SQL, want)
			}
		}
		if !p.Opaque {
			t.Error("the text of errors is not withheld")
		}
	}
	for sql, want := range map[string]string{
		"SELECT title FROM videos WHERE title OPERATOR(public.===) ANY (ARRAY['x'])": "OPERATOR(public.===) ANY",
		"SELECT unlisted(1)": "public.unlisted(1)",
	} {
		if p, err := extended(t, true, sql); err != nil || !strings.Contains(p.SQL, want) {
			t.Errorf("%s: %v, %+v", sql, err, p)
		}
	}
}

// TestMemberOfCatalog: what an extension put into pg_catalog is not admitted by listing it.
func TestMemberOfCatalog(t *testing.T) {
	for _, sql := range []string{
		"SELECT planted()", "SELECT pg_catalog.planted()", "SELECT 'a' ~~~~ 'b'", "SELECT 'a' OPERATOR(pg_catalog.~~~~) 'b'",
		"SELECT 'a' === ANY (SELECT 'b')", "SELECT title FROM videos ORDER BY title USING ===",
	} {
		if p, err := extended(t, true, sql); err == nil || !isOwnRefusal(err) {
			t.Errorf("%s: %v, %+v", sql, err, p)
		}
	}
}

// TestMemberOperandsDeep: what an operand may be is looked at within the budget of a statement.
func TestMemberOperandsDeep(t *testing.T) {
	p, err := extended(t, true, "SELECT title"+strings.Repeat(" === ('x' || title)", 900)+" FROM videos")
	if err != nil || !strings.Contains(p.SQL, "OPERATOR(public.===)") {
		t.Errorf("%v, %+v", err, p)
	}
}
