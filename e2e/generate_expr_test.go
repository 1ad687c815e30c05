package e2e

import (
	"fmt"
	"strings"
)

// qualified is a column's reference; a merged column has no qualifier.
func (r row) qualified(c col) string {
	if r.alias == "" {
		return c.name
	}
	return r.alias + "." + c.name
}

// column is a column of a kind in scope, or a constant where there is none.
func (g *gen) column(rows []row, k kind) string {
	found, ok := g.find(rows, k)
	switch {
	case !ok:
		return g.literal(k)
	case g.pries && g.chance(30):
		return prying(found)
	}
	return found
}

// pry are expressions that are the column itself at every value that is shown, and raise at one that is not: those of rows that a filter leaves out, or behind a mask.
// All but username's raise in the first world alone.
var pry = map[string]string{
	"username": "left(%[1]s, length(%[1]s) / (1 - (%[1]s = 'user10')::int))",
	"email":    "left(%[1]s, length(%[1]s) / (1 - (%[1]s LIKE '%%zz1%%')::int))",
	"title":    "left(%[1]s, length(%[1]s) / (1 - (%[1]s ~ '^zzprivate1')::int))",
	"words":    "left(%[1]s, 5 + ('a' LIKE %[1]s)::int)",
	"score":    "(%[1]s + 0 / (%[1]s - 211))",
	"views":    "(%[1]s + 0 / (%[1]s - 1000003))",
	"amount":   "(%[1]s + 0 / (%[1]s - 7))",
	"wide":     "%[1]s::int4",
	"low":      "(%[1]s + 0 / (%[1]s + 2147483648))",
	"user_id":  "(%[1]s + 0 / (%[1]s - 1000005))",
	"owner":    "(%[1]s + 0 / (%[1]s - 1000160))",
	"a":        "(%[1]s + 0 / (%[1]s - 1000005))",
}

// prying is a column, raising if it can.
func prying(column string) string {
	if form, ok := pry[column[strings.LastIndexByte(column, '.')+1:]]; ok {
		return fmt.Sprintf(form, column)
	}
	return column
}

func (g *gen) find(rows []row, k kind) (string, bool) {
	var found []string
	for _, r := range rows {
		for _, c := range r.cols {
			if c.kind == k {
				found = append(found, r.qualified(c))
			}
		}
	}
	if len(found) == 0 {
		return "", false
	}
	return pick(g, found), true
}

// types are the kinds' types in SQL.
var types = map[kind]string{kID: "int8", kInt: "int4", kText: "text", kDate: "date", kTime: "timestamptz", kBool: "bool", kJSON: "jsonb", kTags: "text[]", kInet: "inet"}

// constant is a value's text.
func (g *gen) constant(k kind) string {
	switch k {
	case kID:
		return pick(g, append([]string{"8130088571750799502", "17", "1000001"}, g.ids...))
	case kInt:
		return fmt.Sprint(pick(g, []int{g.IntN(20), g.IntN(600), g.IntN(600)}))
	case kText:
		return pick(g, []string{"DE", "FR", "film 17", "film 4", "user5", "user17", "public", "ü", "", "it's"})
	case kDate:
		return pick(g, []string{"2000-01-01", "2024-01-01", "2024-03-10", "1999-12-31"})
	case kTime:
		return pick(g, []string{"2024-03-15 00:00:00+00", "2024-05-01 00:00:00+00", "2024-03-02 12:30:00+02"})
	case kBool:
		return pick(g, []string{"true", "false"})
	case kJSON:
		return pick(g, []string{`{"lang": "en"}`, `{"a": [1, 2]}`, "null"})
	case kTags:
		return pick(g, []string{"{tag1,tag2}", "{}", "{tag3}"})
	default:
		return "10.1.7.0"
	}
}

