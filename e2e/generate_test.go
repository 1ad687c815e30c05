package e2e

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// The generator writes random queries over what a masked session sees of the attacks' schema. Statement k depends on seed and k
// alone. Nearly all are valid; results are ordered totally wherever LIMIT cuts them, so that only the plan's freedom is left open.

// kind is a class of types that the generator mixes.
type kind string

const (
	kID   kind = "id"
	kInt  kind = "int"
	kText kind = "text"
	kDate kind = "date"
	kTime kind = "time"
	kBool kind = "bool"
)

// col is a column in scope, row a FROM item.
type (
	col struct {
		name string
		kind kind
	}
	row struct {
		alias string
		cols  []col
	}
)

var relations = map[string][]col{
	"users":             {{"user_id", kID}, {"username", kText}, {"email", kText}, {"birth", kDate}, {"country", kText}, {"score", kInt}, {"joined", kTime}, {"note", kText}},
	"videos":            {{"video_id", kInt}, {"user_id", kID}, {"title", kText}, {"visibility", kText}, {"views", kInt}, {"created_at", kTime}},
	"public.friends":    {{"a", kID}, {"b", kID}, {"since", kDate}},
	`"public_videos"`:   {{"video_id", kInt}, {"username", kText}, {"title", kText}},
	"public.users":      {{"user_id", kID}, {"country", kText}, {"score", kInt}},
	`"public"."videos"`: {{"user_id", kID}, {"views", kInt}, {"title", kText}},
	"(VALUES (1, 'x'), (17, 'DE'), (NULL, 'FR'))": {{"column1", kInt}, {"column2", kText}},
	"generate_series(1, 9)":                       {{"", kInt}},
}

var relationNames = []string{"users", "users", "videos", "videos", "public.friends", `"public_videos"`, "public.users", `"public"."videos"`,
	"(VALUES (1, 'x'), (17, 'DE'), (NULL, 'FR'))", "generate_series(1, 9)"}

type gen struct {
	*rand.Rand
	aliases int
	ctes    []row
}

// generate writes statement k of a seed.
func generate(seed int64, k int) string {
	g := &gen{Rand: rand.New(rand.NewPCG(uint64(seed), uint64(k)))}
	return g.statement()
}

func pick[T any](g *gen, from []T) T { return from[g.IntN(len(from))] }

func (g *gen) chance(percent int) bool { return g.IntN(100) < percent }

func (g *gen) alias() string {
	g.aliases++
	return pick(g, []string{"t%d", "x%d", `"T %d"`, `"select%d"`})
}

func (g *gen) newAlias() string { return fmt.Sprintf(g.alias(), g.aliases) }

func (g *gen) statement() string {
	with := ""
	if g.chance(25) {
		name := g.newAlias()
		sql, cols := g.query(nil, 1, false)
		with = "WITH " + name + " AS (" + sql + ") "
		g.ctes = append(g.ctes, row{name, cols})
	}
	if g.chance(12) {
		return with + g.setOperation()
	}
	sql, _ := g.query(nil, 2, true)
	return with + sql
}

func (g *gen) setOperation() string {
	kinds := []kind{pick(g, []kind{kID, kInt, kText}), pick(g, []kind{kText, kInt})}
	arm := func() string {
		rows, from := g.from(nil, 1)
		var list []string
		for _, k := range kinds {
			list = append(list, g.expr(rows, k, 1))
		}
		return "SELECT " + strings.Join(list, ", ") + from + g.where(rows, nil, 1)
	}
	return arm() + " " + pick(g, []string{"UNION", "UNION ALL", "INTERSECT", "EXCEPT", "EXCEPT ALL"}) + " " + arm() + " ORDER BY 1, 2 LIMIT 50"
}

// query writes a SELECT and says what columns it has. outer is what a correlated subquery may refer to.
func (g *gen) query(outer []row, depth int, top bool) (string, []col) {
	rows, from := g.from(outer, depth)
	if g.chance(35) {
		return g.aggregate(rows, outer, from, depth)
	}
	var list []string
	var cols []col
	if top && g.chance(10) {
		return "SELECT *" + from + g.where(rows, outer, depth), nil
	}
	for i := range 1 + g.IntN(4) {
		k := pick(g, []kind{kID, kInt, kText, kText, kDate, kTime, kBool, kInt})
		e := g.expr(rows, k, depth)
		if k == kInt && g.chance(15) {
			e = g.window(rows)
		}
		name := fmt.Sprintf("c%d", i+1)
		list = append(list, e+" AS "+name)
		cols = append(cols, col{name, k})
	}
	sql := "SELECT " + pick(g, []string{"", "", "", "DISTINCT "}) + strings.Join(list, ", ") + from + g.where(rows, outer, depth)
	if g.chance(30) {
		sql += g.total(len(list)) + fmt.Sprintf(" LIMIT %d", 1+g.IntN(20))
	}
	return sql, cols
}

