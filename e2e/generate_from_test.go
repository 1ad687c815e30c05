package e2e

import (
	"fmt"
	"slices"
	"strings"
)

// relation is what FROM can name.
type relation struct {
	names []string // spellings
	cols  []col
	n     int
	keys  []string
	view  bool // over a join of pseudonyms: costly wherever the server chooses to run it again, so rare
}

var relations = []relation{
	{[]string{"users", "public.users", `"users"`, "ONLY users", "users *"}, []col{{"user_id", kID, 180}, {"username", kText, 180}, {"email", kText, 1},
		{"birth", kDate, 1}, {"country", kText, 4}, {"score", kInt, 50}, {"joined", kTime, 90}, {"note", kText, 1}, {"profile", kJSON, 1}, {"last_ip", kInet, 1}},
		180, []string{"username"}, false},
	{[]string{"videos", "public.videos", `"public"."videos"`}, []col{{"video_id", kInt, 400}, {"user_id", kID, 200}, {"title", kText, 400},
		{"visibility", kText, 1}, {"views", kInt, 400}, {"tags", kTags, 5}, {"created_at", kTime, 1}}, 400, []string{"video_id"}, false},
	{[]string{"friends", "public.friends"}, []col{{"a", kID, 150}, {"b", kID, 150}, {"since", kDate, 1}}, 150, []string{"a"}, false},
	{[]string{"costly", "public.costly"}, []col{{"id", kInt, 150}, {"owner", kID, 150}, {"amount", kInt, 1}, {"words", kText, 1}, {"wide", kInt, 1}, {"low", kInt, 1}}, 150, []string{"id"}, false},
	{[]string{"public_videos", `"public_videos"`}, []col{{"video_id", kInt, 360}, {"username", kText, 180}, {"title", kText, 360}}, 360, []string{"video_id"}, true},
	{[]string{"(VALUES (8130088571750799502, 'user1'), (17, 'DE'), (NULL, 'FR'))"}, []col{{"column1", kID, 3}, {"column2", kText, 3}}, 3, []string{"column2"}, false},
	{[]string{"(SELECT x AS column1, 'user5' AS column2 FROM unnest('{8130088571750799502,-4,1000001}'::int8[]) x)"},
		[]col{{"column1", kID, 3}, {"column2", kText, 1}}, 3, []string{"column1"}, false},
	{[]string{"(VALUES (1, 'user1'), (17, 'DE'), (NULL, 'FR'))"}, []col{{"column1", kInt, 3}, {"column2", kText, 3}}, 3, []string{"column2"}, false},
	{[]string{"(SELECT user_id, username, score FROM users WHERE country = 'DE')"}, []col{{"user_id", kID, 45}, {"username", kText, 45}, {"score", kInt, 25}}, 45, []string{"user_id"}, false},
	{[]string{"(SELECT * FROM videos ORDER BY video_id LIMIT 20)"}, []col{{"video_id", kInt, 20}, {"user_id", kID, 20}, {"title", kText, 20}, {"views", kInt, 20}}, 20, []string{"video_id"}, false},
}

// most is how many rows a FROM clause may be guessed to have.
const most = 1500

// from writes a FROM clause.
func (g *gen) from(depth int) ([]row, string) {
	if g.chance(12) {
		return g.merged()
	}
	first, sql := g.item(depth)
	rows := []row{first}
	for range pick(g, []int{0, 0, 1, 1, 1, 2}) {
		next, item := g.item(depth)
		join, ok := g.join(&rows, next, item)
		if !ok {
			continue
		}
		sql += join
		if strings.HasPrefix(join, ",") {
			break // a join behind it could not name what stands before it
		}
	}
	if (g.chance(8) || g.pries && g.chance(25)) && size(rows) <= 250 {
		next, item := g.lateral(rows)
		sql += item
		rows = append(rows, next)
	}
	return rows, " FROM " + sql
}

// size guesses the rows of a FROM clause; join keeps it in the first item.
func size(rows []row) int { return rows[0].n }