// literal is a constant with its type, or a parameter with it.
func (g *gen) literal(k kind) string {
	value := g.constant(k)
	if g.chance(2) && k != kInt {
		return "NULL::" + types[k]
	}
	if g.binds && g.chance(40) {
		return g.param(value) + "::" + types[k]
	}
	return "'" + strings.ReplaceAll(value, "'", "''") + "'::" + types[k]
}

// operand is a constant beside something of its kind: its type may be left to the server.
func (g *gen) operand(k kind) string {
	value := g.constant(k)
	switch {
	case g.binds && g.chance(60):
		return g.param(value)
	case k == kInt || k == kID:
		return value
	case g.chance(50):
		return "'" + strings.ReplaceAll(value, "'", "''") + "'"
	}
	return g.literal(k)
}

func (g *gen) param(value string) string {
	g.params = append(g.params, value)
	return fmt.Sprintf("$%d", len(g.params))
}

// expr writes an expression that no value makes raise.
func (g *gen) expr(rows []row, k kind, depth int) string {
	if depth <= 0 || g.chance(45) {
		return g.column(rows, k)
	}
	sub := func(k kind) string { return g.expr(rows, k, depth-1) }
	if g.chance(8) {
		return "CASE WHEN " + g.predicate(rows, nil, depth-1) + " THEN " + sub(k) + pick(g, []string{"", " ELSE " + sub(k)}) + " END"
	}
	switch k {
	case kInt:
		return g.number(rows, sub)
	case kText:
		return g.text(rows, sub)
	case kDate:
		return pick(g, []string{"(" + sub(kDate) + " + 3)", sub(kTime) + "::date", "LEAST(" + sub(kDate) + ", " + g.literal(kDate) + ")",
			"date_trunc('year', " + sub(kDate) + ")::date", "(" + sub(kDate) + " - INTERVAL '1 month')::date"})
	case kTime:
		return pick(g, []string{"date_trunc('month', " + sub(kTime) + ")", "(" + sub(kTime) + " + INTERVAL '1 day')", "date_trunc('week', " + sub(kTime) + ", 'Asia/Tokyo')",
			"GREATEST(" + sub(kTime) + ", " + g.literal(kTime) + ")", sub(kDate) + "::timestamptz"})
	case kBool:
		return "(" + g.predicate(rows, nil, depth-1) + ")"
	case kID:
		if size(rows) <= 250 && g.chance(25) {
			return g.foundID(rows)
		}
		return pick(g, []string{"COALESCE(" + sub(kID) + ", " + sub(kID) + ")", "NULLIF(" + sub(kID) + ", " + g.operand(kID) + ")", "GREATEST(" + sub(kID) + ", " + sub(kID) + ")"})
	case kJSON:
		return pick(g, []string{"jsonb_build_object('a', " + sub(kInt) + ", 'b', " + sub(kText) + ")", "(" + sub(kJSON) + " - 'lang')", "to_jsonb(" + sub(kID) + ")",
			"jsonb_build_array(" + sub(kID) + ", " + sub(kDate) + ")", "to_jsonb(" + sub(kTags) + ")"})
	case kTags:
		return pick(g, []string{"ARRAY[" + sub(kText) + ", 'z']", "array_remove(" + sub(kTags) + ", 'tag1')", "ARRAY(SELECT DISTINCT username FROM users WHERE score > 470 ORDER BY 1)"})
	default:
		return "network(set_masklen(" + sub(kInet) + ", 16))::inet"
	}
}

