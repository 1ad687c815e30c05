package e2e

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// TestHalfClose: a client that closes its sending half behind a query, as a pipe does, still gets the answer, in both kinds of session.
func TestHalfClose(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	loadWorld(t, c, "1")
	g := serve(t, c, worldKeys[0], nil)
	for _, user := range []string{"eu_anna", "analyst"} {
		w, err := dialWire(g.address, user, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer w.conn.Close()
		if err := w.send('Q', []byte("SELECT count(*), 'an answer' FROM videos v, videos w\x00")); err != nil {
			t.Fatal(err)
		}
		if err := w.conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		_ = w.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		answer, err := io.ReadAll(w.conn)
		if err != nil || !strings.Contains(string(answer), "an answer") {
			t.Errorf("%s: %q, %v", user, answer, err)
		}
	}
}
