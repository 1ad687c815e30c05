package proxy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgproto3/v2"

	"github.com/cordon-db/cordon/masking"
)

// sealedColumns describes a shown column and an identifier, an int8 in a format.
func sealedColumns(format int16) *pgproto3.RowDescription {
	return &pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{
		{Name: []byte("a"), TableOID: shownTable, TableAttributeNumber: 1, DataTypeOID: 25, TypeModifier: 24},
		{Name: []byte("b"), TableOID: shownTable, TableAttributeNumber: 2, DataTypeOID: 20, DataTypeSize: 8, TypeModifier: 24, Format: format},
	}}
}

func int8Value(x int64, format int16) []byte {
	if format == 1 {
		return binary.BigEndian.AppendUint64(nil, uint64(x))
	}
	return strconv.AppendInt(nil, x, 10)
}

func sealedRows(format int16, ids ...int64) []pgproto3.BackendMessage {
	rows := []pgproto3.BackendMessage{&pgproto3.DataRow{Values: [][]byte{[]byte("null"), nil}}}
	for _, id := range ids {
		rows = append(rows, &pgproto3.DataRow{Values: [][]byte{[]byte("x" + strings.Repeat("y", 200)), int8Value(id, format)}})
	}
	return rows
}

func userCipher(tb testing.TB) *masking.Pseudonym {
	cipher, err := newFakeSession().Cipher(userSeal)
	if err != nil {
		tb.Fatal(err)
	}
	return cipher
}