// total orders by every output column.
func (g *gen) total(n int) string {
	var keys []string
	for i := range n {
		keys = append(keys, fmt.Sprintf("%d%s", i+1, pick(g, []string{"", " DESC", " NULLS FIRST"})))
	}
	return " ORDER BY " + strings.Join(keys, ", ")
}

func (g *gen) window(rows []row) string {
	over := " OVER (PARTITION BY " + g.column(rows, kText) + " ORDER BY " + g.column(rows, kInt) + ", " + g.column(rows, kID) + ")"
	return pick(g, []string{"rank()", "dense_rank()", "count(*)", "sum(" + g.column(rows, kInt) + ")"}) + over
}

func (g *gen) aggregate(rows, outer []row, from string, depth int) (string, []col) {
	k := pick(g, []kind{kText, kID, kDate, kInt})
	key := g.expr(rows, k, 1)
	agg := pick(g, []string{"count(*)", "count(DISTINCT " + g.column(rows, kID) + ")", "sum(" + g.column(rows, kInt) + ")", "max(" + g.column(rows, kInt) + ")",
		"min(" + g.column(rows, kInt) + ")", "count(*) FILTER (WHERE " + g.predicate(rows, nil, 1) + ")"})
	text := pick(g, []string{"min(" + g.column(rows, kText) + ")", "max(" + g.column(rows, kText) + ")", "string_agg(DISTINCT " + g.column(rows, kText) + ", ',' ORDER BY " + "%s)"})
	if strings.Contains(text, "%s") {
		c := g.column(rows, kText)
		text = "string_agg(DISTINCT " + c + ", ',' ORDER BY " + c + ")"
	}
	sql := "SELECT " + key + " AS c1, " + agg + " AS c2, " + text + " AS c3" + from + g.where(rows, outer, depth) + " GROUP BY " + pick(g, []string{"1", "1", "c1", "ROLLUP (1)", "GROUPING SETS ((1), ())"})
	if strings.Contains(sql, "(1)") {
		sql = strings.Replace(strings.Replace(sql, "ROLLUP (1)", "ROLLUP ("+key+")", 1), "SETS ((1)", "SETS (("+key+")", 1)
	}
	if g.chance(40) {
		sql += " HAVING " + pick(g, []string{"count(1) > 0", "count(*) > 3", "max(" + g.column(rows, kInt) + ") > 10"})
	}
	if g.chance(40) {
		sql += " ORDER BY 2 DESC, 1, 3 LIMIT 10"
	}
	return sql, []col{{"c1", k}, {"c2", kInt}, {"c3", kText}}
}

// from writes a FROM clause of one to three items.
func (g *gen) from(outer []row, depth int) ([]row, string) {
	first, sql := g.item(outer, depth)
	rows := []row{first}
	for range g.IntN(3) {
		next, item := g.item(outer, depth)
		join := pick(g, []string{" JOIN ", " LEFT JOIN ", " JOIN ", " RIGHT JOIN ", " FULL JOIN "})
		k := pick(g, []kind{kID, kID, kInt, kText})
		on := g.column(rows, k) + " = " + g.column([]row{next}, k)
		if !strings.Contains(join, "FULL") && g.chance(30) {
			on += " AND " + g.predicate(append([]row{next}, rows...), nil, 1)
		}
		sql += join + item + " ON " + on
		rows = append(rows, next)
	}
	return rows, " FROM " + sql
}

func (g *gen) item(outer []row, depth int) (row, string) {
	alias := g.newAlias()
	if len(g.ctes) > 0 && g.chance(25) {
		cte := pick(g, g.ctes)
		return row{alias, cte.cols}, cte.alias + " AS " + alias
	}
	if depth > 0 && g.chance(20) {
		sql, cols := g.query(nil, depth-1, false)
		if cols != nil {
			return row{alias, cols}, "(" + sql + ") AS " + alias
		}
	}
	name := pick(g, relationNames)
	cols := relations[name]
	if strings.HasPrefix(name, "generate_series") {
		return row{alias, []col{{"n", kInt}}}, name + " AS " + alias + "(n)"
	}
	if g.chance(10) && len(cols) == 3 {
		return row{alias, []col{{"k1", cols[0].kind}, {"k2", cols[1].kind}, {"k3", cols[2].kind}}}, name + " AS " + alias + "(k1, k2, k3)"
	}
	return row{alias, cols}, name + " AS " + alias
}

func (g *gen) where(rows, outer []row, depth int) string {
	if g.chance(30) {
		return ""
	}
	return " WHERE " + g.predicate(rows, outer, depth)
}

// column is a column of a kind in scope, or a constant where there is none.
func (g *gen) column(rows []row, k kind) string {
	var found []string
	for _, r := range rows {
		for _, c := range r.cols {
			if c.kind == k {
				found = append(found, r.alias+"."+c.name)
			}
		}
	}
	if len(found) == 0 {
		return g.constant(k)
	}
	return pick(g, found)
}