func (g *gen) number(rows []row, sub func(kind) string) string {
	return pick(g, []func() string{
		func() string { return "(" + sub(kInt) + pick(g, []string{" + ", " - "}) + sub(kInt) + ")" },
		func() string { return "(" + sub(kInt) + " % 7)" },
		func() string { return "(" + sub(kInt) + " / 3)" },
		func() string { return "abs(" + sub(kInt) + " - 200)" },
		func() string { return "length(" + sub(kText) + ")" },
		func() string { return "COALESCE(" + sub(kInt) + ", " + g.literal(kInt) + ")" },
		func() string { return "(100 / (abs(" + sub(kInt) + ") + 1))" },
		func() string {
			return "EXTRACT(" + pick(g, []string{"month", "year", "dow", "day"}) + " FROM " + sub(kTime) + ")::int"
		},
		func() string { return "(" + sub(kDate) + " - DATE '2020-01-01')" },
		func() string { return "(SELECT count(*) FROM friends f WHERE f.since > " + g.literal(kDate) + ")::int" },
		func() string { return g.correlated(rows) },
		func() string { return "COALESCE(array_length(" + sub(kTags) + ", 1), 0)" },
		func() string { return "num_nulls(" + sub(kText) + ", " + sub(kID) + ")" },
		func() string { return "(" + sub(kID) + " = " + g.operand(kID) + ")::int" },
		func() string { return "strpos(" + sub(kText) + ", 'i')" },
		// Without a scale: where 10 and 10.0 tie, their order is nobody's promise.
		func() string { return "round(" + sub(kInt) + "::numeric * 0.5)" },
	})()
}

// correlated is a subquery that is run once a row, so the rows must be few.
func (g *gen) correlated(rows []row) string {
	n := g.column(rows, kInt)
	if size(rows) > 250 {
		return n
	}
	return pick(g, []string{
		"(SELECT count(*) FROM videos v WHERE v.views < " + n + ")::int",
		"(SELECT max(v.views) FROM videos v WHERE v.video_id <= " + n + ")",
		"COALESCE((SELECT v.views FROM videos v WHERE v.video_id = " + n + "), -1)",
		"(SELECT min(u.score) FROM users u WHERE u.username = " + g.column(rows, kText) + ")",
	})
}

// foundID is an identifier that a subquery finds for each row, or chooses of those of the query around.
func (g *gen) foundID(rows []row) string {
	id, other := g.column(rows, kID), g.column(rows, kID)
	return pick(g, []string{
		"(SELECT u.user_id FROM users u WHERE u.username = " + g.column(rows, kText) + ")",
		"(SELECT f.a FROM friends f WHERE f.b = " + id + " ORDER BY f.since, f.a LIMIT 1)",
		"(SELECT max(x) FROM (SELECT " + id + " AS x UNION SELECT " + other + ") q)",
		"(SELECT x FROM (SELECT DISTINCT ON (x) x, n FROM (VALUES (" + id + ", 1), (" + other + ", 2)) v (x, n) ORDER BY x, n) q ORDER BY n DESC, x LIMIT 1)",
		"(SELECT x FROM (VALUES (" + id + ", 1), (" + other + ", 2)) v (x, n) GROUP BY x ORDER BY count(*) DESC, min(n) LIMIT 1)",
	})
}

func (g *gen) text(rows []row, sub func(kind) string) string {
	return pick(g, []func() string{
		func() string {
			return pick(g, []string{"lower(", "upper(", "md5(", "reverse(", "initcap("}) + sub(kText) + ")"
		},
		func() string { return "(" + sub(kText) + " || '-' || " + sub(kText) + ")" },
		func() string { return "concat(" + sub(kText) + ", ':', " + sub(kInt) + ")" },
		func() string { return "substr(" + sub(kText) + ", 2, 3)" },
		func() string { return "SUBSTRING(" + sub(kText) + " FROM 1 FOR 2)" },
		func() string { return sub(pick(g, []kind{kID, kInt, kDate, kBool, kJSON})) + "::text" },
		func() string { return "to_char(" + sub(kTime) + ", 'YYYY-MM-DD')" },
		func() string { return "NULLIF(" + sub(kText) + ", " + g.operand(kText) + ")" },
		func() string { return "COALESCE(" + sub(kText) + ", " + g.literal(kText) + ")" },
		func() string { return "replace(" + sub(kText) + ", 'film', 'F')" },
		func() string { return "split_part(" + sub(kText) + ", ' ', 1)" },
		func() string { return "right(" + sub(kID) + "::text, 3)" },
		func() string { return "CAST(" + sub(kText) + " AS varchar(5))" },
		func() string { return "(" + sub(kJSON) + " ->> 'lang')" },
		func() string { return "host(" + sub(kInet) + ")" },
		func() string { return "array_to_string(" + sub(kTags) + ", '+')" },
		func() string { return "(" + sub(kTags) + ")[1]" },
		func() string {
			if r := rows[0]; r.alias == "" || r.cols[0].name == "k1" && g.chance(90) { // column aliases: refused
				return sub(kText)
			}
			return "(to_jsonb(" + rows[0].alias + ") ->> '" + strings.Trim(rows[0].cols[0].name, `"`) + "')"
		},
		func() string { return "(SELECT max(username) FROM users WHERE score < " + g.operand(kInt) + ")" },
	})()
}