// join adds an item by an equality that keeps the result small, or as a product of small things.
func (g *gen) join(rows *[]row, next row, item string) (string, bool) {
	all := append(slices.Clone(*rows), next)
	n := size(*rows) * next.n
	if n <= most && g.chance(40) {
		grown(all, n)
		*rows = all
		if g.chance(30) {
			return pick(g, []string{" CROSS JOIN ", ", "}) + item, true
		}
		return pick(g, []string{" JOIN ", " LEFT JOIN "}) + item + " ON " + g.predicate(all, nil, 1), true
	}
	left, right, n := g.equality(*rows, next)
	if n > most {
		return "", false
	}
	kind := pick(g, []string{" JOIN ", " JOIN ", " LEFT JOIN ", " RIGHT JOIN ", " FULL JOIN ", " INNER JOIN ", " LEFT OUTER JOIN "})
	on := left + " = " + right
	if !strings.Contains(kind, "FULL") && g.chance(30) {
		on += " AND " + g.predicate(all, nil, 1)
	}
	if strings.Contains(kind, "FULL") || strings.Contains(kind, "RIGHT") || strings.Contains(kind, "LEFT") {
		n += size(*rows) + next.n
	}
	grown(all, n)
	*rows = all
	return kind + item + " ON " + on, true
}

func grown(rows []row, n int) { rows[0].n = max(n, 1) }

// equality finds columns that two sides can be joined by, and how many rows that gives; too many where there are none.
func (g *gen) equality(rows []row, next row) (left, right string, n int) {
	n = 1 << 30
	for range 6 {
		r := pick(g, rows)
		a, b := pick(g, r.cols), pick(g, next.cols)
		if a.kind != b.kind || a.kind == kBool || a.kind == kJSON {
			continue
		}
		guess := size(rows) * next.n / max(a.distinct, b.distinct, 1)
		if guess < n {
			left, right, n = r.qualified(a), next.qualified(b), guess
		}
	}
	return left, right, n
}

// merged joins two tables by USING or NATURAL; the merged column is in scope without a qualifier.
func (g *gen) merged() ([]row, string) {
	a, b := g.newAlias(), g.newAlias()
	users := row{a, []col{{"username", kText, 180}, {"country", kText, 4}, {"score", kInt, 50}, {"joined", kTime, 90}}, 360, []string{"username"}}
	videos := row{b, []col{{"video_id", kInt, 400}, {"title", kText, 400}, {"views", kInt, 400}}, 400, []string{"video_id"}}
	by := pick(g, []string{" JOIN ", " LEFT JOIN ", " RIGHT JOIN ", " FULL JOIN "})
	users.n = 600
	merged := row{"", []col{{"user_id", kID, 200}}, 1, nil}
	switch g.IntN(4) {
	case 0:
		natural := strings.Replace(by, " ", " NATURAL ", 1)
		if by == " JOIN " {
			natural = " NATURAL JOIN "
		}
		return []row{users, videos, merged}, fmt.Sprintf(" FROM users AS %s%s(SELECT video_id, user_id, title, views FROM videos) AS %s", a, natural, b)
	case 1:
		merged.cols = []col{{"video_id", kInt, 400}}
		views := row{b, []col{{"username", kText, 180}}, 360, nil}
		videos.alias, videos.n, videos.cols, videos.keys = a, 400, videos.cols[2:], nil
		return []row{videos, views, merged}, fmt.Sprintf(" FROM videos AS %s%spublic_videos AS %s USING (video_id)", a, by, b)
	case 2:
		c := g.newAlias()
		return []row{users, videos, merged}, fmt.Sprintf(" FROM (users AS %s JOIN videos AS %s USING (user_id)) LEFT JOIN (SELECT a AS user_id, since FROM friends) AS %s USING (user_id)", a, b, c)
	}
	return []row{users, videos, merged}, fmt.Sprintf(" FROM users AS %s%svideos AS %s USING (user_id)", a, by, b)
}

