package rewrite

import (
	"strings"
	"testing"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

// ownText is the stored catalog with a base type of people's own, of which countries.name is, and which has an operator = and a function max of its own.
func ownText(tb testing.TB) *catalog.Snapshot {
	tb.Helper()
	snapshot := storedSnapshot(tb)
	own := &catalog.Type{OID: 999999, Schema: "public", Name: "anycase", Kind: 'b', Category: 'S'}
	snapshot.Types[own.OID] = own
	countries, _ := snapshot.Relation("public", "countries")
	for i := range countries.Columns {
		if countries.Columns[i].Name == "name" {
			countries.Columns[i].Type.OID = own.OID
		}
	}
	for _, o := range snapshot.Operators("=") {
		if snapshot.Types[o.Left].Name == "tid" {
			o.OID, o.Schema, o.Left, o.Right = own.OID+1, "public", own.OID, own.OID
			return snapshot
		}
	}
	tb.Fatal("no operator to replace")
	return nil
}

// TestOwnOperator: a value of people's own base type is not compared by pg_catalog's operator, which would be taken without a word.
func TestOwnOperator(t *testing.T) {
	rw := newTestRewriter(t, parsedPolicy(t, nil), "app", &storedCatalog{current: ownText(t)})
	for sql, admitted := range map[string]bool{
		"SELECT 1 FROM countries WHERE name = 'x'":                               false,
		"SELECT 1 FROM countries WHERE 'x' = name":                               false,
		"SELECT 1 FROM countries WHERE name = $1":                                false,
		"SELECT 1 FROM countries WHERE name IN ('x', 'y')":                       false,
		"SELECT 1 FROM countries WHERE 'x' IN (code, name)":                      false,
		"SELECT 1 FROM countries WHERE name IS DISTINCT FROM 'x'":                false,
		"SELECT NULLIF(name, 'x') FROM countries":                                false,
		"SELECT CASE name WHEN 'x' THEN 1 END FROM countries":                    false,
		"SELECT 1 FROM countries WHERE (code, name) = ('x', 'y')":                false,
		"SELECT 1 FROM countries WHERE (code, name) IN (('x', 'y'), ('a', 'b'))": false,
		"SELECT 1 FROM countries WHERE name IN (SELECT name FROM countries)":     false,
		"SELECT 1 FROM countries WHERE name = ANY ('{x}')":                       false,
		"SELECT 1 FROM countries a JOIN countries b USING (name)":                false,
		"SELECT 1 FROM countries a NATURAL JOIN countries b":                     false,
		"SELECT 1 FROM countries WHERE name = (SELECT NULL)":                     false, // of a type that is not derived
		"SELECT 1 FROM countries WHERE name = code":                              true,  // as text, on the twin too
		"SELECT 1 FROM countries WHERE name::text = 'x'":                         true,
		"SELECT 1 FROM countries WHERE name <> 'x'":                              true, // of which it has none
		"SELECT 1 FROM countries WHERE code = 'x'":                               true,
		"SELECT DISTINCT name FROM countries GROUP BY name ORDER BY name":        true,
	} {
		_, err := newTestSession(t, rw).Parse(t.Context(), sql, nil)
		if refused := err != nil && strings.Contains(err.Error(), `type "anycase" has an operator "=" of its own`); refused == admitted || admitted && err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// TestOwnFunction: between a built-in function and one of people's own the types of the arguments decide, and it is refused where they do not.
func TestOwnFunction(t *testing.T) {
	snapshot, _ := ownMood(t)
	rw := newTestRewriter(t, parsedPolicy(t, nil), "app", &storedCatalog{current: snapshot})
	for sql, reason := range map[string]string{
		"SELECT lower(title) FROM videos":             "",
		"SELECT lower('A')":                           "could be chosen instead",
		"SELECT lower($1)":                            "could be chosen instead",
		"SELECT lower(mood) FROM users":               "public.lower is not allowed by the policy",
		"SELECT pg_catalog.lower('A')":                "",
		"SELECT lower(title::varchar(3)) FROM videos": "",
	} {
		_, err := newTestSession(t, rw).Parse(t.Context(), sql, nil)
		if (err != nil) != (reason != "") || err != nil && !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v", sql, err)
		}
	}
}
