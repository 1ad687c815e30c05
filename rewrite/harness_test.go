package rewrite

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cordon-db/cordon/config"
	"github.com/cordon-db/cordon/masking"
	"github.com/cordon-db/cordon/rewrite/builtin"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

// The tests of this package bind against the stored catalog of testdata/schema.sql under testdata/policy.toml, without a server.

// storedCatalog is a catalog that never changes by itself; tests exchange what is current and what a refresh finds.
type storedCatalog struct {
	mu        sync.Mutex
	current   *catalog.Snapshot
	refreshed *catalog.Snapshot // what the next Refresh makes current; nil: no change
	refreshes int
}

func (c *storedCatalog) Current() *catalog.Snapshot {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current
}

func (c *storedCatalog) Refresh(context.Context) (*catalog.Snapshot, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refreshes++
	if c.refreshed != nil {
		c.current, c.refreshed = c.refreshed, nil
	}
	return c.current, nil
}

// storedSnapshot reads testdata/schema.json.gz; every call gives a snapshot of its own.
func storedSnapshot(tb testing.TB) *catalog.Snapshot {
	tb.Helper()
	file, err := os.Open("testdata/schema.json.gz")
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	snapshot, err := catalog.Read(file)
	if err != nil {
		tb.Fatal(err)
	}
	snapshot.ServerVersion = parserVersion * 10000 // the catalog is 15's; grammar_test.go has the other versions
	return snapshot
}

// parsedPolicy reads testdata/policy.toml after change; nil leaves it.
func parsedPolicy(tb testing.TB, change func(string) string) *config.Config {
	tb.Helper()
	text, err := os.ReadFile("testdata/policy.toml")
	if err != nil {
		tb.Fatal(err)
	}
	if change != nil {
		text = []byte(change(string(text)))
	}
	cfg, err := config.Parse("policy.toml", text)
	if err != nil {
		tb.Fatal(err)
	}
	return cfg
}

var testMaster = []byte(strings.Repeat("k", 32))

// faultWriter takes what a rewriter logs: that what it would send does not pass reread is a fault.
type faultWriter struct{ tb testing.TB }

func (w faultWriter) Write(record []byte) (int, error) {
	if bytes.Contains(record, []byte("planned without sealed execution")) {
		w.tb.Errorf("%s", record)
	}
	return len(record), nil
}

// newTestRewriter makes a rewriter of one database of the policy over a catalog.
func newTestRewriter(tb testing.TB, cfg *config.Config, database string, source *storedCatalog) *Rewriter {
	tb.Helper()
	rw, err := New(Options{Config: cfg, Database: database, Catalog: source, Master: testMaster, Log: slog.New(slog.NewTextHandler(faultWriter{tb}, nil))})
	if err != nil {
		tb.Fatal(err)
	}
	return rw
}

// abbreviate lets the users of a rewriter see the SQL forms of ciphers, masks and sets by short names that no parser takes.
func abbreviate(tb testing.TB, rw *Rewriter, users ...string) {
	tb.Helper()
	short := forms{
		seed: func(domain string) string { return "<seed " + domain + ">" },
		pseudonym: func(domain string, typ masking.Type, column string) (string, error) {
			return fmt.Sprintf("<pseudonym %s %s: %s>", domain, typ.Name, column), nil
		},
		unseal: func(domain string, typ masking.Type, expression string) (string, error) {
			return fmt.Sprintf("<value %s %s: %s>", domain, typ.Name, expression), nil
		},
		mask: func(m masking.Mask, typ masking.Type, column string) (string, error) {
			if m.Kind == masking.MaskSQL { // the policy's own text, which is read again
				return m.SQL(typ, column)
			}
			return fmt.Sprintf("<mask %s %s: %s>", m.Kind, typ.Name, column), nil
		},
	}
	rw.unread = true
	for _, user := range users {
		effective := rw.options.Config.Effective(rw.options.Database, user, time.Now())
		tw, err := newTwin(effective.Database, rw.options.Config.Domains, rw.options.Catalog.Current(), short)
		if err != nil {
			tb.Fatal(err)
		}
		tw.sets = map[string]string{builtin.MarkRelations: "<relations>", builtin.MarkAttributes: "<attributes>",
			builtin.MarkTypes: "<types>", builtin.MarkConstraints: "<constraints>"}
		for _, mark := range slices.Concat(builtin.Marks, builtin.TextMarks) {
			if tw.sets[mark] == "" && mark != builtin.MarkPath {
				tw.sets[mark] = "<" + strings.TrimPrefix(mark, "cordon_") + ">"
			}
		}
		rw.twins[twinKey{effective.ID, rw.options.Catalog.Current().Version}] = tw
	}
}

// play runs a simple Query message as the server would answer it: every plan completes, and a refusal fails the transaction.
func play(s *Session, text string) ([]*Plan, error) {
	plans, err := s.Query(context.Background(), text)
	for _, p := range plans {
		s.Completed(p)
	}
	status := byte('I')
	if s.state.explicit {
		status = 'T'
	}
	if err != nil {
		s.Failed()
		if status == 'T' {
			status = 'E'
		}
	}
	s.Ready(status)
	return plans, err
}

// newTestSession logs analyst in.
func newTestSession(tb testing.TB, rw *Rewriter) *Session {
	tb.Helper()
	s, err := rw.NewSession(SessionParams{User: "analyst", Database: "app"})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}