// predicate writes a condition. outer is what a correlated subquery may refer to.
func (g *gen) predicate(rows, outer []row, depth int) string {
	if depth > 0 && g.chance(15) {
		return "(" + g.predicate(rows, outer, depth-1) + pick(g, []string{" AND ", " OR ", " AND NOT "}) + "(" + g.predicate(rows, outer, depth-1) + "))"
	}
	c := func(k kind) string { return g.expr(rows, k, depth-1) }
	compare := pick(g, []string{" > ", " <= ", " <> ", " = ", " < ", " IS DISTINCT FROM ", " IS NOT DISTINCT FROM "})
	return pick(g, []func() string{
		func() string { return c(kInt) + compare + g.operand(kInt) },
		func() string { return g.operand(kInt) + compare + g.column(rows, kInt) },
		func() string { return c(kText) + compare + g.operand(kText) },
		func() string { return g.column(rows, kID) + " = " + g.operand(kID) },
		func() string {
			members := make([]string, pick(g, []int{1, 3, 9, 12}))
			for i := range members {
				if members[i] = g.literal(kID); len(members) < 5 {
					members[i] = g.operand(kID)
				}
			}
			return g.column(rows, kID) + pick(g, []string{" IN (", " NOT IN ("}) + strings.Join(members, ", ") + ")"
		},
		func() string { return g.column(rows, kID) + compare + g.column(rows, kID) },
		func() string { return g.identified(rows) },
		func() string { return c(kText) + pick(g, []string{" LIKE ", " NOT LIKE ", " ILIKE "}) + g.pattern() },
		func() string { return c(kText) + " IN ('DE', " + g.operand(kText) + ", 'film 17')" },
		func() string { return c(kText) + " = ANY (" + g.literal(kTags) + ")" },
		func() string { return c(kInt) + " > ALL (ARRAY[1, 2, " + g.literal(kInt) + "])" },
		func() string {
			return c(kInt) + pick(g, []string{" BETWEEN ", " NOT BETWEEN ", " BETWEEN SYMMETRIC "}) + "5 AND 300"
		},
		func() string { return c(pick(g, scalars)) + " IS " + pick(g, []string{"", "NOT "}) + "NULL" },
		func() string { return c(kTime) + compare + g.literal(kTime) },
		func() string { return c(kDate) + compare + g.operand(kDate) },
		func() string { return "(" + g.column(rows, kInt) + ", " + g.column(rows, kText) + ") = (17, 'DE')" },
		func() string { return "(" + g.column(rows, kInt) + ", " + g.column(rows, kText) + ") < (200, 'g')" },
		func() string {
			return "(" + g.column(rows, kText) + ", " + g.column(rows, kInt) + ") IN (('DE', 170), ('film 4', 4), ('FR', " + g.operand(kInt) + "))"
		},
		func() string { return g.column(rows, kText) + " ~ '^(f|u)'" },
		func() string { return c(kBool) + pick(g, []string{" IS TRUE", " IS NOT FALSE", " IS UNKNOWN"}) },
		func() string { return c(kTags) + " @> ARRAY['tag1']" },
		func() string { return c(kJSON) + " ? 'lang'" },
		func() string { return c(kInt) + " = ANY (SELECT s.n FROM generate_series(1, 20) s (n))" },
	})()
}

