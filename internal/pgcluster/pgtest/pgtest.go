// Package pgtest gives tests a Postgres cluster of their own.
package pgtest

import (
	"context"
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
