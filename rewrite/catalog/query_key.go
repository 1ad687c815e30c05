package catalog

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
)

var indexesQuery = `
SELECT i.indrelid, i.indexrelid, i.indkey::int2[], i.indisunique,
  ` + varNumbers("i.indexprs::text") + ` || ` + varNumbers("i.indpred::text") + `
FROM pg_catalog.pg_index i
ORDER BY i.indrelid, i.indexrelid`

// constraintsQuery adds, for what an index enforces, the index; and for CHECK what its expression reads.
var constraintsQuery = `
SELECT o.conrelid, o.oid, o.contype::text, o.conkey, ` + varNumbers("o.conbin::text") + `,
  o.confrelid, o.confkey, CASE WHEN o.contype IN ('p', 'u', 'x') THEN o.conindid ELSE 0 END,
  o.contype = 'p' AND NOT o.condeferrable AND o.convalidated
FROM pg_catalog.pg_constraint o
WHERE o.conrelid <> 0
ORDER BY o.conrelid, o.oid`

// readIndexes reads which columns the indexes read: in an index key 0 stands for an expression.
func readIndexes(ctx context.Context, tx pgx.Tx, byOID map[uint32]*Relation) error {
	var rel, index uint32
	var key, read []int16
	var unique bool
	return each(ctx, tx, indexesQuery, []any{&rel, &index, &key, &unique, &read}, func() error {
		if r, ok := byOID[rel]; ok {
			computed := r.live(read)
			for _, num := range key {
				if num != 0 {
					read = append(read, num)
				}
			}
			r.Indexes = append(r.Indexes, Index{OID: index, Reads: r.live(read), Computed: computed, Unique: unique})
		}
		return nil
	})
}

// readConstraints runs after readIndexes: what an index enforces reads what the index reads.
func readConstraints(ctx context.Context, tx pgx.Tx, byOID map[uint32]*Relation) error {
	var rel, index uint32
	var kind string
	var c Constraint
	var key, read []int16
	var primary bool
	dest := []any{&rel, &c.OID, &kind, &key, &read, &c.Foreign, &c.ForeignColumns, &index, &primary}
	return each(ctx, tx, constraintsQuery, dest, func() error {
		r, ok := byOID[rel]
		if !ok {
			return nil
		}
		found := c
		found.Kind, found.Index, found.Key = kind[0], index, slices.Clone(key)
		read = append(read, constraintKey(kind, key)...)
		for _, i := range r.Indexes {
			if i.OID == index {
				read = append(read, i.Reads...)
			}
		}
		found.Reads = r.live(read)
		r.Constraints = append(r.Constraints, found)
		if primary {
			r.PrimaryKey = slices.Clone(key)
		}
		return nil
	})
}

// constraintKey is what conkey says: an exclusion constraint has 0 in it for an expression, a CHECK for the whole row.
func constraintKey(kind string, key []int16) []int16 {
	if kind != "x" {
		return key
	}
	return slices.DeleteFunc(slices.Clone(key), func(num int16) bool { return num == 0 })
}

// live turns attribute numbers as expressions hold them into sorted numbers of live columns: 0, the whole row, is all of them, and
// system columns are none.
func (r *Relation) live(nums []int16) []int16 {
	if len(nums) == 0 {
		return nil
	}
	var reads []int16
	whole := slices.Contains(nums, 0)
	for i := range r.Columns {
		if whole || slices.Contains(nums, r.Columns[i].Num) {
			reads = append(reads, r.Columns[i].Num)
		}
	}
	return reads
}
