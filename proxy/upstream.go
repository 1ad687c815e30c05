package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"time"
)

const dialTimeout = 5 * time.Second

// dial connects to the first host of the upstream that accepts.
func (s *Server) dial(ctx context.Context) (net.Conn, error) {
	var errs []error
	for _, host := range s.cfg.Upstream.Hosts {
		conn, err := dialHost(ctx, host)
		if err == nil {
			return conn, nil
		}
		errs = append(errs, err)
	}
	return nil, fmt.Errorf("no host of the upstream accepts connections: %w", errors.Join(errs...))
}

// dialHost connects to host:port, or to the socket of a port in a folder: /run/postgresql:5432.
func dialHost(ctx context.Context, host string) (net.Conn, error) {
	d := net.Dialer{Timeout: dialTimeout}
	if strings.HasPrefix(host, "/") {
		dir, port, err := net.SplitHostPort(host)
		if err != nil {
			return nil, fmt.Errorf("upstream %s: %w", host, err)
		}
		return d.DialContext(ctx, "unix", filepath.Join(dir, ".s.PGSQL."+port))
	}
	return d.DialContext(ctx, "tcp", host)
}

// cancel relays a CancelRequest to every host, since the key does not say which of them it is for. The answer is that
// the connection closes, whatever came of it.
func (s *Server) cancel(ctx context.Context, raw []byte) {
	for _, host := range s.cfg.Upstream.Hosts {
		conn, err := dialHost(ctx, host)
		if err != nil {
			continue
		}
		_ = conn.SetDeadline(time.Now().Add(dialTimeout))
		if _, err := conn.Write(raw); err == nil {
			var end [1]byte
			_, _ = conn.Read(end[:]) // the server closes once it has signalled
		}
		_ = conn.Close()
	}
}
