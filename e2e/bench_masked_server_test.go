package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/cordon-db/cordon/config"
	"github.com/cordon-db/cordon/internal/pgcluster"
	"github.com/cordon-db/cordon/internal/pgcluster/pgtest"
	"github.com/cordon-db/cordon/rewrite"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

// serverTimes asks the server itself, by EXPLAIN (ANALYZE), for the time of each query as it is and as cordon sends it, and whether both plans have the same shape.
func serverTimes(b *testing.B, c *pgcluster.Cluster, only func(string) bool) string {
	b.Helper()
	admin := pgtest.Superuser(b, c, database)
	session := maskedSession(b, c)
	t := table.NewWriter()
	t.SetTitle("server time by EXPLAIN (ANALYZE, TIMING OFF), %d rounds", *rounds)
	t.AppendHeader(table.Row{"query", "raw ms", "rewritten ms", "rewritten to raw", "lowest", "highest", "same plan"})
	for _, q := range maskedQueries {
		if !only(q.name) || strings.HasPrefix(q.sql, "COPY") || strings.Contains(q.sql, "ORDER BY user_id") { // an order by pseudonym is another query
			continue
		}
		sql, values := rewrittenForm(b, session, wayForm(b, q.sql, maskedWay))
		if strings.Contains(sql, "cordon_key.") { // a form in it needs the keys of a masked session
			continue
		}
		raw, masked := prepareFor(b, admin, "raw", wayForm(b, q.sql, 0), nil), prepareFor(b, admin, "masked", sql, values)
		var times [2][]float64
		var shapes [2]string
		for range *rounds {
			for i, execute := range []string{raw, masked} {
				took, shape := explained(b, admin, execute)
				times[i], shapes[i] = append(times[i], took), shape
			}
		}
		share := ratios(times[1], times[0])
		low, high := extremes(share)
		t.AppendRow(table.Row{q.name, fmt.Sprintf("%.3f", median(times[0])), fmt.Sprintf("%.3f", median(times[1])), fmt.Sprintf("%.2f", median(share)),
			fmt.Sprintf("%.2f", low), fmt.Sprintf("%.2f", high), shapes[0] == shapes[1]})
		if shapes[0] != shapes[1] {
			b.Logf("%s\nraw:    %s\nmasked: %s", q.name, shapes[0], shapes[1])
		}
	}
	return t.Render()
}

// maskedSession plans statements as cordon does for a masked session of the benchmark.
func maskedSession(b *testing.B, c *pgcluster.Cluster) *rewrite.Session {
	b.Helper()
	password, key := secrets(b, "pw", worldKeys[0])
	cfg, err := config.Parse("cordon.toml", []byte(fmt.Sprintf(benchHead, "127.0.0.1:1", c.Address(), password, key)+maskedPolicy))
	if err != nil {
		b.Fatal(err)
	}
	source := catalog.NewSource(func(context.Context) (*pgx.Conn, error) { return pgtest.Superuser(b, c, database), nil }, time.Hour, time.Second, slog.New(slog.DiscardHandler))
	if _, err := source.Refresh(b.Context()); err != nil {
		b.Fatal(err)
	}
	rewriter, err := rewrite.New(rewrite.Options{Config: cfg, Database: database, Catalog: source, Master: []byte(masterOf(b, worldKeys[0])), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	session, err := rewriter.NewSession(rewrite.SessionParams{User: "analyst", Database: database, Zone: config.Zone{Name: "masked", Access: config.AccessMasked}})
	if err != nil {
		b.Fatal(err)
	}
	return session
}

// rewrittenForm is what cordon sends for a statement, with the values that its parameters get, as SQL writes them with their types.
func rewrittenForm(b *testing.B, session *rewrite.Session, sql string) (text string, values []argument) {
	b.Helper()
	plan, err := session.Parse(b.Context(), sql, nil)
	if err != nil {
		b.Fatalf("%s: %v", sql, err)
	}
	for _, p := range plan.Params {
		cipher, err := session.Cipher(p.Seal)
		if err != nil {
			b.Fatal(err)
		}
		unseal, typ := cipher.Unseal, "int8"
		if p.Array {
			unseal, typ = cipher.UnsealArray, "int8[]"
		}
		value, err := unseal(nil, []byte(p.Value), 0)
		if err != nil {
			b.Fatal(err)
		}
		values = append(values, argument{typ, "'" + string(value) + "'"})
	}
	return plan.SQL, values
}

// argument is a value of EXECUTE.
type argument struct{ typ, literal string }

// prepareFor prepares a statement and gives the EXECUTE that runs it; by the sixth time the server has chosen its plan (plancache.c).
func prepareFor(b *testing.B, admin *pgx.Conn, name, sql string, values []argument) string {
	b.Helper()
	declared, given := "", ""
	if len(values) > 0 {
		var types, literals []string
		for _, v := range values {
			types, literals = append(types, v.typ), append(literals, v.literal)
		}
		declared, given = "("+strings.Join(types, ", ")+")", "("+strings.Join(literals, ", ")+")"
	}
	_, _ = admin.Exec(b.Context(), "DEALLOCATE "+name) // of the query before
	pgtest.Exec(b, admin, "PREPARE "+name+declared+" AS "+sql)
	return "EXECUTE " + name + given
}

// explained runs a statement some times: milliseconds of the fastest, and its plan's shape.
func explained(b *testing.B, admin *pgx.Conn, execute string) (best float64, shape string) {
	b.Helper()
	for spent, n := 0.0, 0; n < 8 || n < 200 && spent < 200; n++ {
		var text []byte
		if err := admin.QueryRow(b.Context(), "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) "+execute, pgx.QueryExecModeSimpleProtocol).Scan(&text); err != nil {
			b.Fatalf("%s: %v", execute, err)
		}
		var plans []struct {
			Plan planNode
			Time float64 `json:"Execution Time"`
		}
		if err := json.Unmarshal(text, &plans); err != nil {
			b.Fatal(err)
		}
		if took := plans[0].Time; n == 0 || took < best {
			best = took
		}
		spent += plans[0].Time
		if shape = plans[0].Plan.shape(); n >= 2 && spent > 10_000 {
			break
		}
	}
	return best, shape
}

// planNode is a node of a plan in JSON.
type planNode struct {
	Type  string     `json:"Node Type"`
	Join  string     `json:"Join Type"`
	Index string     `json:"Index Name"`
	Plans []planNode `json:"Plans"`
}

// shape writes the nodes of a plan.
func (n planNode) shape() string {
	var inner []string
	for _, p := range n.Plans {
		inner = append(inner, p.shape())
	}
	return strings.TrimSpace(n.Join+" "+n.Type+" "+n.Index) + "(" + strings.Join(inner, ", ") + ")"
}
