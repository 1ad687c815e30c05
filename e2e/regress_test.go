package e2e

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/e2e/attacks"
	"github.com/cordon-db/cordon/e2e/queries"
	"github.com/cordon-db/cordon/e2e/regress"
	"github.com/cordon-db/cordon/internal/pgcluster"
	"github.com/cordon-db/cordon/internal/pgcluster/pgtest"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

// BenchmarkRegress plays Postgres' own regression tests: psql runs each script as a superuser, statement by statement; what only reads is then asked
// directly and through cordon, as a masked analyst under a policy that shows everything, and has to be answered alike. It counts, so it is a benchmark.
//
//	make regress                                                    # all, and writes docs/regress.md
//	go test ./e2e -run '^$' -bench Regress -benchtime 1x -args -regress-only '^(join|select)$' -regress-report /tmp/r.md
//	... -args -regress-run '^(test_setup|create_index|join)$'       # a few, with the scripts that they need: minutes less
//
// regress_psql_test.go runs the scripts, regress_nature_test.go reads in the server's query tree what a statement calls, regress_tally_test.go counts and reports.
var (
	regressSource = flag.String("regress-source", "../bin/postgresql-15/src/test/regress", "directory of Postgres' regression tests, see scripts/postgres-source")
	regressOnly   = flag.String("regress-only", "", "regular expression of the scripts whose queries are played; the others are only run")
	regressRun    = flag.String("regress-run", "", "regular expression of the scripts that are run; the others are left out")
	regressReport = flag.String("regress-report", "", "file to write the report to")
)

const regressPolicy = `
[database.regression]
unlisted_tables  = "show"
unlisted_columns = "show"
`

// unplayed scripts are about psql itself, or need a directory that only pg_regress makes.
var unplayed = map[string]bool{"psql": true, "psql_crosstab": true, "tablespace": true}

func BenchmarkRegress(b *testing.B) {
	for b.Loop() {
		r := newRegression(b)
		run := regexp.MustCompile(*regressRun)
		for _, name := range schedule(b) {
			if !unplayed[name] && run.MatchString(name) {
				r.script(name)
				r.tally.write(b, *regressReport)
			}
		}
		b.Log(r.tally)
	}
}

// schedule is the order in which pg_regress runs the scripts.
func schedule(tb testing.TB) []string {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join(*regressSource, "parallel_schedule"))
	if err != nil {
		tb.Fatalf("%v; scripts/postgres-source fetches it", err)
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		if list, ok := strings.CutPrefix(line, "test:"); ok {
			names = append(names, strings.Fields(list)...)
		}
	}
	return names
}

// regression is one run: the psql that runs the scripts, and the two sessions that are compared.
type regression struct {
	tb             testing.TB
	cluster        *pgcluster.Cluster
	gateway        *gateway
	only           *regexp.Regexp
	psql           *psql
	direct, cordon *asker
	natures        *natureReader
	tally          *tally
	tree           strings.Builder // of the statement that the direct session answered last
	stale          bool            // the catalog may have changed since cordon read it
}

func newRegression(tb testing.TB) *regression {
	tb.Helper()
	c := newCluster(tb)
	admin := pgtest.Superuser(tb, c, "postgres")
	pgtest.Exec(tb, admin, "CREATE DATABASE regression TEMPLATE template0")
	cfg := configure(tb, c, worldKeys[0], func(text string) string {
		text = strings.Replace(text, corpusFile(tb, attacks.Files.ReadFile, "policy.toml"), regressPolicy, 1)
		return strings.Replace(text, "[upstream]\n", "[upstream]\nrefresh = \"1h\"\n", 1)
	})
	cfg.Upstream.LoadGap = 0 // the scripts change the catalog all the time
	g := &gateway{cluster: c, cfg: cfg, address: start(tb, cfg, nil)}
	return &regression{tb: tb, cluster: c, gateway: g, only: regexp.MustCompile(*regressOnly), tally: newTally(), natures: newNatureReader(tb, c)}
}

// script runs one script with sessions of its own.
func (r *regression) script(name string) {
	text, err := os.ReadFile(filepath.Join(*regressSource, "sql", name+".sql"))
	if err != nil {
		r.tb.Fatal(err)
	}
	begun := time.Now()
	r.psql = startPsql(r.tb, r.cluster)
	defer r.psql.close()
	played := r.only.MatchString(name)
	if played {
		r.connect()
		defer func() { r.direct.close(); r.cordon.close() }()
	}
	for _, chunk := range regress.Split(string(text)) {
		state, err := r.psql.run(chunk.Text)
		switch {
		case err != nil && strings.Contains(chunk.Text, `\quit`):
			return
		case err != nil:
			r.tb.Errorf("%s.sql:%d: psql: %v", name, chunk.Line, err)
			return
		}
		if played {
			r.statement(place{name, chunk.Line, chunk.SQL}, state == "00000")
		}
	}
	if took := time.Since(begun); took > 20*time.Second {
		r.tb.Logf("%s took %v", name, took)
	}
}

// connect opens the two sessions with what pg_regress sets.
func (r *regression) connect() {
	settings := map[string]string{"statement_timeout": "10s", "timezone": "PST8PDT", "datestyle": "Postgres, MDY", "intervalstyle": "postgres_verbose"}
	r.cordon = connect(r.tb, r.gateway.address, "analyst", "regression", settings)
	settings["lock_timeout"] = "500ms" // psql may be in a transaction that locks what is read
	maps.Copy(settings, printing)
	r.direct = connect(r.tb, r.cluster.Address(), "analyst", "regression", settings)
	r.direct.notice = func(n *pgconn.Notice) { r.tree.WriteString(n.Detail) }
}

