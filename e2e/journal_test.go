package e2e

import (
	"bytes"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// journal keeps cordon's log, as `cordon serve` writes it.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write takes one record.
func (j *journal) Write(record []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(record)
}

func (j *journal) logger() *slog.Logger { return slog.New(slog.NewTextHandler(j, nil)) }

// of are the records of a client, found by its address.
func (j *journal) of(client string) []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []string
	for record := range strings.Lines(j.text.String()) {
		if strings.Contains(record, "client="+client+" ") || strings.HasSuffix(record, "client="+client+"\n") {
			out = append(out, record)
		}
	}
	return out
}

var sessionID = regexp.MustCompile(` session=[0-9]+ `)

// expect waits for a record of a client's session that holds a text: some are written after the client has its answer.
func (j *journal) expect(t *testing.T, client string, text string) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		records := j.of(client)
		for _, record := range records {
			if strings.Contains(record, text) && sessionID.MatchString(record) {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Errorf("no record of the session says %q: %q", text, records)
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}
