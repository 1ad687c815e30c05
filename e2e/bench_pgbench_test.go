package e2e

import (
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
)

// script is a statement that pgbench repeats.
type script struct {
	name string
	mode string // of the protocol: simple, extended, prepared
	sql  string
	ways []way
}

// turn is what one round of pgbench found.
type turn struct{ rate, proxy, server float64 } // a second; microseconds of processor time a query

// BenchmarkPgbench is pgbench's select-only script, and the same with a pseudonym in the answer. In the simple protocol every text is
// another one, which a masked session plans anew; in the extended protocol its plan is in the cache.
func BenchmarkPgbench(b *testing.B) {
	bench := newBench(b)
	all := []way{bench.direct, bench.pgbouncer, bench.passes, bench.masks}
	const plain = "SELECT abalance FROM pgbench_accounts WHERE aid = :aid;\n"
	for b.Loop() {
		bench.compare(b, script{"select only, simple", "simple", plain, all})
		bench.compare(b, script{"select only, extended", "extended", plain, all})
		bench.compare(b, script{"select only, prepared", "prepared", plain, all})
		bench.compare(b, script{"with an int4 pseudonym, prepared", "prepared", "SELECT aid, bid, abalance FROM pgbench_accounts WHERE aid = :aid;\n", []way{bench.direct, bench.masks}})
	}
}

// compare gives each way its turn, round by round, and prints a table.
func (n *bench) compare(b *testing.B, s script) {
	b.Helper()
	file := filepath.Join(b.TempDir(), "script.sql")
	writeFile(b, file, "\\set aid random(1, 200000)\n"+s.sql)
	turns := make([][]turn, len(s.ways))
	for round := range *rounds {
		for i := range s.ways {
			i = (i + round) % len(s.ways) // another one begins each round
			turns[i] = append(turns[i], n.turn(b, s.ways[i], s.mode, file))
		}
	}
	t := table.NewWriter()
	t.SetTitle("%s (%d sessions, %d rounds of %d s)", s.name, *benchClients, *rounds, *seconds)
	t.AppendHeader(table.Row{"way", "queries/s", "of direct", "lowest", "highest", "proxy us/query", "server us/query"})
	direct := column(turns[0], func(u turn) float64 { return u.rate })
	for i, w := range s.ways {
		rates := column(turns[i], func(u turn) float64 { return u.rate })
		share := ratios(rates, direct)
		low, high := extremes(share)
		t.AppendRow(table.Row{w.name, fmt.Sprintf("%.0f", median(rates)), fmt.Sprintf("%.2f", median(share)), fmt.Sprintf("%.2f", low), fmt.Sprintf("%.2f", high),
			fmt.Sprintf("%.0f", median(column(turns[i], func(u turn) float64 { return u.proxy }))), fmt.Sprintf("%.0f", median(column(turns[i], func(u turn) float64 { return u.server })))})
	}
	fmt.Printf("\n%s\n", t.Render()) // a benchmark's own log is cut after ten lines
}

var rate = regexp.MustCompile(`tps = ([0-9.]+)`)

// turn runs pgbench once.
func (n *bench) turn(b *testing.B, w way, mode, file string) turn {
	b.Helper()
	host, port, err := net.SplitHostPort(w.address)
	if err != nil {
		b.Fatal(err)
	}
	proxy, server := used(w.proxy), usedByServer(b, n.server.Data)
	out, err := exec.Command(pgbench(b, n.server), "-n", "-h", host, "-p", port, "-U", w.user, "-M", mode, "-f", file,
		"-c", strconv.Itoa(*benchClients), "-T", strconv.Itoa(*seconds), database).CombinedOutput()
	found := rate.FindSubmatch(out)
	if err != nil || found == nil {
		b.Fatalf("pgbench, %s: %v\n%s", w.name, err, out)
	}
	time.Sleep(100 * time.Millisecond) // the server's processes of the sessions end
	tps, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		b.Fatal(err)
	}
	queries := tps * float64(*seconds)
	each := func(d time.Duration) float64 { return float64(d.Microseconds()) / queries }
	return turn{tps, each(used(w.proxy) - proxy), each(usedByServer(b, n.server.Data) - server)}
}

func column[T any](rows []T, of func(T) float64) []float64 {
	var out []float64
	for _, r := range rows {
		out = append(out, of(r))
	}
	return out
}

func extremes(values []float64) (low, high float64) {
	low, high = values[0], values[0]
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	return low, high
}
