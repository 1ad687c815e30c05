package masking

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/cordon-db/cordon/internal/pgcluster"
)

// server is the cluster that the tests of this package share.
var server *pgcluster.Cluster

// TestMain starts the cluster and stops it at the end.
func TestMain(m *testing.M) { os.Exit(runWithServer(m)) }

func runWithServer(m *testing.M) int {
	cluster, err := pgcluster.Start(context.Background(), pgcluster.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, "starting Postgres for the tests:", err)
		return 1
	}
	server = cluster
	code := m.Run()
	if err := cluster.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stopping Postgres:", err)
		return 1
	}
	return code
}
