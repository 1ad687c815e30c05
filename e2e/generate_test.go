package e2e

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/cordon-db/cordon/e2e/queries"
	"github.com/cordon-db/cordon/masking"
)

// The generator writes random queries over what a masked session sees of the attacks' schema. Statement k depends on seed, k and
// the identifiers alone. The twin fixes each answer: LIMIT cuts only under a total order, windows that number rows are ordered by
// keys, aggregates that join values sort them, nothing is a float, and nothing that is shown raises where a plan could evaluate it or not. Pseudonyms
// cost microseconds each, so joins keep to equalities and to an estimate of their rows.
//
// Files: generate_test.go statements, generate_select_test.go SELECT, generate_from_test.go FROM, generate_expr_test.go expressions.

// kind is a class of types that the generator mixes.
type kind string

const (
	kID   kind = "id" // a pseudonym
	kInt  kind = "int"
	kText kind = "text"
	kDate kind = "date"
	kTime kind = "time" // with time zone
	kBool kind = "bool"
	kJSON kind = "json"
	kTags kind = "tags" // text[]
	kInet kind = "inet"
)

// scalars are the kinds that expressions are built of; the others are read.
var scalars = []kind{kID, kInt, kInt, kText, kText, kText, kDate, kTime, kBool}

// col is a column in scope; distinct guesses how many values it has.
type col struct {
	name     string
	kind     kind
	distinct int
}

// row is a FROM item; n guesses its rows, keys are columns that together differ in any two of them, nil where none are known.
type row struct {
	alias string
	cols  []col
	n     int
	keys  []string
}

// gen is the state of one statement.
type gen struct {
	*rand.Rand
	ids     []string // pseudonyms that exist
	aliases int
	ctes    []row
	binds   bool // constants may be parameters
	pries   bool // columns may raise at what is hidden
	params  []string
}

// generate writes statement k of a seed.
func generate(seed int64, k int, ids []string) queries.Query {
	g := &gen{Rand: rand.New(rand.NewPCG(uint64(seed), uint64(k))), ids: ids}
	g.binds, g.pries = g.chance(35), g.chance(20)
	q := queries.Query{File: "random", Line: k, Name: fmt.Sprintf("seed %d", seed)}
	q.SQL, q.Ordered = g.statement()
	q.SQL, q.Params = numbered(q.SQL, g.params)
	return q
}

var placeholder = regexp.MustCompile(`\$[0-9]+`)

// numbered leaves the parameters that a statement came to use, from $1 on.
func numbered(sql string, params []string) (string, []string) {
	names := map[string]string{}
	var used []string
	sql = placeholder.ReplaceAllStringFunc(sql, func(name string) string {
		if names[name] == "" {
			n, _ := strconv.Atoi(name[1:])
			used = append(used, params[n-1])
			names[name] = fmt.Sprintf("$%d", len(used))
		}
		return names[name]
	})
	return sql, used
}

// knownIDs are pseudonyms of users as moveIdentifiers leaves them, alike in both worlds.
var knownIDs = sync.OnceValue(func() []string {
	key, err := masking.DeriveKey([]byte(strings.Repeat("\x11", 32)), "user")
	if err != nil {
		panic(err)
	}
	p, err := masking.NewPseudonym(key, masking.Type{OID: 20, Mod: -1, Name: "bigint"})
	if err != nil {
		panic(err)
	}
	var ids []string
	for id := range int64(12) {
		ids = append(ids, fmt.Sprint(p.EncryptInt8(1000001+id)))
	}
	return ids
})

func pick[T any](g *gen, from []T) T { return from[g.IntN(len(from))] }

func (g *gen) chance(percent int) bool { return g.IntN(100) < percent }

func (g *gen) newAlias() string {
	g.aliases++
	return fmt.Sprintf(pick(g, []string{"t%d", "x%d", `"T %d"`, `"select%d"`}), g.aliases)
}

// statement writes one, and says whether its rows have an order.
func (g *gen) statement() (sql string, ordered bool) {
	if g.chance(4) {
		return g.mistake(), false
	}
	if g.chance(4) {
		return g.early(), false
	}
	var with []string
	recursive := ""
	for g.chance(25) && len(with) < 2 {
		if g.chance(30) {
			recursive = "RECURSIVE "
			with = append(with, g.recursion())
			continue
		}
		with = append(with, g.cte())
	}
	prefix := ""
	if len(with) > 0 {
		prefix = "WITH " + recursive + strings.Join(with, ", ") + " "
	}
	if g.chance(12) {
		return prefix + g.setOperation(), true
	}
	if g.chance(2) {
		return prefix + "VALUES (" + g.literal(kInt) + ", " + g.literal(kText) + "), (17, NULL), (18, 'x') ORDER BY 1, 2", true
	}
	s := g.query(nil, 2)
	return prefix + s.sql, s.ordered
}