// TestSealedRows: the client gets pseudonyms in the format that it asked for, by Query and by portals, wherever chunks end.
func TestSealedRows(t *testing.T) {
	t.Parallel()
	cipher := userCipher(t)
	ids := []int64{0, 1, -5, 1<<62 + 17}
	for _, format := range []int16{0, 1} {
		described := sealedColumns(format)
		told := sealedColumns(format)
		told.Fields[1].TypeModifier = -1
		var sealed []int64
		for _, id := range ids {
			sealed = append(sealed, cipher.EncryptInt8(id))
		}
		rows, want := ofServer(sealedRows(format, ids...)...), ofServer(sealedRows(format, sealed...)...)
		for name, s := range map[string]struct{ client, server, want []byte }{
			"query": {ofClient(query("sealed; q")),
				join(ofServer(described), rows, ofServer(selected, columns(shownTable), rowOf1, selected, idle)),
				join(ofServer(told), want, ofServer(selected, columns(shownTable), rowOf1, selected, idle))},
			"portal": {ofClient(parse("s", "sealed"), bind("p", "s"), execute("p"), synced),
				join(ofServer(parsed, noParams, sealedColumns(0), bound, described), rows, ofServer(selected, idle)),
				join(ofServer(parsed, bound), want, ofServer(selected, idle))},
			"described portal": {ofClient(parse("s", "sealed"), bind("p", "s"), describe('P', "p"), execute("p"), synced),
				join(ofServer(parsed, noParams, sealedColumns(0), bound, described), rows, ofServer(selected, idle)),
				join(ofServer(parsed, bound, told), want, ofServer(selected, idle))},
		} {
			for _, chunk := range []int{1, 3, 7, 64, 1 << 20} {
				if got := answered(t, s.client, s.server, chunk, false); !bytes.Equal(got, s.want) {
					t.Errorf("%s in format %d, chunks of %d:\n%q\nwant\n%q", name, format, chunk, got, s.want)
				}
			}
		}
	}
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// answered is what the client gets of the server's bytes; alarmed: the egress check ends the session.
func answered(t *testing.T, client, server []byte, chunk int, alarmed bool) []byte {
	t.Helper()
	m := newMachine(t.Context(), newFakeSession(), slog.New(slog.DiscardHandler), 1<<20)
	if _, _, err := m.fromClient(client); err != nil {
		t.Fatal(err)
	}
	var out []byte
	var err error
	for in := bytes.Clone(server); len(in) > 0 && err == nil; in = in[min(chunk, len(in)):] {
		var pieces [][]byte
		err = m.fromServer(in[:min(chunk, len(in))], func(b []byte) { pieces = append(pieces, b) })
		out = append(out, bytes.Join(pieces, nil)...)
	}
	var raised *alarm
	if errors.As(err, &raised) != alarmed || err != nil && !alarmed {
		t.Errorf("ended by %v; an alarm: %v", err, alarmed)
	}
	return out
}

// TestSealIsChecked: what the plan did not seal as the policy says ends the session before a row leaves.
func TestSealIsChecked(t *testing.T) {
	t.Parallel()
	otherType, otherColumn, shownForSealed := sealedColumns(0), sealedColumns(0), sealedColumns(0)
	otherType.Fields[1].DataTypeOID = 25
	otherColumn.Fields[0].TableAttributeNumber = 2
	shownForSealed.Fields[1].TableAttributeNumber = 1
	for name, s := range map[string]struct {
		text      string
		described *pgproto3.RowDescription
	}{
		"an identifier that its plan does not seal":        {"unsealed", &pgproto3.RowDescription{Fields: sealedColumns(0).Fields[1:]}},
		"an identifier where the plan knows nothing of it": {"anywhere", &pgproto3.RowDescription{Fields: sealedColumns(0).Fields[1:]}},
		"a type that the cipher does not take":             {"sealed", otherType},
		"a second identifier in a shown column's place":    {"sealed", otherColumn},
		"a shown column in an identifier's place":          {"sealed", shownForSealed},
		"fewer columns": {"sealed", &pgproto3.RowDescription{Fields: sealedColumns(0).Fields[:1]}},
	} {
		got := answered(t, ofClient(query(s.text)), join(ofServer(s.described), ofServer(sealedRows(0, 7)...)), 1<<20, true)
		if len(got) > 0 {
			t.Errorf("%s: the client got %q", name, got)
		}
	}
}

// TestSealedRowMalformed: rows that do not fit their description end the session, and nothing of them leaves.
func TestSealedRowMalformed(t *testing.T) {
	t.Parallel()
	head := ofServer(sealedColumns(0))
	for name, row := range map[string][]byte{
		"a column less":       ofServer(&pgproto3.DataRow{Values: [][]byte{[]byte("7")}}),
		"not a number":        ofServer(&pgproto3.DataRow{Values: [][]byte{[]byte("a"), []byte("secret")}}),
		"a value too long":    {'D', 0, 0, 0, 11, 0, 2, 0, 0, 0, 9, 'a'},
		"a value cut":         {'D', 0, 0, 0, 8, 0, 2, 0, 0},
		"bytes behind":        {'D', 0, 0, 0, 15, 0, 2, 255, 255, 255, 255, 255, 255, 255, 255, 'x'},
		"a length of minus 2": {'D', 0, 0, 0, 14, 0, 2, 255, 255, 255, 255, 255, 255, 255, 254},
	} {
		m := newMachine(t.Context(), newFakeSession(), slog.New(slog.DiscardHandler), 1<<20)
		if _, _, err := m.fromClient(ofClient(query("sealed"))); err != nil {
			t.Fatal(err)
		}
		var got []byte
		err := m.fromServer(join(head, row), func(b []byte) { got = append(got, b...) })
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
		if n := bytes.Count(got, []byte{'D', 0}); n > 0 {
			t.Errorf("%s: the client got %q", name, got)
		}
	}
}

// inSealedRows is a machine in the middle of rows with identifiers.
func inSealedRows(tb testing.TB, format int16) *machine {
	tb.Helper()
	m := newMachine(tb.Context(), newFakeSession(), slog.New(slog.DiscardHandler), 1<<20)
	if _, _, err := m.fromClient(ofClient(query("sealed"))); err != nil {
		tb.Fatal(err)
	}
	if err := m.fromServer(ofServer(sealedColumns(format)), func([]byte) {}); err != nil {
		tb.Fatal(err)
	}
	return m
}

// TestSealingAllocatesNothing: a sealed row costs no allocation, once the buffers have grown.
func TestSealingAllocatesNothing(t *testing.T) {
	for _, format := range []int16{0, 1} {
		rows := bytes.Repeat(ofServer(sealedRows(format, 123456)...), 1000)
		m := inSealedRows(t, format)
		emitted := 0
		if n := testing.AllocsPerRun(20, func() {
			for _, part := range [][]byte{rows[:len(rows)-3], rows[len(rows)-3:]} {
				if err := m.fromServer(part, func(b []byte) { emitted += len(b) }); err != nil {
					t.Fatal(err)
				}
			}
		}); n > 2 {
			t.Errorf("%v allocations for 2000 rows in format %d", n, format)
		}
		if emitted == 0 {
			t.Error("no row passed")
		}
	}
}

func BenchmarkSealedRows(b *testing.B) {
	for name, format := range map[string]int16{"text": 0, "binary": 1} {
		b.Run(name, func(b *testing.B) {
			var rows []byte
			for i := range int64(1000) {
				rows = append(rows, ofServer(&pgproto3.DataRow{Values: [][]byte{make([]byte, 50), int8Value(123456+i, format)}})...)
			}
			m := inSealedRows(b, format)
			b.ReportAllocs()
			for b.Loop() {
				if err := m.fromServer(rows, func([]byte) {}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/row")
		})
	}
}
