package catalog

import (
	"slices"
	"strings"
	"testing"
)

func TestParsePath(t *testing.T) {
	long := strings.Repeat("a", 62)
	for _, c := range []struct {
		setting string
		want    []string
	}{
		{``, nil},
		{`  `, nil},
		{`"$user", public`, []string{"li.wei", "public"}},
		{`$user`, []string{"li.wei"}},
		{`"$USER"`, []string{"$USER"}},
		{`App , "App",pg_catalog`, []string{"app", "App", "pg_catalog"}},
		{`"a""b,c", ""`, []string{`a"b,c`, ""}},
		{`ÄB`, []string{"Äb"}},
		{long + "é", []string{long}},
		{`"` + long + `bc"`, []string{long + "b"}},
	} {
		if got := ParsePath(c.setting, "li.wei"); !slices.Equal(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.setting, got, c.want)
		}
	}
}

func TestSplitPathRefuses(t *testing.T) {
	for _, setting := range []string{`,`, `a,`, `,a`, `a,,b`, `a b`, `"a`, `"a"b`, `"a" "b"`} {
		if path, err := SplitPath(setting); err == nil {
			t.Errorf("%q: accepted as %q", setting, path)
		}
		if path := ParsePath(setting, "u"); path != nil {
			t.Errorf("%q: path %q", setting, path)
		}
	}
}

// TestSplitPathAgrees asks Postgres for the same: current_schemas names what its parser saw.
func TestSplitPathAgrees(t *testing.T) {
	conn := database(t, "paths", "", `CREATE SCHEMA app; CREATE SCHEMA "App"; CREATE SCHEMA "a""b,c"; CREATE SCHEMA "Äb"; CREATE SCHEMA a;
		CREATE SCHEMA "a b"; CREATE SCHEMA "$x"; CREATE SCHEMA "a""b"`)
	for _, setting := range []string{
		`App, "App"`, `"a""b,c",app`, `ÄB`, `"a b"`, "a\t,\n\"App\"", `$x`, `a"b`, `app,app`, `a"b""c`,
		`a b`, `a,`, `"a`, `"a"b`, `,`, ``,
	} {
		var want []string
		_, err := conn.Exec(t.Context(), "SELECT set_config('search_path', $1, false)", setting)
		if err == nil {
			err = conn.QueryRow(t.Context(), "SELECT current_schemas(false)::text[]").Scan(&want)
		}
		path, mine := SplitPath(setting)
		if (err == nil) != (mine == nil) {
			t.Errorf("%q: Postgres says %v, SplitPath %v", setting, err, mine)
			continue
		}
		// current_schemas drops what does not exist and what came before.
		var got []string
		exists := []string{"app", "App", `a"b,c`, "Äb", "a", "a b", "$x", `a"b`, "public"}
		for _, name := range path {
			if slices.Contains(exists, name) && !slices.Contains(got, name) {
				got = append(got, name)
			}
		}
		if err == nil && !slices.Equal(got, want) {
			t.Errorf("%q: got %q, Postgres %q", setting, got, want)
		}
	}
}
