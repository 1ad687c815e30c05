package catalog

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// DefinitionKind says what Postgres prints.
type DefinitionKind string

// The kinds of definitions. Sub is 0 but where it is said.
const (
	DefaultText    DefinitionKind = "default"    // of a column (Sub is its number), of a generated one too
	ConstraintText DefinitionKind = "constraint" // pg_get_constraintdef
	CheckText      DefinitionKind = "check"      // the condition alone
	IndexText      DefinitionKind = "index"      // pg_get_indexdef; Sub is the column, from 1, or 0 for all
	IndexKeyText   DefinitionKind = "indexprs"   // the expressions alone
	PredicateText  DefinitionKind = "indpred"    // the condition of a partial index
	PartKeyText    DefinitionKind = "partkey"    // pg_get_partkeydef
	BoundText      DefinitionKind = "bound"      // of a partition
	PartitionText  DefinitionKind = "partition"  // pg_get_partition_constraintdef
	StatisticsText DefinitionKind = "statistics" // pg_get_statisticsobjdef
	StatColumnText DefinitionKind = "statcols"   // pg_get_statisticsobjdef_columns
	TriggerText    DefinitionKind = "trigger"    // pg_get_triggerdef
	RowFilterText  DefinitionKind = "publish"    // of a table in a publication
	ViewText       DefinitionKind = "view"       // pg_get_viewdef
	DomainText     DefinitionKind = "domain"     // the default of a domain
	ArgumentsText  DefinitionKind = "arguments"  // pg_get_function_arguments
	IdentityText   DefinitionKind = "identity"   // pg_get_function_identity_arguments
	ResultText     DefinitionKind = "result"     // pg_get_function_result
)

// Definition is what Postgres prints of an object of people's own, under an empty search_path: names are qualified.
type Definition struct {
	Kind     DefinitionKind
	OID      uint32
	Sub      int16   `json:",omitempty"`
	Relation uint32  `json:",omitempty"` // whose columns it names
	Reads    []int16 `json:",omitempty"` // those that expressions in it read
	Type     uint32  `json:",omitempty"` // the domain that it belongs to
	Plain    string
	Pretty   string `json:",omitempty"` // with few parentheses; empty where that is Plain
}

// Text is the definition, with few parentheses where pretty is true.
func (d *Definition) Text(pretty bool) string {
	if pretty && d.Pretty != "" {
		return d.Pretty
	}
	return d.Plain
}

