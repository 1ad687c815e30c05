package e2e

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cordon-db/cordon/e2e/attacks"
	"github.com/cordon-db/cordon/e2e/queries"
	"github.com/cordon-db/cordon/e2e/twin"
	"github.com/cordon-db/cordon/internal/pgcluster"
	"github.com/cordon-db/cordon/internal/pgcluster/pgtest"
)

// The twin tests play statements through cordon as masked analyst and directly on the materialised twin, and compare: names and
// types of columns, rows, order where the statement fixes it, the class of errors; by the simple and the extended protocol, in text
// and in binary.
//
//	go test ./e2e -run Twin                                              # the corpus and 1,000 random statements
//	go test ./e2e -timeout 60m -run Twin -args -random 5000 -seed 7       # more of them, others
//	go test ./e2e -run TwinRandom -args -statement 123                    # one of them, printed
//	go test ./e2e -run Twin -args -others 100                            # as many in the other ways to execute

// statementNumber picks one random statement.
var statementNumber = flag.Int("statement", -1, "play only this random statement")

// subject is a database with its policy, of which a twin can be made.
type subject struct {
	server   int // major version, 0 for the one that the flag -server asks for
	database string
	schema   string
	policy   string
	master   string                      // the text of the key's file
	fill     func(testing.TB, *pgx.Conn) // what schema leaves out, nil for nothing
}

// pair is a database and its twin.
type pair struct {
	subject subject
	raw     *pgcluster.Cluster
	twin    *pgcluster.Cluster
}

// twins loads a database twice, on clusters of their own and alike, so that oids agree too, and makes the second its twin.
func twins(tb testing.TB, s subject) pair {
	tb.Helper()
	version := cmp.Or(s.server, *server)
	p := pair{s, newServer(tb, version), newServer(tb, version)}
	p.load(tb, p.raw)
	conn := p.load(tb, p.twin)
	policy := p.serve(tb, nil).cfg.Databases[s.database]
	if err := twin.Build(context.Background(), conn, policy, []byte(masterOf(tb, s.master))); err != nil {
		tb.Fatal(err)
	}
	return p
}

func (p pair) load(tb testing.TB, c *pgcluster.Cluster) *pgx.Conn {
	tb.Helper()
	if p.subject.database != database {
		pgtest.Exec(tb, pgtest.Superuser(tb, c, "postgres"), "CREATE DATABASE "+p.subject.database)
	}
	conn := pgtest.Superuser(tb, c, p.subject.database)
	pgtest.Exec(tb, conn, p.subject.schema)
	if p.subject.fill != nil {
		p.subject.fill(tb, conn)
	}
	return conn
}

// serve starts cordon in front of the raw database. change mutates the policy that it serves, nil leaves it.
func (p pair) serve(tb testing.TB, change func(*subject)) *gateway {
	tb.Helper()
	served := p.subject
	if change != nil {
		change(&served)
		if served.policy == p.subject.policy && served.master == p.subject.master {
			tb.Fatal("the mutation changes nothing")
		}
	}
	return serve(tb, p.raw, served.master, func(text string) string {
		return strings.Replace(text, corpusFile(tb, attacks.Files.ReadFile, "policy.toml"), served.policy, 1)
	})
}

