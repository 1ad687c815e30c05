package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cordon-db/cordon/internal/pgcluster"
	"github.com/cordon-db/cordon/internal/pgcluster/pgtest"
)

// TestTarget puts a standby before a primary: sessions of both kinds have to land on the host that is asked for.
func TestTarget(t *testing.T) {
	t.Parallel()
	source := newCluster(t)
	loadWorld(t, source, "1")
	source.Halt()
	primary := pgtest.Start(t, pgcluster.Options{BinDir: source.BinDir, Template: source.Data})
	// Without anybody to follow, a server with this file stays in recovery and answers queries: a standby.
	if err := os.WriteFile(filepath.Join(source.Data, "standby.signal"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	standby := pgtest.Start(t, pgcluster.Options{BinDir: source.BinDir, Template: source.Data})
	for target, want := range map[string]string{"primary": "f", "standby": "t", "any": "t"} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			g := serve(t, primary, worldKeys[0], func(s string) string {
				return strings.Replace(s, fmt.Sprintf("hosts = [%q]", primary.Address()), fmt.Sprintf("hosts = [%q, %q]\ntarget = %q", standby.Address(), primary.Address(), target), 1)
			})
			for _, user := range []string{"eu_anna", "analyst"} {
				conn := pgtest.Connect(t, fmt.Sprintf("postgres://%s:pw@%s/%s?sslmode=disable", user, g.address, database))
				var got bool
				if err := conn.QueryRow(t.Context(), "SELECT pg_is_in_recovery()").Scan(&got); err != nil {
					t.Fatal(err)
				}
				if fmt.Sprint(got)[:1] != want {
					t.Errorf("%s: in recovery: %t", user, got)
				}
			}
		})
	}
}
