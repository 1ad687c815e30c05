package rewrite

import (
	"errors"
	"strings"
	"testing"
)

// What was renamed away from the policy must not be shown under its new name.
func TestMissingHidesUnlisted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, from, to string
		hidden         bool
	}{
		{"nothing missing", "", "", false},
		{"table", `[database.open.table."public.hidden_messages"]`, `[database.open.table."public.renamed_away"]`, true},
		{"column", `phone`, `telephone`, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg := parsedPolicy(t, func(s string) string {
				i := strings.Index(s, "[database.open]")
				return s[:i] + strings.Replace(s[i:], c.from, c.to, 1)
			})
			rw := newTestRewriter(t, cfg, "open", &storedCatalog{current: storedSnapshot(t)})
			s, err := rw.NewSession(SessionParams{User: "analyst", Database: "open"})
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.Query(t.Context(), "SELECT name FROM public.countries")
			var e *Error
			if hidden := errors.As(err, &e) && e.Code == "42P01"; hidden != c.hidden {
				t.Errorf("an unlisted table gives %v", err)
			}
			_, err = s.Query(t.Context(), "SELECT username FROM public.users")
			if hidden := errors.As(err, &e) && e.Code == "42703"; hidden != c.hidden {
				t.Errorf("an unlisted column gives %v", err)
			}
		})
	}
}

// A child or partition with a rule of its own would be read past it by its parent's name.
func TestInheritanceNeedsOneRule(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, entry string
		ok          bool
	}{
		{"no entry", "", true},
		{"the same", "[database.app.table.\"public.dogs\".columns]\nname = \"show\"\nbreed = \"show\"\n", true},
		{"denied", "[database.app.table.\"public.dogs\"]\ndeny = true\n", false},
		{"rows", "[database.app.table.\"public.dogs\"]\nrows = \"breed = 'x'\"\n[database.app.table.\"public.dogs\".columns]\nname = \"show\"\n", false},
		{"column", "[database.app.table.\"public.dogs\".columns]\nname = \"null\"\n", false},
		{"partition", "[database.app.table.\"public.events_2024\"]\ndeny = true\n", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg := parsedPolicy(t, func(s string) string {
				i := strings.Index(s, "[database.open]")
				return s[:i] + c.entry + s[i:]
			})
			rw := newTestRewriter(t, cfg, "app", &storedCatalog{current: storedSnapshot(t)})
			if _, err := rw.NewSession(SessionParams{User: "analyst", Database: "app"}); (err == nil) != c.ok {
				t.Errorf("login: %v", err)
			}
		})
	}
}

// A table with a foreign partition is there only if listed, as the foreign table is; the rest of the database is not touched.
func TestForeignPartition(t *testing.T) {
	t.Parallel()
	snapshot := storedSnapshot(t)
	for _, rel := range snapshot.Relations() {
		if rel.Name == "events_2024" {
			rel.Kind = 'f'
		}
	}
	rw := newTestRewriter(t, parsedPolicy(t, nil), "open", &storedCatalog{current: snapshot})
	s, err := rw.NewSession(SessionParams{User: "analyst", Database: "open"})
	if err != nil {
		t.Fatal(err)
	}
	for table, want := range map[string]string{"events": "42P01", "events_2024": "42501", "dogs": ""} {
		if _, err := s.Query(t.Context(), "SELECT * FROM "+table); codeOf(err) != want {
			t.Errorf("%s: %v", table, err)
		}
	}
}
