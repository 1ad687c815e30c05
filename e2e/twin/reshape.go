package twin

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cordon-db/cordon/config"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

// reshape drops what the twin lacks and puts the copied rows in place.
func (b *builder) reshape(ctx context.Context) error {
	for i := range b.fates {
		if err := b.freeze(ctx, &b.fates[i]); err != nil {
			return err
		}
	}
	// What a view that is made again does not have from its definition.
	const keep = `CREATE TABLE ` + workspace + `.kept AS SELECT oid, relnamespace, relname, relacl, reloptions FROM pg_class WHERE relkind = 'v';
		CREATE TABLE ` + workspace + `.comments AS SELECT * FROM pg_description WHERE classoid = 'pg_class'::regclass`
	if err := b.exec(ctx, keep); err != nil {
		return err
	}
	if err := b.dropViews(ctx); err != nil {
		return err
	}
	for i := range b.fates {
		if err := b.dropParts(ctx, &b.fates[i]); err != nil {
			return err
		}
	}
	if err := b.shed(ctx); err != nil {
		return err
	}
	for i := range b.fates {
		if err := b.place(ctx, &b.fates[i]); err != nil {
			return fmt.Errorf("relation %s: %w", b.fates[i].name(), err)
		}
	}
	return nil
}

// freeze makes generated columns that read what the twin treats ordinary ones: they keep their values.
func (b *builder) freeze(ctx context.Context, f *fate) error {
	for i := range f.rel.Columns {
		col := &f.rel.Columns[i]
		if f.absent || !col.Generated || f.treatments[i].Kind == config.Hide || !f.treated(col.Reads) && f.treatments[i].Kind == config.Show {
			continue
		}
		sql := "ALTER TABLE " + qualified(f.rel) + " ALTER COLUMN " + ident(col.Name) + " DROP EXPRESSION"
		if col.Virtual {
			sql = fmt.Sprintf(dropVirtual, f.rel.OID, col.Num)
		}
		if err := b.exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// dropVirtual is DROP EXPRESSION of a virtual column, which 18 does not do: the copied rows have its values.
const dropVirtual = `DELETE FROM pg_depend WHERE classid = 'pg_attrdef'::regclass AND objid IN (SELECT oid FROM pg_attrdef WHERE adrelid = %[1]d AND adnum = %[2]d)
	OR classid = 'pg_class'::regclass AND objid = %[1]d AND objsubid = %[2]d AND deptype = 'a' AND refclassid = classid AND refobjid = objid;
	DELETE FROM pg_attrdef WHERE adrelid = %[1]d AND adnum = %[2]d; UPDATE pg_attribute SET attgenerated = '', atthasdef = false WHERE attrelid = %[1]d AND attnum = %[2]d`

// treated says that one of the columns is not shown as it is.
func (f *fate) treated(nums []int16) bool {
	return slices.ContainsFunc(nums, func(num int16) bool {
		i := slices.IndexFunc(f.rel.Columns, func(c catalog.Column) bool { return c.Num == num })
		return i >= 0 && f.treatments[i].Kind != config.Show
	})
}

// dropViews drops the views that the policy does not list where a pseudonym changes a column's length, which they would keep;
// restoreViews brings them back.
func (b *builder) dropViews(ctx context.Context) error {
	longer := slices.ContainsFunc(b.fates, func(f fate) bool {
		for i, t := range f.treatments {
			if t.Kind == config.Pseudonym && f.rel.Columns[i].Type.Mod >= 0 {
				return true
			}
		}
		return false
	})
	for _, rel := range b.snapshot.Relations() {
		if !longer || rel.OID < catalog.FirstUserOID || rel.Kind != 'v' || b.listed(rel) != nil {
			continue
		}
		if err := b.exec(ctx, "DROP VIEW IF EXISTS "+qualified(rel)+" CASCADE"); err != nil {
			return err
		}
	}
	return nil
}

var kindNames = map[byte]string{'r': "TABLE", 'p': "TABLE", 'v': "VIEW", 'm': "MATERIALIZED VIEW", 'f': "FOREIGN TABLE"}

// dropParts drops a relation or the columns that the twin lacks, with all that depends on them.
func (b *builder) dropParts(ctx context.Context, f *fate) error {
	kind := kindNames[f.rel.Kind]
	if f.nameless { // a server has no rows in a parent itself
		var rows bool
		if there, err := b.exists(ctx, f.rel); err != nil || !there {
			return err
		}
		if err := b.conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM "+qualified(f.rel)+")").Scan(&rows); err != nil {
			return err
		}
		if rows {
			return fmt.Errorf("partition %s has rows and no name: not materialised", f.name())
		}
	}
	if f.absent || f.rel.Kind == 'v' || f.rel.Kind == 'f' || f.rel.Kind == 'm' && !f.same() {
		return b.exec(ctx, "DROP "+kind+" IF EXISTS "+qualified(f.rel)+" CASCADE")
	}
	for i := range f.rel.Columns {
		if f.rel.Kind == 'm' || f.treatments[i].Kind != config.Hide {
			continue
		}
		// A child's inherited column has gone with its parent's.
		if err := b.exec(ctx, "ALTER TABLE "+qualified(f.rel)+" DROP COLUMN IF EXISTS "+ident(f.rel.Columns[i].Name)+" CASCADE"); err != nil {
			return err
		}
	}
	return nil
}

