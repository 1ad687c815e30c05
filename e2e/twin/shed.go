package twin

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/cordon-db/cordon/config"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

// shed drops what is declared of the real values and does not hold of treated ones, or would tell of them: constraints, indexes, defaults,
// statistics, sequences, triggers; and what the policy has no say for: functions that it does not list, rules, policies, publications.
func (b *builder) shed(ctx context.Context) error {
	for _, step := range []func(context.Context) error{b.shedFunctions, b.shedRules, b.shedDomains, b.shedTriggers, b.shedConstraints, b.shedIndexes, b.shedStatistics, b.shedColumns, b.shedSequences} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// each runs the statements that a query of the catalog writes.
func (b *builder) each(ctx context.Context, query string, args ...any) error {
	for {
		rows, err := b.conn.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		statements, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil || len(statements) == 0 {
			return err
		}
		// One at a time: a CASCADE may take what comes next.
		if err := b.exec(ctx, statements[0]); err != nil {
			return err
		}
	}
}

func (b *builder) shedFunctions(ctx context.Context) error {
	return b.each(ctx, `SELECT 'DROP ROUTINE ' || p.oid::regprocedure || ' CASCADE' FROM pg_proc p WHERE p.oid >= 16384 AND NOT (p.pronamespace::regnamespace::text || '.' || p.proname) = ANY ($1)
		AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = p.oid AND deptype IN ('e', 'i')) LIMIT 1`, b.policy.Functions)
}

func (b *builder) shedRules(ctx context.Context) error {
	if err := b.each(ctx, `SELECT format('DROP RULE %I ON %s', rulename, ev_class::regclass) FROM pg_rewrite WHERE oid >= 16384 AND rulename <> '_RETURN' LIMIT 1`); err != nil {
		return err
	}
	if err := b.each(ctx, `SELECT format('DROP PUBLICATION %I', pubname) FROM pg_publication LIMIT 1`); err != nil {
		return err
	}
	return b.each(ctx, `SELECT format('DROP POLICY %I ON %s', polname, polrelid::regclass) FROM pg_policy LIMIT 1`)
}

// shedDomains takes default and constraints from domains of which a column is not shown as it is.
func (b *builder) shedDomains(ctx context.Context) error {
	var types []uint32
	for i := range b.fates {
		f := &b.fates[i]
		for k := range f.rel.Columns {
			if f.absent && !f.nameless || f.treatments[k].Kind != config.Show {
				types = append(types, f.rel.Columns[k].Type.OID)
			}
		}
	}
	types = b.contained(types)
	if err := b.each(ctx, `SELECT format('ALTER DOMAIN %s DROP CONSTRAINT %I', contypid::regtype, conname) FROM pg_constraint WHERE contypid = ANY ($1) LIMIT 1`, types); err != nil {
		return err
	}
	if err := b.each(ctx, `SELECT format('ALTER DOMAIN %s DROP NOT NULL', oid::regtype) FROM pg_type WHERE typtype = 'd' AND typnotnull AND oid = ANY ($1) LIMIT 1`, types); err != nil {
		return err
	}
	return b.each(ctx, `SELECT format('ALTER DOMAIN %s DROP DEFAULT', oid::regtype) FROM pg_type WHERE typtype = 'd' AND typdefault IS NOT NULL AND oid = ANY ($1) LIMIT 1`, types)
}

// contained adds what the types are made of.
func (b *builder) contained(types []uint32) []uint32 {
	for i := 0; i < len(types); i++ {
		t := b.snapshot.Types[types[i]]
		if t == nil {
			continue
		}
		parts := []uint32{t.Base, t.Elem}
		if rel, ok := b.snapshot.RelationByOID(t.Relation); ok {
			for _, c := range rel.Columns {
				parts = append(parts, c.Type.OID)
			}
		}
		for _, part := range parts {
			if part != 0 && !slices.Contains(types, part) {
				types = append(types, part)
			}
		}
	}
	return types
}

// treatedColumns are the columns that the twin has, but not as they are, each as its table's oid and its number.
func (b *builder) treatedColumns(kinds ...config.TreatmentKind) (keys []int64) {
	for i := range b.fates {
		f := &b.fates[i]
		for k, t := range f.treatments {
			if slices.Contains(kinds, t.Kind) {
				keys = append(keys, int64(f.rel.OID)<<16+int64(f.rel.Columns[k].Num))
			}
		}
	}
	return keys
}

var treated = []config.TreatmentKind{config.Null, config.Mask, config.Pseudonym, config.Hide}

// reading is an SQL condition: the expression of a node tree reads one of the columns in $1.
func reading(tree, relation string) string {
	return fmt.Sprintf(`EXISTS (SELECT FROM regexp_matches(%s::text, ':varattno (-?[0-9]+)', 'g') m JOIN pg_attribute a ON a.attrelid = %s AND (a.attnum = m[1]::int OR m[1] = '0' AND a.attnum > 0)
		WHERE (a.attrelid::int8 << 16) + a.attnum = ANY ($1))`, tree, relation)
}

func (b *builder) shedTriggers(ctx context.Context) error {
	return b.each(ctx, `SELECT format('DROP TRIGGER %I ON %s', tgname, tgrelid::regclass) FROM pg_trigger t WHERE NOT tgisinternal AND tgparentid = 0 AND (tgnargs > 0 OR `+reading("tgqual", "tgrelid")+`) LIMIT 1`,
		b.treatedColumns(treated...))
}

func (b *builder) shedConstraints(ctx context.Context) error {
	const drop = `SELECT format('ALTER TABLE %s DROP CONSTRAINT %I CASCADE', conrelid::regclass, conname) FROM pg_constraint c WHERE conrelid >= 16384 AND coninhcount = 0 AND `
	keys := `EXISTS (SELECT FROM unnest(conkey) k WHERE (conrelid::int8 << 16) + k = ANY ($1))`
	if err := b.each(ctx, drop+`contype IN ('c', 'x') AND (`+reading("conbin", "conrelid")+` OR `+keys+`) LIMIT 1`, b.treatedColumns(treated...)); err != nil {
		return err
	}
	if err := b.each(ctx, drop+`contype IN ('p', 'u') AND `+keys+` LIMIT 1`, b.treatedColumns(config.Null, config.Mask)); err != nil {
		return err
	}
	for i := range b.fates {
		f := &b.fates[i]
		for _, c := range f.rel.Constraints {
			if c.Kind != 'f' || f.absent || b.agree(f, c) {
				continue
			}
			if err := b.each(ctx, drop+`oid = $1`, c.OID); err != nil {
				return err
			}
		}
	}
	return nil
}

// agree says that the two sides of a foreign key have the same values on the twin where they have them in truth.
func (b *builder) agree(f *fate, c catalog.Constraint) bool {
	at := slices.IndexFunc(b.fates, func(o fate) bool { return o.rel.OID == c.Foreign })
	if at < 0 || b.fates[at].absent {
		return false
	}
	for i := range c.Key {
		l, r := f.treatmentOf(c.Key[i]), b.fates[at].treatmentOf(c.ForeignColumns[i])
		if l.Kind != r.Kind || l.Kind != config.Show && (l.Kind != config.Pseudonym || l.Domain != r.Domain) {
			return false
		}
	}
	return true
}

func (f *fate) treatmentOf(num int16) config.Treatment {
	for i := range f.rel.Columns {
		if f.rel.Columns[i].Num == num {
			return f.treatments[i]
		}
	}
	return config.Treatment{Kind: config.Hide}
}

func (b *builder) shedIndexes(ctx context.Context) error {
	const drop = `SELECT 'DROP INDEX ' || indexrelid::regclass FROM pg_index WHERE indrelid >= 16384 AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = indexrelid) AND `
	if err := b.each(ctx, drop+`(`+reading("indexprs", "indrelid")+` OR `+reading("indpred", "indrelid")+`) LIMIT 1`, b.treatedColumns(treated...)); err != nil {
		return err
	}
	return b.each(ctx, drop+`indisunique AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid) AND EXISTS (SELECT FROM unnest(indkey) k WHERE (indrelid::int8 << 16) + k = ANY ($1)) LIMIT 1`, b.treatedColumns(config.Null, config.Mask))
}

func (b *builder) shedStatistics(ctx context.Context) error {
	return b.each(ctx, `SELECT 'DROP STATISTICS ' || quote_ident(stxnamespace::regnamespace::text) || '.' || quote_ident(stxname) FROM pg_statistic_ext WHERE `+reading("stxexprs", "stxrelid")+` LIMIT 1`,
		b.treatedColumns(treated...))
}

// shedColumns takes defaults, identity and options from treated columns.
func (b *builder) shedColumns(ctx context.Context) error {
	keys := b.treatedColumns(treated...)
	const alter = `SELECT format('ALTER %s %s ALTER COLUMN %I ', CASE relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END, attrelid::regclass, attname) || `
	const from = ` FROM pg_attribute a JOIN pg_class ON pg_class.oid = attrelid WHERE relkind IN ('r', 'p', 'm') AND NOT attisdropped AND attinhcount = 0 AND (attrelid::int8 << 16) + attnum = ANY ($1) AND `
	for what, where := range map[string]string{
		`'DROP IDENTITY'`: `attidentity <> '' LIMIT 1`,
		`'DROP DEFAULT'`:  `atthasdef AND attgenerated = '' LIMIT 1`,
		`'RESET (' || (SELECT string_agg(option_name, ', ') FROM pg_options_to_table(attoptions)) || ')'`: `attoptions IS NOT NULL LIMIT 1`,
	} {
		if err := b.each(ctx, alter+what+from+where, keys); err != nil {
			return err
		}
	}
	return nil
}

// shedSequences leaves those that belong to a column that is shown as it is.
func (b *builder) shedSequences(ctx context.Context) error {
	return b.each(ctx, `SELECT 'DROP SEQUENCE ' || c.oid::regclass || ' CASCADE' FROM pg_class c WHERE relkind = 'S' AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
		AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND (d.refobjid::int8 << 16) + d.refobjsubid = ANY ($1)) LIMIT 1`, b.treatedColumns(config.Show))
}

// shedSchemas drops the schemas in which nothing is left.
func (b *builder) shedSchemas(ctx context.Context) error {
	return b.each(ctx, `SELECT 'DROP SCHEMA ' || quote_ident(nspname) || ' CASCADE' FROM pg_namespace n WHERE oid >= 16384 AND nspname !~ '^pg_'
		AND NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = n.oid) AND NOT EXISTS (SELECT FROM pg_type WHERE typnamespace = n.oid) AND NOT EXISTS (SELECT FROM pg_proc WHERE pronamespace = n.oid) LIMIT 1`)
}
