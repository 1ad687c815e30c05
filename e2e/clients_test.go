package e2e

import (
	"context"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/cordon-db/cordon"
	"github.com/cordon-db/cordon/config"
	"github.com/cordon-db/cordon/internal/pgcluster"
	"github.com/cordon-db/cordon/internal/pgcluster/pgtest"
)

// clients are programs of other languages' drivers, to which "host port database user password" is appended. Each prints a
// count, an email found by a parameter, and the columns of users. `make setup` installs what they need.
var clients = map[string][]string{
	"jdbc":    {"java", "-cp", "/usr/share/java/postgresql.jar", "clients/Client.java"},
	"psycopg": {"/usr/bin/python3", "clients/client.py"},
	"node":    {"node", "clients/node/client.js"},
	"psql":    {"sh", "-c", `PGPASSWORD=$5 exec psql -X -q -h "$1" -p "$2" -d "$3" -U "$4" -f clients/client.sql`, "psql"},
}

// TestClients runs each client in a session inside and one outside the EU.
func TestClients(t *testing.T) {
	host, port := serveSample(t)
	sessions := map[string][]string{
		"eu_analyst":   {"videos 30000", "email user8@mail.example", "columns user_id username email phone birth country created_at deleted_at"},
		"analyst_apac": {"videos 18000", "email u***@mail.example", "columns user_id username email birth country created_at"},
	}
	for name, command := range clients {
		for user, want := range sessions {
			t.Run(name+"/"+user, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				args := append(append([]string{}, command[1:]...), host, port, "social", user, user)
				out, err := exec.CommandContext(ctx, command[0], args...).CombinedOutput()
				if err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				lines := strings.Split(strings.TrimSpace(string(out)), "\n")
				if len(lines) < len(want) || strings.Join(lines[:len(want)], "\n") != strings.Join(want, "\n") {
					t.Errorf("got\n%s\nwant\n%s", out, strings.Join(want, "\n"))
				}
				if masked := user == "analyst_apac"; masked == strings.Contains(string(out), "phone") {
					t.Errorf("masked is %v, and the output is\n%s", masked, out)
				}
			})
		}
	}
}

// serveSample starts cordon with the sample configuration in front of the sample database.
func serveSample(t *testing.T) (host, port string) {
	t.Helper()
	c := pgtest.Start(t, pgcluster.Options{BinDir: pgtest.BinDir(t, *server)})
	pgtest.Exec(t, pgtest.Superuser(t, c, "postgres"), "CREATE DATABASE social")
	admin := pgtest.Superuser(t, c, "social")
	pgtest.Exec(t, admin, cordon.SampleSQL)
	pgtest.Exec(t, admin, cordon.SampleRoles)
	pgtest.Exec(t, admin, "GRANT SELECT ON users TO analyst_apac") // or the server's own rights would hide the phone from information_schema
	cfg, err := config.Parse("cordon.toml", cordon.SampleConfig)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Upstream.Hosts = []string{c.Address()}
	cfg.Upstream.Catalog.PasswordFile, cfg.Keys.Master.File = secrets(t, "cordon", strings.Repeat("c0ffee42", 8))
	host, port, err = net.SplitHostPort(start(t, cfg, nil))
	if err != nil {
		t.Fatal(err)
	}
	return host, port
}