// place puts copied rows into a table, or makes a table of what the policy treats as one.
func (b *builder) place(ctx context.Context, f *fate) error {
	if f.absent || f.rel.Kind == 'p' && f.same() {
		return nil
	}
	if err := b.loosen(ctx, f); err != nil || f.rel.Kind == 'p' || f.stored() && f.same() {
		return err
	}
	if !f.stored() {
		there, err := b.exists(ctx, f.rel)
		if err != nil || there {
			return err
		}
		return b.make(ctx, f)
	}
	var names []string
	for i := range f.rel.Columns {
		col := &f.rel.Columns[i]
		if f.treatments[i].Kind != config.Hide && (!col.Generated || f.treated(col.Reads) || f.treatments[i].Kind != config.Show) {
			names = append(names, ident(col.Name))
		}
	}
	list := strings.Join(names, ", ")
	return b.exec(ctx, fmt.Sprintf(`DELETE FROM ONLY %[1]s; INSERT INTO %[1]s (%[2]s) OVERRIDING SYSTEM VALUE SELECT %[2]s FROM %[3]s`,
		qualified(f.rel), list, f.copied()))
}

// make creates what the policy treats as a table and cannot be changed in place: a view or foreign table as a table, a materialised view as
// one that no longer depends on the workspace.
func (b *builder) make(ctx context.Context, f *fate) error {
	if f.rel.Kind == 'm' {
		return b.exec(ctx, "CREATE MATERIALIZED VIEW "+qualified(f.rel)+" AS TABLE "+f.copied()+
			"; DELETE FROM pg_depend WHERE classid = 'pg_rewrite'::regclass AND refobjid = '"+f.copied()+"'::regclass")
	}
	return b.exec(ctx, "CREATE TABLE "+qualified(f.rel)+" (LIKE "+f.copied()+"); INSERT INTO "+qualified(f.rel)+" TABLE "+f.copied())
}

// loosen takes away what treated values cannot obey: NOT NULL of nulled columns, the length of pseudonymised ones. It goes in the catalog, since
// views may stand on the column.
func (b *builder) loosen(ctx context.Context, f *fate) error {
	for i := range f.rel.Columns {
		col := &f.rel.Columns[i]
		var sql string
		switch f.treatments[i].Kind {
		case config.Pseudonym:
			if col.Type.Mod >= 0 {
				sql = fmt.Sprintf("UPDATE pg_attribute SET atttypmod = -1 WHERE attrelid = %d AND attnum = %d", f.rel.OID, col.Num)
			}
		case config.Null:
			if f.rel.Kind == 'r' || f.rel.Kind == 'p' {
				sql = "ALTER TABLE " + qualified(f.rel) + " ALTER COLUMN " + ident(col.Name) + " DROP NOT NULL"
			}
		case config.Show, config.Hide, config.Mask:
		}
		if sql == "" {
			continue
		}
		if err := b.exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}
