package e2e

import (
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/cordon-db/cordon/internal/pgcluster"
	"github.com/cordon-db/cordon/internal/pgcluster/pgtest"
)

// The benchmarks compare ways to one Postgres: direct, PgBouncer, cordon's pass-through, cordon masked. The ways take turns in rounds of a
// run, so that what else the machine does hits them alike, and a ratio is the median of the rounds' ratios. Each proxy is a process of
// its own, so that its processor time and memory can be told.
//
//	make bench                                                                    # all, some minutes
//	go test ./e2e -run '^$' -bench Pgbench -args -rounds 9 -seconds 5 -clients 8   # quieter figures

var (
	rounds       = flag.Int("rounds", 5, "how often each way to the server has its turn")
	seconds      = flag.Int("seconds", 2, "how long a turn of pgbench takes")
	benchClients = flag.Int("clients", 4, "how many sessions pgbench has")
)

// benchRows is how many rows the streamed table has; pgbench's has 200,000.
const benchRows = 1000000

// benchSchema is loaded behind `pgbench -i -s 2`.
const benchSchema = `
CREATE TABLE stream (id int8 PRIMARY KEY, person int8 NOT NULL, label text NOT NULL, amount numeric(10,2) NOT NULL, phone text);
INSERT INTO stream SELECT g, g / 10, 'label ' || md5(g::text), g / 100.0, '+353' || g FROM generate_series(1, %d) g`

// benchHead is the configuration of a benchmark's cordon but for domains and databases.
const benchHead = `
[listen]
address = %q
[upstream]
hosts = [%q]
catalog = { user = "cordon", password_file = %q }
[auth]
method = "passthrough"
[keys]
master = { file = %q }
[[zone]]
name = "eu"
access = "passthrough"
match = { users = ["eu_*"] }
`

const benchPolicy = `
[domain.person]
order = "show"
[domain.branch]
order = "show"
[database.attacks]
unlisted_tables = "deny"
unlisted_columns = "hide"
[database.attacks.table."public.pgbench_accounts".columns]
aid = "show"
abalance = "show"
bid = { pseudonym = "branch" }
[database.attacks.table."public.stream".columns]
id = "show"
label = "show"
person = { pseudonym = "person" }
amount = { mask = "bucket", size = 10 }
`

// way is a way to the server.
type way struct {
	name    string
	address string
	user    string
	proxy   int // process of the proxy, 0 for none
}

// bench is a loaded server with proxies in front of it.
type bench struct {
	server                           *pgcluster.Cluster
	direct, pgbouncer, passes, masks way
}

// newBench loads a server and starts the proxies.
func newBench(b *testing.B) *bench {
	b.Helper()
	c := newCluster(b)
	init := exec.Command(pgbench(b, c), "-i", "-q", "-s", "2", "-h", c.Host, "-p", strconv.Itoa(c.Port), "-U", "eu_anna", database)
	if out, err := init.CombinedOutput(); err != nil {
		b.Fatalf("pgbench -i: %v\n%s", err, out)
	}
	admin := pgtest.Superuser(b, c, database)
	pgtest.Exec(b, admin, fmt.Sprintf(benchSchema, benchRows))
	pgtest.Exec(b, admin, "VACUUM ANALYZE")
	pgtest.Exec(b, admin, "CHECKPOINT")
	address, cordon := benchCordon(b, c, benchPolicy)
	pooler, bouncer := benchPgBouncer(b, c)
	return &bench{server: c,
		direct:    way{"direct", c.Address(), "eu_anna", 0},
		pgbouncer: way{"PgBouncer", pooler, "eu_anna", bouncer},
		passes:    way{"cordon, pass-through", address, "eu_anna", cordon},
		masks:     way{"cordon, masked", address, "analyst", cordon},
	}
}

// pgbench finds the program: beside the server's, or in PATH.
func pgbench(b *testing.B, c *pgcluster.Cluster) string {
	b.Helper()
	beside := filepath.Join(c.BinDir, "pgbench")
	if _, err := os.Stat(beside); err == nil {
		return beside
	}
	found, err := exec.LookPath("pgbench")
	if err != nil {
		b.Fatal(err)
	}
	return found
}

// benchCordon builds cordon and runs `cordon serve` with a policy.
func benchCordon(b *testing.B, c *pgcluster.Cluster, policy string) (address string, process int) {
	b.Helper()
	dir := b.TempDir()
	binary, file := filepath.Join(dir, "cordon"), filepath.Join(dir, "cordon.toml")
	if out, err := exec.Command("go", "build", "-o", binary, "../cmd/cordon").CombinedOutput(); err != nil {
		b.Fatalf("building cordon: %v\n%s", err, out)
	}
	address = freeAddress(b)
	password, key := secrets(b, "pw", worldKeys[0])
	writeFile(b, file, fmt.Sprintf(benchHead, address, c.Address(), password, key)+policy)
	return address, launched(b, address, exec.Command(binary, "serve", "-c", file))
}

// benchPgBouncer runs PgBouncer with session pooling, which relays as cordon does: one server connection for each of the client's.
func benchPgBouncer(b *testing.B, c *pgcluster.Cluster) (address string, process int) {
	b.Helper()
	dir, err := os.MkdirTemp("", "cordon-bench-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	address = freeAddress(b)
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		b.Fatal(err)
	}
	file := filepath.Join(dir, "pgbouncer.ini")
	writeFile(b, file, fmt.Sprintf("[databases]\n%s = host=%s port=%d user=eu_anna\n[pgbouncer]\nlisten_addr = %s\nlisten_port = %s\nunix_socket_dir =\nauth_type = any\n"+
		"pool_mode = session\ndefault_pool_size = 50\nlog_connections = 0\nlog_disconnections = 0\nlog_stats = 0\n", database, c.Host, c.Port, host, port))
	if err := os.Chmod(file, 0o644); err != nil {
		b.Fatal(err)
	}
	args := []string{"-q", file}
	if os.Geteuid() == 0 { // PgBouncer refuses root
		args = append([]string{"-u", "postgres"}, args...)
	}
	return address, launched(b, address, exec.Command("pgbouncer", args...))
}
