package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/cordon-db/cordon/internal/pgcluster"
	"github.com/cordon-db/cordon/internal/pgcluster/pgtest"
)

// checkHead begins the configurations that are checked against a server.
const checkHead = `[upstream]
hosts = ["db:5432"]
catalog = { user = "cordon" }
[keys]
master = { env = "K" }
`

// checkConnected is what check --connect says of a configuration and a database "app" of a new server.
func checkConnected(t *testing.T, schema, text string) string {
	t.Helper()
	c := pgtest.Start(t, pgcluster.Options{})
	pgtest.Exec(t, pgtest.Superuser(t, c, "postgres"), "CREATE DATABASE app")
	pgtest.Exec(t, pgtest.Superuser(t, c, "app"), schema)
	file := filepath.Join(t.TempDir(), "cordon.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := root()
	cmd.SetArgs([]string{"check", "-c", file, "--connect", c.DSN("postgres", pgcluster.Superuser, pgcluster.Password)})
	cmd.SetOut(&out)
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
