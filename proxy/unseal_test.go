package proxy

import (
	"bytes"
	"encoding/binary"
	"log/slog"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgproto3/v2"

	"github.com/cordon-db/cordon/rewrite"
)

// unsealing is a plan of the client's $1, which is read as it is, its $2, an identifier, and a constant.
func unsealing(declared uint32) *rewrite.Plan {
	return &rewrite.Plan{SQL: "sent u", Kind: rewrite.KindQuery, Columns: []rewrite.Origin{{Table: shownTable, Column: 1}}, Params: []rewrite.Param{
		{From: 1}, {From: 2, Declared: declared, Type: 20, Seal: userSeal}, {Value: "77", Type: 20, Seal: userSeal}}}
}

func machineOf(t *testing.T, plans map[string]*rewrite.Plan) *machine {
	f := newFakeSession()
	f.plans = plans
	return newMachine(t.Context(), f, slog.New(slog.DiscardHandler), 1<<20)
}

// sentMessages are the messages of a stream by their types, the last of each.
func sentMessages(t *testing.T, stream []byte) map[byte][]byte {
	t.Helper()
	out := map[byte][]byte{}
	for len(stream) > 0 {
		n := 1 + int(binary.BigEndian.Uint32(stream[1:]))
		out[stream[0]] = stream[5:n]
		stream = stream[n:]
	}
	return out
}

// TestUnsealBind: the identifiers among a client's parameters are unsealed in the format that they come in, constants join them.
func TestUnsealBind(t *testing.T) {
	t.Parallel()
	cipher := userCipher(t)
	for name, s := range map[string]struct {
		declared  uint32
		formats   []int16
		value     []byte
		want      []byte
		wantError string
	}{
		"text":               {value: []byte("-12"), want: []byte(strconv.FormatInt(cipher.DecryptInt8(-12), 10))},
		"text, one code":     {formats: []int16{0}, value: []byte("12"), want: []byte(strconv.FormatInt(cipher.DecryptInt8(12), 10))},
		"binary":             {formats: []int16{0, 1}, value: int8Value(12, 1), want: int8Value(cipher.DecryptInt8(12), 1)},
		"binary int4":        {declared: 23, formats: []int16{0, 1}, value: []byte{0xff, 0xff, 0xff, 0xfe}, want: int8Value(cipher.DecryptInt8(-2), 1)},
		"binary int2":        {declared: 21, formats: []int16{1}, value: []byte{0, 5}, want: int8Value(cipher.DecryptInt8(5), 1)},
		"NULL":               {value: nil, want: nil},
		"no number":          {value: []byte("x1"), wantError: `E(22P02 invalid input syntax for type bigint: "x1")`},
		"too large":          {value: []byte("9223372036854775808"), wantError: `E(22003 value "9223372036854775808" is out of range for type bigint)`},
		"too large for int4": {declared: 23, value: []byte("3000000000"), wantError: `E(22003 value "3000000000" is out of range for type integer)`},
		"no int2":            {declared: 21, value: []byte("x1"), wantError: `E(22P02 invalid input syntax for type smallint: "x1")`},
		"binary of 3 bytes":  {formats: []int16{1}, value: []byte{1, 2, 3}, wantError: "E(22P03 incorrect binary data format in bind parameter 2)"},
		"three format codes": {formats: []int16{0, 0, 0}, value: []byte("1"), wantError: "E(08P01 bind message has 3 parameter formats but 2 parameters)"},
	} {
		t.Run(name, func(t *testing.T) {
			m := machineOf(t, map[string]*rewrite.Plan{"u": unsealing(s.declared)})
			client := ofClient(&pgproto3.Parse{Query: "u", ParameterOIDs: []uint32{0, s.declared}},
				&pgproto3.Bind{DestinationPortal: "p", ParameterFormatCodes: s.formats, Parameters: [][]byte{[]byte("as it is"), s.value},
					ResultFormatCodes: []int16{1}}, synced)
			_, out, err := m.fromClient(client)
			if err != nil {
				t.Fatal(err)
			}
			sent := sentMessages(t, out)
			if s.wantError != "" {
				server := ofServer(parsed, &pgproto3.ParameterDescription{ParameterOIDs: []uint32{25, 20, 20}}, columns(shownTable), refusedAnswer, idle)
				var got []byte
				if err := m.fromServer(server, func(b []byte) { got = append(got, b...) }); err != nil {
					t.Fatal(err)
				}
				if told := notation(got, true); !strings.Contains(told, s.wantError) {
					t.Errorf("the client is told %s", told)
				}
				if sent['B'] != nil {
					t.Errorf("sent %q", sent['B'])
				}
				return
			}
			var b pgproto3.Bind
			if err := b.Decode(sent['B']); err != nil {
				t.Fatal(err)
			}
			if len(b.Parameters) != 3 || !bytes.Equal(b.Parameters[1], s.want) || (b.Parameters[1] == nil) != (s.want == nil) {
				t.Errorf("sent %q, want %q second", b.Parameters, s.want)
			}
			if want := []byte(strconv.FormatInt(cipher.DecryptInt8(77), 10)); string(b.Parameters[0]) != "as it is" || !bytes.Equal(b.Parameters[2], want) {
				t.Errorf("sent %q", b.Parameters)
			}
			if len(b.ParameterFormatCodes) != 3 || b.ParameterFormatCodes[2] != 0 || len(b.ResultFormatCodes) != 1 || b.ResultFormatCodes[0] != 1 {
				t.Errorf("formats %v, of results %v", b.ParameterFormatCodes, b.ResultFormatCodes)
			}
		})
	}
}

