package proxy

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jackc/pgproto3/v2"

	"github.com/cordon-db/cordon/masking"
	"github.com/cordon-db/cordon/rewrite"
)

// shownTable is the one relation whose first column the fake session shows.
const shownTable = 16387

// userSeal is the seal of its second column, userKey the key of that domain.
var (
	userSeal = rewrite.Seal{Domain: "user", Type: 20}
	userKey  = func() masking.Key {
		key, err := masking.DeriveKey(bytes.Repeat([]byte{'k'}, 32), "user")
		if err != nil {
			panic(err)
		}
		return key
	}()
)

// fakeSession plans by the first word of a statement: refuse, track, opaque, quiet, sealed, unsealed, anywhere, copy, prepare, deallocate; anything else is a query of one
// column. What is sent is the statement behind "sent ".
type fakeSession struct {
	stale  map[string]bool // statements whose plans are no longer current
	plans  map[string]*rewrite.Plan
	events []string

	inForce rewrite.InForce
	asked   int             // times that ShowsOrigin was
	next    rewrite.InForce // comes into force when it is; zero: nothing does
}

func newFakeSession() *fakeSession {
	return &fakeSession{stale: map[string]bool{}, plans: map[string]*rewrite.Plan{}, inForce: rewrite.InForce{Policy: "first"}}
}

func (f *fakeSession) plan(text string) (*rewrite.Plan, error) {
	word, name, _ := strings.Cut(text, " ")
	if word == "refuse" {
		return nil, &rewrite.Error{Code: "42501", Reason: "test", Message: "cordon: refused", Hint: "Do not."}
	}
	if p := f.plans[text]; p != nil {
		return p, nil
	}
	p := &rewrite.Plan{SQL: "sent " + text, Kind: rewrite.KindQuery, Columns: []rewrite.Origin{{Table: shownTable, Column: 1}}}
	switch word {
	case "anywhere": // the binder could not tell what the server would announce
		p.Columns[0].Unknown = true
	case "sealed": // a shown column and an identifier
		p.Columns = append(p.Columns, rewrite.Origin{Table: shownTable, Column: 2, Seal: userSeal})
	case "unsealed": // the identifier, raw
		p.Columns = []rewrite.Origin{{Table: shownTable, Column: 2}}
	case "opaque":
		p.Opaque = true
	case "quiet":
		p.Quiet = true
	case "copy":
		p.Kind, p.Describe = rewrite.KindCopy, "inner "+name
	case "prepare", "deallocate":
		p.Kind, p.Name, p.Columns = rewrite.KindPrepare, name, nil
	case "track":
		p.Kind, p.Columns = rewrite.KindSet, nil
	}
	f.plans[text] = p
	return p, nil
}

func (f *fakeSession) Query(_ context.Context, text string) (plans []*rewrite.Plan, err error) {
	for part := range strings.SplitSeq(text, "; ") {
		p, err := f.plan(part)
		if err != nil {
			return plans, err
		}
		plans = append(plans, p)
	}
	return plans, nil
}

func (f *fakeSession) Parse(_ context.Context, text string, _ []uint32) (*rewrite.Plan, error) {
	return f.plan(text)
}

func (f *fakeSession) Current(_ context.Context, p *rewrite.Plan) error {
	if f.stale[p.SQL] {
		return &rewrite.Error{Code: "0A000", Reason: "stale-plan", Message: "cordon: stale"}
	}
	return nil
}

func (f *fakeSession) Tracks(p *rewrite.Plan) bool {
	return p.Kind == rewrite.KindSet || p.Kind == rewrite.KindPrepare
}
func (f *fakeSession) Completed(p *rewrite.Plan)   { f.events = append(f.events, "completed "+p.SQL) }
func (f *fakeSession) Named(string, *rewrite.Plan) {}
func (f *fakeSession) Portal(string)               {}
func (f *fakeSession) Cursor(string) *rewrite.Plan { return nil }
func (f *fakeSession) Follows(p *rewrite.Plan) bool {
	return p.Kind == rewrite.KindQuery && p.Name != ""
}
func (f *fakeSession) Failed()           { f.events = append(f.events, "failed") }
func (f *fakeSession) Ready(status byte) { f.events = append(f.events, "ready "+string(status)) }
func (f *fakeSession) ShowsOrigin(table uint32, n int16, seal rewrite.Seal) bool {
	f.asked++
	if f.next != (rewrite.InForce{}) {
		f.inForce, f.next = f.next, rewrite.InForce{}
	}
	if table == shownTable && n == 2 {
		return seal == userSeal
	}
	return table == shownTable && n == 1 && seal == rewrite.Seal{}
}
func (f *fakeSession) InForce() rewrite.InForce { return f.inForce }
func (f *fakeSession) Cipher(seal rewrite.Seal) (*masking.Pseudonym, error) {
	return masking.NewPseudonym(userKey, masking.Type{OID: seal.Type})
}
func (f *fakeSession) ForwardsNotification(channel string) bool {
	return channel == "listed"
}
func (f *fakeSession) ParameterStatus(name, value string) (string, bool) {
	return value, name != "secret"
}