// identified compares pseudonyms with lists and rows of them, and with what is computed.
func (g *gen) identified(rows []row) string {
	id, p := g.column(rows, kID), func() string { return g.literal(kID) }
	return pick(g, []func() string{
		func() string { return id + " IN (VALUES (" + p() + "), (" + p() + "))" },
		func() string { return "(" + id + ", " + g.column(rows, kInt) + ") = (" + p() + ", 17)" },
		func() string {
			return "(" + id + ", " + g.column(rows, kID) + ") IS DISTINCT FROM (" + p() + ", " + p() + ")"
		},
		func() string {
			return "(" + id + ", 4) IN ((" + p() + ", 4), (" + g.column(rows, kID) + ", 5), (" + p() + ", 4))"
		},
		func() string { return id + " = ANY (ARRAY(SELECT " + p() + " UNION ALL SELECT " + p() + "))" },
		func() string { return id + " <> ALL (string_to_array('17,18,' || " + p() + "::text, ',')::int8[])" },
		func() string { return id + " IN (SELECT unnest(ARRAY[" + p() + ", " + p() + "]))" },
		func() string { return id + " = (SELECT max(x) FROM unnest(ARRAY[" + p() + ", " + p() + "]) x)" },
		func() string { return id + " IN (" + p() + ", " + g.column(rows, kInt) + ")" },
		func() string { return id + " = COALESCE(NULL, " + p() + ")" },
		func() string {
			return "CASE " + id + " WHEN " + p() + " THEN true WHEN " + g.column(rows, kID) + " THEN false END"
		},
		func() string { return "(" + id + ", " + g.column(rows, kID) + ") IN (SELECT b, a FROM friends)" },
	})()
}

func (g *gen) pattern() string {
	value := pick(g, []string{"film 1%", "%e%", "user_", "%1_", "F%"})
	if g.binds && g.chance(40) {
		return g.param(value)
	}
	return "'" + value + "'"
}

// where writes a WHERE clause or none; subqueries over pseudonyms stand only here, as conditions of their own, where they can become joins.
func (g *gen) where(rows, outer []row, depth int) string {
	var all []string
	if !g.chance(35) {
		all = append(all, g.predicate(rows, outer, depth))
	}
	if g.chance(15) {
		all = append(all, g.semijoin(rows))
	}
	if len(all) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(all, " AND ")
}

func (g *gen) semijoin(rows []row) string {
	id, hasID := g.find(rows, kID)
	text, hasText := g.find(rows, kText)
	switch {
	case hasID && g.chance(60):
		return pick(g, []string{
			"EXISTS (SELECT 1 FROM friends f WHERE f.a = " + id + ")", "NOT EXISTS (SELECT FROM videos v WHERE v.user_id = " + id + " AND v.views > 200)",
			id + " IN (SELECT a FROM friends)", id + " NOT IN (SELECT b FROM friends WHERE b IS NOT NULL)", id + " = ANY (SELECT user_id FROM users WHERE country = 'DE')",
			id + " > ALL (SELECT a FROM friends ORDER BY a LIMIT 3)",
		})
	case hasText:
		return pick(g, []string{
			text + " IN (SELECT username FROM users WHERE score > 100)", "EXISTS (SELECT 1 FROM users u WHERE u.country = " + text + " AND u.score < 40)",
			text + " <> ALL (SELECT v.title FROM videos v WHERE v.views > 50)", text + " = (SELECT min(v.title) FROM videos v)",
		})
	}
	return g.column(rows, kInt) + " IN (SELECT v.video_id FROM videos v)"
}