func (r *regression) reconnect() {
	r.direct.close()
	r.cordon.close()
	r.connect()
}

// catchUp lets cordon read the catalog, as it does where a statement names what it does not know.
func (r *regression) catchUp() {
	if r.stale {
		waker := connect(r.tb, r.gateway.address, "analyst", "regression", nil) // a session of its own, since a reading that waits for a lock may outlast it
		if got := r.ask(waker, place{sql: "SELECT FROM unknown_to_everybody"}); got.code != "42P01" {
			r.tb.Logf("the catalog is not read: %s %s", got.code, got.message)
		}
		waker.close()
	}
	r.stale = false
}

// statement plays what only reads on both sessions. done says that it succeeded in psql.
func (r *regression) statement(p place, done bool) {
	tree, err := pg.Parse(p.sql)
	if p.sql == "" || err != nil || len(tree.Stmts) != 1 {
		r.stale = true
		return // wrong on purpose, syntax of psql, or several statements
	}
	switch node := tree.Stmts[0].Stmt.Node.(type) {
	case *pg.Node_VariableSetStmt, *pg.Node_PrepareStmt, *pg.Node_DeallocateStmt:
		r.both(p)
	case *pg.Node_ExplainStmt:
		if done {
			r.tally.apart["EXPLAIN"]++
		}
	case *pg.Node_SelectStmt:
		r.stale = r.stale || strings.Contains(p.sql, "(") // a function may change the catalog
		if node.SelectStmt.IntoClause == nil {
			r.compare(p, len(node.SelectStmt.SortClause) > 0, done)
			return
		}
		r.stale = true
	case *pg.Node_VariableShowStmt, *pg.Node_ExecuteStmt:
		r.compare(p, true, done)
	default:
		r.stale = true
	}
}

// both plays what changes the session: directly only where cordon did it, so that the sessions stay alike.
func (r *regression) both(p place) {
	got := r.ask(r.cordon, p)
	if got.code != "" && r.stale {
		r.catchUp()
		got = r.ask(r.cordon, p)
	}
	if got.code == "" && !strings.Contains(strings.ToLower(p.sql), "client_min_messages") { // by which the trees come
		r.ask(r.direct, p)
	}
}

func (r *regression) ask(a *asker, p place) answer {
	got, err := a.ask(queries.Query{SQL: p.sql}, simple)
	if err != nil {
		return answer{code: "connection", message: err.Error()}
	}
	return got
}

// directly asks the server in a transaction that only reads, but what the session shows of itself.
func (r *regression) directly(p place) answer {
	if strings.HasPrefix(strings.ToLower(p.sql), "show") {
		return r.ask(r.direct, p)
	}
	r.ask(r.direct, place{sql: "BEGIN READ ONLY"})
	defer r.ask(r.direct, place{sql: "COMMIT"})
	return r.ask(r.direct, p)
}

// compare asks both and counts. Where they differ it looks for what would not be cordon's doing: a catalog that it has not read yet, an answer that changes from call to call.
func (r *regression) compare(p place, ordered, done bool) {
	r.tree.Reset()
	want := r.directly(p)
	is := r.natures.read(r.tree.String())
	switch {
	case want.code == "connection":
		r.tb.Fatalf("%s: directly: %s", p, want.message)
	case want.code == "57014" || want.code == "55P03":
		r.tally.apart["the server itself does not answer in time"]++
		return
	case want.code == "25006":
		return // it writes
	case want.code != "":
		if done {
			r.tally.apart[ofSession]++
		}
		return
	}
	got := r.ask(r.cordon, p)
	cause := r.differ(got, want, ordered)
	if cause != "" && r.stale && !(got.refused() && is.users) {
		if got.code == "connection" { // the second wall ends a session whose plan the catalog no longer fits
			r.reconnect()
		}
		r.catchUp()
		got = r.ask(r.cordon, p)
		cause = r.differ(got, want, ordered)
	}
	if got.code == "connection" {
		r.reconnect()
	} else if cause != "" && !got.refused() && differ(r.directly(p), want, ordered) != "" {
		r.tally.apart["answers that change from call to call"]++
		return
	}
	if cause != "" {
		r.explain(p, &is, got, want)
	}
	r.tally.note(p, is, got, cause)
}

// differ is as differ of answers, but for the types that docs/functions.md documents: reg* and pg_node_tree are text, and a whole row of a table is a record.
func (r *regression) differ(got, want answer, ordered bool) string {
	if len(got.results) == 1 && len(want.results) == 1 && len(got.results[0].FieldDescriptions) == len(want.results[0].FieldDescriptions) {
		for i, f := range got.results[0].FieldDescriptions {
			twins := &want.results[0].FieldDescriptions[i].DataTypeOID
			if (slices.Contains(regTypes, *twins) || *twins == 194) && (f.DataTypeOID == pgtype.TextOID || f.DataTypeOID == pgtype.TextArrayOID) ||
				f.DataTypeOID == pgtype.RecordOID && *twins >= catalog.FirstUserOID {
				*twins = f.DataTypeOID
			}
		}
	}
	return differ(got, want, ordered)
}

// place is a statement of a script.
type place struct {
	script string
	line   int
	sql    string
}

func (p place) String() string { return fmt.Sprintf("%s.sql:%d", p.script, p.line) }
