package e2e

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cordon-db/cordon/config"
	"github.com/cordon-db/cordon/e2e/attacks"
	"github.com/cordon-db/cordon/internal/pgcluster"
	"github.com/cordon-db/cordon/internal/pgcluster/pgtest"
	"github.com/cordon-db/cordon/masking"
)

// The master keys of the two worlds.
var worldKeys = [2]string{strings.Repeat("1", 64), strings.Repeat("2", 64)}

// worlds are two databases that differ only in what the policy restricts: hidden columns, rows and tables, raw values behind
// masks, raw identifiers. The second has another key and the identifiers D_k2(E_k1(id)), so pseudonyms agree.
//
// Proven able to fail by mutations that were run: with `phone = "show"` added to the policy, with the row filter of videos taken out, and
// with user_id shown, TestWorlds reports differing streams (TestWorldsCanFail keeps the first and the third).
func worlds(tb testing.TB, change func(string) string) [2]*gateway {
	tb.Helper()
	return serveWorlds(tb, loadWorlds(tb, *server, keepRows), change)
}

// Whether rows lie in the same order in both worlds, or each world's in the order of its identifiers.
const (
	keepRows    = ""
	scatterRows = `
	CREATE INDEX by_id ON videos (user_id); CLUSTER videos USING by_id; DROP INDEX by_id;
	CREATE INDEX by_id ON friends (a); CLUSTER friends USING by_id; DROP INDEX by_id;
	CREATE INDEX by_id ON costly (owner); CLUSTER costly USING by_id; DROP INDEX by_id;
	CLUSTER users USING users_pkey`
)

func loadWorlds(tb testing.TB, version int, rows string) (clusters [2]*pgcluster.Cluster) {
	tb.Helper()
	for i := range clusters {
		clusters[i] = newServer(tb, version)
		conn := loadWorld(tb, clusters[i], fmt.Sprint(i+1))
		moveIdentifiers(tb, conn, i)
		pgtest.Exec(tb, conn, rows)
		pgtest.Exec(tb, conn, "VACUUM FULL")
		pgtest.Exec(tb, conn, "REFRESH MATERIALIZED VIEW kept")
		pgtest.Exec(tb, conn, planAlike)
	}
	return clusters
}

func serveWorlds(tb testing.TB, clusters [2]*pgcluster.Cluster, change func(string) string) (g [2]*gateway) {
	tb.Helper()
	return serveWorldsLogging(tb, clusters, change, nil)
}

func serveWorldsLogging(tb testing.TB, clusters [2]*pgcluster.Cluster, change func(string) string, log *slog.Logger) (g [2]*gateway) {
	tb.Helper()
	for i, c := range clusters {
		cfg := configure(tb, c, worldKeys[i], change)
		for name, d := range cfg.Domains { // keyed hashes of other identifiers choose other rows; pseudonyms agree
			if d.Order == config.OrderHide {
				d.Order = config.OrderExact
				cfg.Domains[name] = d
			}
		}
		g[i] = &gateway{cluster: c, cfg: cfg, address: start(tb, cfg, log)}
	}
	return g
}

// executedWorlds are worlds for an execution; where order is hidden, rows lie in the order of raw identifiers, which differs.
func executedWorlds(tb testing.TB, version int, execution string) [2]*gateway {
	tb.Helper()
	rows := keepRows
	if execution == orderHidden {
		rows = scatterRows
	}
	return serveWorlds(tb, loadWorlds(tb, version, rows), executions[execution])
}

// planAlike leaves only statistics that are the same in both worlds: how many rows the filters let through, and countries. Without
// those the planner expects a row or two and evaluates ciphers in nested loops.
const planAlike = `
	UPDATE pg_statistic_ext_data SET stxdndistinct = NULL, stxddependencies = NULL, stxdmcv = NULL, stxdexpr = NULL; -- 14 needs the rows
	DELETE FROM pg_statistic s USING pg_attribute a WHERE a.attrelid = s.starelid AND a.attnum = s.staattnum
		AND NOT (starelid = 'videos'::regclass AND attname = 'visibility' OR starelid = 'users'::regclass AND attname IN ('deleted_at', 'country'));
	UPDATE pg_statistic s SET stadistinct = -0.1, stakind1 = 0, stakind2 = 0, stakind3 = 0, stanumbers1 = NULL, stanumbers3 = NULL, stavalues1 = NULL, stavalues2 = NULL
		FROM pg_attribute a WHERE a.attrelid = s.starelid AND a.attnum = s.staattnum AND starelid = 'users'::regclass AND attname = 'deleted_at';
	UPDATE pg_class SET reltuples = -1 WHERE oid >= 16384`