// TestUnsealedParse: the server learns the columns' types, the client those that it declared and of its own parameters alone.
func TestUnsealedParse(t *testing.T) {
	t.Parallel()
	m := machineOf(t, map[string]*rewrite.Plan{"u": unsealing(23)})
	_, out, err := m.fromClient(ofClient(&pgproto3.Parse{Query: "u", ParameterOIDs: []uint32{0, 23}}, describe('S', ""), synced))
	if err != nil {
		t.Fatal(err)
	}
	var p pgproto3.Parse
	if err := p.Decode(sentMessages(t, out)['P']); err != nil || len(p.ParameterOIDs) != 3 || p.ParameterOIDs[1] != 20 {
		t.Errorf("sent %v, %v", p.ParameterOIDs, err)
	}
	params := &pgproto3.ParameterDescription{ParameterOIDs: []uint32{25, 20, 20}}
	var got []byte
	if err := m.fromServer(ofServer(parsed, params, columns(shownTable), params, columns(shownTable), idle), func(b []byte) { got = append(got, b...) }); err != nil {
		t.Fatal(err)
	}
	want := ofServer(parsed, &pgproto3.ParameterDescription{ParameterOIDs: []uint32{25, 23}}, columns(shownTable), idle)
	if !bytes.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
}

// TestQueryByParts: of a Query whose constants are sent as parameters the client gets what it gets of any, and nothing of it can be bound.
func TestQueryByParts(t *testing.T) {
	t.Parallel()
	plan := &rewrite.Plan{SQL: "sent c", Kind: rewrite.KindQuery, Columns: []rewrite.Origin{{Table: shownTable, Column: 1}},
		Params: []rewrite.Param{{Value: "77", Type: 20, Seal: userSeal}}}
	sent := "C(Scordon.query) C(Pcordon.query) P(cordon.query, sent c) B(cordon.query<cordon.query) D(Pcordon.query) E(cordon.query) C(Scordon.query) C(Pcordon.query) S"
	whole := ofServer(closed, closed, parsed, bound, columns(shownTable), rowOf1, selected, closed, closed, idle)
	for name, c := range map[string]conversation{
		"rows": {steps: []step{
			{client: ofClient(query("c")), toServer: sent},
			{server: whole, toClient: "T D C(SELECT 1) Z(I)"},
			{client: ofClient(bind("p", byParts), synced), toServer: "P(" + refusedStatement + ", " + refusedSQL + ") S"},
			{server: ofServer(refusedAnswer, idle), toClient: `E(26000 prepared statement "cordon.query" does not exist) Z(I)`},
		}},
		"bound while it runs": {steps: []step{
			{client: ofClient(query("c"), bind("p", byParts), synced), toServer: sent + " P(" + refusedStatement + ", " + refusedSQL + ") S"},
		}},
		"executed while it runs": {steps: []step{
			{client: ofClient(query("c"), execute(byParts), synced), toServer: sent + " P(" + refusedStatement + ", " + refusedSQL + ") S"},
		}},
		"an error": {steps: []step{
			{client: ofClient(query("c"), query("q")), toServer: sent + " Q(sent q)"},
			{server: ofServer(closed, closed, parsed, bound, failure("22012", "division by zero"), idle, columns(shownTable), selected, idle),
				toClient: "E(22012 division by zero) Z(I) T C(SELECT 1) Z(I)"},
		}},
		"the unnamed statement is gone": {steps: []step{
			{client: ofClient(parse("", "q")), toServer: "P(, sent q) D(S)"},
			{server: ofServer(parsed, noParams, columns(shownTable)), toClient: "1"},
			{client: ofClient(query("c"), bind("", ""), synced),
				toServer: sent + " P(" + refusedStatement + ", " + refusedSQL + ") S"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, chunk := range []int{1, 5, 1 << 20} {
				f := newFakeSession()
				f.plans = map[string]*rewrite.Plan{"c": plan}
				run(t, f, c.steps, func(int) int { return chunk })
			}
		})
	}
}

// TestPipelineIsAwaited: a Query behind messages that no Sync ends is run once they have succeeded, and discarded as by the server where one has not: the
// Sync that runs it would end the discarding.
func TestPipelineIsAwaited(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answers []byte
		sent    string
	}{
		"success": {ofServer(parsed, noParams, columns(shownTable)), "Q(sent c)"},
		"failure": {ofServer(failure("42P01", "relation does not exist")), ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := machineOf(t, map[string]*rewrite.Plan{})
			in := ofClient(parse("", "q"), query("c"))
			used, out, err := m.fromClient(in)
			if err != nil || notation(out, false) != "P(, sent q) D(S) H" || !m.stalled() {
				t.Fatalf("sent %s, %v", notation(out, false), err)
			}
			if err := m.fromServer(c.answers, func([]byte) {}); err != nil || m.stalled() {
				t.Fatalf("stalled %v, %v", m.stalled(), err)
			}
			if _, out, err = m.fromClient(in[used:]); err != nil || notation(out, false) != c.sent {
				t.Errorf("then sent %s, %v", notation(out, false), err)
			}
		})
	}
}

