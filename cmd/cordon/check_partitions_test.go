package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/cordon-db/cordon/internal/pgcluster"
	"github.com/cordon-db/cordon/internal/pgcluster/pgtest"
)

// TestCheckPartitions lists partitions by their names: those of a hidden key are warned of, those of a shown one are not.
func TestCheckPartitions(t *testing.T) {
	c := pgtest.Start(t, pgcluster.Options{})
	admin := pgtest.Superuser(t, c, "postgres")
	pgtest.Exec(t, admin, "CREATE DATABASE app")
	admin = pgtest.Superuser(t, c, "app")
	pgtest.Exec(t, admin, `CREATE TABLE risks (id int8, class text) PARTITION BY LIST (class);
CREATE TABLE risks_high PARTITION OF risks FOR VALUES IN ('high') PARTITION BY RANGE (id);
CREATE TABLE risks_high_1 PARTITION OF risks_high DEFAULT;
CREATE TABLE risks_low PARTITION OF risks FOR VALUES IN ('low');
CREATE TABLE days (id int8) PARTITION BY RANGE (id);
CREATE TABLE days_1 PARTITION OF days DEFAULT`)
	file := filepath.Join(t.TempDir(), "cordon.toml")
	text := `[upstream]
hosts = ["db:5432"]
catalog = { user = "cordon" }
[keys]
master = { env = "K" }
`
	for _, table := range []string{"risks", "risks_high", "risks_high_1", "days", "days_1"} {
		text += "[database.app.table.\"public." + table + "\".columns]\nid = \"show\"\n"
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := root()
	cmd.SetArgs([]string{"check", "-c", file, "--connect", c.DSN("postgres", pgcluster.Superuser, pgcluster.Password)})
	cmd.SetOut(&out)
	if err := cmd.ExecuteContext(context.Background()); err != nil {
		t.Fatal(err)
	}
	var warned []string
	for _, found := range regexp.MustCompile(`WARNING: database\.app\.table\."public\.(\w+)": the name of this partition`).FindAllStringSubmatch(out.String(), -1) {
		warned = append(warned, found[1])
	}
	if !slices.Equal(warned, []string{"risks_high", "risks_high_1"}) {
		t.Errorf("warned of %v in\n%s", warned, out.String())
	}
}
