package e2e

import (
	"context"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cordon-db/cordon"
	"github.com/cordon-db/cordon/config"
	"github.com/cordon-db/cordon/internal/pgcluster"
	"github.com/cordon-db/cordon/internal/pgcluster/pgtest"
	"github.com/cordon-db/cordon/proxy"
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
	c := pgtest.Start(t, pgcluster.Options{})
	pgtest.Exec(t, pgtest.Superuser(t, c, "postgres"), "CREATE DATABASE social")
	admin := pgtest.Superuser(t, c, "social")
	pgtest.Exec(t, admin, cordon.SampleSQL)
	pgtest.Exec(t, admin, cordon.SampleRoles)
	pgtest.Exec(t, admin, "GRANT SELECT ON users TO analyst_apac") // or the server's own rights would hide the phone from information_schema
	cfg, err := config.Parse("cordon.toml", cordon.SampleConfig)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cfg.Upstream.Hosts = []string{c.Address()}
	cfg.Upstream.Catalog.PasswordFile = filepath.Join(dir, "password")
	cfg.Keys.Master.File = filepath.Join(dir, "key")
	writeFile(t, cfg.Upstream.Catalog.PasswordFile, "cordon")
	writeFile(t, cfg.Keys.Master.File, strings.Repeat("c0ffee42", 8))
	server, err := proxy.New(cfg, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	host, port, err = net.SplitHostPort(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return host, port
}