// moveIdentifiers updates every user's identifier, one statement a user and in the same order in both worlds, so that rows lie
// alike: in the first to another number, in the second to the one with the same pseudonym there.
func moveIdentifiers(tb testing.TB, conn *pgx.Conn, world int) {
	tb.Helper()
	cipher := func(master string) *masking.Pseudonym {
		key, err := masking.DeriveKey([]byte(master), "user")
		if err != nil {
			tb.Fatal(err)
		}
		p, err := masking.NewPseudonym(key, masking.Type{OID: 20, Mod: -1, Name: "bigint"})
		if err != nil {
			tb.Fatal(err)
		}
		return p
	}
	one, two := cipher(masterOf(tb, worldKeys[0])), cipher(masterOf(tb, worldKeys[1]))
	var sql strings.Builder
	for id := int64(1); id <= 200; id++ {
		moved := id + 1000000
		if world == 1 {
			moved = two.DecryptInt8(one.EncryptInt8(moved))
		}
		fmt.Fprintf(&sql, "UPDATE users SET user_id = %d WHERE user_id = %d;", moved, id)
	}
	pgtest.Exec(tb, conn, sql.String())
}

// masterOf is the master key as cordon reads it from a file of this text.
func masterOf(tb testing.TB, text string) string {
	tb.Helper()
	file := tb.TempDir() + "/key"
	writeFile(tb, file, text)
	key, err := masking.KeySource{File: file}.Load(context.Background())
	if err != nil {
		tb.Fatal(err)
	}
	return string(key)
}

// transcript plays an attack in a session of its own and returns the server's bytes, and the code of each step.
func transcript(g *gateway, a attacks.Attack) (stream []byte, codes []string, err error) {
	w, err := dialWire(g.address, "analyst", a.Startup)
	if w == nil {
		return nil, nil, err
	}
	defer w.conn.Close()
	if err != nil {
		return w.stream, []string{"closed"}, nil
	}
	for _, s := range a.Steps {
		code, err := w.play(s)
		if errors.Is(err, io.EOF) {
			return w.stream, append(codes, "closed"), nil
		}
		if err != nil {
			return nil, nil, err
		}
		codes = append(codes, code)
	}
	return w.stream, codes, nil
}

// unmet says how a step's outcome differs from what the corpus expects.
func unmet(want attacks.Want, code string) string {
	refused := code == "42501" || code == "0A000"
	ok := true
	switch want.Outcome {
	case attacks.Rows:
		ok = code == ""
	case attacks.Clean:
		ok = code == "" || refused
	case attacks.Refused:
		ok = refused && (want.State == "" || want.State == code)
	case attacks.Error:
		ok = code == want.State || refused
	case attacks.Closed:
		ok = code == "closed"
	}
	if ok {
		return ""
	}
	return fmt.Sprintf("want %s %s, got %q", want.Outcome, want.State, code)
}

// attackFiles picks transcripts.
var attackFiles = flag.String("attacks", "", "play only the attacks of files that begin with this")

func TestWorldsAttacks(t *testing.T) {
	t.Parallel()
	all, err := attacks.Load(attacks.Files)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 150 {
		t.Fatalf("%d attacks are too few", len(all))
	}
	all = slices.DeleteFunc(all, func(a attacks.Attack) bool { return !strings.HasPrefix(a.File, *attackFiles) })
	for name := range executions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			playAttacks(t, executedWorlds(t, *server, name), slices.DeleteFunc(slices.Clone(all), func(a attacks.Attack) bool { return a.File == orderAttacks && name == orderShown }))
		})
	}
}

