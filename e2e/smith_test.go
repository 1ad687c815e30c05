package e2e

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cordon-db/cordon/e2e/attacks"
	"github.com/cordon-db/cordon/internal/pgcluster"
	"github.com/cordon-db/cordon/internal/pgcluster/pgtest"
)

var (
	smith     = flag.Int("smith", 0, "how many queries sqlsmith sends to a masked session; 0: those of testdata/sqlsmith.sql.gz are played")
	smithKeep = flag.String("smith-keep", "", "a file to write sqlsmith's queries to")
)

// smithQueries are queries that sqlsmith made of what it read of the catalog of a masked session.
const smithQueries = "testdata/sqlsmith.sql.gz"

// TestSmith plays sqlsmith's queries in both worlds, with the order of rows hidden, sealed and in SQL: the streams have to be equal but for the order of rows, and errors may not be cordon's own
// faults. Rows lie in the order of raw identifiers. Of two that raise, the one that lies first is told by the error, as docs/threat-model.md says: where both worlds answer with an error, another one, the
// query is played once more in worlds whose rows lie alike, and has to be answered alike there. With -smith N, sqlsmith itself first runs against a masked session, and its queries are those (make sqlsmith).
func TestSmith(t *testing.T) {
	t.Parallel()
	clusters := smithWorlds(t, scatterRows)
	hidden, still := serveWorlds(t, clusters, executions[orderHidden]), serveWorlds(t, smithWorlds(t, keepRows), executions[orderHidden])
	var queries []string
	if *smith > 0 {
		queries = runSmith(t, hidden[0], *smith)
	} else {
		queries = keptQueries(t)
	}
	if *smithKeep != "" {
		keepQueries(t, queries)
	}
	for name, g := range map[string][2]*gateway{orderHidden: hidden, "in SQL, order hidden": serveWorlds(t, clusters, func(policy string) string {
		return executions["in SQL"](executions[orderHidden](policy))
	})} {
		t.Run(name, func(t *testing.T) { replay(t, g, still, queries) })
	}
}

// smithWorlds are the worlds without the views that return a constant of their own definitions, which differs between them.
func smithWorlds(t *testing.T, rows string) [2]*pgcluster.Cluster {
	clusters := loadWorlds(t, *server, rows)
	for _, c := range clusters {
		pgtest.Exec(t, pgtest.Superuser(t, c, database), "DROP VIEW c_union, c_coalesce, c_lag, c_lateral, c_recursive")
	}
	return clusters
}

// runSmith has sqlsmith send n queries to a masked session, and gives those that it sent.
func runSmith(t *testing.T, g *gateway, n int) []string {
	host, port, err := net.SplitHostPort(g.address)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sqlsmith", "--dump-all-queries", "--exclude-catalog", fmt.Sprint("--seed=", *seed), fmt.Sprint("--max-queries=", n),
		fmt.Sprintf("--target=host=%s port=%s dbname=%s user=analyst options='-c statement_timeout=500ms'", host, port, database))
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Logf("sqlsmith ended: %v", err)
	}
	queries := splitQueries(out.String())
	t.Logf("sqlsmith sent %d queries, seed %d; it said: %s", len(queries), *seed, errs.Bytes()[max(0, errs.Len()-2000):])
	if len(queries) < n*9/10 {
		t.Errorf("sqlsmith sent %d queries of %d", len(queries), n)
	}
	if _, err := dialWire(g.address, "analyst", nil); err != nil {
		t.Errorf("after it, cordon does not answer: %v", err)
	}
	return queries
}

// splitQueries splits what sqlsmith prints: its queries end with a semicolon at the end of a line.
func splitQueries(text string) (queries []string) {
	for _, q := range strings.Split(text, ";\n") {
		if q = strings.TrimSpace(q); q != "" {
			queries = append(queries, q)
		}
	}
	return queries
}