// TestParseIsAwaited: what follows a named statement whose parameters are unsealed is planned once the server has it and has told its types, since
// an EXECUTE by SQL would give it values as they are.
func TestParseIsAwaited(t *testing.T) {
	t.Parallel()
	m := machineOf(t, map[string]*rewrite.Plan{"u": unsealing(0)})
	in := ofClient(&pgproto3.Parse{Name: "s", Query: "u"}, query("execute s"))
	used, out, err := m.fromClient(in)
	if err != nil || notation(out, false) != "P(s, sent u) D(Ss) H" || !m.stalled() {
		t.Fatalf("sent %s, %v", notation(out, false), err)
	}
	params := &pgproto3.ParameterDescription{ParameterOIDs: []uint32{25, 20, 20}}
	if err := m.fromServer(ofServer(parsed, params), func([]byte) {}); err != nil || !m.stalled() {
		t.Fatalf("%v, stalled: %v", err, m.stalled())
	}
	if err := m.fromServer(ofServer(columns(shownTable)), func([]byte) {}); err != nil || m.stalled() {
		t.Fatalf("%v, stalled: %v", err, m.stalled())
	}
	if _, out, err = m.fromClient(in[used:]); err != nil || notation(out, false) != "Q(sent execute s)" {
		t.Errorf("sent %s, %v", notation(out, false), err)
	}
	refused := machineOf(t, map[string]*rewrite.Plan{"u": unsealing(0)}) // an error ends the wait, too
	if _, _, err := refused.fromClient(in); err != nil {
		t.Fatal(err)
	}
	if err := refused.fromServer(ofServer(failure("42P05", "exists")), func([]byte) {}); err != nil || refused.stalled() {
		t.Errorf("%v, stalled: %v", err, refused.stalled())
	}
}
