package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// The rows of a table that has partitions by what is hidden come one partition after the other. Of two rows that raise, an error would tell which lies in the earlier
// one, and so would which of two values that are equal and written differently, as 1.0 and 1.00, DISTINCT keeps. So the rows are read by what is shown of them.

// gathers says that the rows of a table are to be gathered from its partitions, since something in the statement tells which comes first.
func (b *binder) gathers(e *exposed) bool {
	return e.scattered && (b.hazard || b.unsafe > 0 || b.picks)
}

// picksRows says that a query keeps one of values that are equal. Aggregates do, too, and are not safe.
func picksRows(sel *pg.SelectStmt) bool {
	return len(sel.DistinctClause) > 0 || len(sel.GroupClause) > 0 || sel.Op > pg.SetOperation_SETOP_NONE && !(sel.Op == pg.SetOperation_SETOP_UNION && sel.All)
}

// gathered are a table's rows by what is shown of them, identifiers by their pseudonyms.
func (t *tableRef) gathered(text string) string {
	var keys []string
	for i, used := range t.used {
		c := &t.exposed.columns[i]
		name := "cordon_g." + quoteIdent(c.name)
		switch {
		case !used:
		case t.sealed(i):
			keys = append(keys, "ROW("+c.gathered+") USING OPERATOR(pg_catalog.*<)")
		case fixedTypes[c.typ]:
			keys = append(keys, name)
		default:
			keys = append(keys, "ROW("+name+") USING OPERATOR(pg_catalog.*<)")
		}
	}
	if len(keys) == 0 {
		return text
	}
	return "SELECT * FROM (" + text + ") cordon_g ORDER BY " + strings.Join(keys, ", ") + " OFFSET 0"
}