// item writes a FROM item.
func (g *gen) item(depth int) (row, string) {
	alias := g.newAlias()
	if len(g.ctes) > 0 && g.chance(35) {
		cte := pick(g, g.ctes)
		item := cte.alias + " AS " + alias
		cte.alias = alias
		return cte, item
	}
	if depth > 0 && g.chance(20) {
		if s := g.query(nil, depth-1); s.cols != nil {
			return row{alias: alias, cols: s.cols, n: s.n}, "(" + s.sql + ") AS " + alias
		}
	}
	if g.chance(8) {
		return row{alias, []col{{"n", kInt, 9}}, 9, []string{"n"}}, "generate_series(1, 9) AS " + alias + pick(g, []string{"(n)", " (n)"})
	}
	rel := pick(g, relations)
	if rel.view && g.chance(70) {
		rel = relations[0]
	}
	name := pick(g, rel.names)
	if len(rel.cols) <= 3 && g.chance(25) {
		var cols []col
		var names, keys []string
		for i, c := range rel.cols {
			renamed := fmt.Sprintf("k%d", i+1)
			if slices.Contains(rel.keys, c.name) {
				keys = append(keys, renamed)
			}
			names, cols = append(names, renamed), append(cols, col{renamed, c.kind, c.distinct})
		}
		return row{alias, cols, rel.n, keys}, name + " AS " + alias + " (" + strings.Join(names, ", ") + ")"
	}
	if !rel.view && !strings.HasPrefix(name, "(") && g.chance(6) {
		return row{alias, rel.cols, rel.n, rel.keys}, name + " AS " + alias + " TABLESAMPLE " + pick(g, samples)
	}
	return row{alias, rel.cols, rel.n, rel.keys}, name + pick(g, []string{" AS ", " "}) + alias
}

// samples are those that chance has no part in.
var samples = []string{"BERNOULLI (100)", "SYSTEM (100.0)", "bernoulli ('100')", "pg_catalog.system (100::float4)", "BERNOULLI (0)", "SYSTEM (0)"}

// lateral writes a subquery that reads the items before it.
func (g *gen) lateral(rows []row) (row, string) {
	alias := g.newAlias()
	n := g.column(rows, kInt)
	sql := pick(g, []string{
		"SELECT count(*) AS c1, max(v.title) AS c2 FROM videos v WHERE v.views < " + n,
		"SELECT v.views AS c1, v.title AS c2 FROM videos v WHERE v.video_id > " + n + " ORDER BY v.video_id LIMIT 2",
		"SELECT " + n + " + 1 AS c1, " + g.column(rows, kText) + " AS c2" + pick(g, []string{"", " LIMIT 1", " OFFSET 0", " WHERE " + g.predicate(rows, nil, 0) + " LIMIT 1"}),
		"SELECT max(" + n + ") AS c1, min(" + g.column(rows, kText) + ") AS c2",
		"SELECT s.n AS c1, " + g.column(rows, kText) + " || s.n AS c2 FROM generate_series(1, 3) s (n)",
		"SELECT length(t.tag) AS c1, t.tag AS c2 FROM unnest(ARRAY[" + g.column(rows, kText) + ", 'b']) t (tag)",
	})
	this := row{alias, []col{{"c1", kInt, 50}, {"c2", kText, 50}}, 1, nil}
	if beside, ok := g.find(rows, kInt); ok && g.chance(40) { // a condition that the planner may want to check before a filter that is a join
		return this, " JOIN LATERAL (" + sql + ") AS " + alias + " ON " + alias + ".c1" + pick(g, []string{" = ", " < ", " <> "}) + beside
	}
	return this, pick(g, []string{" CROSS JOIN LATERAL (", ", LATERAL ("}) + sql + ") AS " + alias
}

// ordering is a total order of the rows of a FROM clause, empty where none is known.
func ordering(rows []row) string {
	var keys []string
	for _, r := range rows {
		if r.alias == "" {
			continue
		}
		if r.keys == nil {
			return ""
		}
		for _, key := range r.keys {
			keys = append(keys, r.alias+"."+key)
		}
	}
	return strings.Join(keys, ", ")
}
