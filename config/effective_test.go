package config

import (
	"testing"
	"time"
)

const grantFile = `
upstream.hosts = ["a:1"]
upstream.catalog.user = "c"
[database.app.table."public.t".columns]
a = "hide"
b = "null"
[database.other.table."public.t".columns]
a = "hide"
[[grant]]
users = ["li.wei", "bo"]
columns = ["app.public.t.a"]
until = 2026-01-01T00:00:00Z
reason = "one"
[[grant]]
users = ["li.wei"]
columns = ["app.public.t.b"]
until = 2026-02-01T00:00:00+01:00
reason = "two"
`

// TestEffective: grants lift for their users until their end, and the identity says so.
func TestEffective(t *testing.T) {
	cfg, err := Parse("grants.toml", []byte(grantFile))
	if err != nil {
		t.Fatal(err)
	}
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	early, end1, late, end2 := at("2025-06-01T00:00:00Z"), at("2026-01-01T00:00:00Z"), at("2026-01-15T00:00:00Z"), at("2026-01-31T23:00:00Z")
	ids := map[string]string{}
	for _, c := range []struct {
		name, user string
		now        time.Time
		a, b       TreatmentKind
		until      time.Time
		set        string // same set, same identity
	}{
		{"both", "li.wei", early, Show, Show, end1, "both"},
		{"one user of one", "bo", early, Show, Null, end1, "first"},
		{"first ended", "li.wei", end1, Hide, Show, end2, "second"},
		{"still", "li.wei", late, Hide, Show, end2, "second"},
		{"the clock went back", "li.wei", early, Show, Show, end1, "both"},
		{"all ended", "li.wei", end2, Hide, Null, time.Time{}, "none"},
		{"ended for bo", "bo", late, Hide, Null, time.Time{}, "none"},
		{"nobody's", "eve", early, Hide, Null, time.Time{}, "none"},
		{"no user", "", early, Hide, Null, time.Time{}, "none"},
	} {
		e := cfg.Effective("app", c.user, c.now)
		table := e.Database.Table("public", "t")
		if table.Columns["a"].Kind != c.a || table.Columns["b"].Kind != c.b {
			t.Errorf("%s: columns are %v", c.name, table.Columns)
		}
		if !e.Until.Equal(c.until) {
			t.Errorf("%s: until %v, wanted %v", c.name, e.Until, c.until)
		}
		if id, ok := ids[c.set]; ok && id != e.ID {
			t.Errorf("%s: identity %q, wanted %q", c.name, e.ID, id)
		}
		ids[c.set] = e.ID
	}
	distinct := map[string]bool{}
	for _, id := range ids {
		distinct[id] = true
	}
	if len(distinct) != len(ids) {
		t.Errorf("identities collide: %v", ids)
	}
	if e := cfg.Effective("other", "li.wei", early); e.Database.Table("public", "t").Columns["a"].Kind != Hide || distinct[e.ID] {
		t.Errorf("a grant of another database reached %+v", e)
	}
	if e := cfg.Effective("nowhere", "li.wei", early); e != nil {
		t.Errorf("a database without a section has a policy: %+v", e)
	}
}

// TestVersion: another text is another identity, so no plan survives a reload.
func TestVersion(t *testing.T) {
	one, err := Parse("x", []byte(grantFile))
	if err != nil {
		t.Fatal(err)
	}
	two, err := Parse("x", []byte(grantFile+"# changed"))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := one.Effective("app", "", time.Now()).ID, two.Effective("app", "", time.Now()).ID; a == b {
		t.Errorf("both are %q", a)
	}
}

func BenchmarkEffective(b *testing.B) {
	cfg, err := Parse("x", []byte(grantFile))
	if err != nil {
		b.Fatal(err)
	}
	now := time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)
	for b.Loop() {
		cfg.Effective("app", "li.wei", now)
	}
}
