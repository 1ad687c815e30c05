package proxy

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"maps"
	"sync"

	"github.com/cordon-db/cordon/rewrite"
)

// maxServerMessage bounds a server message that must be held whole: descriptions and errors. Rows are not held.
const maxServerMessage = 16 << 20

// machine is the protocol of one masked session without sockets. Two goroutines drive it, one a direction; they take the
// lock once a chunk of bytes.
type machine struct {
	sync.Mutex
	ctx        context.Context
	session    Session
	log        *slog.Logger
	maxMessage int

	owed       queue
	statements map[string]*statement // confirmed by the server
	portals    map[string]*portal
	sent       map[string]*statement // as the messages sent so far will leave them, if none fails
	sentPortal map[string]*statement
	described  *answer                    // the client's Describe of a portal, if it was the last message sent
	copied     map[*rewrite.Plan]*copying // of COPYs whose inner query was described and checked, until their data comes
	barriers   int                        // answers that the client's next messages wait for
	copyError  *rewrite.Error             // why describing the query of a COPY failed
	skipping   bool                       // the server discards up to a Sync that the client has not sent yet
	ended      string                     // SQLSTATE of the fatal error by which the server ended the session

	toServer []byte

	// of the server's stream
	partial   []byte // head of a message that has not arrived whole
	streaming int    // bytes of a row still to come, which pass as they are
	sealed    []byte // rows of this chunk with their identifiers sealed
	flushed   int    // how much of them is emitted
	second    []byte // the second row of a pair that is being sealed
	recents   recents
	unescaped []byte // a field of COPY
	sink      func([]byte)
}

func newMachine(ctx context.Context, session Session, log *slog.Logger, maxMessage int) *machine {
	return &machine{ctx: ctx, session: session, log: log, maxMessage: maxMessage,
		recents: recents{}, statements: map[string]*statement{}, portals: map[string]*portal{}, sent: map[string]*statement{}, sentPortal: map[string]*statement{},
		copied: map[*rewrite.Plan]*copying{}}
}

// terminated says that the client said goodbye.
var errTerminate = fmt.Errorf("terminated by the client")

// fromClient takes what the client sent and returns how much of it is done with and what to send to the server. It stops
// before a message that has not arrived whole, or that waits for the outcome of an earlier one.
func (m *machine) fromClient(in []byte) (used int, out []byte, err error) {
	m.toServer = m.toServer[:0]
	for len(in)-used >= 5 {
		msg := in[used:]
		n := int(binary.BigEndian.Uint32(msg[1:]))
		switch {
		case !ofClients[msg[0]]: // not after its body: the length of what is no message, a second startup packet, is none either
			return used, m.toServer, fmt.Errorf("%w: invalid frontend message type %q", errProtocol, msg[0])
		case n < 4 || n > 1<<30:
			return used, m.toServer, fmt.Errorf("%w: message %q of %d bytes", errProtocol, msg[0], n)
		case n > m.maxMessage:
			return used, m.toServer, fmt.Errorf("%w: a message of %d bytes is longer than the limit of %d", errTooLong, n, m.maxMessage)
		case len(msg) < 1+n:
			return used, m.toServer, nil
		case m.barriers > 0 && waits[msg[0]]:
			return used, m.toServer, nil
		case m.followsNames(msg[0], msg[5:1+n]) && m.awaitNames(), msg[0] == 'Q' && m.awaitPipeline():
			return used, m.toServer, nil
		}
		if err := m.clientMessage(msg[0], msg[:1+n]); err != nil {
			return used, m.toServer, err
		}
		used += 1 + n
	}
	return used, m.toServer, nil
}

var errTooLong = fmt.Errorf("message too long")

// ofClients are the types that clientMessage knows.
var ofClients = map[byte]bool{'Q': true, 'P': true, 'B': true, 'E': true, 'D': true, 'C': true, 'S': true, 'H': true, 'X': true,
	'd': true, 'c': true, 'f': true, 'F': true}

// waits are the client's messages that are planned against tracked state.
var waits = map[byte]bool{'Q': true, 'P': true, 'B': true, 'E': true, 'D': true, 'C': true}

// stalled says that a message of the client is held back.
func (m *machine) stalled() bool { return m.barriers > 0 }

// fromServer takes what the server sent and hands what the client gets to emit, piece by piece, in order. The pieces are
// parts of in, or nobody else's.
func (m *machine) fromServer(in []byte, emit func([]byte)) error {
	m.sink, m.sealed, m.flushed = emit, m.sealed[:0], 0
	run := 0 // start of the bytes of in that pass unchanged and are not emitted yet
	pos := 0
	flush := func() {
		if pos > run {
			m.emit(in[run:pos])
		}
		run = pos
	}
	defer func() {
		m.flushSealed()
		m.sink = nil
	}()
	for pos < len(in) {
		if m.streaming > 0 {
			n := min(m.streaming, len(in)-pos)
			m.streaming -= n
			pos += n
			continue
		}
		if len(m.partial) > 0 {
			n, err := m.complete(in[pos:])
			if err != nil {
				return err
			}
			pos += n
			run = pos
			continue
		}
		msg := in[pos:]
		if len(msg) < 5 {
			flush()
			m.partial = append(m.partial, msg...)
			return nil
		}
		total := 1 + int(binary.BigEndian.Uint32(msg[1:]))
		if err := m.checkLength(msg[0], total); err != nil {
			flush()
			return err
		}
		if streamable(msg[0]) {
			if err := m.row(msg[0]); err != nil {
				flush()
				return err
			}
			if !m.holds(msg[0]) {
				m.streaming = total
				continue
			}
			flush()
			n, err := m.sealRows(msg)
			pos += n
			run = pos
			if err != nil {
				return err
			}
			if n > 0 {
				continue
			}
		}
		flush()
		if len(msg) < total {
			m.partial = append(m.partial, msg...)
			return nil
		}
		if err := m.serverMessage(msg[0], msg[:total]); err != nil {
			return err
		}
		pos += total
		run = pos
	}
	flush()
	return nil
}

