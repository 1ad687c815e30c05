// Package pgtest gives tests a Postgres cluster of their own.
package pgtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/cordon-db/cordon/internal/pgcluster"
)

// Start starts a cluster that ends with the test.
func Start(tb testing.TB, o pgcluster.Options) *pgcluster.Cluster {
	tb.Helper()
	c, err := pgcluster.Start(context.Background(), o)
	if err != nil {
		tb.Fatalf("starting a cluster: %v", err)
	}
	tb.Cleanup(func() {
		if err := c.Stop(); err != nil {
			tb.Errorf("stopping the cluster: %v", err)
		}
	})
	return c
}

// Versions are the major versions that cordon supports, oldest first.
var Versions = []int{14, 15, 16, 17, 18}

// BinDir is the folder with initdb and postgres of a major version: one of those that scripts/setup installs into e2e/servers, or one that the
// machine has. 0 is the server that every test runs on.
func BinDir(tb testing.TB, major int) string {
	tb.Helper()
	if major == 0 {
		return "" // pgcluster.Find
	}
	root, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for root != filepath.Dir(root) {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
		root = filepath.Dir(root)
	}
	dir, err := pgcluster.FindVersion(major, filepath.Join(root, "e2e", "servers", "node_modules", fmt.Sprintf("postgres-%d", major), "native", "bin"))
	if err != nil {
		tb.Fatalf("%v (make setup installs it on Linux on x64)", err)
	}
	return dir
}

// Connect opens a connection that ends with the test.
func Connect(tb testing.TB, dsn string) *pgx.Conn {
	tb.Helper()
	conn, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		tb.Fatalf("connecting: %v", err)
	}
	tb.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// Superuser opens a superuser's connection to a database of a cluster.
func Superuser(tb testing.TB, c *pgcluster.Cluster, database string) *pgx.Conn {
	tb.Helper()
	return Connect(tb, c.DSN(database, pgcluster.Superuser, pgcluster.Password))
}

// Exec runs statements and ends the test where they fail.
func Exec(tb testing.TB, conn *pgx.Conn, sql string) {
	tb.Helper()
	if _, err := conn.Exec(context.Background(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
		tb.Fatalf("running %.80q: %v", sql, err)
	}
}
