package catalog

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// lasting is the condition on pg_namespace that leaves out the schemas of temporary and TOAST tables.
const lasting = `n.nspname !~ '^pg_(toast|temp_)'`

const relationsQuery = `
SELECT c.oid, n.nspname::text, c.relname::text, c.relkind::text, c.reltype, c.relrowsecurity,
  coalesce(CASE WHEN c.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(c.oid) END, ''),
  coalesce((SELECT o.option_value::bool FROM pg_catalog.pg_options_to_table(c.reloptions) o
            WHERE o.option_name = 'security_barrier'), false)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind <> 't' AND ` + lasting + `
ORDER BY c.oid`

// varNumbers is an expression for the attribute numbers in an expression that Postgres stores as a node tree of one relation:
// 0 stands for the whole row, of which pg_depend knows nothing. Text inside of a node tree has its spaces escaped and constants are
// bytes in decimal, so that neither looks like a Var.
func varNumbers(tree string) string {
	return `ARRAY(SELECT m[1]::int2 FROM pg_catalog.regexp_matches(` + tree + `, ':varattno (-?[0-9]+)', 'g') m)`
}

var columnsQuery = `
SELECT a.attrelid, a.attname::text, a.attnum, a.atttypid, a.atttypmod, pg_catalog.format_type(a.atttypid, a.atttypmod),
  coalesce(pg_catalog.quote_ident(cn.nspname) || '.' || pg_catalog.quote_ident(co.collname), ''),
  coalesce(co.collisdeterministic, true), a.attgenerated <> '', a.attgenerated = 'v',
  CASE WHEN d.oid IS NOT NULL THEN ` + varNumbers("d.adbin::text") + ` END
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_collation co ON co.oid = a.attcollation
LEFT JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind <> 't' AND ` + lasting + `
ORDER BY a.attrelid, a.attnum`

const inheritsQuery = `SELECT inhrelid, inhparent FROM pg_catalog.pg_inherits ORDER BY inhrelid, inhseqno`

// readRelations reads pg_class and what hangs on its rows.
func readRelations(ctx context.Context, tx pgx.Tx, f *facts) error {
	byOID := make(map[uint32]*Relation)
	var r Relation
	var kind string
	err := each(ctx, tx, relationsQuery, []any{&r.OID, &r.Schema, &r.Name, &kind, &r.Type, &r.RowSecurity, &r.View, &r.SecurityBarrier},
		func() error {
			found := r
			found.Kind = kind[0]
			f.Relations = append(f.Relations, &found)
			byOID[r.OID] = &found
			return nil
		})
	if err != nil {
		return err
	}
	for _, read := range []func(context.Context, pgx.Tx, map[uint32]*Relation) error{
		readColumns, readInheritance, readIndexes, readConstraints, readSequences, readStatistics, readTriggers, readPartitionKeys,
	} {
		if err := read(ctx, tx, byOID); err != nil {
			return err
		}
	}
	return nil
}

func readColumns(ctx context.Context, tx pgx.Tx, byOID map[uint32]*Relation) error {
	var rel uint32
	var c Column
	err := each(ctx, tx, columnsQuery, []any{&rel, &c.Name, &c.Num, &c.Type.OID, &c.Type.Mod, &c.Type.Name,
		&c.Type.Collation, &c.Type.Deterministic, &c.Generated, &c.Virtual, &c.Reads},
		func() error {
			r, ok := byOID[rel]
			if !ok {
				return fmt.Errorf("column %d of unknown relation %d", c.Num, rel)
			}
			r.Columns = append(r.Columns, c)
			c.Reads = nil
			return nil
		})
	if err != nil {
		return err
	}
	for _, r := range byOID {
		for i := range r.Columns {
			r.Columns[i].Reads = r.live(r.Columns[i].Reads)
		}
	}
	return nil
}

// readInheritance links parents and children; a child in a temporary schema is nobody else's business and is left out.
func readInheritance(ctx context.Context, tx pgx.Tx, byOID map[uint32]*Relation) error {
	var child, parent uint32
	return each(ctx, tx, inheritsQuery, []any{&child, &parent}, func() error {
		c, okChild := byOID[child]
		p, okParent := byOID[parent]
		if okChild && okParent {
			c.Parents = append(c.Parents, parent)
			p.Children = append(p.Children, child)
		}
		return nil
	})
}

// each runs a query and calls fn for every row, scanned into dest.
func each(ctx context.Context, tx pgx.Tx, query string, dest []any, fn func() error) error {
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return err
	}
	_, err = pgx.ForEachRow(rows, dest, fn)
	return err
}