// early is a count that changes with no plan, of what a planner may evaluate before a filter: by what the subquery returns, and how many rows it expects of that.
func (g *gen) early() string {
	g.pries = true
	t := g.newAlias()
	from := pick(g, []string{"costly", "costly", "amounts", "picked", "users", "videos"})
	ints := map[string][]string{"costly": {"id", "wide", "low", "amount"}, "amounts": {"id", "amount"}, "picked": {"id", "amount"}, "users": {"score"}, "videos": {"video_id", "views"}}[from]
	column := func() string { return t + "." + pick(g, ints) }
	raising := prying(column())
	one := "CASE WHEN " + raising + " < 0 THEN 2 ELSE 1 END" // as long as it does not raise
	inner := pick(g, []string{"SELECT %[1]s AS x LIMIT %[2]s", "SELECT %[1]s AS x OFFSET %[2]s - 1", "SELECT count(*) + %[2]s AS x", "SELECT %[1]s AS x GROUP BY %[3]s", "SELECT %[1]s AS x ORDER BY %[3]s",
		"SELECT row_number() OVER (ORDER BY %[3]s) AS x", "SELECT sum(1) OVER (ROWS %[2]s PRECEDING) AS x", "SELECT max(%[3]s) AS x", "SELECT DISTINCT %[3]s AS x", "SELECT %[1]s AS x HAVING %[2]s = 1"})
	inner = fmt.Sprintf(strings.ReplaceAll(inner, "HAVING", "GROUP BY 1 HAVING"), column(), one, raising)
	sql := fmt.Sprintf("SELECT count(*) FROM %s AS %s, LATERAL (%s) AS l WHERE l.x %s %s", from, t, inner, pick(g, []string{"=", "<", "<>", ">="}), column())
	for range g.IntN(3) {
		sql += pick(g, []string{" AND l.x < " + column(), " AND " + column() + " > " + g.constant(kInt), " AND " + column() + " <> " + column()})
	}
	if g.chance(20) {
		sql = fmt.Sprintf("SELECT count(*) FROM (SELECT %s FROM %s AS %s ORDER BY %s LIMIT 5) AS l", column(), from, t, raising)
	}
	return sql
}

// cte writes a WITH query and adds it to what FROM can name.
func (g *gen) cte() string {
	name := g.newAlias()
	s := g.query(nil, 1)
	g.ctes = append(g.ctes, row{alias: name, cols: s.cols, n: s.n})
	return name + pick(g, []string{" AS (", " AS (", " AS MATERIALIZED (", " AS NOT MATERIALIZED ("}) + s.sql + ")"
}

// recursion writes a recursive WITH query.
func (g *gen) recursion() string {
	name := g.newAlias()
	if g.chance(50) {
		g.ctes = append(g.ctes, row{name, []col{{"id", kID, 8}, {"depth", kInt, 4}}, 8, []string{"depth"}})
		return fmt.Sprintf("%s (id, depth) AS (SELECT a, 1 FROM friends WHERE a = %s UNION ALL SELECT f.b, r.depth + 1 FROM friends f JOIN %s r ON f.a = r.id WHERE r.depth < %d)",
			name, g.operand(kID), name, 2+g.IntN(4))
	}
	g.ctes = append(g.ctes, row{name, []col{{"n", kInt, 9}, {"total", kInt, 9}}, 9, []string{"n"}})
	return fmt.Sprintf("%s (n, total) AS (VALUES (1, %d) UNION SELECT n + 1, total + n FROM %s WHERE n < %d)", name, g.IntN(5), name, 3+g.IntN(7))
}

// setOperation combines two or three SELECTs of the same kinds, ordered totally.
func (g *gen) setOperation() string {
	kinds := []kind{pick(g, []kind{kID, kInt, kText, kDate, kTime}), pick(g, []kind{kText, kInt, kBool})}
	arm := func() string {
		rows, from := g.from(1)
		var list []string
		for _, k := range kinds {
			list = append(list, g.expr(rows, k, 1))
		}
		return "SELECT " + strings.Join(list, ", ") + from + g.where(rows, nil, 1)
	}
	op := func() string {
		return pick(g, []string{" UNION ", " UNION ALL ", " INTERSECT ", " INTERSECT ALL ", " EXCEPT ", " EXCEPT ALL "})
	}
	sql := arm() + op() + arm()
	if g.chance(25) {
		sql = "(" + sql + ")" + op() + arm()
	}
	return sql + " ORDER BY 1, 2" + g.limit()
}

