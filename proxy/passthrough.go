package proxy

import (
	"context"
	"io"
	"net"
	"sync"
	"time"
)

// passThrough relays a session unchanged: its own startup packet, the authentication, then two copies without parsing.
func (h *handshake) passThrough(ctx context.Context, startup *startupMessage) error {
	server, err := h.connect(ctx, startup.raw)
	if err != nil {
		return err
	}
	defer server.Close()
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	var failed []byte
	ready, err := relayAuthentication(h.client, server, nil, func(msg []byte) ([]byte, error) {
		if msg[0] == 'E' {
			failed = msg
		}
		return msg, nil
	})
	if err != nil {
		if failed != nil { // the server has said why, and closed
			return loginRefused(failed)
		}
		return h.refuse("08006", err)
	}
	if _, err := h.client.Write(ready); err != nil {
		return err
	}
	h.log.Info("session begins", "access", "passthrough")
	if err := h.client.SetDeadline(time.Time{}); err != nil {
		return err
	}
	if err := server.SetDeadline(time.Time{}); err != nil {
		return err
	}
	var both sync.WaitGroup
	both.Go(func() { pipe(server, h.client) })
	pipe(h.client, server)
	_ = h.client.SetReadDeadline(time.Now().Add(farewell)) // the server has ended: nothing that the client sends will be answered
	both.Wait()
	return nil
}

// farewell is how long a client may take to close after the server did.
const farewell = 5 * time.Second

// pipe copies one direction to its end and passes the end on. On TCP the kernel moves the bytes (splice).
func pipe(to, from net.Conn) {
	_, err := io.Copy(to, from)
	if half, ok := to.(interface{ CloseWrite() error }); ok && err == nil {
		_ = half.CloseWrite()
		return
	}
	_ = to.Close()
	_ = from.Close()
}