// TestWorldsAnalyzed plays the attacks on what the planner makes of a filter that is a join, with the tables' statistics; the worlds' differ, and nothing of these
// attacks' answers may.
func TestWorldsAnalyzed(t *testing.T) {
	t.Parallel()
	all, err := attacks.Load(attacks.Files)
	if err != nil {
		t.Fatal(err)
	}
	all = slices.DeleteFunc(all, func(a attacks.Attack) bool { return a.File != "26-statistics.txt" })
	for name := range executions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			playAttacks(t, analyzedWorlds(t, name), all)
		})
	}
}

// analyzedWorlds are executedWorlds whose tables have statistics, which differ as what is hidden does.
func analyzedWorlds(tb testing.TB, execution string) [2]*gateway {
	tb.Helper()
	g := executedWorlds(tb, *server, execution)
	for _, of := range g {
		pgtest.Exec(tb, pgtest.Superuser(tb, of.cluster, database), "ANALYZE users; ANALYZE videos; ANALYZE friends; ANALYZE costly")
	}
	return g
}

// TestWorldsAnalyzedRandom plays random statements with statistics: the planner chooses by what is hidden, when it evaluates what and in which order rows come, so
// rows are compared as a set. The generator's columns that raise at what is hidden show what was evaluated.
func TestWorldsAnalyzedRandom(t *testing.T) {
	t.Parallel()
	for name, change := range executions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if differ := playRandom(t, analyzedWorlds(t, name), statements(change), randomStep, sortRows); len(differ) > 0 {
				t.Errorf("%d statements differ", len(differ))
			}
		})
	}
}

// orderAttacks is the file of those that ask for the order of raw identifiers.
const orderAttacks = "23-order.txt"

// TestHiddenOrderCanFail plays them where the order is shown: nearly all have to see it.
func TestHiddenOrderCanFail(t *testing.T) {
	t.Parallel()
	all, err := attacks.Load(attacks.Files)
	if err != nil {
		t.Fatal(err)
	}
	g := serveWorlds(t, loadWorlds(t, *server, scatterRows), nil)
	played, blind := 0, []string{}
	for _, a := range all {
		if a.File != orderAttacks {
			continue
		}
		one, _, err1 := transcript(g[0], a)
		two, _, err2 := transcript(g[1], a)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatalf("%s: %v", a.Name, err)
		}
		if played++; bytes.Equal(one, two) {
			blind = append(blind, a.Name)
		}
	}
	if len(blind)*5 > played {
		t.Errorf("%d of %d see nothing: %q", len(blind), played, blind)
	}
	t.Logf("of %d these see nothing: %q", played, blind)
}

// playAttacks compares the streams of both worlds, byte for byte.
func playAttacks(t *testing.T, g [2]*gateway, all []attacks.Attack) {
	for _, a := range all {
		one, codes, err1 := transcript(g[0], a)
		two, _, err2 := transcript(g[1], a)
		if err := errors.Join(err1, err2); err != nil {
			t.Errorf("%s:%d %s: %v", a.File, a.Line, a.Name, err)
			continue
		}
		if !bytes.Equal(one, two) {
			t.Errorf("%s:%d %s: the worlds differ\n%q\n%q", a.File, a.Line, a.Name, difference(one, two), difference(two, one))
		}
		for i, code := range codes {
			if i < len(a.Steps) {
				if cause := unmet(a.Steps[i].Want, code); cause != "" {
					t.Errorf("%s:%d %s: %s", a.File, a.Steps[i].Line, a.Name, cause)
				}
			}
		}
	}
}

// difference is the part of a stream around the first byte that differs.
func difference(a, b []byte) []byte {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	return a[max(0, i-80):min(len(a), i+160)]
}

func TestWorldsRandom(t *testing.T) {
	t.Parallel()
	for name, change := range executions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			comparable, step := sortRows, randomStep // raw identifiers lie, or hash, in another order there
			if name == orderHidden {
				comparable, step = func(stream []byte) []byte { return stream }, choosingStep
			}
			if differ := playRandom(t, executedWorlds(t, *server, name), statements(change), step, comparable); len(differ) > 0 {
				t.Errorf("%d statements differ", len(differ))
			}
			t.Logf("%d random statements, seed %d", statements(change), *seed)
		})
	}
}

