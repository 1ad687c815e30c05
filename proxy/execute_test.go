package proxy

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgproto3/v2"

	"github.com/cordon-db/cordon/rewrite"
)

// executing has the statement s of the protocol, whose $1 is a date and whose $2 an identifier, and EXECUTEs of it.
func executing(t *testing.T) *machine {
	t.Helper()
	of := func(args ...rewrite.Argument) *rewrite.Plan {
		return &rewrite.Plan{Kind: rewrite.KindQuery, Name: "s", Columns: []rewrite.Origin{{Table: shownTable, Column: 1}}, Arguments: args}
	}
	m := machineOf(t, map[string]*rewrite.Plan{"u": unsealing(0),
		"right":  of(rewrite.Argument{Text: "2024-01-01"}, rewrite.Argument{Text: "12", Type: 23}),
		"null":   of(rewrite.Argument{Null: true}, rewrite.Argument{Null: true}),
		"number": of(rewrite.Argument{Text: "5", Type: 23}, rewrite.Argument{Text: "12"}),
		"word":   of(rewrite.Argument{Text: "2024-01-01"}, rewrite.Argument{Text: "x1"}),
	})
	if _, _, err := m.fromClient(ofClient(&pgproto3.Parse{Name: "s", Query: "u"}, synced)); err != nil {
		t.Fatal(err)
	}
	if err := m.fromServer(ofServer(parsed, executedParams, columns(shownTable), idle), func([]byte) {}); err != nil {
		t.Fatal(err)
	}
	return m
}

// executedParams are those of the statement that executing prepares.
var executedParams = &pgproto3.ParameterDescription{ParameterOIDs: []uint32{1082, 20, 20}}

const sentExecute = "C(Scordon.query) C(Pcordon.query) P(cordon.query, SELECT WHERE $1 IS NULL) B(cordon.query<cordon.query) C(Pcordon.query) " +
	"B(cordon.query<s) D(Ss) D(Pcordon.query) E(cordon.query) C(Scordon.query) C(Pcordon.query) S"

// TestExecuteByParts: of an EXECUTE whose values are unsealed the client gets what it gets of any Query, and the server raw identifiers as
// parameters alone.
func TestExecuteByParts(t *testing.T) {
	t.Parallel()
	cipher := userCipher(t)
	for name, want := range map[string][][]byte{
		"right": {[]byte("2024-01-01"), []byte(strconv.FormatInt(cipher.DecryptInt8(12), 10)), []byte(strconv.FormatInt(cipher.DecryptInt8(77), 10))},
		"null":  {nil, nil, []byte(strconv.FormatInt(cipher.DecryptInt8(77), 10))},
	} {
		m := executing(t)
		_, out, err := m.fromClient(ofClient(query(name)))
		if err != nil || notation(out, false) != sentExecute {
			t.Fatalf("%s: sent %s, %v", name, notation(out, false), err)
		}
		var b pgproto3.Bind
		if err := b.Decode(sentMessages(t, out)['B']); err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if len(b.Parameters) != 3 || !bytes.Equal(b.Parameters[i], want[i]) || (b.Parameters[i] == nil) != (want[i] == nil) {
				t.Errorf("%s: bound to %q, want %q", name, b.Parameters, want)
			}
		}
		var told []byte
		server := ofServer(closed, closed, parsed, bound, closed, bound, executedParams, columns(shownTable), columns(shownTable), rowOf1, selected, closed, closed, idle)
		if err := m.fromServer(server, func(b []byte) { told = append(told, b...) }); err != nil || notation(told, true) != "T D C(SELECT 1) Z(I)" {
			t.Errorf("%s: told %s, %v", name, notation(told, true), err)
		}
	}
}

// TestExecuteByPartsFails: an error about a value that the client gave is told; one that could be about an unsealed value is not.
func TestExecuteByPartsFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		query  string
		server []byte
		told   string
	}{
		"a value of the client's": {"right", ofServer(closed, closed, parsed, failure("22007", "invalid input"), idle), "E(22007 invalid input) Z(I)"},
		"the whole":               {"right", ofServer(closed, closed, parsed, bound, closed, failure("22P02", "4711"), idle), "E(22P02 " + withheld + ") Z(I)"},
		"while it runs": {"right", ofServer(closed, closed, parsed, bound, closed, bound, executedParams, columns(shownTable), columns(shownTable), failure("22012", "division by zero"), idle),
			"T E(22012 division by zero) Z(I)"},
		"an aborted transaction": {"right", ofServer(closed, closed, failure("25P02", "aborted"), idle), "E(25P02 aborted) Z(I)"},
		"a type":                 {"number", ofServer(refusedAnswer, idle), "E(42804 parameter $1 of type integer cannot be coerced to the expected type date) Z(I)"},
		"no identifier":          {"word", ofServer(refusedAnswer, idle), `E(22P02 invalid input syntax for type bigint: "x1") Z(I)`},
		"no identifier, in an aborted transaction": {"word", ofServer(failure("25P02", "aborted"), idle), "E(25P02 aborted) Z(I)"},
	} {
		m := executing(t)
		if _, _, err := m.fromClient(ofClient(query(c.query))); err != nil {
			t.Fatal(err)
		}
		var told []byte
		if err := m.fromServer(c.server, func(b []byte) { told = append(told, b...) }); err != nil || notation(told, true) != c.told {
			t.Errorf("%s: told %s, %v", name, notation(told, true), err)
		}
	}
}

// TestExecuteOfAnotherStatement: a name that does not mean a statement with unsealed parameters ends the session, whatever was planned.
func TestExecuteOfAnotherStatement(t *testing.T) {
	t.Parallel()
	m := executing(t)
	m.statements["s"] = &statement{plan: &rewrite.Plan{SQL: "sent q", Kind: rewrite.KindQuery}}
	if _, out, err := m.fromClient(ofClient(query("right"))); err == nil || strings.Contains(string(out), "cordon.query") {
		t.Errorf("sent %q, %v", out, err)
	}
}
