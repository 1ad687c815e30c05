package proxy

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"
)

// An alarm must end the session although the server reads nothing: the client's direction is then stuck in a write.
func TestAlarmEndsStuckSession(t *testing.T) {
	t.Parallel()
	client, ours := net.Pipe()
	upstream, theirs := net.Pipe()
	defer client.Close()
	defer upstream.Close()
	log := slog.New(slog.DiscardHandler)
	h := &handshake{client: ours, log: log}
	m := newMachine(t.Context(), nil, log, 1<<20)
	ended := make(chan error, 1)
	go func() { ended <- h.relay(context.WithoutCancel(t.Context()), theirs, m) }()

	if _, err := client.Write(message('S', nil)); err != nil { // taken, but the server never reads it
		t.Fatal(err)
	}
	told := make(chan string, 1)
	go func() {
		msg, _ := readMessage(client, 1<<16)
		told <- string(msg)
	}()
	time.Sleep(50 * time.Millisecond) // until the write is stuck; any earlier and the alarm alone ends the session
	if _, err := upstream.Write(message('D', []byte{0, 0})); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(err.Error(), "egress alarm") {
			t.Errorf("the session ended with %v, want the alarm", err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("the session hangs")
	}
	if text := <-told; !strings.Contains(text, "42501") {
		t.Errorf("the client was told %q", text)
	}
}
