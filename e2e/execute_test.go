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
	{"SELECT username FROM users WHERE user_id = $1 AND country = $2", []int{705, 705}, []string{"(4493924666156023270, 'IE')", "('5', 'IE')", "('x', 'IE')"}},
	{"SELECT username FROM users WHERE user_id = ANY ($1)", nil, []string{"('{5,4493924666156023270}')", "(NULL)", "('{}')", "('{')"}},
	{"SELECT username FROM users WHERE user_id = 4493924666156023270", nil, []string{"", "(1)", "('nothing')"}},
	{"SELECT count(*), $2::text, $3::bool, $4::numeric FROM users WHERE user_id <> $1", nil, []string{"(5, 'it''s', true, 1.50)", "(5, E'\\\\', 'f', 1)", "(5, NULL, NULL, NULL)", "(5, 7, false, 1e3)"}},
	{"SELECT 1 / (score - score) FROM users WHERE user_id = $1", nil, []string{"(4493924666156023270)", "(5)"}},
}

// TestExecuteOfTheProtocol plays them in and out of transactions.
func TestExecuteOfTheProtocol(t *testing.T) {
	t.Parallel()
	p := twins(t, twinnedSubject(t))
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

// conversations are about names that SQL and the protocol share, and about what else a statement of the protocol goes through when SQL runs it.
func conversations() map[string][][]byte {
	const compared = "SELECT username, user_id FROM users WHERE user_id = $1"
	long := strings.Repeat("n", 63)
	q := func(sql string) []byte { return msg('Q', zero(sql)) }
	numbers := func(n int, format string) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf(format, i+1)
		}
		return strings.Join(list, ", ")
	}
	return map[string][][]byte{
		"a long name": {msgParse(long+"x", compared), msgBind(long+"y", long+"x", nil, textValues("4493924666156023270")), msgDescribe('P', long+"y"), msgExecute(long+"y", 0), msgSync(),
			msgParse(long+"z", compared), msgSync(), q("EXECUTE " + long + "x(4493924666156023270)"), q("DEALLOCATE " + long), q("EXECUTE " + long + "(5)"),
			msgBind("", long+"x", nil, textValues("5")), msgSync()},
		"a long name that ends within a letter": {msgParse(long[1:]+"é", compared), msgBind(long[1:]+"é", long[1:]+"é", nil, textValues("4493924666156023270")), msgExecute(long[1:]+"é", 0), msgSync(),
			msgDescribe('S', long[1:]+"é"), msgSync(), q("EXECUTE " + long[1:] + "é(5)"), msgClose('S', long[1:]+"é"), msgBind("", long[1:]+"é", nil, textValues("5")), msgSync()},
		"a name that is taken":        {msgParse("s", compared), msgSync(), msgParse("s", "SELECT 1"), msgSync(), q("EXECUTE s(4493924666156023270)"), q("PREPARE s AS SELECT 1"), q("EXECUTE s(4493924666156023270)")},
		"a parameter of unknown type": {q("PREPARE u (unknown) AS SELECT username, user_id FROM users WHERE user_id = $1"), q("EXECUTE u(4493924666156023270)"), q("EXECUTE u('4493924666156023270')")},
		"a name in capitals":          {msgParse("S", compared), msgSync(), q("EXECUTE S(5)"), q(`EXECUTE "S"(4493924666156023270)`)},
		"a failed transaction":        {msgParse("s", compared), msgSync(), q("BEGIN"), q("SELECT 1 / 0"), q("EXECUTE s(5)"), q("EXECUTE s('x')"), q("EXECUTE s"), q("ROLLBACK"), q("EXECUTE s(4493924666156023270)")},
		"a portal that goes on": {msgParse("s", compared), q("BEGIN"), msgParse("", "SELECT g FROM generate_series(1, 5) g"), msgBind("p", "", nil, nil), msgExecute("p", 2), msgSync(), q("EXECUTE s(4493924666156023270)"),
			msgExecute("p", 2), msgSync(), q("EXECUTE s('x')"), msgExecute("p", 1), msgSync(), q("ROLLBACK")},
		"a Query behind an error": {msgParse("s", compared), msgSync(), msgParse("", "SELECT * FROM nowhere"), q("SELECT username FROM users WHERE user_id = 4493924666156023270"),
			q("EXECUTE s(4493924666156023270)"), q("EXECUTE s"), q("COPY users (username) TO STDOUT"), q("SELECT 1"), msgParse("", "SELECT 2"), msgSync()},
		"a Query behind an error that came": {msgParse("s", compared), msgSync(), msgParse("", "SELECT * FROM nowhere"), msgFlush(), msgParse("t", compared), q("SELECT username FROM users WHERE user_id = 4493924666156023270"),
			q("EXECUTE s(4493924666156023270)"), msgSync()},
		"a Query behind a portal": {msgParse("s", compared), msgBind("", "s", nil, textValues("4493924666156023270")), q("EXECUTE s(4493924666156023270)"), msgExecute("", 0), msgSync(),
			msgBind("p", "s", nil, textValues("4493924666156023270")), q("SELECT username FROM users WHERE user_id = 4493924666156023270"), msgExecute("p", 0), msgSync()},
		"a statement with an effect behind a Query": {msgParse("s", compared), msgSync(), msgParse("b", "BEGIN"), msgBind("", "b", nil, nil), msgExecute("", 0), q("EXECUTE s(4493924666156023270)"), q("EXECUTE s('x')"), q("COMMIT")},
		"what is unnamed": {msgParse("s", compared), msgParse("", "SELECT 1"), msgSync(), q("EXECUTE s(4493924666156023270)"), msgBind("", "", nil, nil), msgSync()},
		"many parameters": {msgParse("s", "SELECT username FROM users WHERE user_id = $2001 AND score IN ("+numbers(2000, "$%d")+")"), msgSync(),
			q("EXECUTE s(" + numbers(2000, "%d") + ", 4493924666156023270)"), q("EXECUTE s(" + numbers(1999, "%d") + ", 'x', 4493924666156023270)")},
		"a zero with a sign": {msgParse("s", "SELECT $2::float8, $3::float4, username FROM users WHERE user_id = $1"), msgSync(), q("EXECUTE s(4493924666156023270, -0.0, -0.0)"), q("EXECUTE s(4493924666156023270, '-0.0', '-0.0')"),
			q("EXECUTE s(4493924666156023270, 1e-320, 0)"), q("EXECUTE s(4493924666156023270, 16777217, 16777217)"), q("EXECUTE s(4493924666156023270, 9007199254740993, 9007199254740993)"),
			q("EXECUTE s(4493924666156023270, .1, 123456789.123456789)")},
	}
}

// TestConversationsOfTheProtocol plays them.
func TestConversationsOfTheProtocol(t *testing.T) {
	t.Parallel()
	p := twins(t, twinnedSubject(t))
	p.executions(t, func(t *testing.T, g *gateway) {
		for name, turns := range conversations() {
			if got, want := p.told(t, g.address, turns), p.told(t, p.twin.Address(), turns); got != want {
				t.Errorf("%s: is told\n%s\non the twin\n%s", name, got, want)
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
	if _, err := w.conn.Write(append(bytes.Join(turns, nil), msg('Q', zero("SELECT 'the end'"))...)); err != nil {
		t.Fatal(err)
	}
	for !bytes.Contains(w.stream, []byte("the end")) {
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
		if stream[0] != 'N' { // that a name was cut, which cordon does not tell
			out = append(out, toldMessage(stream[0], stream[5:n]))
		}
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