// complete adds bytes to a message that arrived in part, and handles it when it is whole.
func (m *machine) complete(in []byte) (used int, err error) {
	if need := 5 - len(m.partial); need > 0 {
		used = min(need, len(in))
		m.partial = append(m.partial, in[:used]...)
		if len(m.partial) < 5 {
			return used, nil
		}
	}
	total := 1 + int(binary.BigEndian.Uint32(m.partial[1:]))
	if err := m.checkLength(m.partial[0], total); err != nil {
		return used, err
	}
	if streamable(m.partial[0]) {
		if err := m.row(m.partial[0]); err != nil {
			return used, err
		}
		if !m.holds(m.partial[0]) {
			m.emit(m.partial)
			m.streaming = total - len(m.partial)
			m.partial = nil // it is emitted
			return used, nil
		}
	}
	n := min(total-len(m.partial), len(in)-used)
	m.partial = append(m.partial, in[used:used+n]...)
	used += n
	if len(m.partial) < total {
		return used, nil
	}
	whole := m.partial
	if m.holds(whole[0]) {
		m.partial = whole[:0] // sealing copies it
	} else {
		m.partial = nil // it may be emitted
	}
	return used, m.serverMessage(whole[0], whole)
}

func (m *machine) checkLength(typ byte, total int) error {
	if total > maxSealedRow && m.holds(typ) {
		return fmt.Errorf("%w: a row of %d bytes with identifiers in it", errTooLong, total)
	}
	if total < 5 || !streamable(typ) && total > maxServerMessage {
		return fmt.Errorf("%w: the server sent a message %q of %d bytes", errProtocol, typ, total)
	}
	return nil
}

// streamable messages pass as they arrive: DataRow and CopyData.
func streamable(typ byte) bool { return typ == 'D' || typ == 'd' }

// row admits a row: only behind a description that passed the egress check.
func (m *machine) row(typ byte) error {
	a := m.owed.first()
	if a == nil || a.hidden {
		return &alarm{fmt.Sprintf("a row that nothing asked for (message %q)", typ)}
	}
	if !a.rows && a.kind == answerExecute {
		if p := m.portals[a.name]; p != nil && p.rows {
			a.rows, a.statement = true, p.statement
		}
	}
	if !a.rows {
		return &alarm{"a row without a checked description"}
	}
	return nil
}

// resend makes sent and sentPortal anew after messages were discarded: what the server has confirmed, and what is under way.
func (m *machine) resend() {
	clear(m.sent)
	maps.Copy(m.sent, m.statements)
	clear(m.sentPortal)
	for name, p := range m.portals {
		m.sentPortal[name] = p.statement
	}
	for _, a := range m.owed.waiting() {
		m.follow(a)
	}
}

// follow notes what a message that was sent does to the names of statements and portals.
func (m *machine) follow(a *answer) {
	switch {
	case a.hidden || a.refusal != nil:
	case a.kind == answerParse:
		m.sent[a.name] = a.statement
	case a.kind == answerBind:
		m.sentPortal[a.name] = m.sent[a.source]
	case a.kind == answerCloseStatement:
		delete(m.sent, a.name)
	case a.kind == answerClosePortal:
		delete(m.sentPortal, a.name)
	}
}

// owe notes what the server owes for a message of the client.
func (m *machine) owe(a *answer) {
	m.owed.push(a)
	m.follow(a)
}

// renamed drops what a statement of SQL replaced or closed: statements and portals whose names no longer mean the plans that are known.
func (m *machine) renamed(plan *rewrite.Plan) {
	switch {
	case plan.Kind == rewrite.KindPrepare:
		m.forget(plan.Name)
	case plan.Kind == rewrite.KindCursor && m.session.Tracks(plan): // not MOVE
		m.forgetPortal(plan.Name)
	}
}

// forgetPortal drops a portal, or all of them.
func (m *machine) forgetPortal(name string) {
	if name == "" {
		clear(m.portals)
		clear(m.sentPortal)
		return
	}
	delete(m.portals, name)
	delete(m.sentPortal, name)
}

// forget drops the statements that SQL's PREPARE or DEALLOCATE replaced: their names no longer mean the plans that are known.
func (m *machine) forget(name string) {
	for known := range m.statements {
		if known != "" && (known == name || name == "") {
			delete(m.statements, known)
			delete(m.sent, known)
		}
	}
}