func (g *gen) constant(k kind) string {
	switch k {
	case kID:
		return pick(g, []string{"8130088571750799502::int8", "17::int8", "NULL::int8"})
	case kInt:
		return fmt.Sprint(g.IntN(600))
	case kText:
		return pick(g, []string{"'DE'::text", "'film 17'::text", "'user5'::text", "'ü'::text", "''::text"})
	case kDate:
		return pick(g, []string{"DATE '2000-01-01'", "CURRENT_DATE - CURRENT_DATE + DATE '2024-01-01'"})
	case kTime:
		return "TIMESTAMPTZ '2024-03-15 12:00:00+00'"
	}
	return pick(g, []string{"true", "false"})
}

func (g *gen) expr(rows []row, k kind, depth int) string {
	if depth <= 0 || g.chance(50) {
		return g.column(rows, k)
	}
	sub := func(k kind) string { return g.expr(rows, k, depth-1) }
	switch k {
	case kInt:
		return pick(g, []func() string{
			func() string { return "(" + sub(kInt) + " + " + sub(kInt) + ")" },
			func() string { return "(" + sub(kInt) + " % 7)" },
			func() string { return "length(" + sub(kText) + ")" },
			func() string { return "COALESCE(" + sub(kInt) + ", 0)" },
			func() string {
				return "CASE WHEN " + g.predicate(rows, nil, depth-1) + " THEN " + sub(kInt) + " ELSE " + sub(kInt) + " END"
			},
			func() string { return "(100 / (" + sub(kInt) + " + 1))" },
			func() string {
				return "(SELECT count(*) FROM friends f WHERE f.since > " + g.column(rows, kDate) + ")::int"
			},
			func() string { return "EXTRACT(month FROM " + sub(kTime) + ")::int" },
		})()
	case kText:
		return pick(g, []func() string{
			func() string { return "lower(" + sub(kText) + ")" },
			func() string { return "(" + sub(kText) + " || '-' || " + sub(kText) + ")" },
			func() string { return "substr(" + sub(kText) + ", 2, 3)" },
			func() string { return sub(kID) + "::text" },
			func() string { return "to_char(" + sub(kTime) + ", 'YYYY-MM-DD')" },
			func() string { return "NULLIF(" + sub(kText) + ", 'DE')" },
			func() string { return "md5(" + sub(kText) + ")" },
		})()
	case kDate:
		return pick(g, []string{"(" + sub(kDate) + " + 3)", sub(kTime) + "::date"})
	case kTime:
		return pick(g, []string{"date_trunc('month', " + sub(kTime) + ")", "(" + sub(kTime) + " + INTERVAL '1 day')"})
	case kBool:
		return "(" + g.predicate(rows, nil, depth-1) + ")"
	}
	return "COALESCE(" + sub(kID) + ", " + sub(kID) + ")"
}

func (g *gen) predicate(rows, outer []row, depth int) string {
	all := append(append([]row{}, rows...), outer...)
	c := func(k kind) string { return g.expr(rows, k, depth-1) }
	return pick(g, []func() string{
		func() string { return c(kInt) + pick(g, []string{" > ", " <= ", " <> ", " = "}) + g.constant(kInt) },
		func() string { return c(kText) + " LIKE " + pick(g, []string{"'film 1%'", "'%e%'", "'user_'"}) },
		func() string { return c(kText) + " IN ('DE', 'FR', 'public', 'film 17')" },
		func() string { return g.column(all, kID) + " = " + g.column(rows, kID) },
		func() string { return c(kInt) + " BETWEEN 5 AND 300" },
		func() string { return c(kText) + " IS " + pick(g, []string{"", "NOT "}) + "NULL" },
		func() string {
			return "NOT (" + g.column(rows, kInt) + " > 100) OR " + c(kText) + " = " + g.constant(kText)
		},
		func() string {
			return "EXISTS (SELECT 1 FROM friends f WHERE f.a = " + g.column(all, kID) + ")"
		},
		func() string {
			return g.column(rows, kID) + pick(g, []string{" IN ", " NOT IN "}) + "(SELECT a FROM friends WHERE a IS NOT NULL)"
		},
		func() string { return c(kTime) + " > TIMESTAMPTZ '2024-03-15'" },
		func() string { return c(kDate) + " < DATE '2024-06-01'" },
		func() string { return "(" + g.column(rows, kInt) + ", " + g.column(rows, kText) + ") = (17, 'DE')" },
		func() string { return g.column(rows, kText) + " ~ '^(f|u)'" },
		func() string { return g.column(rows, kInt) + " IS DISTINCT FROM " + g.column(rows, kInt) },
	})()
}

func TestGenerateIsReproducible(t *testing.T) {
	seen := map[string]bool{}
	for k := range 200 {
		a, b := generate(7, k), generate(7, k)
		if a != b {
			t.Fatalf("statement %d differs between two calls:\n%s\n%s", k, a, b)
		}
		seen[a] = true
	}
	if len(seen) < 190 {
		t.Errorf("only %d of 200 statements differ from one another", len(seen))
	}
}
