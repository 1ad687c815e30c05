package catalog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// counted connects to a database and counts connections and readings.
type counted struct {
	database     string
	down         atomic.Bool
	conns, loads atomic.Int64
	last         atomic.Pointer[pgx.Conn]
}

func (c *counted) connect(ctx context.Context) (*pgx.Conn, error) {
	if c.down.Load() {
		return nil, errors.New("upstream is down")
	}
	cfg, err := pgx.ParseConfig("user=postgres sslmode=disable host=" + clusterDir + " dbname=" + c.database)
	if err != nil {
		return nil, err
	}
	cfg.Tracer = c
	c.conns.Add(1)
	conn, err := pgx.ConnectConfig(ctx, cfg)
	c.last.Store(conn)
	return conn, err
}

// TraceQueryStart counts the query that every Load begins its relations with.
func (c *counted) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if data.SQL == relationsQuery {
		c.loads.Add(1)
	}
	return ctx
}

func (c *counted) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// source makes a database of the test's own, a connection to change it and a source.
func source(t *testing.T, name string, log *slog.Logger) (*Source, *counted, *pgx.Conn) {
	t.Helper()
	conn := database(t, name, "", "CREATE TABLE first (a int)")
	c := &counted{database: name}
	s := NewSource(c.connect, 50*time.Millisecond, minLoadGap, log)
	t.Cleanup(s.Close)
	return s, c, conn
}

func refresh(t *testing.T, s *Source) *Snapshot {
	t.Helper()
	snap, err := s.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

func run(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func TestSourceVersions(t *testing.T) {
	t.Parallel()
	s, c, conn := source(t, "versions", slog.New(slog.DiscardHandler))
	if s.Current() != nil {
		t.Error("a snapshot before the first refresh")
	}
	first := refresh(t, s)
	begin := time.Now()
	if refresh(t, s) != first || c.loads.Load() != 1 || first.Version != 1 {
		t.Errorf("nothing changed, yet %d readings", c.loads.Load())
	}
	run(t, conn, "GRANT SELECT ON first TO pg_monitor") // changes a row that Load reads, but nothing that it keeps
	if refresh(t, s) != first || c.loads.Load() != 2 {
		t.Errorf("a new snapshot with the old content, %d readings", c.loads.Load())
	}
	run(t, conn, "ALTER TABLE first RENAME a TO b")
	second := refresh(t, s)
	r, _ := second.Relation("public", "first")
	if second.Version != 2 || s.Current() != second || r.Columns[0].Name != "b" {
		t.Errorf("after a rename: version %d, %+v", second.Version, r)
	}
	if r, _ = first.Relation("public", "first"); r.Columns[0].Name != "a" {
		t.Error("the first snapshot changed")
	}
	if took := time.Since(begin); took < minLoadGap {
		t.Errorf("two more readings within %v", took)
	}
}

// TestSourceConcurrent: every caller sees what was there when it asked, and they share readings.
func TestSourceConcurrent(t *testing.T) {
	t.Parallel()
	s, c, conn := source(t, "concurrent", slog.New(slog.DiscardHandler))
	var ddl sync.Mutex
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			name := fmt.Sprintf("t%d", i)
			ddl.Lock()
			_, err := conn.Exec(t.Context(), "CREATE TABLE "+name+" (a int)")
			ddl.Unlock()
			if err != nil {
				t.Error(err)
				return
			}
			snap, err := s.Refresh(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			if _, ok := snap.Relation("public", name); !ok {
				t.Errorf("%s is missing in version %d", name, snap.Version)
			}
			if now := s.Current(); now.Version < snap.Version {
				t.Errorf("current is version %d, got %d", now.Version, snap.Version)
			}
		})
	}
	wg.Wait()
	if c.conns.Load() != 1 || c.loads.Load() > 3*loadTries {
		t.Errorf("%d connections, %d readings for 20 callers", c.conns.Load(), c.loads.Load())
	}
}

func TestSourceUpstreamFails(t *testing.T) {
	t.Parallel()
	s, c, conn := source(t, "failing", slog.New(slog.DiscardHandler))
	c.down.Store(true)
	if _, err := s.Refresh(t.Context()); !errors.Is(err, ErrNoSnapshot) {
		t.Errorf("never read: %v", err)
	}
	c.down.Store(false)
	first := refresh(t, s)
	run(t, conn, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	if refresh(t, s) != first || c.conns.Load() != 2 {
		t.Errorf("after the connection died: %d connections", c.conns.Load())
	}
	c.down.Store(true)
	run(t, conn, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	if _, err := s.Refresh(t.Context()); err == nil || errors.Is(err, ErrNoSnapshot) || s.Current() != first {
		t.Errorf("upstream down: %v, current %v", err, s.Current())
	}
}

// TestSourceForgetsDatabasePath: a kept session still has a search_path that ALTER DATABASE has taken back.
func TestSourceForgetsDatabasePath(t *testing.T) {
	t.Parallel()
	s, _, conn := source(t, "forgets", slog.New(slog.DiscardHandler))
	run(t, conn, "ALTER DATABASE forgets SET search_path = public; CREATE VIEW second AS SELECT a FROM first")
	snap := refresh(t, s)
	if got := snap.SearchPathOf("anybody"); got != "public" {
		t.Errorf("path %q", got)
	}
	if r, _ := snap.Relation("public", "second"); !strings.Contains(r.View, "FROM public.first") {
		t.Errorf("definition %q depends on the database's search_path", r.View)
	}
	run(t, conn, "ALTER DATABASE forgets RESET search_path")
	if got := refresh(t, s).SearchPathOf("anybody"); got != `"$user", public` {
		t.Errorf("path %q after RESET", got)
	}
}

func TestSourceRefreshHeedsContext(t *testing.T) {
	t.Parallel()
	blocked := make(chan struct{})
	s := NewSource(func(context.Context) (*pgx.Conn, error) {
		<-blocked
		return nil, errors.New("too late")
	}, time.Second, minLoadGap, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.Refresh(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	close(blocked)
	s.Close()
}

// minLoadGap is the gap of the tests' sources, that of the configuration.
const minLoadGap = time.Second

// lines collects a log.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) contains(what string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), what)
}

func TestSourceRun(t *testing.T) {
	t.Parallel()
	log := &lines{}
	s, c, conn := source(t, "running", slog.New(slog.NewTextHandler(log, nil)))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { s.Run(ctx); close(done) }()
	eventually(t, "first snapshot", func() bool { return s.Current() != nil })
	run(t, conn, "CREATE TABLE later (a int)")
	eventually(t, "later table", func() bool { _, ok := s.Current().Relation("public", "later"); return ok })
	c.down.Store(true)
	run(t, conn, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	eventually(t, "log line", func() bool { return log.contains("keeping the old snapshot") })
	c.down.Store(false)
	eventually(t, "another connection", func() bool { return c.conns.Load() == 2 })
	cancel()
	<-done
	if !c.last.Load().IsClosed() {
		t.Error("the connection is open after Run ended")
	}
}

// eventually waits for a condition, at most ten seconds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("%s: not seen", what)
}
