// Package twin materialises the twin: it turns a copy of a database into what a masked session must see of it. Tests compare
// cordon's answers with this database's own.
//
// It is a second reading of the policy, made without the rewriter: pseudonyms and masks are computed by masking's Go forms, and
// what the policy hides is dropped. Only `sql` masks and row filters, which are SQL by nature, are evaluated by the server.
//
// Build works in phases, so that filters and masks see the raw data. First decide says what becomes of every relation
// (decide.go); copyRelation computes the twin's rows of each into a table of a schema of its own (rows.go); reshape drops what the
// twin lacks and puts the rows in place (reshape.go); restoreViews brings back the views that only stood in the way.
//
// What is declared of real values and need not hold of treated ones goes with them (shed.go); triggers do not fire.
package twin

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/cordon-db/cordon/config"
	"github.com/cordon-db/cordon/masking"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

// workspace is the schema that Build works in; the finished twin does not have it.
const workspace = "cordon_twin"

// builder is one run of Build.
type builder struct {
	conn     *pgx.Conn
	policy   *config.Database
	master   []byte
	snapshot *catalog.Snapshot
	fates    []fate
}

// Build turns the database of conn, a copy of the real one, into the twin that a policy describes. conn is a superuser's, with
// nobody else connected; master is the master key of the pseudonyms. After an error the database is of no use.
func Build(ctx context.Context, conn *pgx.Conn, policy *config.Database, master []byte) error {
	b := &builder{conn: conn, policy: policy, master: master}
	var err error
	if b.snapshot, err = catalog.Load(ctx, conn); err != nil {
		return fmt.Errorf("twin: %w", err)
	}
	if err := b.build(ctx); err != nil {
		return fmt.Errorf("twin of %s: %w", policy.Name, err)
	}
	return nil
}

func (b *builder) build(ctx context.Context) error {
	if err := b.decide(); err != nil {
		return err
	}
	// Go forms work on text as it is under these settings; in the role of a replica no trigger and no foreign key acts.
	const session = `SET TimeZone = 'UTC'; SET DateStyle = 'ISO, MDY'; SET IntervalStyle = 'postgres'; SET bytea_output = 'hex';
		SET extra_float_digits = 1; SET session_replication_role = replica; CREATE SCHEMA ` + workspace
	if err := b.exec(ctx, session); err != nil {
		return err
	}
	for i := range b.fates {
		if err := b.copyRelation(ctx, &b.fates[i]); err != nil {
			return fmt.Errorf("relation %s: %w", b.fates[i].name(), err)
		}
	}
	if err := b.reshape(ctx); err != nil {
		return err
	}
	if err := b.restoreViews(ctx); err != nil {
		return err
	}
	const restore = `UPDATE pg_class c SET relacl = k.relacl, reloptions = k.reloptions FROM ` + workspace + `.kept k WHERE (c.relnamespace, c.relname) = (k.relnamespace, k.relname) AND c.oid <> k.oid;
		INSERT INTO pg_description SELECT c.oid, d.classoid, d.objsubid, d.description FROM pg_class c JOIN ` + workspace + `.kept k USING (relnamespace, relname) JOIN ` + workspace + `.comments d ON d.objoid = k.oid WHERE c.oid <> k.oid`
	if err := b.exec(ctx, restore); err != nil {
		return err
	}
	if err := b.exec(ctx, "DROP SCHEMA "+workspace+" CASCADE; RESET ALL"); err != nil {
		return err
	}
	return b.shedSchemas(ctx)
}

// exec runs statements.
func (b *builder) exec(ctx context.Context, sql string) error {
	if _, err := b.conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
		return fmt.Errorf("running %.200q: %w", sql, err)
	}
	return nil
}

// exists says whether a relation is still there.
func (b *builder) exists(ctx context.Context, rel *catalog.Relation) (bool, error) {
	var found bool
	err := b.conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_class WHERE oid = $1)", rel.OID).Scan(&found)
	return found, err
}

// cipher is the pseudonym of a domain for a type.
func (b *builder) cipher(domain string, typ masking.Type) (*masking.Pseudonym, error) {
	key, err := masking.DeriveKey(b.master, domain)
	if err != nil {
		return nil, err
	}
	return masking.NewPseudonym(key, typ)
}

// restoreViews creates again the views that the policy does not list and that fell with something else: each exists on the twin
// as long as what it reads does. The order in which they depend on one another is found by trying.
func (b *builder) restoreViews(ctx context.Context) error {
	var pending []*catalog.Relation
	for _, rel := range b.snapshot.Relations() {
		if rel.OID < catalog.FirstUserOID || rel.Kind != 'v' || b.listed(rel) != nil {
			continue
		}
		there, err := b.exists(ctx, rel)
		if err != nil {
			return err
		}
		if !there {
			pending = append(pending, rel)
		}
	}
	for progress := true; progress; {
		progress = false
		var failed []*catalog.Relation
		for _, rel := range pending {
			err := b.restoreView(ctx, rel)
			var refused interface{ SQLState() string }
			switch {
			case err == nil:
				progress = true
			case errors.As(err, &refused):
				failed = append(failed, rel)
			default:
				return err
			}
		}
		pending = failed
	}
	return nil
}

func (b *builder) restoreView(ctx context.Context, rel *catalog.Relation) error {
	var columns []string
	for i := range rel.Columns {
		columns = append(columns, ident(rel.Columns[i].Name))
	}
	options := ""
	if rel.SecurityBarrier {
		options = " WITH (security_barrier)"
	}
	return b.exec(ctx, "CREATE VIEW "+qualified(rel)+" ("+strings.Join(columns, ", ")+")"+options+" AS "+rel.View)
}

// ident quotes a name.
func ident(name string) string { return pgx.Identifier{name}.Sanitize() }

func qualified(rel *catalog.Relation) string { return pgx.Identifier{rel.Schema, rel.Name}.Sanitize() }
