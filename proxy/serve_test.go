package proxy_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cordon-db/cordon/config"
	"github.com/cordon-db/cordon/e2e/attacks"
	"github.com/cordon-db/cordon/internal/pgcluster"
	"github.com/cordon-db/cordon/internal/pgcluster/pgtest"
	"github.com/cordon-db/cordon/proxy"
)

// gateway is a cordon in front of a cluster with the attacks' schema: eu logs in unmasked, analyst masked.
type gateway struct {
	cluster *pgcluster.Cluster
	address string
}

func (g *gateway) dsn(user string) string {
	return fmt.Sprintf("postgres://%s:pw@%s/attacks?sslmode=disable", user, g.address)
}

func startGateway(tb testing.TB) *gateway {
	tb.Helper()
	g := &gateway{cluster: pgtest.Start(tb, pgcluster.Options{})}
	admin := pgtest.Superuser(tb, g.cluster, "postgres")
	pgtest.Exec(tb, admin, "CREATE DATABASE attacks")
	pgtest.Exec(tb, admin, "CREATE ROLE eu_anna LOGIN SUPERUSER PASSWORD 'pw'")
	pgtest.Exec(tb, admin, "CREATE ROLE analyst LOGIN PASSWORD 'pw'; CREATE ROLE cordon LOGIN PASSWORD 'pw'; GRANT pg_read_all_data TO analyst")
	schema, err := attacks.Files.ReadFile("schema.sql")
	if err != nil {
		tb.Fatal(err)
	}
	pgtest.Exec(tb, pgtest.Superuser(tb, g.cluster, "attacks"), strings.ReplaceAll(string(schema), "{world}", "1"))
	policy, err := attacks.Files.ReadFile("policy.toml")
	if err != nil {
		tb.Fatal(err)
	}
	dir := tb.TempDir()
	for name, text := range map[string]string{"password": "pw", "key": strings.Repeat("0123456789abcdef", 4)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	text := fmt.Sprintf(`
[listen]
address = "127.0.0.1:0"
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
`, g.cluster.Address(), filepath.Join(dir, "password"), filepath.Join(dir, "key")) + string(policy)
	cfg, err := config.Parse("test.toml", []byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	server, err := proxy.New(cfg, slog.New(slog.NewTextHandler(tb.Output(), nil)))
	if err != nil {
		tb.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	g.address = ln.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, ln) }()
	tb.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			tb.Errorf("Serve: %v", err)
		}
	})
	return g
}
