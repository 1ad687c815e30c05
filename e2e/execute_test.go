package e2e

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgproto3/v2"
)

// ofTheProtocol are executions by SQL of statements that the protocol prepared: what a client is told of them has to be what the twin tells.
var ofTheProtocol = []struct {
	sql   string
	types []int
	given []string
}{
	{"SELECT username, user_id FROM users WHERE user_id = $1", nil, []string{"(4493924666156023270)", "('4493924666156023270')", "(4493924666156023270::int8)", "(int8 '5')", "(' 5 ')",
		"(5)", "(-5)", "(NULL)", "(NULL::int8)", "('x')", "('99999999999999999999')", "", "(1, 2)", "(true)"}},
	{"SELECT username FROM users WHERE user_id = $1 AND score > $2 AND joined < $3", nil, []string{"('4493924666156023270', -1, '2100-01-01')", "(5, 70000, 'never')", "(5, 'x', '2024-01-01')",
		"(5, 1, 20240101)", "('x', 1, 'never')", "(5, 1)", "(5, 3000000000, '2024-01-01')"}},
	{"SELECT username FROM users WHERE user_id = $1", []int{23}, []string{"(5)", "('5')", "('x')", "(3000000000)", "('3000000000')"}},
	{"SELECT username FROM users WHERE user_id = ANY ($1)", nil, []string{"('{5,4493924666156023270}')", "(NULL)", "('{}')", "('{')"}},
	{"SELECT username FROM users WHERE user_id = 4493924666156023270", nil, []string{"", "(1)", "('nothing')"}},
	{"SELECT count(*), $2::text, $3::bool, $4::numeric FROM users WHERE user_id <> $1", nil, []string{"(5, 'it''s', true, 1.50)", "(5, E'\\\\', 'f', 1)", "(5, NULL, NULL, NULL)", "(5, 7, false, 1e3)"}},
	{"SELECT 1 / (score - score) FROM users WHERE user_id = $1", nil, []string{"(4493924666156023270)", "(5)"}},
}

// TestExecuteOfTheProtocol plays them in and out of transactions.
func TestExecuteOfTheProtocol(t *testing.T) {
	t.Parallel()
	p := twins(t, attacksSubject(t))
	p.executions(t, func(t *testing.T, g *gateway) {
		for _, s := range ofTheProtocol {
			for _, given := range s.given {
				turns := [][]byte{msgParse("s", s.sql, s.types...), msgSync()}
				q := func(sql string) { turns = append(turns, msg('Q', zero(sql))) }
				q("EXECUTE s" + given)
				q("BEGIN")
				q("EXECUTE s" + given)
				q("EXECUTE s" + given)
				q("ROLLBACK")
				q("EXECUTE s" + given)
				q("DEALLOCATE s")
				q("EXECUTE s" + given)
				got, want := p.told(t, g.address, turns), p.told(t, p.twin.Address(), turns)
				if got != want {
					t.Errorf("%s\nEXECUTE s%s\nis told\n%s\non the twin\n%s", s.sql, given, got, want)
				}
			}
		}
	})
}

// told is what a conversation is answered, without what cordon leaves out of any answer: where columns come from, and of errors all but severity, SQLSTATE and
// message; and without the rows before an error, which the server sends of an EXECUTE only once it has all.
func (p pair) told(t *testing.T, address string, turns [][]byte) string {
	t.Helper()
	w, err := dialWire(address, "analyst", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.conn.Close()
	w.stream = nil
	if _, err := w.conn.Write(bytes.Join(turns, nil)); err != nil {
		t.Fatal(err)
	}
	for range turns[1:] {
		if _, err := w.until('Z'); err != nil {
			t.Fatal(err)
		}
	}
	var out []string
	for stream := w.stream; len(stream) >= 5; {
		n := 1 + int(binary.BigEndian.Uint32(stream[1:]))
		for stream[0] == 'E' && len(out) > 0 && strings.ContainsAny(out[len(out)-1][:1], "TD") {
			out = out[:len(out)-1]
		}
		out = append(out, toldMessage(stream[0], stream[5:n]))
		stream = stream[n:]
	}
	return strings.Join(out, "\n")
}

func toldMessage(typ byte, body []byte) string {
	switch typ {
	case 'E':
		var e pgproto3.ErrorResponse
		if err := e.Decode(body); err == nil {
			return fmt.Sprintf("E %s %s %s", e.Severity, e.Code, e.Message)
		}
	case 'T':
		var d pgproto3.RowDescription
		if err := d.Decode(body); err == nil {
			for i := range d.Fields {
				d.Fields[i].TableOID, d.Fields[i].TableAttributeNumber = 0, 0
			}
			return fmt.Sprintf("T %+v", d.Fields)
		}
	}
	return fmt.Sprintf("%c %q", typ, body)
}
