package rewrite

import (
	"context"
	"flag"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/cordon-db/cordon/config"
	"github.com/cordon-db/cordon/internal/pgcluster"
	"github.com/cordon-db/cordon/internal/pgcluster/pgtest"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

var (
	pathRounds = flag.Int("path-rounds", 60, "how many random sessions the search_path test plays")
	pathSeed   = flag.Uint64("path-seed", 1, "its seed")
)

const pathPolicy = `
[upstream]
hosts = ["127.0.0.1:5432"]
catalog = { user = "cordon", password_file = "password" }
[auth]
method = "passthrough"
[keys]
master = { file = "key" }
[database.postgres]
unlisted_tables = "show"
unlisted_columns = "show"
`

// pathStatements are what the random sessions are made of; FAIL is an error of the server's.
var pathStatements = []string{
	"SET search_path TO a", "SET search_path TO b, a", `SET search_path TO "C d", missing, public`, "SET search_path TO pg_catalog, a", "SET search_path TO ''",
	`SET search_path TO "$user", b`, "SET LOCAL search_path TO b", "SET LOCAL search_path TO DEFAULT", "SET SESSION search_path TO a, a", "RESET search_path",
	"SET search_path TO DEFAULT", "RESET ALL", "SELECT 1", "BEGIN", "BEGIN", "COMMIT", "COMMIT", "ROLLBACK", "COMMIT AND CHAIN", "ROLLBACK AND CHAIN", "SAVEPOINT s", "ROLLBACK TO s",
	"RELEASE s", "DISCARD ALL", failing, failing,
	"SELECT set_config('search_path', '', false)", "SELECT pg_catalog.set_config('search_path', 'b,a', true)", "SELECT set_config('search_path', 'public', 'f') AS x",
}

const failing = "SELECT 1 / 0"

// TestSearchPathLikePostgres plays random messages of SET, transactions and errors to a server and to a session of cordon's,
// whose search_path is its own: SHOW and current_schemas must say the same after each.
func TestSearchPathLikePostgres(t *testing.T) {
	cluster := pgtest.Start(t, pgcluster.Options{})
	admin := pgtest.Superuser(t, cluster, "postgres")
	pgtest.Exec(t, admin, `CREATE SCHEMA a; CREATE SCHEMA b; CREATE SCHEMA "C d"; CREATE TABLE a.t (); CREATE TABLE b.t (); CREATE TABLE "C d".t (); CREATE TABLE public.t ()`)
	snapshot, err := catalog.Load(t.Context(), admin)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Parse("paths.toml", []byte(pathPolicy))
	if err != nil {
		t.Fatal(err)
	}
	rw := newTestRewriter(t, cfg, "postgres", &storedCatalog{current: snapshot})
	random := rand.New(rand.NewPCG(*pathSeed, 0))
	compared := 0
	for range *pathRounds {
		s, err := rw.NewSession(SessionParams{User: pgcluster.Superuser, Database: "postgres"})
		if err != nil {
			t.Fatal(err)
		}
		direct := pgtest.Superuser(t, cluster, "postgres")
		var played []string
		for range 25 {
			var message []string
			for range 1 + random.IntN(3)*random.IntN(2) {
				message = append(message, pathStatements[random.IntN(len(pathStatements))])
			}
			played = append(played, strings.Join(message, "; "))
			playBoth(t, s, direct, message)
			if direct.PgConn().TxStatus() == 'E' {
				continue
			}
			compared++
			if want, got := shown(t, direct), virtual(t, s); want != got {
				t.Fatalf("after\n\t%s\nPostgres says %s, cordon %s", strings.Join(played, "\n\t"), want, got)
			}
		}
		if err := direct.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if compared < *pathRounds*5 {
		t.Errorf("only %d comparisons", compared)
	}
}

// playBoth sends a message to the server; where cordon refuses a statement an error stands for it, as the proxy does it.
func playBoth(t *testing.T, s *Session, direct *pgx.Conn, message []string) {
	t.Helper()
	plans, err := s.Query(t.Context(), strings.Join(message, "; "))
	sent := message[:len(plans)]
	if err != nil {
		sent = append(append([]string{}, sent...), failing)
	}
	results := direct.PgConn().Exec(context.Background(), strings.Join(sent, "; "))
	done := 0
	for results.NextResult() {
		if _, err := results.ResultReader().Close(); err != nil {
			break
		}
		if done < len(plans) {
			s.Completed(plans[done])
		}
		done++
	}
	if err := results.Close(); err != nil {
		s.Failed()
	}
	s.Ready(direct.PgConn().TxStatus())
}

func shown(t *testing.T, direct *pgx.Conn) string {
	t.Helper()
	var path string
	var schemas []string
	if err := direct.QueryRow(t.Context(), "SELECT current_setting('search_path'), current_schemas(true)::text[]", pgx.QueryExecModeSimpleProtocol).Scan(&path, &schemas); err != nil {
		t.Fatal(err)
	}
	return path + " {" + strings.Join(schemas, ",") + "}"
}

// virtual is what cordon answers to the same question, out of the texts that it would send.
func virtual(t *testing.T, s *Session) string {
	t.Helper()
	plan, err := s.Parse(t.Context(), "SELECT current_schemas(true)", nil)
	if err != nil {
		t.Fatal(err)
	}
	literal := strings.Split(plan.SQL, "'")[1]
	return s.state.setting() + " " + strings.ReplaceAll(literal, `"`, "")
}