// definitionsQuery prints everything that a describing function could be asked for. What a function of 15 lacks on 14 is left out by
// the caller's version.
func definitionsQuery(version int) string {
	filter := ""
	if version >= 150000 {
		filter = `
UNION ALL SELECT 'publish', p.oid, 0, p.prrelid, ` + varNumbers("p.prqual::text") + `, pg_catalog.pg_get_expr(p.prqual, p.prrelid), pg_catalog.pg_get_expr(p.prqual, p.prrelid, true)
  FROM pg_catalog.pg_publication_rel p WHERE p.prqual IS NOT NULL`
	}
	return `
SELECT d.kind, d.oid, d.sub::int2, d.relation, d.reads, CASE WHEN d.relation = 0 AND d.kind IN ('constraint', 'domain') THEN coalesce((SELECT o.contypid FROM pg_catalog.pg_constraint o WHERE d.kind = 'constraint' AND o.oid = d.oid), d.oid) ELSE 0 END,
  d.plain, CASE WHEN d.pretty = d.plain THEN '' ELSE coalesce(d.pretty, '') END FROM (
SELECT 'default' AS kind, a.adrelid AS oid, a.adnum AS sub, a.adrelid AS relation, ` + varNumbers("a.adbin::text") + ` AS reads,
  pg_catalog.pg_get_expr(a.adbin, a.adrelid) AS plain, pg_catalog.pg_get_expr(a.adbin, a.adrelid, true) AS pretty FROM pg_catalog.pg_attrdef a
UNION ALL SELECT 'constraint', o.oid, 0, o.conrelid, ` + varNumbers("o.conbin::text") + `, pg_catalog.pg_get_constraintdef(o.oid), pg_catalog.pg_get_constraintdef(o.oid, true)
  FROM pg_catalog.pg_constraint o
UNION ALL SELECT 'check', o.oid, 0, o.conrelid, ` + varNumbers("o.conbin::text") + `, pg_catalog.pg_get_expr(o.conbin, o.conrelid), pg_catalog.pg_get_expr(o.conbin, o.conrelid, true)
  FROM pg_catalog.pg_constraint o WHERE o.conbin IS NOT NULL AND o.conrelid <> 0
UNION ALL SELECT 'index', i.indexrelid, s.n, i.indrelid, CASE WHEN s.n = 0 OR i.indkey[s.n - 1] = 0 THEN ` + varNumbers("i.indexprs::text") + ` || ` + varNumbers("i.indpred::text") + ` END,
  CASE s.n WHEN 0 THEN pg_catalog.pg_get_indexdef(i.indexrelid) ELSE pg_catalog.pg_get_indexdef(i.indexrelid, s.n, false) END, pg_catalog.pg_get_indexdef(i.indexrelid, s.n, true)
  FROM pg_catalog.pg_index i, pg_catalog.generate_series(0, i.indnatts) s (n)
UNION ALL SELECT 'indexprs', i.indexrelid, 0, i.indrelid, ` + varNumbers("i.indexprs::text") + `, pg_catalog.pg_get_expr(i.indexprs, i.indrelid), pg_catalog.pg_get_expr(i.indexprs, i.indrelid, true)
  FROM pg_catalog.pg_index i WHERE i.indexprs IS NOT NULL
UNION ALL SELECT 'indpred', i.indexrelid, 0, i.indrelid, ` + varNumbers("i.indpred::text") + `, pg_catalog.pg_get_expr(i.indpred, i.indrelid), pg_catalog.pg_get_expr(i.indpred, i.indrelid, true)
  FROM pg_catalog.pg_index i WHERE i.indpred IS NOT NULL
UNION ALL SELECT 'partkey', p.partrelid, 0, p.partrelid, ` + varNumbers("p.partexprs::text") + `, pg_catalog.pg_get_partkeydef(p.partrelid), NULL
  FROM pg_catalog.pg_partitioned_table p
UNION ALL SELECT b.kind, c.oid, 0, c.oid, NULL, b.text, NULL FROM pg_catalog.pg_class c, LATERAL (VALUES
    ('bound', pg_catalog.pg_get_expr(c.relpartbound, c.oid)), ('partition', pg_catalog.pg_get_partition_constraintdef(c.oid))) b (kind, text) WHERE c.relispartition AND c.relkind IN ('r', 'p', 'f')
UNION ALL SELECT b.kind, x.oid, 0, x.stxrelid, ` + varNumbers("x.stxexprs::text") + `, b.text, NULL FROM pg_catalog.pg_statistic_ext x, LATERAL (VALUES
    ('statistics', pg_catalog.pg_get_statisticsobjdef(x.oid)), ('statcols', pg_catalog.pg_get_statisticsobjdef_columns(x.oid))) b (kind, text)
UNION ALL SELECT 'trigger', t.oid, 0, t.tgrelid, t.tgattr::int2[], pg_catalog.pg_get_triggerdef(t.oid), pg_catalog.pg_get_triggerdef(t.oid, true)
  FROM pg_catalog.pg_trigger t WHERE NOT t.tgisinternal AND t.tgnargs = 0
UNION ALL SELECT 'view', c.oid, 0, c.oid, NULL, pg_catalog.pg_get_viewdef(c.oid), pg_catalog.pg_get_viewdef(c.oid, true)
  FROM pg_catalog.pg_class c WHERE c.relkind IN ('v', 'm')
UNION ALL SELECT 'domain', t.oid, 0, 0, NULL, t.typdefault, NULL FROM pg_catalog.pg_type t WHERE t.typtype = 'd' AND t.typdefaultbin IS NOT NULL
UNION ALL SELECT b.kind, p.oid, 0, 0, NULL, b.text, NULL FROM pg_catalog.pg_proc p, LATERAL (VALUES ('arguments', pg_catalog.pg_get_function_arguments(p.oid)),
    ('identity', pg_catalog.pg_get_function_identity_arguments(p.oid)), ('result', pg_catalog.pg_get_function_result(p.oid))) b (kind, text) WHERE p.oid >= 16384` + filter + `
) d WHERE d.oid >= 16384 AND d.plain IS NOT NULL ORDER BY 1, 2, 3`
}

func readDefinitions(ctx context.Context, tx pgx.Tx, f *facts) error {
	byOID := make(map[uint32]*Relation)
	for _, r := range f.Relations {
		byOID[r.OID] = r
	}
	var version int
	if err := tx.QueryRow(ctx, `SELECT pg_catalog.current_setting('server_version_num')::int4`).Scan(&version); err != nil {
		return err
	}
	var d Definition
	var reads []int16
	return each(ctx, tx, definitionsQuery(version), []any{&d.Kind, &d.OID, &d.Sub, &d.Relation, &reads, &d.Type, &d.Plain, &d.Pretty}, func() error {
		found := d
		r, ok := byOID[found.Relation]
		if found.Relation != 0 && !ok {
			return nil // of a temporary or TOAST table
		}
		if found.Reads = nil; ok {
			found.Reads = r.live(reads)
		}
		f.Definitions = append(f.Definitions, &found)
		return nil
	})
}
