package e2e

import (
	"fmt"
	"strings"
)

// selected is a SELECT with what it returns. cols is nil where the names are not known.
type selected struct {
	sql     string
	cols    []col
	n       int
	ordered bool
}

// query writes a SELECT. outer is what a correlated subquery may refer to.
func (g *gen) query(outer []row, depth int) selected {
	rows, from := g.from(depth)
	from += g.where(rows, outer, depth)
	switch {
	case g.chance(35):
		return g.aggregate(rows, from)
	case g.chance(8):
		return g.distinctOn(rows, from, depth)
	case depth == 2 && g.chance(10):
		return g.star(rows, from)
	}
	var list []string
	var cols []col
	named := ""
	for i := range 1 + g.IntN(4) {
		k := pick(g, scalars)
		if g.chance(6) {
			k = pick(g, []kind{kJSON, kTags, kInet})
		}
		e := g.expr(rows, k, depth)
		if k == kInt && g.chance(25) {
			e, named = g.window(rows, named)
		}
		name := fmt.Sprintf("c%d", i+1)
		list = append(list, e+" AS "+name)
		cols = append(cols, col{name, k, 20})
	}
	s := selected{cols: cols, n: size(rows)}
	s.sql = "SELECT " + pick(g, []string{"", "", "", "DISTINCT ", "ALL "}) + strings.Join(list, ", ") + from + named
	if g.chance(45) {
		s.sql += g.total(len(list)) + g.limit()
		s.ordered = true
		s.n = min(s.n, 20)
	}
	return s
}

// total orders by every output column: rows that tie are the same.
func (g *gen) total(n int) string {
	var keys []string
	for i := range n {
		key := fmt.Sprint(i + 1)
		if g.chance(30) {
			key = fmt.Sprintf("c%d", i+1)
		}
		keys = append(keys, key+pick(g, []string{"", "", " ASC", " DESC", " NULLS FIRST", " DESC NULLS LAST"}))
	}
	g.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	return " ORDER BY " + strings.Join(keys, ", ")
}

// distinctOn picks the first row of each group under an order of all columns.
func (g *gen) distinctOn(rows []row, from string, depth int) selected {
	k := pick(g, scalars)
	on := g.expr(rows, k, 1)
	second := pick(g, []kind{kInt, kText})
	sql := "SELECT DISTINCT ON (c1) " + on + " AS c1, " + g.expr(rows, second, depth) + " AS c2, " + g.column(rows, kInt) + " AS c3" + from
	sql = strings.Replace(sql, "DISTINCT ON (c1)", "DISTINCT ON ("+on+")", 1)
	return selected{sql + " ORDER BY 1, 2" + pick(g, []string{"", " DESC"}) + ", 3", []col{{"c1", k, 20}, {"c2", second, 20}, {"c3", kInt, 20}}, size(rows), true}
}

// star reads all that a FROM clause has.
func (g *gen) star(rows []row, from string) selected {
	r := rows[0]
	if id, ok := g.find(rows, kID); ok && g.chance(25) {
		other := g.column(rows, kID)
		return selected{sql: "SELECT array_agg(" + id + " ORDER BY " + id + "), " + g.column(rows, kText) + ", array_agg(" + other + " ORDER BY " + other + " DESC) FILTER (WHERE " +
			g.predicate(rows, nil, 0) + ")" + from + " GROUP BY 2"}
	}
	return selected{sql: pick(g, []string{"SELECT *" + from, "SELECT " + r.alias + ".*" + from, "SELECT " + r.alias + ".*, 1 AS one" + from, "TABLE friends", "TABLE public.users"})}
}

// window writes a call over a window; one of the clause WINDOW is written once a query.
func (g *gen) window(rows []row, named string) (call, clause string) {
	value := g.column(rows, kInt)
	partition := "PARTITION BY " + pick(g, []string{g.column(rows, kText), g.column(rows, kID), g.expr(rows, kText, 1)})
	// Peers count alike, so these need no total order.
	over := partition + " ORDER BY " + g.column(rows, kInt) + pick(g, []string{"", " DESC", ", " + g.column(rows, kText)})
	call = pick(g, []string{"rank()", "dense_rank()", "count(*)", "sum(" + value + ")", "min(" + value + ")", "max(" + value + ")", "count(*) FILTER (WHERE " + value + " > 9)"})
	if total := ordering(rows); total != "" && g.chance(60) {
		over = partition + " ORDER BY " + total
		call = pick(g, []string{"row_number()", "lag(" + value + ")", "lead(" + value + ", 2, 0)", "first_value(" + value + ")", "ntile(4)", "nth_value(" + value + ", 2)", "sum(" + value + ")"})
		if g.chance(40) {
			over += " " + pick(g, []string{"ROWS BETWEEN 2 PRECEDING AND CURRENT ROW", "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING", "ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW"})
		}
	}
	if named == "" && g.chance(25) {
		return call + " OVER w", " WINDOW w AS (" + over + ")"
	}
	return call + " OVER (" + over + ")", named
}

