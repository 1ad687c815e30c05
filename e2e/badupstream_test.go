package e2e

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cordon-db/cordon/internal/pgcluster"
	"github.com/cordon-db/cordon/internal/pgcluster/pgtest"
)

// slow is a statement that runs for minutes, in a pass-through and in a masked session.
const slow = "SELECT count(*) FROM generate_series(1, 10000) a, generate_series(1, 1000000) b"

// TestUpstreamUnreachable: nobody listens where the configuration says.
func TestUpstreamUnreachable(t *testing.T) {
	t.Parallel()
	records := &journal{}
	g := gatewayTo(t, closedPort(t), records)
	for _, user := range []string{"analyst", "eu_anna"} {
		refusedLogin(t, g, records, user, nil, badCase{code: "08001", says: "cannot be reached", logged: "refused"}, true)
	}
}

// TestUpstreamSilent: somebody accepts and never answers. The time limit of a startup holds for that, too.
func TestUpstreamSilent(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	records := &journal{}
	g := gatewayTo(t, ln.Addr().String(), records)
	begun := time.Now()
	refusedLogin(t, g, records, "eu_anna", nil, badCase{code: "57014", says: "time", logged: "session ended"}, true)
	refusedLogin(t, g, records, "analyst", nil, badCase{code: "08001", says: "cannot be reached", logged: "unreachable"}, true)
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("the login took %v", took)
	}
}

// TestUpstreamDies loses the server without a word, then by a crash, then by an immediate shutdown. Sessions of masked zones are told,
// those of pass-through zones read what the server said; cordon lives on, and says what is wrong to those who come.
func TestUpstreamDies(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	loadWorld(t, c, "1")
	records := &journal{}
	cfg := configure(t, c, worldKeys[0], nil)
	g := &gateway{cluster: c, cfg: cfg, address: start(t, cfg, records.logger())}

	dies, idle, eu := login(t, g, "analyst", [][2]string{{"application_name", "dies"}}), login(t, g, "analyst", nil), login(t, g, "eu_anna", nil)
	if err := dies.send('Q', zero(slow)); err != nil {
		t.Fatal(err)
	}
	signal(t, backend(t, c, "dies"), syscall.SIGKILL)
	for _, w := range []*wire{dies, idle} {
		badCase{code: "08006", says: "server closed"}.said(t, closes(t, w.conn), true)
		records.expect(t, w.client(), "session ended")
	}
	if said := closes(t, eu.conn); !strings.Contains(string(said), "57P02") {
		t.Errorf("the EU session got %q, want the server's own warning", said)
	}

	dies, idle = loginAgain(t, g), loginAgain(t, g)
	if err := dies.send('Q', zero(slow)); err != nil {
		t.Fatal(err)
	}
	signal(t, postmaster(t, c), syscall.SIGQUIT)
	for _, w := range []*wire{dies, idle} {
		badCase{code: "08006", says: "server"}.said(t, closes(t, w.conn), true)
		records.expect(t, w.client(), "session ended")
	}
	waitUntilRefused(t, c.Address())
	for _, user := range []string{"analyst", "eu_anna"} {
		refusedLogin(t, g, records, user, nil, badCase{code: "08001", says: "cannot be reached", logged: "refused"}, true)
	}
}

// waitUntilRefused waits until nobody listens at an address any more.
func waitUntilRefused(t *testing.T, address string) {
	t.Helper()
	for range 1000 {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return
		}
		_ = conn.Close()
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the server still listens")
}

// gatewayTo is a cordon whose upstream is an address.
func gatewayTo(t *testing.T, upstream string, records *journal) *gateway {
	t.Helper()
	host, port, err := net.SplitHostPort(upstream)
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	cfg := configure(t, &pgcluster.Cluster{Host: host, Port: number}, worldKeys[0], nil)
	cfg.Listen.StartupTimeout = 2 * time.Second
	return &gateway{cfg: cfg, address: start(t, cfg, records.logger())}
}

// closedPort is an address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// backend is the process that serves the session of an application name, once it runs a statement.
func backend(t *testing.T, c *pgcluster.Cluster, application string) int {
	t.Helper()
	admin := pgtest.Superuser(t, c, "postgres")
	for range 500 {
		var pid int
		err := admin.QueryRow(context.Background(), "SELECT max(pid) FROM pg_stat_activity WHERE application_name = $1 AND state = 'active' HAVING count(*) = 1", application).Scan(&pid)
		if err == nil {
			return pid
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("no statement of %q runs", application)
	return 0
}

// postmaster is the process of a cluster that the others are children of.
func postmaster(t *testing.T, c *pgcluster.Cluster) int {
	t.Helper()
	text, err := os.ReadFile(c.Data + "/postmaster.pid")
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Sscan(string(text), &pid); err != nil || pid < 2 {
		t.Fatalf("postmaster.pid names %d: %v", pid, err)
	}
	return pid
}

func signal(t *testing.T, pid int, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		t.Fatal(err)
	}
}

// loginAgain logs in once a crashed server is up again.
func loginAgain(t *testing.T, g *gateway) *wire {
	t.Helper()
	for range 200 {
		w, err := dialWire(g.address, "analyst", nil)
		if err == nil {
			t.Cleanup(func() { _ = w.conn.Close() })
			return w
		}
		if w != nil {
			_ = w.conn.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("cordon does not find the server that came back")
	return nil
}
