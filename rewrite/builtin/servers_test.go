package builtin

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/cordon-db/cordon/internal/pgcluster"
	"github.com/cordon-db/cordon/internal/pgcluster/pgtest"
)

// The catalogs of every supported version, by which the lists are reviewed, stand in testdata as one file a catalog:
//
//	14-18 abs(int4) int4 f i
//	18-18 array_sort(anyarray) anyarray f i
//
// The versions that have the line, the first and the last; then what it says, as the query of the catalog writes it.
var dumps = map[string]string{
	// Functions: signature as in functions.txt, result, prokind, provolatile, and L where leakproof. initdb makes what is below 16384.
	"pg_proc": `SELECT CASE n.nspname WHEN 'pg_catalog' THEN '' ELSE n.nspname || '.' END || p.proname || '(' ||
			coalesce((SELECT string_agg(CASE WHEN p.provariadic <> 0 AND a.place = p.pronargs THEN 'variadic ' ELSE '' END || t.typname ||
				CASE WHEN a.place > p.pronargs - p.pronargdefaults THEN '=' ELSE '' END, ', ' ORDER BY a.place)
				FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY a (typ, place) JOIN pg_type t ON t.oid = a.typ), '') || ') ' ||
			CASE WHEN p.proretset THEN 'setof ' ELSE '' END || r.typname || ' ' || p.prokind::text || ' ' || p.provolatile::text || CASE WHEN p.proleakproof THEN ' L' ELSE '' END
		FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_type r ON r.oid = p.prorettype
		WHERE p.oid < 16384 AND n.nspname IN ('pg_catalog', 'information_schema')`,
	// Operators: name, left type or -, right type, the function with its types.
	"pg_operator": `SELECT o.oprname || ' ' || coalesce(l.typname, '-') || ' ' || r.typname || ' ' || p.proname || '(' ||
			(SELECT string_agg(t.typname, ', ' ORDER BY a.place) FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY a (typ, place) JOIN pg_type t ON t.oid = a.typ) || ')'
		FROM pg_operator o JOIN pg_proc p ON p.oid = o.oprcode::oid LEFT JOIN pg_type l ON l.oid = o.oprleft JOIN pg_type r ON r.oid = o.oprright WHERE o.oid < 16384`,
	// Casts: source, target, castcontext, and the function, or how else.
	"pg_cast": `SELECT s.typname || ' ' || t.typname || ' ' || c.castcontext::text || ' ' || coalesce(p.proname || '(' ||
			(SELECT string_agg(y.typname, ', ' ORDER BY a.place) FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY a (typ, place) JOIN pg_type y ON y.oid = a.typ) || ')',
			CASE c.castmethod WHEN 'b' THEN 'binary' ELSE 'text' END)
		FROM pg_cast c JOIN pg_type s ON s.oid = c.castsource JOIN pg_type t ON t.oid = c.casttarget LEFT JOIN pg_proc p ON p.oid = c.castfunc WHERE c.oid < 16384`,
	// Types but for arrays and rows of catalogs: name, typtype, typcategory.
	"pg_type": `SELECT t.typname || ' ' || t.typtype::text || ' ' || t.typcategory::text FROM pg_type t
		WHERE t.oid < 16384 AND t.typtype <> 'c' AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid) AND t.typnamespace = 'pg_catalog'::regnamespace`,
	// Columns of the relations of pg_catalog: relation, relkind, column, type.
	"pg_attribute": `SELECT c.relname || ' ' || c.relkind::text || ' ' || a.attname || ' ' || t.typname
		FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
		WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind IN ('r', 'v')`,
	// Settings that are not of modules.
	"pg_settings": `SELECT lower(name) FROM pg_settings WHERE name NOT LIKE '%.%'`,
}