// sortRows sorts the rows of each answer in a stream: the generator's LIMITs are behind an ORDER BY that fixes what they leave.
func sortRows(stream []byte) []byte {
	var out []byte
	var rows [][]byte
	for len(stream) >= 5 {
		n := 1 + int(binary.BigEndian.Uint32(stream[1:]))
		if stream[0] == 'D' {
			rows = append(rows, stream[:n])
		} else {
			slices.SortFunc(rows, bytes.Compare)
			out = append(append(out, bytes.Join(rows, nil)...), stream[:n]...)
			rows = nil
		}
		stream = stream[n:]
	}
	return append(out, bytes.Join(rows, nil)...)
}

// playRandom plays random statements in both worlds and returns what differs of what is comparable.
func playRandom(tb testing.TB, g [2]*gateway, n int, step func(k int) attacks.Step, comparable func([]byte) []byte) (differ []string) {
	tb.Helper()
	var w [2]*wire
	for i := range w {
		var err error
		if w[i], err = dialWire(g[i].address, "analyst", [][2]string{{"options", "-c statement_timeout=20s"}}); err != nil {
			tb.Fatal(err)
		}
		defer w[i].conn.Close()
	}
	timeouts := 0
	for k := range n {
		step := step(k)
		var streams [2][]byte
		begun, timeout := time.Now(), false
		for i := range w {
			w[i].stream = nil
			code, err := w[i].play(step)
			if err != nil {
				tb.Fatalf("seed %d, statement %d: %v\n%s", *seed, k, err, step.SQL)
			}
			timeout = timeout || code == "57014"
			streams[i] = comparable(w[i].stream)
		}
		if timeout { // timing is not promised
			timeouts++
			tb.Logf("timeout: %s", step.SQL)
			continue
		}
		if took := time.Since(begun); took > 2*time.Second {
			tb.Logf("statement %d took %v: %s", k, took, step.SQL)
		}
		if !bytes.Equal(streams[0], streams[1]) {
			differ = append(differ, fmt.Sprintf("seed %d, statement %d: the worlds differ: %s\n%q\n%q", *seed, k, step.SQL,
				difference(streams[0], streams[1]), difference(streams[1], streams[0])))
			tb.Log(differ[len(differ)-1]) // at once: a long run may be ended
		}
	}
	if timeouts*200 >= n {
		tb.Errorf("%d of %d statements ran out of time", timeouts, n)
	}
	return differ
}

// randomStep is random statement k as a step of a transcript.
func randomStep(k int) attacks.Step {
	q := generate(*seed, k, knownIDs())
	if len(q.Params) == 0 {
		return attacks.Step{Verb: attacks.Simple, SQL: q.SQL}
	}
	step := attacks.Step{Verb: attacks.Extended, SQL: q.SQL}
	for i := range q.Params {
		step.Binds = append(step.Binds, &q.Params[i])
	}
	return step
}

// choices put a query where the order of its rows decides what is answered.
var choices = []string{"%s", "SELECT * FROM (%s) z LIMIT 3", "SELECT * FROM (%s) z OFFSET 4", "SELECT count(*), string_agg(z::text, ';') FROM (%s) z", "SELECT z, row_number() OVER () FROM (%s) z",
	"SELECT ARRAY(SELECT z::text FROM (%s) z LIMIT 5)", "SELECT EXISTS (SELECT 1 FROM (%s) z OFFSET 2)"}

// choosingStep is random statement k, or one that picks of its rows.
func choosingStep(k int) attacks.Step {
	step := randomStep(k)
	step.SQL = fmt.Sprintf(strings.ReplaceAll(choices[k%len(choices)], "%s", "%[1]s"), strings.TrimRight(step.SQL, "; \n"))
	return step
}

// TestWorldsCanFail shows a restricted column and raw identifiers: the comparison has to see both.
func TestWorldsCanFail(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(string) string{
		"masked column shown": func(s string) string {
			return strings.Replace(s, `email    = { mask = "constant", value = "hidden@example.org" }`, `email = "show"`, 1)
		},
		"raw identifiers": func(s string) string {
			return strings.ReplaceAll(s, `user_id  = { pseudonym = "user" }`, `user_id = "show"`)
		},
		"no row filter": func(s string) string { return strings.Replace(s, `rows = "visibility = 'public'"`, "", 1) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if differ := playRandom(t, worlds(t, change), 600, randomStep, sortRows); len(differ) == 0 {
				t.Error("600 random statements saw no difference")
			}
		})
	}
}
