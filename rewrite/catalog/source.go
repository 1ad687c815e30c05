package catalog

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// Limits on what clients that name unknown things can make the upstream do.
const (
	minCheckGap = 50 * time.Millisecond // between the starts of two looks whether anything changed
	loadTimeout = 60 * time.Second      // of one reading, so that a silent upstream does not stop refreshing for good
	loadTries   = 3                     // readings while the catalog changes under them
)

// ErrNoSnapshot is what Refresh wraps while the catalog has never been read.
var ErrNoSnapshot = errors.New("the catalog of the upstream has not been read yet")

// Source keeps one snapshot current. It is safe for concurrent use.
//
// It reads on one connection that it opens when it needs it and keeps. Every refresh first asks for a fingerprint of the catalog,
// and reads the whole of it only if that differs.
type Source struct {
	connect  func(context.Context) (*pgx.Conn, error)
	interval time.Duration
	loadGap  time.Duration
	log      *slog.Logger
	current  atomic.Pointer[Snapshot]

	mu      sync.Mutex
	running *flight // the refresh that runs now
	next    *flight // the refresh that starts when running ends; callers who come meanwhile share it

	// Only the goroutine of the running flight touches what follows.
	conn      *pgx.Conn
	print     string
	hash      [sha256.Size]byte
	lastCheck time.Time
	lastLoad  time.Time
}

// flight is one refresh that any number of callers wait for.
type flight struct {
	done chan struct{} // closed when snap and err are set
	snap *Snapshot
	err  error
}

// NewSource makes a source that connects with connect and, in Run, refreshes every interval; it begins no two whole readings within loadGap, since
// clients that name unknown things make it read. It reads nothing yet.
func NewSource(connect func(context.Context) (*pgx.Conn, error), interval, loadGap time.Duration, log *slog.Logger) *Source {
	return &Source{connect: connect, interval: interval, loadGap: loadGap, log: log}
}

// Current returns the newest snapshot, nil before the first Refresh succeeded. It takes no lock.
func (s *Source) Current() *Snapshot { return s.current.Load() }

// Refresh returns a snapshot that is at least as new as this call. Callers share refreshes, and the upstream is read at most
// once in the source's gap, so that a call may wait for its turn. On an error the snapshot that was current stays current.
func (s *Source) Refresh(ctx context.Context) (*Snapshot, error) {
	f := s.join()
	select {
	case <-f.done:
		return f.snap, f.err
	case <-ctx.Done():
		return nil, fmt.Errorf("catalog: refresh: %w", ctx.Err())
	}
}

// Run refreshes now and then every interval until ctx ends, and closes the connection. An upstream that does not answer is logged,
// and the old snapshot is kept.
func (s *Source) Run(ctx context.Context) {
	defer s.Close()
	tick := time.NewTicker(s.interval)
	defer tick.Stop()
	for {
		before := s.Current()
		snap, err := s.Refresh(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			s.log.Error("catalog not refreshed, keeping the old snapshot", "error", err, "have_snapshot", before != nil)
		case snap != before:
			s.log.Info("catalog read", "database", snap.Database, "version", snap.Version, "relations", len(snap.ordered))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// join gives the flight that starts after this call: the next one if one runs now, whose reading may be older than the call.
func (s *Source) join() *flight {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		s.running = &flight{done: make(chan struct{})}
		go s.fly(s.running)
		return s.running
	}
	if s.next == nil {
		s.next = &flight{done: make(chan struct{})}
	}
	return s.next
}

// fly runs a flight and those that were joined meanwhile. A caller's context does not end it: others wait for it too.
func (s *Source) fly(f *flight) {
	for f != nil {
		ctx, cancel := context.WithTimeout(context.Background(), loadTimeout)
		f.snap, f.err = s.refresh(ctx)
		cancel()
		s.mu.Lock()
		s.running, s.next = s.next, nil
		following := s.running
		s.mu.Unlock()
		close(f.done)
		f = following
	}
}
