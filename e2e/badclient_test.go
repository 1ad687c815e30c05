package e2e

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/cordon-db/cordon/internal/pgcluster"
	"github.com/cordon-db/cordon/internal/pgcluster/pgtest"
)

// report is an ErrorResponse as a client reads it.
type report struct{ severity, code, message, hint string }

// reports are the errors in a stream of messages.
func reports(stream []byte) []report {
	var out []report
	for len(stream) >= 5 {
		end := 1 + int(binary.BigEndian.Uint32(stream[1:]))
		if end > len(stream) {
			break
		}
		if body := stream[5:end]; stream[0] == 'E' {
			out = append(out, report{field(body, 'S'), field(body, 'C'), field(body, 'M'), field(body, 'H')})
		}
		stream = stream[end:]
	}
	return out
}

// client is the address that the log names the session's client by.
func (w *wire) client() string { return w.conn.LocalAddr().String() }

// login opens a session that ends with the test.
func login(t *testing.T, g *gateway, user string, startup [][2]string) *wire {
	t.Helper()
	w, err := dialWire(g.address, user, startup)
	if w != nil {
		t.Cleanup(func() { _ = w.conn.Close() })
	}
	if err != nil {
		t.Fatalf("logging in as %s: %v", user, err)
	}
	return w
}

// requirePassword makes logins that the cluster does not trust.
func requirePassword(t *testing.T, c *pgcluster.Cluster, users ...string) {
	t.Helper()
	hba := filepath.Join(c.Data, "pg_hba.conf")
	text, err := os.ReadFile(hba)
	if err != nil {
		t.Fatal(err)
	}
	admin := pgtest.Superuser(t, c, "postgres")
	for _, user := range users {
		pgtest.Exec(t, admin, "CREATE ROLE "+user+" LOGIN PASSWORD 'right'")
		text = append([]byte("host all "+user+" 127.0.0.1/32 scram-sha-256\n"), text...)
	}
	writeFile(t, hba, string(text))
	pgtest.Exec(t, admin, "SELECT pg_reload_conf()")
}

// bystand keeps two sessions asking until end is called, which returns how many rounds both got right answers in.
func bystand(t *testing.T, g *gateway) (end func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var both sync.WaitGroup
	var rounds [2]int
	for i, who := range []struct{ user, users string }{{"analyst", "180"}, {"eu_anna", "200"}} {
		w := login(t, g, who.user, nil)
		both.Go(func() {
			for ctx.Err() == nil {
				w.stream = nil
				err := w.send('Q', zero("SELECT count(*) FROM users"))
				if err == nil {
					_, err = w.until('Z')
				}
				if err != nil || !bytes.Contains(w.stream, []byte(who.users)) {
					t.Errorf("bystander %s was disturbed: %v, %q", who.user, err, w.stream)
					return
				}
				rounds[i]++
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	return func() int {
		cancel()
		both.Wait()
		return min(rounds[0], rounds[1])
	}
}

// closes waits until the other side ends a connection and returns what it said.
func closes(t *testing.T, conn net.Conn) []byte {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	said, err := io.ReadAll(conn)
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		t.Fatalf("the connection is still open, %d bytes came", len(said))
	}
	return said
}

// packetOf is a packet without a type: a length that counts itself, and a body.
func packetOf(length uint32, body string) string {
	return string(binary.BigEndian.AppendUint32(nil, length)) + body
}

// framed is a typed message.
func framed(typ byte, body []byte) []byte {
	return append([]byte{typ}, packetOf(uint32(len(body)+4), string(body))...)
}

// startupPacket asks for a session of a user.
func startupPacket(user string) []byte {
	body := "\x00\x03\x00\x00user\x00" + user + "\x00database\x00" + database + "\x00\x00"
	return []byte(packetOf(uint32(len(body)+4), body))
}

// dial opens a connection to cordon that ends with the test.
func dial(t *testing.T, g *gateway) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", g.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}
