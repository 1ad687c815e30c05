package catalog

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
)

// sequencesQuery finds the column that a sequence belongs to: of a serial or an identity column, or by OWNED BY.
const sequencesQuery = `
SELECT d.objid, d.refobjid, d.refobjsubid::int2 FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class c ON c.oid = d.objid
WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
  AND d.objsubid = 0 AND d.refobjsubid <> 0 AND d.deptype IN ('a', 'i') AND c.relkind = 'S'`

func readSequences(ctx context.Context, tx pgx.Tx, byOID map[uint32]*Relation) error {
	var sequence, owner uint32
	var column int16
	return each(ctx, tx, sequencesQuery, []any{&sequence, &owner, &column}, func() error {
		if r, ok := byOID[sequence]; ok {
			r.Owner, r.OwnerColumn = owner, column
		}
		return nil
	})
}

var statisticsQuery = `
SELECT x.oid, x.stxrelid, x.stxkeys::int2[], ` + varNumbers("x.stxexprs::text") + ` FROM pg_catalog.pg_statistic_ext x ORDER BY x.oid`

func readStatistics(ctx context.Context, tx pgx.Tx, byOID map[uint32]*Relation) error {
	var oid, rel uint32
	var keys, reads []int16
	return each(ctx, tx, statisticsQuery, []any{&oid, &rel, &keys, &reads}, func() error {
		if r, ok := byOID[rel]; ok {
			keys = slices.DeleteFunc(keys, func(num int16) bool { return num == 0 })
			r.Statistics = append(r.Statistics, Index{OID: oid, Reads: r.live(append(keys, reads...)), Computed: r.live(reads)})
		}
		keys, reads = nil, nil
		return nil
	})
}

const triggersQuery = `
SELECT t.oid, t.tgrelid, t.tgfoid, t.tgattr::int2[], t.tgnargs > 0 FROM pg_catalog.pg_trigger t WHERE NOT t.tgisinternal ORDER BY t.oid`

func readTriggers(ctx context.Context, tx pgx.Tx, byOID map[uint32]*Relation) error {
	var t Trigger
	var rel uint32
	return each(ctx, tx, triggersQuery, []any{&t.OID, &rel, &t.Function, &t.Columns, &t.Arguments}, func() error {
		found := t
		found.Columns = slices.Clone(t.Columns)
		if len(found.Columns) == 0 {
			found.Columns = nil // as Read has it
		}
		if r, ok := byOID[rel]; ok {
			r.Triggers = append(r.Triggers, found)
		}
		t.Columns = nil
		return nil
	})
}

var partitionKeysQuery = `
SELECT p.partrelid, p.partattrs::int2[], ` + varNumbers("p.partexprs::text") + ` FROM pg_catalog.pg_partitioned_table p`

func readPartitionKeys(ctx context.Context, tx pgx.Tx, byOID map[uint32]*Relation) error {
	var rel uint32
	var keys, reads []int16
	return each(ctx, tx, partitionKeysQuery, []any{&rel, &keys, &reads}, func() error {
		if r, ok := byOID[rel]; ok {
			// 0 stands for an expression among the keys and for the whole row in one.
			keys = slices.DeleteFunc(keys, func(num int16) bool { return num == 0 })
			r.PartitionKey, r.PartitionReads = r.live(keys), r.live(reads)
		}
		keys, reads = nil, nil
		return nil
	})
}
