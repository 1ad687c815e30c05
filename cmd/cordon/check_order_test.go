package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/cordon-db/cordon/internal/pgcluster"
	"github.com/cordon-db/cordon/internal/pgcluster/pgtest"
)

// TestCheckOrder asks a server for the statistics of identifiers of every kind.
func TestCheckOrder(t *testing.T) {
	c := pgtest.Start(t, pgcluster.Options{})
	admin := pgtest.Superuser(t, c, "postgres")
	pgtest.Exec(t, admin, "CREATE DATABASE app")
	admin = pgtest.Superuser(t, c, "app")
	pgtest.Exec(t, admin, `CREATE TABLE serial (id int8); INSERT INTO serial SELECT generate_series(1, 5000);
CREATE TABLE shuffled (id int8); INSERT INTO shuffled SELECT id FROM serial ORDER BY md5(id::text);
CREATE TABLE sparse (id int8); INSERT INTO sparse SELECT ('x' || left(md5(id::text), 15))::bit(60)::int8 FROM serial;
CREATE TABLE random (id uuid); INSERT INTO random SELECT md5(id::text)::uuid FROM serial;
ANALYZE; CREATE TABLE unseen (id int8)`)
	file := filepath.Join(t.TempDir(), "cordon.toml")
	text := `[upstream]
hosts = ["db:5432"]
catalog = { user = "cordon" }
[keys]
master = { env = "K" }
[domain.hidden]
[domain.shown]
order = "show"
[domain.random]
order = "show"
`
	for table, domain := range map[string]string{"serial": "shown", "shuffled": "hidden", "sparse": "hidden", "unseen": "shown", "random": "random"} {
		text += "[database.app.table.\"public." + table + "\".columns]\nid = { pseudonym = \"" + domain + "\" }\n"
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
	for _, want := range []string{
		`shown .* app.public.serial.id .* 1.00 .* 1 .* WARNING, "hide" is needed: rows lie`, `hidden .* app.public.shuffled.id .* hide is needed: the identifiers are dense`,
		`hidden .* app.public.sparse.id .* "show" would be enough`, `random .* app.public.random.id .* show is enough`, `shown .* app.public.unseen.id .* no statistics`,
	} {
		if !regexp.MustCompile(want).Match(out.Bytes()) {
			t.Errorf("nothing like %q in\n%s", want, out.String())
		}
	}
}