// The messages of the conversations.

func ofClient(messages ...pgproto3.FrontendMessage) []byte {
	var out []byte
	for _, m := range messages {
		out, _ = m.Encode(out)
	}
	return out
}

func ofServer(messages ...pgproto3.BackendMessage) []byte {
	var out []byte
	for _, m := range messages {
		out, _ = m.Encode(out)
	}
	return out
}

var (
	synced   = &pgproto3.Sync{}
	parsed   = &pgproto3.ParseComplete{}
	bound    = &pgproto3.BindComplete{}
	closed   = &pgproto3.CloseComplete{}
	noParams = &pgproto3.ParameterDescription{}
	idle     = &pgproto3.ReadyForQuery{TxStatus: 'I'}
	inside   = &pgproto3.ReadyForQuery{TxStatus: 'T'}
	failing  = &pgproto3.ReadyForQuery{TxStatus: 'E'}
	rowOf1   = &pgproto3.DataRow{Values: [][]byte{[]byte("1")}}
	selected = &pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")}
)

func query(text string) *pgproto3.Query       { return &pgproto3.Query{String: text} }
func parse(name, text string) *pgproto3.Parse { return &pgproto3.Parse{Name: name, Query: text} }
func bind(portal, statement string) *pgproto3.Bind {
	return &pgproto3.Bind{DestinationPortal: portal, PreparedStatement: statement}
}
func execute(portal string) *pgproto3.Execute { return &pgproto3.Execute{Portal: portal} }
func describe(kind byte, n string) *pgproto3.Describe {
	return &pgproto3.Describe{ObjectType: kind, Name: n}
}

// columns is a RowDescription of one column a table.
func columns(tables ...uint32) *pgproto3.RowDescription {
	row := &pgproto3.RowDescription{}
	for _, table := range tables {
		row.Fields = append(row.Fields, pgproto3.FieldDescription{Name: []byte("c"), TableOID: table, TableAttributeNumber: 1})
	}
	return row
}

func failure(code, message string) *pgproto3.ErrorResponse {
	return &pgproto3.ErrorResponse{Severity: "ERROR", SeverityUnlocalized: "ERROR", Code: code, Message: message, Detail: "hidden detail"}
}

// notation writes a stream of messages as their types, with what tells them apart.
func notation(stream []byte, client bool) string {
	var words []string
	for len(stream) >= 5 {
		n := 1 + int(binary.BigEndian.Uint32(stream[1:]))
		if n > len(stream) {
			break
		}
		words = append(words, word(stream[0], stream[5:n], client))
		stream = stream[n:]
	}
	if len(stream) > 0 {
		words = append(words, fmt.Sprintf("+%d bytes", len(stream)))
	}
	return strings.Join(words, " ")
}

func word(typ byte, body []byte, toClient bool) string {
	texts := strings.Split(strings.TrimRight(string(body), "\x00"), "\x00")
	switch {
	case toClient && typ == 'E':
		var e pgproto3.ErrorResponse
		_ = e.Decode(body)
		if e.Detail != "" {
			return "E with detail"
		}
		return fmt.Sprintf("E(%s %s)", e.Code, e.Message)
	case toClient && (typ == 'Z' || typ == 'C'):
		return fmt.Sprintf("%c(%s)", typ, texts[0])
	case toClient:
		return string(typ)
	case typ == 'Q':
		return "Q(" + texts[0] + ")"
	case typ == 'P':
		return "P(" + strings.Join(texts[:2], ", ") + ")"
	case typ == 'B':
		return fmt.Sprintf("B(%s)", strings.Join(texts[:min(2, len(texts))], "<"))
	case typ == 'D', typ == 'C':
		return fmt.Sprintf("%c(%s)", typ, texts[0])
	case typ == 'E':
		return "E(" + texts[0] + ")"
	}
	return string(typ)
}

// step is what one side sends, and what comes of it on both.
type step struct {
	client, server     []byte
	toServer, toClient string
	ends               string // part of the error that ends the session
}

// run plays steps on a machine, each side's bytes cut by chunk, and returns both streams.
func run(t *testing.T, f *fakeSession, steps []step, chunk func(n int) int) {
	t.Helper()
	m := newMachine(t.Context(), f, slog.New(slog.DiscardHandler), 1<<20)
	var held []byte
	for i, s := range steps {
		var toServer, toClient []byte
		var err error
		forward := func() {
			used, out, failed := m.fromClient(held)
			held = held[used:]
			toServer = append(toServer, out...)
			if failed != nil {
				err = failed
			}
		}
		for in := s.client; len(in) > 0 && err == nil; {
			n := min(chunk(len(in)), len(in))
			held = append(held, in[:n]...)
			in = in[n:]
			forward()
		}
		for in := bytes.Clone(s.server); len(in) > 0 && err == nil; {
			n := min(chunk(len(in)), len(in))
			var pieces [][]byte // kept until the chunk is done with, as the relay does
			err = m.fromServer(in[:n], func(b []byte) { pieces = append(pieces, b) })
			toClient = append(toClient, bytes.Join(pieces, nil)...)
			in = in[n:]
			if err == nil {
				forward()
			}
		}
		if got := notation(toServer, false); got != s.toServer {
			t.Errorf("step %d: to the server\n  %s\nwant\n  %s", i+1, got, s.toServer)
		}
		if got := notation(toClient, true); got != s.toClient {
			t.Errorf("step %d: to the client\n  %s\nwant\n  %s", i+1, got, s.toClient)
		}
		if s.ends == "" && err != nil || s.ends != "" && (err == nil || !strings.Contains(err.Error(), s.ends)) {
			t.Errorf("step %d: ended by %v, want %q", i+1, err, s.ends)
		}
	}
}