// What sqlsmith puts into most of its queries and is refused, since its generator knows every type and operator of pg_catalog: the queries are played with
// something else in its place, or next to nothing of them would be planned.
var eased = []struct {
	what *regexp.Regexp
	by   string
}{
	{regexp.MustCompile(`(?i)tablesample (system|bernoulli) \([0-9.]+\)`), ""},
	{regexp.MustCompile(`(?i)\bas anyrange\)`), "as int4range)"},
	{regexp.MustCompile(`(?i)\bas anymultirange\)`), "as int4multirange)"},
	{regexp.MustCompile(`(?i)\bas (anyarray|_aclitem|anycompatiblearray)\)`), "as _int4)"},
	{regexp.MustCompile(`(?i)\bas (anyenum|anyelement|anynonarray|aclitem|pg_node_tree|pg_ndistinct|pg_dependencies|pg_mcv_list|refcursor)\)`), "as text)"},
	{regexp.MustCompile(`(?i)\bas (xid|xid8|cid|tid)\)`), "as int8)"},
	{regexp.MustCompile(`(?i)cast\(null as record\)`), "row(null)"},
	{regexp.MustCompile(`(?i)pg_catalog\.(random|gen_random_uuid|clock_timestamp|timeofday|now|statement_timestamp|transaction_timestamp|pg_backend_pid|pg_postmaster_start_time)\(\)`), "null"}, // differ by themselves
	{regexp.MustCompile(`(?i)pg_catalog\.(pg_\w+|txid_current|lastval|inet_\w+)\(\)`), "null"},
}

func keptQueries(t *testing.T) []string {
	file, err := os.Open(smithQueries)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unzipped)
	if err != nil {
		t.Fatal(err)
	}
	queries := splitQueries(string(text))
	if len(queries) < 200 {
		t.Fatalf("%s has %d queries", smithQueries, len(queries))
	}
	return queries
}

func keepQueries(t *testing.T, queries []string) {
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	text := bufio.NewWriter(zipped)
	for _, q := range queries {
		_, _ = text.WriteString(q + ";\n")
	}
	if err := errors.Join(text.Flush(), zipped.Close(), os.WriteFile(*smithKeep, out.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// smithSession logs in at a world.
func smithSession(t *testing.T, g *gateway) *wire {
	t.Helper()
	w, err := dialWire(g.address, "analyst", [][2]string{{"options", "-c statement_timeout=1s"}})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// alikeInPlace says that a query is answered alike in worlds whose rows lie alike.
func alikeInPlace(t *testing.T, still [2]*gateway, sql string) bool {
	var streams [2][]byte
	for i, g := range still {
		w := smithSession(t, g)
		defer w.conn.Close()
		w.stream = nil
		if _, err := w.play(attacks.Step{Verb: attacks.Simple, SQL: sql}); err != nil {
			t.Error(err)
			return false
		}
		streams[i] = sortRows(w.stream)
	}
	return len(streams[0]) > 0 && bytes.Equal(streams[0], streams[1])
}

// replay plays queries in two worlds.
func replay(t *testing.T, g, still [2]*gateway, queries []string) {
	var w [2]*wire
	begin := func() {
		for i := range w {
			if w[i] != nil {
				_ = w[i].conn.Close()
			}
			w[i] = smithSession(t, g[i])
		}
	}
	begin()
	codes, differ, first := map[string]int{}, 0, 0
	refusals := map[string]int{}
	for k, sql := range queries {
		for _, e := range eased {
			sql = e.what.ReplaceAllString(sql, e.by)
		}
		var streams [2][]byte
		var code [2]string
		begun := time.Now()
		for i := range w {
			w[i].stream = nil
			var err error
			if code[i], err = w[i].play(attacks.Step{Verb: attacks.Simple, SQL: sql}); err != nil {
				t.Errorf("query %d ended the session: %v, %q\n%s", k, err, w[i].stream, sql)
				begin()
				break
			}
			streams[i] = sortRows(w[i].stream)
		}
		codes[code[0]]++
		if *smithKeep != "" {
			i := bytes.Index(streams[0], []byte("\x00M"))
			if i > 0 {
				refusals[string(streams[0][i+2:min(len(streams[0]), i+100)])]++
			}
		}
		if took := time.Since(begun); took > 5*time.Second {
			t.Logf("query %d took %v\n%s", k, took, sql)
		}
		if code[0] == "XX000" || code[0] == "57014" || code[1] == "57014" {
			if code[0] == "XX000" && bytes.Contains(streams[0], []byte("cordon")) {
				t.Errorf("query %d: %q\n%s", k, streams[0], sql)
			}
			continue
		}
		if !bytes.Equal(streams[0], streams[1]) {
			if code[0] != "" && code[1] != "" && alikeInPlace(t, still, sql) {
				first++
				t.Logf("query %d: which row raises first: %s, %s\n%s", k, code[0], code[1], sql)
				continue
			}
			differ++
			t.Errorf("query %d: the worlds differ\n%q\n%q\n%s", k, difference(streams[0], streams[1]), difference(streams[1], streams[0]), sql)
		}
	}
	t.Logf("%d queries, %d differ, %d more by which row raises first, by SQLSTATE: %v", len(queries), differ, first, codes)
	for m, n := range refusals {
		t.Logf("%d %q", n, m)
	}
}