// corpusFile is the text of an embedded file.
func corpusFile(tb testing.TB, read func(string) ([]byte, error), name string) string {
	tb.Helper()
	text, err := read(name)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// sessions logs in at cordon and at the twin, alike.
func (p pair) sessions(tb testing.TB, g *gateway) (cordon, direct *asker) {
	tb.Helper()
	cordon = connect(tb, g.address, "analyst", p.subject.database, map[string]string{"statement_timeout": "20s"})
	direct = connect(tb, p.twin.Address(), "analyst", p.subject.database, map[string]string{"statement_timeout": "20s", "default_transaction_read_only": "on"})
	return cordon, direct
}

// attacksSubject is the database of the attacks, as the first world.
func attacksSubject(tb testing.TB) subject {
	return subject{
		database: database,
		schema:   strings.ReplaceAll(corpusFile(tb, attacks.Files.ReadFile, "schema.sql"), "{world}", "1"),
		policy:   corpusFile(tb, attacks.Files.ReadFile, "policy.toml"),
		master:   worldKeys[0],
		fill:     func(tb testing.TB, conn *pgx.Conn) { moveIdentifiers(tb, conn, 0) },
	}
}

// twinnedSubject is attacksSubject without partitions whose names a twin lacks and whose rows it has: no server holds rows in a parent itself, nor lets the column of a
// partition key be dropped.
func twinnedSubject(tb testing.TB) subject {
	s := attacksSubject(tb)
	s.schema = without(tb, s.schema, "INSERT INTO parts ", ";")
	s.schema = without(tb, s.schema, "-- Partitions by raw identifiers", "CREATE VIEW risky_or_not AS SELECT id FROM risks;")
	s.policy = without(tb, s.policy, `[database.attacks.table."public.shards".columns]`, "[database.attacks.table.\"public.calls\".columns]\nid = \"show\"\n")
	return s
}

// without is a text without what stands from one mark to the end of another.
func without(tb testing.TB, text, from, to string) string {
	tb.Helper()
	before, rest, found := strings.Cut(text, from)
	_, after, closed := strings.Cut(rest, to)
	if !found || !closed {
		tb.Fatalf("no %q up to %q", from, to)
	}
	return before + after
}

// corpusSubject is the database of the analysts' queries.
func corpusSubject(tb testing.TB) subject {
	return subject{
		database: queries.Database,
		schema:   corpusFile(tb, queries.Files.ReadFile, "schema.sql"),
		policy:   corpusFile(tb, queries.Files.ReadFile, "policy.toml"),
		master:   queries.MasterKey,
	}
}

// score counts what a run of statements came to.
type score struct {
	played, refused, timeouts, failed int
	faults                            int // statements that a server before 18 orders wrongly, on one side or the other
	differences                       []string
	refusals, errors                  map[string]int // by message; errors are those of both
}

// groupingSets are in statements whose order servers before 18 may get wrong: where a column of them is compared with a constant, they take it for the constant in
// the rows, too, in which it is NULL (docs/threat-model.md).
var groupingSets = regexp.MustCompile(`\b(ROLLUP|CUBE|GROUPING SETS)\b`)

// lastLimit is how a statement says which of its rows it gives.
var lastLimit = regexp.MustCompile(`( (LIMIT|OFFSET|FETCH) [^()]*)$`)

// alikeUnordered says that both sides give the same rows, in whatever order: all of them, where a limit would choose others by it.
func alikeUnordered(tb testing.TB, cordon, direct *asker, q queries.Query, m mode) bool {
	tb.Helper()
	q.SQL = lastLimit.ReplaceAllString(q.SQL, "")
	got, err1 := cordon.ask(q, m)
	want, err2 := direct.ask(q, m)
	return errors.Join(err1, err2) == nil && got.code == "" && differ(got, want, false) == ""
}

func newScore() *score { return &score{refusals: map[string]int{}, errors: map[string]int{}} }

func (s *score) String() string {
	return fmt.Sprintf("%d statements, %d differences, %d refused, %d timeouts, %d errors of both, %d ordered wrongly by the server", s.played, len(s.differences), s.refused, s.timeouts, s.failed, s.faults)
}

// judge fails the test for any difference, for 2% of refusals and for 0.5% of timeouts.
func (s *score) judge(t *testing.T) {
	t.Helper()
	for _, d := range s.differences {
		t.Error(d)
	}
	if s.refused > 0 && s.refused*50 >= s.played {
		t.Errorf("%d of %d are refused", s.refused, s.played)
	}
	if s.timeouts > 0 && s.timeouts*200 >= s.played {
		t.Errorf("%d of %d ran out of time", s.timeouts, s.played)
	}
	t.Logf("%v; refusals: %v; errors: %v", s, s.refusals, s.errors)
}

// play asks both sessions in every mode and says whether cordon refused. A difference is reported once.
func (s *score) play(tb testing.TB, cordon, direct *asker, q queries.Query) (refused bool) {
	tb.Helper()
	s.played++
	for _, m := range modes(q) {
		got, err := cordon.ask(q, m)
		if err != nil {
			tb.Fatalf("cordon, %s: %v\n%s", m, err, q.SQL)
		}
		want, err := direct.ask(q, m)
		if err != nil {
			tb.Fatalf("the twin, %s: %v\n%s", m, err, q.SQL)
		}
		switch {
		case got.refused():
			s.refused++
			s.refusals[got.message]++
			if s.refusals[got.message] <= 3 {
				tb.Logf("refused: %s\n%s", got.message, q.SQL)
			}
			return true
		case got.code == "57014" || want.code == "57014":
			s.timeouts++
			tb.Logf("timeout: %s", q.SQL)
			return false
		}
		cause := differ(got, want, q.Ordered)
		if cause != "" && want.code == "" {
			cause = differ(got, direct.analysed(q, got, want), q.Ordered)
		}
		if cause != "" && *server < 18 && groupingSets.MatchString(q.SQL) && alikeUnordered(tb, cordon, direct, q, m) {
			s.faults++
			return false
		}
		if cause != "" {
			s.differences = append(s.differences, fmt.Sprintf("%s:%d %s (%s): %s\n%s\n%q", q.File, q.Line, q.Name, m, cause, q.SQL, q.Params))
			return false
		}
		if want.code != "" {
			s.failed++
			s.errors[want.code+" "+want.message]++
			return false
		}
	}
	return false
}

// TestTwin plays the corpus of analysts' queries.
func TestTwin(t *testing.T) {
	t.Parallel()
	all, err := queries.Load(queries.Files)
	if err != nil {
		t.Fatal(err)
	}
	p := twins(t, corpusSubject(t))
	p.executions(t, func(t *testing.T, g *gateway) { p.playCorpus(t, g, all) })
}

// playCorpus plays each query in sessions of its own, since one may change settings; only what the corpus explains may be refused.
func (p pair) playCorpus(t *testing.T, g *gateway, all []queries.Query) {
	s := newScore()
	for _, q := range all {
		cordon, direct := p.sessions(t, g)
		refused := s.play(t, cordon, direct, q)
		cordon.close()
		direct.close()
		if refused != (q.Refused != "") {
			t.Errorf("%s:%d %s: refused is %v, and the corpus explains %q: %v", q.File, q.Line, q.Name, refused, q.Refused, s.refusals)
		}
	}
	s.judge(t)
}

// executions runs a test once for every way to execute.
func (p pair) executions(t *testing.T, test func(*testing.T, *gateway)) {
	for name, change := range executions {
		t.Run(name, func(t *testing.T) {
			var edit func(*subject)
			if change != nil {
				edit = func(s *subject) { s.policy = change(s.policy) }
			}
			g := p.serve(t, edit)
			g.statements = statements(change)
			test(t, g)
		})
	}
}

// TestTwinRandom plays random statements.
func TestTwinRandom(t *testing.T) {
	t.Parallel()
	p := twins(t, twinnedSubject(t))
	t.Logf("seed %d", *seed)
	p.executions(t, func(t *testing.T, g *gateway) {
		s := newScore()
		defer s.judge(t) // of what was played, too, where a connection broke
		p.playRandom(t, g, s, max(g.statements, *statementNumber+1), 0)
		if s.failed*10 > s.played && *statementNumber < 0 {
			t.Errorf("the twin itself accepts too few: %d of %d fail", s.failed, s.played)
		}
	})
}

// playRandom plays the first n random statements; it stops when there are enough differences, 0 for all.
func (p pair) playRandom(tb testing.TB, g *gateway, s *score, n, enough int) {
	tb.Helper()
	cordon, direct := p.sessions(tb, g)
	defer cordon.close()
	defer direct.close()
	for k := range n {
		if *statementNumber >= 0 && k != *statementNumber {
			continue
		}
		q := generate(*seed, k, knownIDs())
		begun := time.Now()
		s.play(tb, cordon, direct, q)
		if enough > 0 && len(s.differences) >= enough {
			return
		}
		if took := time.Since(begun); took > 2*time.Second || *statementNumber >= 0 {
			tb.Logf("statement %d took %v: %s %q", k, took, q.SQL, q.Params)
		}
	}
}

// TestTwinCanFail serves policies that differ from the twin's in one point each: every one has to be seen.
func TestTwinCanFail(t *testing.T) {
	t.Parallel()
	p := twins(t, twinnedSubject(t))
	edit := func(old, new string) func(*subject) {
		return func(s *subject) { s.policy = strings.Replace(s.policy, old, new, 1) }
	}
	for name, change := range map[string]func(*subject){
		"another constant":    edit("hidden@example.org", "hidden@example.com"),
		"masked column shown": edit(`email    = { mask = "constant", value = "hidden@example.org" }`, `email = "show"`),
		"null shown":          edit(`note     = "null"`, `note = "show"`),
		"wider buckets":       edit("size = 10", "size = 20"),
		"months for days":     edit(`mask = "day"`, `mask = "month"`),
		"no row filter":       edit(`rows = "visibility = 'public'"`, ""),
		"hidden columns":      edit(`unlisted_columns = "hide"`, `unlisted_columns = "show"`),
		"a column missing":    edit(`created_at = "show"`, `created_at = "hide"`),
		"raw identifiers":     edit(`user_id  = { pseudonym = "user" }`, `user_id = "show"`),
		"another key":         func(s *subject) { s.master = worldKeys[1] },
	} {
		t.Run(name, func(t *testing.T) {
			s := newScore()
			if p.playRandom(t, p.serve(t, change), s, 3000, 1); len(s.differences) == 0 {
				t.Errorf("unseen: %v", s)
			}
		})
	}
}
