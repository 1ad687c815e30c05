package e2e

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cordon-db/cordon/config"
	"github.com/cordon-db/cordon/e2e/attacks"
	"github.com/cordon-db/cordon/internal/pgcluster"
	"github.com/cordon-db/cordon/internal/pgcluster/pgtest"
	"github.com/cordon-db/cordon/proxy"
)

var (
	random = flag.Int("random", 1000, "how many random statements the generator makes")
	seed   = flag.Int64("seed", 1, "seed of the generator")
	server = flag.Int("server", 0, "major version of Postgres to test with, 14 to 18; 0 is the machine's own")
	others = flag.Int("others", 25, "how many percent of them are played with the order of identifiers hidden, and without sealed execution, too")
)

// database is the one that schema.sql and policy.toml of the attacks describe.
const database = "attacks"

// gateway is a cordon in front of a cluster. Logins: eu_anna passes through, analyst is masked; both without a password
// where the cluster trusts, as here.
type gateway struct {
	cluster *pgcluster.Cluster
	cfg     *config.Config
	address string

	statements int // how many random ones an execution plays
}

// newCluster starts a cluster of the version that the flag -server asks for.
func newCluster(tb testing.TB) *pgcluster.Cluster {
	tb.Helper()
	return newServer(tb, *server)
}

// newServer starts a cluster of a version with the logins of the tests, trusting every local login so that raw transcripts need no password.
func newServer(tb testing.TB, version int) *pgcluster.Cluster {
	tb.Helper()
	c := pgtest.Start(tb, pgcluster.Options{BinDir: pgtest.BinDir(tb, version)})
	hba := filepath.Join(c.Data, "pg_hba.conf")
	old, err := os.ReadFile(hba)
	if err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(hba, append([]byte("host all all 127.0.0.1/32 trust\n"), old...), 0o600); err != nil {
		tb.Fatal(err)
	}
	admin := pgtest.Superuser(tb, c, "postgres")
	pgtest.Exec(tb, admin, "SELECT pg_reload_conf()")
	pgtest.Exec(tb, admin, "CREATE ROLE eu_anna LOGIN SUPERUSER PASSWORD 'pw'; CREATE ROLE analyst LOGIN PASSWORD 'pw'; CREATE ROLE cordon LOGIN PASSWORD 'pw'")
	pgtest.Exec(tb, admin, "GRANT pg_read_all_data TO analyst")
	pgtest.Exec(tb, admin, "CREATE DATABASE "+database)
	return c
}

// loadWorld loads schema.sql as one of the two worlds, without statistics, so that both are planned alike.
func loadWorld(tb testing.TB, c *pgcluster.Cluster, world string) *pgx.Conn {
	tb.Helper()
	schema, err := attacks.Files.ReadFile("schema.sql")
	if err != nil {
		tb.Fatal(err)
	}
	conn := pgtest.Superuser(tb, c, database)
	pgtest.Exec(tb, conn, strings.ReplaceAll(string(schema), "{world}", world))
	return conn
}

// serve starts cordon in front of a cluster. change edits the configuration text, nil leaves it.
func serve(tb testing.TB, c *pgcluster.Cluster, masterKey string, change func(string) string) *gateway {
	tb.Helper()
	cfg := configure(tb, c, masterKey, change)
	return &gateway{cluster: c, cfg: cfg, address: start(tb, cfg, nil)}
}

// configure is the attacks' policy in front of a cluster, as the harness serves it.
func configure(tb testing.TB, c *pgcluster.Cluster, masterKey string, change func(string) string) *config.Config {
	tb.Helper()
	policy, err := attacks.Files.ReadFile("policy.toml")
	if err != nil {
		tb.Fatal(err)
	}
	password, key := secrets(tb, "pw", masterKey)
	text := fmt.Sprintf(`
[upstream]
hosts = [%q]
catalog = { user = "cordon", password_file = %q }
[auth]
method = "passthrough"
[keys]
master = { file = %q }
[[zone]]
name = "eu"
access = "passthrough"
match = { users = ["eu_*"] }
`, c.Address(), password, key) + string(policy)
	if change != nil {
		text = change(text)
	}
	cfg, err := config.Parse("e2e.toml", []byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	return cfg
}

// executions are the ways to execute masked queries, each an edit of the policy: with identifiers raw inside the server where only equality matters, the
// order of rows shown or hidden, and with every pseudonym computed in SQL. What holds has to hold of all.
var executions = map[string]func(policy string) string{
	orderShown:  nil,
	orderHidden: func(policy string) string { return strings.ReplaceAll(policy, `order = "show"`, `order = "hide"`) },
	"in SQL":    func(policy string) string { return databaseSection.ReplaceAllString(policy, "${0}sealed = false\n") },
}

// The executions by which the order of raw identifiers may be seen, and by which it may not.
const (
	orderShown  = "sealed, order shown"
	orderHidden = "sealed, order hidden"
)

var databaseSection = regexp.MustCompile(`(?m)^\[database\.\w+\]\n`)

// statements is how many random statements an execution plays.
func statements(change func(string) string) int {
	if change != nil {
		return *random * *others / 100
	}
	return *random
}

// secrets writes the catalog login's password and the master key to files of the test.
func secrets(tb testing.TB, password, masterKey string) (passwordFile, keyFile string) {
	tb.Helper()
	dir := tb.TempDir()
	passwordFile, keyFile = filepath.Join(dir, "password"), filepath.Join(dir, "key")
	writeFile(tb, passwordFile, password)
	writeFile(tb, keyFile, masterKey)
	return passwordFile, keyFile
}

// faultWriter takes the errors that cordon logs. One of them is a fault of cordon's own, whatever the client was answered.
type faultWriter struct{ tb testing.TB }

func (w faultWriter) Write(record []byte) (int, error) {
	if bytes.Contains(record, []byte("planned without sealed execution")) {
		w.tb.Errorf("the rewriter's two readings of a statement differ: %s", record)
	}
	return w.tb.Output().Write(record)
}

// start runs cordon until the test ends and returns its address. Without a log, errors go to the test's output.
func start(tb testing.TB, cfg *config.Config, log *slog.Logger) string {
	tb.Helper()
	if log == nil {
		log = slog.New(slog.NewTextHandler(faultWriter{tb}, &slog.HandlerOptions{Level: slog.LevelError}))
	}
	server, err := proxy.New(cfg, log)
	if err != nil {
		tb.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, ln) }()
	tb.Cleanup(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				tb.Errorf("Serve: %v", err)
			}
		case <-time.After(20 * time.Second):
			tb.Error("Serve did not end")
		}
	})
	return ln.Addr().String()
}

func writeFile(tb testing.TB, file, text string) {
	tb.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
}
