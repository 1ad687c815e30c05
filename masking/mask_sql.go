package masking

import (
	"fmt"
	"strings"
)

// SQL is the masked value of a column as an expression of the column's exact type, length and collation. It is made of
// pg_catalog's functions; that of MaskSQL is the policy's own expression, which names the row's columns bare.
func (m Mask) SQL(typ Type, column string) (string, error) {
	if err := m.fits(typ); err != nil {
		return "", err
	}
	expression, err := m.expression(typ, column)
	if err != nil {
		return "", err
	}
	return typ.collate("(" + expression + ")::" + typ.Name), nil
}

func (m Mask) expression(typ Type, column string) (string, error) {
	switch m.Kind {
	case MaskConstant:
		value, err := constantOf(typ, m.Value)
		if err != nil {
			return "", err
		}
		return "CASE WHEN " + column + " IS NOT NULL THEN " + value.sql + " END", nil
	case MaskPartial:
		return m.partialSQL(column), nil
	case MaskEmail:
		return emailSQL(column), nil
	case MaskYear, MaskMonth, MaskDay:
		return truncateSQL(m.Kind, typ, column), nil
	case MaskBucket:
		return m.bucketSQL(typ, column), nil
	case MaskIPPrefix:
		return m.prefixSQL(column), nil
	case MaskRemoveKeys:
		return m.removeKeysSQL(typ, column), nil
	case MaskSQL:
		return "\n" + m.Expression + "\n", nil // on a line of its own: it may end in a comment
	default:
		return "", fmt.Errorf("unknown mask %q", string(m.Kind))
	}
}

// textOf reads char(n) without its padding.
func textOf(column string) string { return column + "::pg_catalog.text" }

func (m Mask) partialSQL(column string) string {
	x, kept := textOf(column), m.KeepFirst+m.KeepLast
	return fmt.Sprintf("CASE WHEN pg_catalog.char_length(%[1]s) > %[2]d THEN pg_catalog.left(%[1]s,%[3]d) || "+
		"pg_catalog.repeat('*',pg_catalog.char_length(%[1]s) - %[2]d) || pg_catalog.right(%[1]s,%[4]d) "+
		"ELSE pg_catalog.repeat('*',pg_catalog.char_length(%[1]s)) END", x, kept, m.KeepFirst, m.KeepLast)
}

func emailSQL(column string) string {
	return fmt.Sprintf("CASE pg_catalog.strpos(%[1]s,'@') WHEN 0 THEN '***' WHEN 1 THEN '***@' || pg_catalog.split_part(%[1]s,'@',-1) "+
		"ELSE pg_catalog.left(%[1]s,1) || '***@' || pg_catalog.split_part(%[1]s,'@',-1) END", "("+textOf(column)+" COLLATE pg_catalog.\"C\")")
}

// truncateSQL goes through no text. The calendar of Postgres begins on 24 November 4714 BC, in the middle of a year and of
// a month: what would be truncated to a day before that is set to that day.
func truncateSQL(kind MaskKind, typ Type, column string) string {
	least := "-4714,11,24"
	complete := map[MaskKind]string{MaskYear: "-4713,1,1", MaskMonth: "-4714,12,1", MaskDay: least}[kind]
	var truncated, day string
	switch typ.OID {
	case oidDate: // not by way of a timestamp, whose range is smaller
		part := func(field string) string {
			return "pg_catalog.extract('" + field + "'," + column + ")::pg_catalog.int4"
		}
		parts := map[MaskKind]string{
			MaskYear: part("year") + ",1,1", MaskMonth: part("year") + "," + part("month") + ",1",
			MaskDay: part("year") + "," + part("month") + "," + part("day"),
		}[kind]
		truncated, day = "pg_catalog.make_date("+parts+")", "pg_catalog.make_date(%s)"
	case oidTimestamp:
		truncated, day = fmt.Sprintf("pg_catalog.date_trunc('%s',%s)", kind, column), "pg_catalog.make_timestamp(%s,0,0,0)"
	default:
		truncated, day = fmt.Sprintf("pg_catalog.date_trunc('%s',%s,'UTC')", kind, column), "pg_catalog.make_timestamptz(%s,0,0,0,'UTC')"
	}
	return fmt.Sprintf("CASE WHEN NOT pg_catalog.isfinite(%[1]s) THEN %[1]s WHEN %[1]s >= %[2]s THEN %[3]s WHEN %[1]s IS NOT NULL THEN %[4]s END",
		column, fmt.Sprintf(day, complete), truncated, fmt.Sprintf(day, least))
}

func (m Mask) prefixSQL(column string) string {
	return fmt.Sprintf("pg_catalog.network(pg_catalog.set_masklen(%[1]s::pg_catalog.inet,LEAST(pg_catalog.masklen(%[1]s),"+
		"CASE pg_catalog.family(%[1]s) WHEN 4 THEN %[2]d ELSE %[3]d END)))", column, m.V4, m.V6)
}

// jsonEscapes matches a json text whose Unicode escapes Postgres can decode: the type itself admits others.
const jsonEscapes = `^([^\\]|\\[^u]|\\u([1-9abcefABCEF]...|0[1-9a-fA-F]..|00[1-9a-fA-F].|000[1-9a-fA-F]|[dD][0-7]..)|` +
	`\\u[dD][89abAB]..\\u[dD][c-fC-F]..)*$`

func (m Mask) removeKeysSQL(typ Type, column string) string {
	literals := make([]string, len(m.Keys))
	for i, key := range m.Keys {
		literals[i] = strings.TrimSpace(quoteLiteral(key))
	}
	keys := "ARRAY[" + strings.Join(literals, ",") + "]::pg_catalog.text[]"
	if typ.OID == oidJSONB {
		return fmt.Sprintf("CASE WHEN pg_catalog.jsonb_typeof(%[1]s) = 'object' THEN %[1]s - %[2]s WHEN %[1]s IS NOT NULL THEN 'null'::pg_catalog.jsonb END", column, keys)
	}
	// Not by way of jsonb, which would change numbers and drop repeated keys.
	object := "(SELECT '{' || COALESCE(pg_catalog.string_agg(pg_catalog.to_json(e.key)::pg_catalog.text || ':' || e.value::pg_catalog.text,',' ORDER BY e.ordinality),'') || '}' " +
		"FROM pg_catalog.json_each(" + column + ") WITH ORDINALITY e(key,value,ordinality) WHERE e.key <> ALL (" + keys + "))"
	return fmt.Sprintf("CASE WHEN pg_catalog.json_typeof(%[1]s) = 'object' AND (%[1]s::pg_catalog.text COLLATE pg_catalog.\"C\") ~ %[2]s THEN %[3]s::pg_catalog.json "+
		"WHEN %[1]s IS NOT NULL THEN 'null'::pg_catalog.json END", column, strings.TrimSpace(quoteLiteral(jsonEscapes)), object)
}