// aggregate writes a grouped SELECT.
func (g *gen) aggregate(rows []row, from string) selected {
	if g.chance(12) {
		if s, ok := g.byKey(); ok {
			return s
		}
	}
	k := pick(g, []kind{kText, kID, kDate, kInt, kBool, kTime})
	key := g.expr(rows, k, 1)
	first, group := key, pick(g, []string{"1", key})
	switch {
	case g.chance(15):
		first, group, k = "count(*)", "", kInt
	case group == key && rows[0].keys != nil && len(rows) == 1:
		group = "c1" // an input column of that name would come first
	case g.chance(50):
		// Of columns only: servers before 18 do not make a constant NULL in the sets that leave it out, if they fold it.
		a, okA := g.find(rows, k)
		b, okB := g.find(rows, kText)
		if !okA || !okB || a == b {
			break
		}
		first, group = g.groupingSets(a, b)
		if first != a {
			k = kInt
		}
	}
	sql := "SELECT " + first + " AS c1, " + g.numberOf(rows) + " AS c2, " + g.textOf(rows) + " AS c3" + from
	if group != "" {
		sql += " GROUP BY " + group
	}
	if g.chance(35) {
		sql += " HAVING " + pick(g, []string{"count(1) > 0", "count(*) > 3", "max(" + g.column(rows, kInt) + ") > 10", "bool_or(" + g.predicate(rows, nil, 1) + ")"})
	}
	s := selected{sql, []col{{"c1", k, 20}, {"c2", kInt, 20}, {"c3", kText, 20}}, size(rows), false}
	if g.chance(50) {
		s.sql += g.total(3) + g.limit()
		s.ordered, s.n = true, min(s.n, 20)
	}
	return s
}

// groupingSets groups by two columns in several ways at once. first is the column, or what tells the sets apart.
func (g *gen) groupingSets(a, b string) (first, group string) {
	first = a
	if g.chance(40) {
		first = "grouping(" + a + ", " + b + ")"
	}
	return first, pick(g, []string{"ROLLUP (" + a + ", " + b + ")", "CUBE (" + a + ", " + b + ")", "GROUPING SETS ((" + a + "), (" + b + "), ())",
		a + ", ROLLUP (" + b + ")", "DISTINCT ROLLUP (" + a + "), CUBE (" + b + ")", "GROUPING SETS ((" + a + ", " + b + "), ROLLUP (" + b + "))"})
}

// numberOf is an aggregate that is a number, textOf one that is a text.
func (g *gen) numberOf(rows []row) string {
	n := g.column(rows, kInt)
	return pick(g, []func() string{
		func() string { return "count(*)" },
		func() string {
			return "count(DISTINCT " + g.column(rows, pick(g, []kind{kID, kText, kInt, kDate})) + ")"
		},
		func() string { return "sum(" + n + ")" },
		func() string { return "max(" + g.expr(rows, kInt, 1) + ")" },
		func() string { return "min(" + n + ")" },
		func() string { return "round(avg(" + n + "), 3)" },
		func() string { return "count(*) FILTER (WHERE " + g.predicate(rows, nil, 1) + ")" },
		func() string { return "count(" + rows[0].qualified(rows[0].cols[0]) + ")" },
		func() string { return "sum(DISTINCT " + n + " % 5)" },
		func() string { return "percentile_disc(0.5) WITHIN GROUP (ORDER BY " + n + ")" },
		func() string { return "cardinality(array_agg(" + n + " ORDER BY " + n + "))" },
	})()
}

func (g *gen) textOf(rows []row) string {
	c := g.column(rows, kText)
	id := g.column(rows, kID)
	return pick(g, []string{
		"min(" + c + ")", "max(" + c + ")", "string_agg(DISTINCT " + c + ", ',' ORDER BY " + c + ")", "string_agg(" + c + ", '' ORDER BY " + c + " DESC)",
		"array_agg(DISTINCT " + id + ")::text", "array_agg(" + id + " ORDER BY " + id + ")::text", "max(" + id + ")::text",
		"jsonb_agg(" + c + " ORDER BY " + c + ")::text", "mode() WITHIN GROUP (ORDER BY " + c + ")", "bool_and(" + g.predicate(rows, nil, 1) + ")::text",
		"jsonb_object_agg(COALESCE(" + c + ", ''), 1)::text",
	})
}

// byKey groups by a primary key, on which the other columns depend.
func (g *gen) byKey() (selected, bool) {
	sql := pick(g, []string{
		"SELECT u.user_id AS c1, count(v.video_id) AS c2, u.username || u.country AS c3 FROM users u LEFT JOIN videos v ON v.user_id = u.user_id GROUP BY u.user_id",
		"SELECT v.user_id AS c1, sum(s.n) AS c2, v.title AS c3 FROM videos v CROSS JOIN generate_series(1, 2) s (n) GROUP BY v.video_id",
		"SELECT u.user_id AS c1, count(*) AS c2, max(v.title) AS c3 FROM users u JOIN videos v USING (user_id) GROUP BY u.user_id HAVING u.score > " + g.operand(kInt),
	})
	return selected{sql + g.total(3), []col{{"c1", kID, 180}, {"c2", kInt, 5}, {"c3", kText, 180}}, 400, true}, true
}
