package pgcluster_test

import (
	"context"
	"os"
	"testing"

	"github.com/cordon-db/cordon/internal/pgcluster"
	"github.com/cordon-db/cordon/internal/pgcluster/pgtest"
)

func TestStartServesAndStopLeavesNothing(t *testing.T) {
	c, err := pgcluster.Start(context.Background(), pgcluster.Options{Settings: map[string]string{"application_name": "it's"}})
	if err != nil {
		t.Fatal(err)
	}
	conn := pgtest.Superuser(t, c, "postgres")
	var encoding, name string
	if err := conn.QueryRow(context.Background(), "SELECT current_setting('server_encoding'), reset_val FROM pg_settings WHERE name = 'log_min_messages'").Scan(&encoding, &name); err != nil {
		t.Fatal(err)
	}
	if encoding != "UTF8" || name != "warning" {
		t.Errorf("encoding %q, log_min_messages %q", encoding, name)
	}
	data := c.Data
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(data); !os.IsNotExist(err) {
		t.Errorf("the data directory is still there: %v", err)
	}
}

func TestFindHonoursTheVariable(t *testing.T) {
	t.Setenv("CORDON_PG_BIN", t.TempDir())
	dir, err := pgcluster.Find()
	if err == nil && dir == os.Getenv("CORDON_PG_BIN") {
		t.Errorf("an empty folder was taken for Postgres: %s", dir)
	}
}

func TestFindVersion(t *testing.T) {
	for _, major := range pgtest.Versions {
		conn := pgtest.Superuser(t, pgtest.Start(t, pgcluster.Options{BinDir: pgtest.BinDir(t, major)}), "postgres")
		var number int
		if err := conn.QueryRow(context.Background(), "SELECT current_setting('server_version_num')::int").Scan(&number); err != nil {
			t.Fatal(err)
		}
		if number/10000 != major {
			t.Errorf("asked for %d, got %d", major, number)
		}
	}
	if dir, err := pgcluster.FindVersion(13, t.TempDir()); err == nil {
		t.Errorf("found Postgres 13 in %s", dir)
	}
}
