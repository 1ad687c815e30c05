package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cordon-db/cordon/config"
	"github.com/cordon-db/cordon/rewrite"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

// Server accepts client connections. It is safe for concurrent use.
type Server struct {
	cfg    *config.Config
	log    *slog.Logger
	master []byte

	databases map[string]*database
	hosts     roles
	sessions  atomic.Uint64 // last session id
}

// database is what the masked sessions of one database share.
type database struct {
	rewriter *rewrite.Rewriter
	source   *catalog.Source
}

// New makes a server. It reads the master key where the configuration has pseudonyms.
func New(cfg *config.Config, log *slog.Logger) (*Server, error) {
	s := &Server{cfg: cfg, log: log, databases: map[string]*database{}}
	if len(cfg.Domains) > 0 {
		key, err := cfg.Keys.Master.Load(context.Background())
		if err != nil {
			return nil, fmt.Errorf("the master key: %w", err)
		}
		s.master = key
	}
	for name := range cfg.Databases {
		source := catalog.NewSource(s.login(name).Connect, cfg.Upstream.Refresh, cfg.Upstream.LoadGap, log)
		rewriter, err := rewrite.New(rewrite.Options{Config: cfg, Database: name, Catalog: source, Master: s.master, Log: log})
		if err != nil {
			return nil, fmt.Errorf("database %s: %w", name, err)
		}
		s.databases[name] = &database{rewriter: rewriter, source: source}
	}
	return s, nil
}

// Serve accepts connections until ctx ends, then closes the listener and every session, and returns once all have ended.
// It owns the goroutines of the sessions and of the catalog snapshots.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	for _, d := range s.databases {
		running.Go(func() { d.source.Run(ctx) })
	}
	stop := context.AfterFunc(ctx, func() { _ = ln.Close() })
	defer stop()
	pause := time.Duration(0)
	for {
		conn, err := ln.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = conn.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accepting connections: %w", err)
		case err != nil: // no file descriptor left, or a client that is gone already: later ones may get in
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			s.log.Error("connection not accepted", "cause", err.Error(), "retry", pause)
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
			continue
		}
		pause = 0
		running.Go(func() { s.session(ctx, conn) })
	}
}

// session serves one client connection from accept to close. A panic ends this session alone.
func (s *Server) session(ctx context.Context, conn net.Conn) {
	id := s.sessions.Add(1)
	log := s.log.With("session", id, "client", conn.RemoteAddr().String())
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	defer conn.Close()
	defer func() {
		if r := recover(); r != nil {
			log.Error("session ended by a fault of cordon", "fault", fmt.Sprint(r))
			_, _ = conn.Write(fatal("XX000", "cordon: internal error; the session is ended", "Report this to cordon's makers."))
		}
	}()
	h := &handshake{server: s, client: conn, log: log}
	if err := h.run(ctx); err != nil {
		log.Info("session ended", "cause", err.Error())
		return
	}
	log.Info("session ended")
}
