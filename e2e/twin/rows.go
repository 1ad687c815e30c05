package twin

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/cordon-db/cordon/config"
	"github.com/cordon-db/cordon/masking"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

// copyRelation computes the twin's rows of a relation from the raw data.
func (b *builder) copyRelation(ctx context.Context, f *fate) error {
	if f.absent || f.rel.Kind == 'p' || f.stored() && f.same() {
		return nil
	}
	var list, columns []string
	for i := range f.rel.Columns {
		if f.treatments[i].Kind == config.Hide {
			continue
		}
		value, err := b.value(ctx, f.rel, &f.rel.Columns[i], f.treatments[i])
		if err != nil {
			return fmt.Errorf("column %s: %w", f.rel.Columns[i].Name, err)
		}
		list = append(list, value)
		columns = append(columns, ident(f.rel.Columns[i].Name)+" "+f.typeOf(i))
	}
	sql := "CREATE TABLE " + f.copied() + " (" + strings.Join(columns, ", ") + "); INSERT INTO " + f.copied() + " SELECT " + strings.Join(list, ", ") + " FROM " + only(f.rel)
	if f.filter != "" {
		sql += " WHERE (" + f.filter + "\n)"
	}
	return b.exec(ctx, sql)
}

// typeOf is the type of a column on the twin, with its collation. A pseudonym may be longer than a varchar(n).
func (f *fate) typeOf(i int) string {
	typ := f.rel.Columns[i].Type
	name := typ.Name
	if f.treatments[i].Kind == config.Pseudonym {
		name, _, _ = strings.Cut(name, "(")
	}
	if typ.Collation != "" {
		name += " COLLATE " + typ.Collation
	}
	return name
}

// only is the relation without its children, which have rows and fates of their own.
func only(rel *catalog.Relation) string {
	if rel.Kind == 'r' {
		return "ONLY " + qualified(rel)
	}
	return qualified(rel)
}

// value is the expression of a column's value on the twin, over the raw row.
func (b *builder) value(ctx context.Context, rel *catalog.Relation, col *catalog.Column, t config.Treatment) (string, error) {
	raw := ident(rel.Name) + "." + ident(col.Name)
	switch t.Kind {
	case config.Show:
		return raw, nil
	case config.Null:
		return "NULL::" + col.Type.Name, nil
	case config.Mask:
		if t.Mask.Kind == masking.MaskSQL {
			return "(" + t.Mask.Expression + ")::" + col.Type.Name, nil
		}
		return b.mapped(ctx, rel, col, col.Type.Name, func(text []byte) ([]byte, error) { return t.Mask.Apply(col.Type, text) })
	case config.Pseudonym:
		cipher, err := b.cipher(t.Domain, col.Type)
		if err != nil {
			return "", err
		}
		name, _, _ := strings.Cut(col.Type.Name, "(")
		return b.mapped(ctx, rel, col, name, func(text []byte) ([]byte, error) { return cipher.Encrypt(nil, text) })
	default:
		return "", fmt.Errorf("unknown treatment %q", t.Kind)
	}
}

// mapped applies a Go form to every value of a column and keeps the results in a table. It returns the look-up.
func (b *builder) mapped(ctx context.Context, rel *catalog.Relation, col *catalog.Column, typ string, form func([]byte) ([]byte, error)) (string, error) {
	text := fmt.Sprintf("format('%%s', %s.%s) COLLATE \"C\"", ident(rel.Name), ident(col.Name)) // by the output function, unlike ::text
	rows, err := b.conn.Query(ctx, "SELECT DISTINCT "+text+" FROM "+only(rel)+" WHERE "+ident(col.Name)+" IS NOT NULL", pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		return "", err
	}
	values, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return "", fmt.Errorf("reading raw values: %w", err)
	}
	pairs := make([][]any, len(values))
	for i, value := range values {
		masked, err := form([]byte(value))
		if err != nil {
			return "", err
		}
		pairs[i] = []any{value, string(masked)}
	}
	table := fmt.Sprintf("map_%d_%d", rel.OID, col.Num)
	if err := b.exec(ctx, "CREATE TABLE "+workspace+"."+table+" (raw text, masked text); CREATE INDEX ON "+workspace+"."+table+" USING hash (raw)"); err != nil {
		return "", err
	}
	if _, err := b.conn.CopyFrom(ctx, pgx.Identifier{workspace, table}, []string{"raw", "masked"}, pgx.CopyFromRows(pairs)); err != nil {
		return "", fmt.Errorf("writing masked values: %w", err)
	}
	// NULL has no entry and stays NULL, although format makes it an empty text.
	return fmt.Sprintf("CASE WHEN %s.%s IS NOT NULL THEN (SELECT cordon_twin_map.masked FROM %s.%s cordon_twin_map WHERE cordon_twin_map.raw = %s)::%s END",
		ident(rel.Name), ident(col.Name), workspace, table, text, typ), nil
}