// mistake is a statement that the twin does not accept either, hidden names among the causes.
func (g *gen) mistake() string {
	return pick(g, []string{
		"SELECT phone FROM users", "SELECT u.phone FROM users u ORDER BY 1", "SELECT * FROM messages", "SELECT users.zzcolumn1 FROM users",
		"SELECT count(*) FROM public.zztable1", "SELECT country, count(*) FROM users", "SELECT score + country FROM users",
		"SELECT * FROM users u JOIN users u ON true", "SELECT user_id FROM users u JOIN videos v ON u.user_id = v.user_id",
		"SELECT sum(country) FROM users", "SELECT x FROM (SELECT 1 AS y) s", "SELECT 1 UNION SELECT 'a'::text", "SELECT nofunction(1)",
		"SELECT * FROM phones", "SELECT * FROM stats", "SELECT max(score) FROM users WHERE max(score) > 3", "SELECT FROM WHERE",
		"SELECT * FROM nosuch.users", "SELECT 1 LIMIT -1", "SELECT 1 / 0", "SELECT 'x'::int4", "SELECT row_number() OVER w FROM users",
		"SELECT username FROM users ORDER BY 2", "SELECT (SELECT 1, 2)", "SELECT DISTINCT country FROM users ORDER BY score",
		"SELECT * FROM users NATURAL JOIN videos USING (user_id)", "SELECT phone_tail FROM public.users WHERE user_id = 1",
	})
}

// limit cuts a total order, or does not.
func (g *gen) limit() string {
	n := 1 + g.IntN(20)
	switch g.IntN(6) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf(" LIMIT %s OFFSET %d", g.literal(kInt), g.IntN(4))
	case 2:
		return fmt.Sprintf(" FETCH FIRST %d ROWS ONLY", n)
	case 3:
		return fmt.Sprintf(" OFFSET %d ROWS FETCH NEXT %d ROWS WITH TIES", g.IntN(3), n)
	}
	return fmt.Sprintf(" LIMIT %d", n)
}

func TestGenerateIsReproducible(t *testing.T) {
	seen := map[string]bool{}
	params := 0
	for k := range 400 {
		a, b := generate(7, k, knownIDs()), generate(7, k, knownIDs())
		if a.SQL != b.SQL || !slices.Equal(a.Params, b.Params) {
			t.Fatalf("statement %d differs between two calls:\n%s\n%s", k, a.SQL, b.SQL)
		}
		seen[a.SQL] = true
		if len(a.Params) > 0 {
			params++
		}
	}
	if len(seen) < 380 {
		t.Errorf("only %d of 400 statements differ from one another", len(seen))
	}
	if params < 40 {
		t.Errorf("only %d of 400 statements have parameters", params)
	}
}

// TestGenerateCovers looks for the shapes that the generator is there for.
func TestGenerateCovers(t *testing.T) {
	var all strings.Builder
	for k := range 1000 {
		all.WriteString(generate(1, k, knownIDs()).SQL)
		all.WriteByte('\n')
	}
	for _, shape := range []string{
		" JOIN ", " LEFT JOIN ", " RIGHT JOIN ", " FULL JOIN ", " CROSS JOIN ", " NATURAL JOIN ", " USING (", " LATERAL (", " UNION ", " INTERSECT ", " EXCEPT ",
		"WITH RECURSIVE", "DISTINCT ON (x) x, n", "WHERE u.username =", "MATERIALIZED", "EXISTS (", " IN (SELECT", " ANY (", " ALL (", "GROUPING SETS", "ROLLUP", "CUBE", "FILTER (WHERE", " OVER (", "ROWS BETWEEN",
		"DISTINCT ON", "VALUES", "CASE WHEN", "COALESCE(", "NULLIF(", "date_trunc(", "EXTRACT(", " LIKE ", " BETWEEN ", "IS DISTINCT FROM", "::text", "$1", "WITH TIES",
		"array_agg(", "string_agg(", "jsonb", ") = (", ") < (", "HAVING", "grouping(", "WINDOW w AS", "TABLE ", "to_jsonb(", "unnest(", " IN (VALUES", " IN (SELECT unnest(", "THEN true WHEN",
		" - 1000003))", "'user10'", " FROM costly",
	} {
		if !strings.Contains(all.String(), shape) {
			t.Errorf("1000 statements without %q", shape)
		}
	}
}