func TestConversations(t *testing.T) {
	t.Parallel()
	for name, c := range conversations() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(1, 2))
			for _, chunk := range []func(int) int{
				func(n int) int { return n },
				func(int) int { return 1 },
				func(int) int { return 1 + random.IntN(9) },
				func(int) int { return 1 + random.IntN(60) },
			} {
				f := newFakeSession()
				if c.before != nil {
					c.before(f)
				}
				run(t, f, c.steps, chunk)
			}
		})
	}
}

// TestDescriptionPassesAgain: a description is read once, and again when it, the policy or the catalog is another.
func TestDescriptionPassesAgain(t *testing.T) {
	t.Parallel()
	session := newFakeSession()
	m := newMachine(t.Context(), session, slog.New(slog.DiscardHandler), 1<<20)
	ask := func(row *pgproto3.RowDescription, values ...[]byte) (shown []byte, err error) {
		if _, _, err := m.fromClient(ofClient(bind("", "s"), describe('P', ""), execute(""), synced)); err != nil {
			t.Fatal(err)
		}
		err = m.fromServer(ofServer(bound, row, &pgproto3.DataRow{Values: values}, selected, idle), func(b []byte) { shown = append(shown, b...) })
		return shown, err
	}
	if _, _, err := m.fromClient(ofClient(parse("s", "sealed"), synced)); err != nil {
		t.Fatal(err)
	}
	if err := m.fromServer(ofServer(parsed, noParams, sealedColumns(0), idle), func([]byte) {}); err != nil {
		t.Fatal(err)
	}
	var first []byte
	for i, step := range []struct {
		row     *pgproto3.RowDescription
		inForce rewrite.InForce
		reads   bool
	}{
		{sealedColumns(0), rewrite.InForce{Policy: "first"}, false}, // what the statement's description was
		{sealedColumns(0), rewrite.InForce{Policy: "first"}, false},
		{sealedColumns(0), rewrite.InForce{Policy: "second"}, true},
		{sealedColumns(0), rewrite.InForce{Policy: "second", Catalog: 1}, true},
		{sealedColumns(0), rewrite.InForce{Policy: "second", Catalog: 1}, false},
		{sealedColumns(1), rewrite.InForce{Policy: "second", Catalog: 1}, true},
		{sealedColumns(0), rewrite.InForce{}, true}, // no policy is in force
		{sealedColumns(0), rewrite.InForce{}, true},
	} {
		before := session.asked
		session.inForce = step.inForce
		format := step.row.Fields[1].Format
		shown, err := ask(step.row, []byte("x"), int8Value(77, format))
		if err != nil {
			t.Fatal(err)
		}
		if read := session.asked > before; read != step.reads {
			t.Errorf("step %d: read %v, want %v", i, read, step.reads)
		}
		if i == 0 {
			first = shown
		}
		if format == 0 && !bytes.Equal(shown, first) {
			t.Errorf("step %d: %q, at first %q", i, shown, first)
		}
	}
	session.inForce, session.next = rewrite.InForce{Policy: "third"}, rewrite.InForce{Policy: "fourth"}
	for _, policy := range []string{"during the check", "third"} { // what passed under the fourth did not under the third
		before := session.asked
		if _, err := ask(sealedColumns(0), []byte("x"), []byte("77")); err != nil || session.asked == before {
			t.Errorf("%s: read %v, %v", policy, session.asked > before, err)
		}
		session.inForce = rewrite.InForce{Policy: "third"}
	}
	var raised *alarm
	if _, err := ask(columns(shownTable, shownTable+1), []byte("x"), []byte("77")); !errors.As(err, &raised) {
		t.Errorf("another description passes: %v", err)
	}
}

// TestErrorsNameTheClientsSettings: the name by which the server keeps a custom setting is cordon's.
func TestErrorsNameTheClientsSettings(t *testing.T) {
	t.Parallel()
	sent := encoded(&pgproto3.ErrorResponse{Severity: "ERROR", Code: "42704", Message: `unrecognized configuration parameter "cordon_custom.app.x"`, Detail: "hidden"})
	got, code, err := filterError(sent[5:], toldWhole)
	if err != nil || code != "42704" || !strings.Contains(string(got), `parameter "app.x"`) || strings.Contains(string(got), "hidden") {
		t.Errorf("%q, %v", got, err)
	}
}