// TestDumpsAreOfTheServers asks every server whether testdata still says what it has, and whether it knows all that the lists send it.
func TestDumpsAreOfTheServers(t *testing.T) {
	found := map[string]map[string][]int{}
	for name := range dumps {
		found[name] = map[string][]int{}
	}
	for _, version := range pgtest.Versions {
		conn := pgtest.Superuser(t, pgtest.Start(t, pgcluster.Options{BinDir: pgtest.BinDir(t, version)}), "postgres")
		for name, query := range dumps {
			for _, line := range column(t, conn, query) {
				found[name][line] = append(found[name][line], version)
			}
		}
		checkKeywords(t, conn, version)
		checkRelations(t, conn, version)
		checkTemplates(t, conn, version)
		checkSettings(t, conn, version)
	}
	for name, lines := range found {
		var text []string
		for line, versions := range lines {
			first, last := versions[0], versions[len(versions)-1]
			if len(versions) != last-first+1 {
				t.Errorf("%s: %s is on %v", name, line, versions)
			}
			text = append(text, fmt.Sprintf("%d-%d %s", first, last, line))
		}
		slices.SortFunc(text, func(a, b string) int { return strings.Compare(a[6:]+a[:6], b[6:]+b[:6]) })
		got, file := strings.Join(text, "\n")+"\n", "testdata/"+name+".txt"
		if *rewriteGolden {
			if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(file); err != nil || string(want) != got {
			t.Errorf("%s is not what the servers say (%v); run with -rewrite, and review what is new", file, err)
		}
	}
}

// checkKeywords finds words of the grammar that keywords.txt lacks.
func checkKeywords(t *testing.T, conn *pgx.Conn, version int) {
	for _, word := range column(t, conn, "SELECT word FROM pg_get_keywords()") {
		if !KeywordAnyVersion(word) {
			t.Errorf("%d: %s is a keyword", version, word)
		}
	}
	configs := column(t, conn, "SELECT cfgname::text FROM pg_ts_config WHERE oid < 16384")
	for name := range textSearchConfigs {
		if !slices.Contains(configs, name) {
			t.Errorf("%d: no text search configuration %s", version, name)
		}
	}
}

// withoutMarks puts empty sets in the place of the twin's.
var withoutMarks = func() *strings.Replacer {
	var pairs []string
	for _, mark := range Marks {
		typ := "oid"
		if slices.Contains([]string{MarkAttributes, MarkDefaults, MarkTreated, MarkPseudonyms, MarkLoose}, mark) {
			typ = "int8"
		}
		pairs = append(pairs, mark, "'{}'::pg_catalog."+typ+"[]")
	}
	for _, mark := range TextMarks {
		pairs = append(pairs, mark, "'{}'::pg_catalog.jsonb")
	}
	pairs = append(pairs, MarkSetting, "''::pg_catalog.text")
	return strings.NewReplacer(pairs...)
}()

// checkRelations runs the query of each system relation over the columns that a server has: they have to keep their types.
func checkRelations(t *testing.T, conn *pgx.Conn, version int) {
	for name, rel := range relations {
		types := map[string]string{}
		for _, c := range column(t, conn, "SELECT attname || ' ' || atttypid FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE attnum > 0 AND relnamespace = 11 AND relname = '"+name+"'") {
			column, typ, _ := strings.Cut(c, " ")
			types[column] = typ
		}
		var shown, list []string
		for _, c := range rel.Columns {
			if types[c.Name] == "" {
				continue
			}
			shown, list = append(shown, c.Name), append(list, cmp.Or(c.Expr, "r."+c.Name))
		}
		if len(list) == 0 { // a relation of other versions
			continue
		}
		described, err := conn.Prepare(context.Background(), "", withoutMarks.Replace("SELECT "+strings.Join(list, ", ")+" FROM pg_catalog."+name+" r WHERE "+cmp.Or(rel.Where, "true")))
		if err != nil {
			t.Errorf("%d %s: %v", version, name, err)
			continue
		}
		for i, f := range described.Fields {
			if tree := types[shown[i]] == "194" && f.DataTypeOID == 25; fmt.Sprint(f.DataTypeOID) != types[shown[i]] && !tree { // a key, see MarkExpressions
				t.Errorf("%d %s.%s is of type %d, and its expression of %s", version, name, shown[i], f.DataTypeOID, types[shown[i]])
			}
		}
	}
}

// checkTemplates has a server analyse what replaces calls.
func checkTemplates(t *testing.T, conn *pgx.Conn, version int) {
	for key, rule := range templates {
		if strings.HasPrefix(key.name, "_pg_true") || key.name == "pg_typeof" { // over whole rows, over any type
			continue
		}
		var types []uint32
		switch { // what the template alone does not tell
		case key.name == "pg_get_viewdef" && key.nargs == 2:
			types = []uint32{26, 16}
		case key.name == "pg_get_expr" && key.nargs == 3:
			types = []uint32{25, 26, 16}
		}
		if _, err := conn.PgConn().Prepare(context.Background(), "", "SELECT "+withoutMarks.Replace(rule.Template), types); err != nil {
			t.Errorf("%d %v: %v", version, key, err)
		}
	}
}

// checkSettings holds what cordon sends at startup, and what it lets sessions set, to the settings of a server.
func checkSettings(t *testing.T, conn *pgx.Conn, version int) {
	known := column(t, conn, "SELECT lower(name) FROM pg_settings")
	for _, name := range column(t, conn, "SELECT lower(name) FROM pg_settings WHERE context <> 'user'") {
		if planned[name] {
			t.Errorf("%d lets no login set %s, which is ignored", version, name)
		}
	}
	for _, list := range [][]string{slices.Collect(maps.Keys(pinned)), slices.Collect(maps.Keys(settable)), slices.Collect(maps.Keys(ignored))} {
		for _, name := range list {
			if !slices.Contains(known, name) && name != "search_path" && (name != "transaction_timeout" || version >= 17) {
				t.Errorf("%d has no setting %s", version, name)
			}
		}
	}
}

func column(t *testing.T, conn *pgx.Conn, query string) []string {
	t.Helper()
	rows, err := conn.Query(context.Background(), query)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// dumped is a line of a file of testdata.
type dumped struct {
	first, last int // versions that have it
	words       string
}

func readDump(t *testing.T, name string, atLeast int) []dumped {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []dumped
	for line := range strings.Lines(string(text)) {
		versions, words, _ := strings.Cut(strings.TrimSpace(line), " ")
		first, last, _ := strings.Cut(versions, "-")
		d := dumped{words: words}
		var err1, err2 error
		d.first, err1 = strconv.Atoi(first)
		d.last, err2 = strconv.Atoi(last)
		if err1 != nil || err2 != nil {
			t.Fatalf("%s: %q", name, line)
		}
		out = append(out, d)
	}
	if len(out) < atLeast {
		t.Fatalf("%s has only %d lines", name, len(out))
	}
	return out
}

// proc is a function of some versions.
type proc struct {
	dumped
	schema string
	signature
	result string // with setof
	kind   string
}

// procs reads pg_proc.txt.
func procs(t *testing.T) []proc {
	t.Helper()
	var out []proc
	for _, d := range readDump(t, "pg_proc", 3000) {
		call, rest, _ := strings.Cut(d.words, ") ")
		name, s, err := parseSignature(call + ")")
		if err != nil {
			t.Fatal(err)
		}
		p := proc{dumped: d, schema: "pg_catalog", signature: s}
		if helper, ok := strings.CutPrefix(name, "information_schema."); ok {
			p.schema, p.name = "information_schema", helper
		}
		words := strings.Fields(rest)
		if words[0] == "setof" {
			words = append([]string{"setof " + words[1]}, words[2:]...)
		}
		p.result, p.kind = words[0], words[1]
		out = append(out, p)
	}
	return out
}
