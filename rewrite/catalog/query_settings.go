package catalog

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/jackc/pgx/v5"
)

// settingsQuery lists pg_db_role_setting for this database, weakest first: ALTER ROLE ALL, ALTER DATABASE, ALTER ROLE,
// ALTER ROLE ... IN DATABASE.
const settingsQuery = `
SELECT coalesce(r.rolname, '')::text, s.setconfig
FROM pg_catalog.pg_db_role_setting s
JOIN pg_catalog.pg_database d ON d.datname = pg_catalog.current_database()
LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
WHERE s.setdatabase IN (0, d.oid) AND (s.setrole = 0 OR r.oid IS NOT NULL)
ORDER BY s.setrole <> 0, s.setdatabase <> 0`

// readSettings reads what ALTER ROLE and ALTER DATABASE set, by role and lower-case name.
func readSettings(ctx context.Context, tx pgx.Tx) (map[string]map[string]string, error) {
	settings := make(map[string]map[string]string)
	var role string
	var config []string
	rows, err := tx.Query(ctx, settingsQuery)
	if err != nil {
		return nil, fmt.Errorf("read settings of roles: %w", err)
	}
	_, err = pgx.ForEachRow(rows, []any{&role, &config}, func() error {
		values := make(map[string]string, len(config))
		for _, entry := range config {
			name, value, ok := strings.Cut(entry, "=")
			if !ok {
				return fmt.Errorf("a setting of role %q has no value", role)
			}
			values[strings.ToLower(name)] = value
		}
		maps.Copy(nested(settings, role), values)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read settings of roles: %w", err)
	}
	return settings, nil
}
