package catalog

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// collationsQuery lists what COLLATE may name in this database: collations of its encoding, and of any (lookup_collation in namespace.c).
const collationsQuery = `
SELECT n.nspname, c.collname, pg_catalog.bool_and(c.collisdeterministic)
FROM pg_catalog.pg_collation c JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace
WHERE c.collencoding IN (-1, pg_catalog.pg_char_to_encoding(pg_catalog.getdatabaseencoding()))
GROUP BY n.nspname, c.collname ORDER BY n.nspname, c.collname`

func readCollations(ctx context.Context, tx pgx.Tx, f *facts) error {
	var c Collation
	return each(ctx, tx, collationsQuery, []any{&c.Schema, &c.Name, &c.Deterministic}, func() error {
		found := c
		f.Collations = append(f.Collations, &found)
		return nil
	})
}
