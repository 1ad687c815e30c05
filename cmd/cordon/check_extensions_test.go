package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cordon-db/cordon/internal/pgcluster"
	"github.com/cordon-db/cordon/internal/pgcluster/pgtest"
)

const listedExtensions = `[upstream]
hosts = ["db:5432"]
catalog = { user = "cordon" }
[keys]
master = { env = "K" }
[database.app]
functions = ["pg_trgm.*", "dblink.*", "shop.*", "absent.*", "public.f"]
`

// TestCheckWarns: an extension that runs any SQL is admitted, and said to.
func TestCheckWarns(t *testing.T) {
	out, _, err := check(t, listedExtensions)
	if err != nil || strings.Count(out, "WARNING") != 1 || !strings.Contains(out, `WARNING: database.app.functions: "dblink.*": its functions run any SQL`) {
		t.Errorf("%v, %q", err, out)
	}
}

// TestCheckExtensions asks a server what a listed name means.
func TestCheckExtensions(t *testing.T) {
	c := pgtest.Start(t, pgcluster.Options{})
	pgtest.Exec(t, pgtest.Superuser(t, c, "postgres"), "CREATE DATABASE app")
	pgtest.Exec(t, pgtest.Superuser(t, c, "app"), `CREATE SCHEMA shop; CREATE FUNCTION shop.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE SCHEMA trgm; CREATE EXTENSION pg_trgm SCHEMA trgm; CREATE SCHEMA dblink; CREATE EXTENSION dblink SCHEMA dblink;
CREATE FUNCTION dblink.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'`)
	file := filepath.Join(t.TempDir(), "cordon.toml")
	if err := os.WriteFile(file, []byte(listedExtensions), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := root()
	cmd.SetArgs([]string{"check", "-c", file, "--connect", c.DSN("postgres", pgcluster.Superuser, pgcluster.Password)})
	cmd.SetOut(&out)
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"dblink.*": the schema of that name has functions that do not belong`, `"shop.*": there is a schema of that name, but no extension`, `"absent.*": the extension is not installed`,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("nothing says %q in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "pg_trgm") {
		t.Errorf("what is well is complained of:\n%s", out.String())
	}
}
