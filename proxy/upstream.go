package proxy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

const dialTimeout = 5 * time.Second

// roleFor is how long the answer of a host to whether it is a primary or a standby is believed.
const roleFor = 2 * time.Second

// roles remembers which hosts are what upstream.target asks for. Safe for concurrent use.
type roles struct {
	sync.Mutex
	known map[string]role
}

type role struct {
	until time.Time
	err   error // nil: the host is what is asked for
}

// login is cordon's own login to a database.
func (s *Server) login(database string) catalog.Login {
	u := s.cfg.Upstream
	return catalog.Login{Hosts: u.Hosts, Target: u.Target, Database: database, User: u.Catalog.User, PasswordFile: u.Catalog.PasswordFile}
}

// suits says whether a host is the primary or a standby, as the configuration asks.
func (s *Server) suits(ctx context.Context, host string) error {
	if s.cfg.Upstream.Target == "any" {
		return nil
	}
	s.hosts.Lock()
	known, ok := s.hosts.known[host]
	s.hosts.Unlock()
	if ok && time.Now().Before(known.until) {
		return known.err
	}
	database := "postgres"
	if names := slices.Sorted(maps.Keys(s.cfg.Databases)); len(names) > 0 {
		database = names[0]
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	err := s.login(database).Suits(ctx, host)
	s.hosts.Lock()
	defer s.hosts.Unlock()
	if s.hosts.known == nil {
		s.hosts.known = map[string]role{}
	}
	s.hosts.known[host] = role{time.Now().Add(roleFor), err}
	return err
}

// dial connects to the first host of the upstream that accepts and is what the configuration asks for.
func (s *Server) dial(ctx context.Context) (net.Conn, error) {
	var errs []error
	for _, host := range s.cfg.Upstream.Hosts {
		if err := s.suits(ctx, host); err != nil {
			errs = append(errs, err)
			continue
		}
		conn, err := dialHost(ctx, host)
		if err == nil {
			return conn, nil
		}
		errs = append(errs, err)
	}
	return nil, fmt.Errorf("no host of the upstream serves: %w", errors.Join(errs...))
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
