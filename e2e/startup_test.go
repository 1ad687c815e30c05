package e2e

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/cordon-db/cordon/internal/pgcluster/pgtest"
)

// TestCustomSettingAtStartup names the application's tenant as connection strings do: a session starts with it, and RESET leads back to it.
func TestCustomSettingAtStartup(t *testing.T) {
	t.Parallel()
	g := executedWorlds(t, *server, orderShown)[0]
	for name, text := range map[string]string{
		"a parameter": "postgres://analyst:pw@" + g.address + "/attacks?sslmode=disable&App.Tenant=anna",
		"options":     "postgres://analyst:pw@" + g.address + "/attacks?sslmode=disable&options=-c%20app.tenant%3Danna",
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := pgx.Connect(t.Context(), text)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(t.Context())
			shown := func(want string) {
				t.Helper()
				var got string
				if err := conn.QueryRow(t.Context(), "SELECT current_setting('app.tenant')").Scan(&got); err != nil || got != want {
					t.Errorf("%q, %v; want %q", got, err, want)
				}
			}
			shown("anna")
			pgtest.Exec(t, conn, "SET app.tenant = 'bob'")
			shown("bob")
			pgtest.Exec(t, conn, "RESET app.tenant")
			shown("anna")
		})
	}
}
