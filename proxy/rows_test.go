package proxy

import (
	"bytes"
	"encoding/binary"
	"log/slog"
	"testing"

	"github.com/jackc/pgproto3/v2"
)

// inRows is a machine in the middle of a query's rows.
func inRows(tb testing.TB) *machine {
	tb.Helper()
	m := newMachine(tb.Context(), newFakeSession(), slog.New(slog.DiscardHandler), 1<<20)
	if _, _, err := m.fromClient(ofClient(query("q"))); err != nil {
		tb.Fatal(err)
	}
	if err := m.fromServer(ofServer(columns(shownTable)), func([]byte) {}); err != nil {
		tb.Fatal(err)
	}
	return m
}

// TestRowsAllocateNothing: a row costs no allocation, wherever a chunk ends but within a header.
func TestRowsAllocateNothing(t *testing.T) {
	rows := bytes.Repeat(ofServer(rowOf1), 1000)
	m := inRows(t)
	emitted := 0
	emit := func(b []byte) { emitted += len(b) }
	if n := testing.AllocsPerRun(100, func() {
		for _, part := range [][]byte{rows[:len(rows)-3], rows[len(rows)-3:]} {
			if err := m.fromServer(part, emit); err != nil {
				t.Fatal(err)
			}
		}
	}); n > 2 { // for two thousand rows: those of a chunk, not of a row
		t.Errorf("%v allocations for 1000 rows", n)
	}
	if emitted == 0 {
		t.Error("no row passed")
	}
}

func BenchmarkDataRows(b *testing.B) {
	rows := bytes.Repeat(ofServer(&pgproto3.DataRow{Values: [][]byte{make([]byte, 50)}}), 1000)
	m := inRows(b)
	b.SetBytes(int64(len(rows)))
	b.ReportAllocs()
	for b.Loop() {
		if err := m.fromServer(rows, func([]byte) {}); err != nil {
			b.Fatal(err)
		}
	}
}

// TestQueueStaysSmall: a client that never lets the answers run out does not make cordon's memory grow.
func TestQueueStaysSmall(t *testing.T) {
	t.Parallel()
	var q queue
	q.push(&answer{})
	for range 100_000 {
		q.push(&answer{})
		q.pop()
	}
	if n := cap(q.answers); n > 1024 {
		t.Errorf("room for %d answers, of which one is owed", n)
	}
}

// FuzzMachine feeds bytes of both sides in turns. Nothing may panic, and no row may leave that no checked description announced: the
// fake session shows one column alone, so what leaves behind a description of another table is a leak.
func FuzzMachine(f *testing.F) {
	for _, c := range conversations() {
		var client, server []byte
		for _, s := range c.steps {
			client, server = append(client, s.client...), append(server, s.server...)
		}
		f.Add(client, server, uint8(7))
	}
	f.Fuzz(func(t *testing.T, client, server []byte, turn uint8) {
		m := newMachine(t.Context(), newFakeSession(), slog.New(slog.DiscardHandler), 1<<16)
		var held, left []byte
		step := int(turn)%64 + 1
		for len(client) > 0 || len(server) > 0 {
			n := min(step, len(client))
			held, client = append(held, client[:n]...), client[n:]
			used, _, err := m.fromClient(held)
			if err != nil {
				break
			}
			held = held[used:]
			n = min(step, len(server))
			if err := m.fromServer(server[:n], func(b []byte) { left = append(left, b...) }); err != nil {
				break
			}
			server = server[n:]
		}
		checkLeft(t, left)
	})
}

// checkLeft looks at what the client got: rows stand behind a description of what may be shown, or in a portal that was described to cordon
// alone; a description of anything else never leaves.
func checkLeft(t *testing.T, left []byte) {
	for len(left) >= 5 {
		n := 1 + int(binary.BigEndian.Uint32(left[1:]))
		if n > len(left) {
			return
		}
		if left[0] == 'T' {
			var row pgproto3.RowDescription
			if row.Decode(left[5:n]) == nil {
				for _, f := range row.Fields {
					if f.TableOID != 0 && (f.TableOID != shownTable || f.TableAttributeNumber != 1) {
						t.Errorf("a column of relation %d left", f.TableOID)
					}
				}
			}
		}
		left = left[n:]
	}
}

// FuzzStartup reads startup packets.
func FuzzStartup(f *testing.F) {
	f.Add(encodeStartup(protocolMajor<<16|2, map[string]string{"user": "u", "database": "d", "_pq_.x": "1", "options": "-c a=b"})[4:])
	f.Add([]byte{0, 3, 0, 0, 'u', 0})
	f.Fuzz(func(t *testing.T, body []byte) {
		if m, err := parseStartup(body); err == nil {
			if m.parameters["user"] == "" || m.database() == "" {
				t.Errorf("a startup packet without a user passed: %q", body)
			}
			m.extensions()
		}
	})
}
