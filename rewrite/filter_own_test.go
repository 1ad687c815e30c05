package rewrite

import (
	"testing"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

// TestFilterOfOwnType: the policy's text means the operator of a value's own type, or has to say which.
func TestFilterOfOwnType(t *testing.T) {
	t.Parallel()
	snapshot := ownText(t)
	countries, _ := snapshot.Relation("public", "countries")
	for text, want := range map[string]string{
		"name = 'x'":                          "name OPERATOR(public.=) 'x'",
		"'x' = name":                          "'x' OPERATOR(public.=) name",
		"name = ANY ('{x}')":                  "name OPERATOR(public.=) ANY('{x}')",
		"name = ANY (ARRAY['x'])":             "name = ANY(ARRAY['x'])", // texts
		"name = coalesce('x', 'y')":           "name = COALESCE('x', 'y')",
		"name = (SELECT 'x')":                 "name = (SELECT 'x')",
		"coalesce(name, 'y') = 'x'":           "COALESCE(name, 'y') OPERATOR(public.=) 'x'",
		"name OPERATOR(pg_catalog.=) 'x'":     "name OPERATOR(pg_catalog.=) 'x'",
		"name::text = 'x' AND code IN ('y')":  "name::text = 'x' AND code IN ('y')",
		"name = code":                         "name = code", // no implicit cast makes code one
		"name <> 'x'":                         "name <> 'x'", // of which it has none
		"name IN ('x', 'y')":                  "",
		"name NOT IN ('x', 'y')":              "name NOT IN ('x', 'y')",
		"name IS DISTINCT FROM 'x'":           "",
		"NULLIF(name, 'x') IS NULL":           "",
		"CASE name WHEN 'x' THEN true END":    "",
		"CASE code WHEN 'x' THEN true END":    "CASE code WHEN 'x' THEN true END",
		"(name, code) = ('x', 'y')":           "",
		"(name, code) IN (('x', 'y'))":        "",
		"name IN (SELECT name FROM users)":    "",
		"(name, 1) IN (SELECT 'x', 2)":        "",
		"'x' = ANY (SELECT name FROM users)":  "",
		"(ARRAY[name])[1] = 'x'":              "",
		"(SELECT name FROM countries) = code": "(SELECT name FROM public.countries countries) = code",
		"EXISTS (SELECT 1 FROM countries a JOIN countries b USING (name))": "",
		"EXISTS (SELECT 1 FROM countries a JOIN countries b USING (code))": "EXISTS (SELECT 1 FROM public.countries a JOIN public.countries b USING (code))",
		"EXISTS (SELECT 1 FROM countries a NATURAL JOIN countries b)":      "",
		"EXISTS (SELECT 1 FROM countries a ORDER BY code USING <)":         "",
	} {
		got, _, err := qualifyFilter(snapshot, countries, text)
		if (err != nil) != (want == "") || err == nil && got != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
}

// ownMood is the stored catalog with mood a base type that has an operator = and a prefix operator @ of its own beside lower(mood), and that unlisted(int4) gives.
func ownMood(tb testing.TB) (snapshot *catalog.Snapshot, mood *catalog.Type) {
	tb.Helper()
	snapshot = storedSnapshot(tb)
	mood, _ = snapshot.TypeByName("public", "mood")
	mood.Kind, mood.Category = 'b', 'S'
	for _, f := range snapshot.Functions("public", "unlisted") {
		f.Result = mood.OID
	}
	for name, left := range map[string]uint32{"=": mood.OID, "@": 0} {
		o := snapshot.Operators(name)[0]
		o.OID, o.Schema, o.Left, o.Right = 999990+uint32(len(name)), "public", left, mood.OID
	}
	return snapshot, mood
}

// TestFilterMeans: what is meant of names that pg_catalog and people's own schemas both have follows from types, and where it does not the text says so.
func TestFilterMeans(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ table, text, want string }{
		{"users", "mood = 'good'", "mood OPERATOR(public.=) 'good'"},
		{"users", "lower(mood) = 'x'", "public.lower(mood) = 'x'"},
		{"users", "lower(username) = 'x'", "lower(username) = 'x'"},
		{"users", "lower(username::varchar) = 'x'", "lower(username::varchar) = 'x'"},
		{"users", "lower('X') = username", ""},
		{"users", "(@ mood) IS NULL", ""},
		{"videos", "allowed(views) = 1", "public.allowed(views) = 1"},
		{"videos", "(ARRAY[title])[1] = (ARRAY[title])[1]", "ARRAY[title][1] = ARRAY[title][1]"}, // no value of such a type is near
		{"videos", "(ARRAY['x'::mood])[1] = (ARRAY[title])[1]", ""},
		{"videos", "(ARRAY[unlisted(views)])[1] = (ARRAY[title])[1]", ""},
		{"countries", "spot[1] = spot[2]", ""},
	} {
		snapshot, mood := ownMood(t)
		countries, _ := snapshot.Relation("public", "countries")
		ofSpot(countries).Type.OID = mood.Array
		rel, _ := snapshot.Relation("public", c.table)
		if got, _, err := qualifyFilter(snapshot, rel, c.text); (err != nil) != (c.want == "") || got != c.want {
			t.Errorf("%s: %s, %v", c.text, got, err)
		}
	}
	snapshot, mood := ownMood(t)
	snapshot.Types[999997] = &catalog.Type{OID: 999997, Schema: "public", Name: "moods", Kind: 'r', Category: 'R', Subtype: mood.OID}
	countries, _ := snapshot.Relation("public", "countries")
	ofSpot(countries).Type.OID = 999997
	if got, _, err := qualifyFilter(snapshot, countries, "lower(spot) = lower(spot)"); err == nil {
		t.Errorf("a bound of a range of moods: %s", got)
	}
	snapshot = ownText(t) // where mood is an enum
	users, _ := snapshot.Relation("public", "users")
	if _, _, err := qualifyFilter(snapshot, users, "(ARRAY[username])[1] = (ARRAY[username])[1]"); err != nil {
		t.Errorf("beside an enum: %v", err)
	}
}

func ofSpot(countries *catalog.Relation) *catalog.Column {
	for i := range countries.Columns {
		if countries.Columns[i].Name == "spot" {
			return &countries.Columns[i]
		}
	}
	return nil
}
