package config

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestBad runs every file of testdata/bad: its .err file holds the whole expected error, without the file's name.
func TestBad(t *testing.T) {
	files := glob(t, "testdata/bad/*.toml")
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			want, err := os.ReadFile(strings.TrimSuffix(file, ".toml") + ".err")
			if err != nil {
				t.Fatal(err)
			}
			cfg, err := Load(file)
			if err == nil || cfg != nil {
				t.Fatalf("Load returned %v, %v; wanted an error alone", cfg, err)
			}
			got := strings.ReplaceAll(err.Error(), file, "") + "\n"
			if got != string(want) {
				t.Errorf("errors differ\ngot:\n%s\nwant:\n%s", got, want)
			}
			var p Problem
			if !errors.As(err, &p) || p.File != file || p.Line < 1 {
				t.Errorf("no Problem with file and line in %v", err)
			}
		})
	}
}

// TestGood loads every file of testdata/good.
func TestGood(t *testing.T) {
	for _, file := range glob(t, "testdata/good/*.toml") {
		if _, err := Load(file); err != nil {
			t.Errorf("%v", err)
		}
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no files %s: %v", pattern, err)
	}
	return files
}

func load(t testing.TB, file string) *Config {
	t.Helper()
	cfg, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// TestFull checks what the values of a full file become.
func TestFull(t *testing.T) {
	cfg := load(t, "testdata/good/full.toml")
	if got, want := cfg.Upstream.Catalog.PasswordFile, "testdata/good/secrets/catalog"; got != want {
		t.Errorf("relative path became %q, wanted %q", got, want)
	}
	app := cfg.Databases["app"]
	users := app.Table("public", "users")
	if users == nil || !strings.Contains(users.Rows, "deleted_at IS NULL") {
		t.Fatalf("public.users = %+v", users)
	}
	for column, want := range map[string]Treatment{
		"user_id": {Kind: Pseudonym, Domain: "user"},
		"country": {Kind: Show},
		"secret":  {Kind: Hide},
		"note":    {Kind: Null},
	} {
		if got := users.Columns[column]; got.Kind != want.Kind || got.Domain != want.Domain {
			t.Errorf("%s = %+v, wanted %+v", column, got, want)
		}
	}
	if m := users.Columns["age"].Mask; m.Size != "10" {
		t.Errorf("a bucket of 10 has size %q", m.Size)
	}
	if m := users.Columns["birth"].Mask; m.Kind != "year" {
		t.Errorf("a dotted mask key became %+v", m)
	}
	if app.Table("public", "Odd.Table") == nil || app.Table(`public."Odd`, `Table"`) != nil {
		t.Error("a quoted table name is not found by its parts alone")
	}
	if !app.Table("public", "audit").Deny || app.ShowTables || app.ShowColumns {
		t.Error("deny or an unlisted_ default was lost")
	}
}

// TestDefaults: what the file does not say is the closed choice.
func TestDefaults(t *testing.T) {
	cfg := load(t, "testdata/good/minimal.toml")
	if cfg.Auth.Method != "passthrough" || cfg.Listen.Address != defaultAddress || cfg.Upstream.Refresh != defaultRefresh {
		t.Errorf("defaults = %+v", cfg)
	}
	d := load(t, "testdata/good/inline.toml").Databases["app-1"]
	if d == nil || d.ShowTables || d.ShowColumns {
		t.Errorf("a database without unlisted_ keys = %+v", d)
	}
}

// TestLimits: files that are too large, not UTF-8, or nested without end are errors.
func TestLimits(t *testing.T) {
	for name, data := range map[string]string{
		"large":  strings.Repeat("#", maxFile+1),
		"binary": "a = \"\xff\"",
		"nested": "a = " + strings.Repeat("[", 100000),
	} {
		if _, err := Parse("x.toml", []byte(data)); err == nil || !strings.HasPrefix(err.Error(), "x.toml:1: ") {
			t.Errorf("%s: error = %.100v", name, err)
		}
	}
}

// TestFunctions: names are kept as the catalog has them, whatever quotes the file writes.
func TestFunctions(t *testing.T) {
	app := load(t, "testdata/good/full.toml").Databases["app"]
	if want := []string{"public.slug", "public.Odd Name"}; !slices.Equal(app.Functions, want) {
		t.Errorf("functions %q, want %q", app.Functions, want)
	}
	if want := []string{"pg_trgm", "uuid-ossp"}; !slices.Equal(app.Extensions, want) {
		t.Errorf("extensions %q, want %q", app.Extensions, want)
	}
}
