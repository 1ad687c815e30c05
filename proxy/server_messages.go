package proxy

import (
	"errors"
	"fmt"

	"github.com/jackc/pgproto3/v2"

	"github.com/cordon-db/cordon/rewrite"
)

// serverMessage handles one whole message of the server. A type that is not expected ends the session.
func (m *machine) serverMessage(typ byte, msg []byte) error {
	switch typ {
	case 'N':
		return m.notice(msg)
	case 'S':
		return m.parameterStatus(msg)
	case 'A':
		return m.notification(msg)
	case 'E':
		return m.serverError(msg)
	}
	a := m.owed.first()
	if a == nil {
		return fmt.Errorf("%w: the server sent %q, which nothing asked for", errProtocol, typ)
	}
	switch typ {
	case 'D':
		return m.sealRow(msg, m.sealsOf(a))
	case 'd':
		return m.sealCopyRow(msg, a.copying)
	case 'Z':
		return m.ready(a, msg)
	case 'T', 'n':
		return m.description(a, typ, msg)
	case 't':
		return m.parameters(a, msg)
	case 'C', 'I', 's':
		return m.finished(a, typ, msg)
	case '1', '2', '3':
		return m.confirmed(a, typ, msg)
	case 'H':
		return m.copyOut(a, msg)
	case 'c':
		m.emit(msg)
		return nil
	}
	return &alarm{fmt.Sprintf("the server sent a message %q, which a masked session never asks for", typ)}
}

// done ends an answer.
func (m *machine) done(a *answer) {
	if a.barrier {
		m.barriers--
	}
	m.owed.pop()
}

// description passes RowDescription and NoData on, once checked.
func (m *machine) description(a *answer, typ byte, msg []byte) error {
	switch a.kind {
	case answerDescribe:
		if a.statement == nil {
			a.statement = m.statements[a.name]
		}
	case answerDescribePortal:
		if p := m.portals[a.name]; p != nil {
			a.statement = p.statement
		}
	case answerQuery:
	default:
		return fmt.Errorf("%w: a description in answer to %q", errProtocol, a.kind)
	}
	if typ == 'T' {
		var err error
		if msg, a.seals, err = m.checkRow(msg, a); err != nil {
			return err
		}
		a.rows = true
	}
	switch p := m.portals[a.name]; {
	case a.kind == answerDescribePortal && p != nil:
		p.rows, p.seals = typ == 'T', a.seals
	case a.kind == answerDescribe && a.hidden && a.name == describedCopy && typ == 'T':
		c, err := newCopying(a.statement.plan, a.seals, msg, m.recents)
		if err != nil {
			return err
		}
		m.copied[a.statement.plan] = c
	}
	if !a.hidden {
		m.emit(msg)
	}
	if a.kind != answerQuery {
		m.done(a)
	}
	return nil
}

// parameters is ParameterDescription.
func (m *machine) parameters(a *answer, msg []byte) (err error) {
	if a.hidden {
		if plan := a.statement.planned(); plan != nil && plan.Params != nil {
			a.statement.types, err = clientTypes(msg, plan)
		}
		return err
	}
	if msg, err = describeParams(msg, m.statements[a.name].planned()); err == nil && !a.unasked {
		m.emit(msg)
	}
	return err
}

// confirms are the messages that confirm what was sent.
var confirms = [256]byte{answerParse: '1', answerBind: '2', answerCloseStatement: '3', answerClosePortal: '3'}

// confirmed is ParseComplete, BindComplete or CloseComplete: from here on the server has, or lacks, the object.
func (m *machine) confirmed(a *answer, typ byte, msg []byte) error {
	if confirms[a.kind] != typ || a.refusal != nil {
		return fmt.Errorf("%w: the server sent %q in answer to %q", errProtocol, typ, a.kind)
	}
	switch a.kind {
	case answerParse:
		m.statements[a.name] = a.statement
		if a.name != "" && !a.hidden {
			m.session.Named(a.name, a.statement.plan)
		}
	case answerBind:
		m.portals[a.name] = &portal{statement: m.statements[a.source]}
		m.session.Portal(a.name)
	case answerCloseStatement:
		delete(m.statements, a.name)
		if a.name != "" && !a.hidden {
			m.session.Named(a.name, nil)
		}
	case answerClosePortal:
		delete(m.portals, a.name)
		m.session.Portal(a.name)
	}
	if !a.hidden {
		m.emit(msg)
	}
	m.done(a)
	return nil
}

// finished is CommandComplete, EmptyQueryResponse or PortalSuspended.
func (m *machine) finished(a *answer, typ byte, msg []byte) error {
	plan := m.planOf(a)
	switch a.kind {
	case answerExecute:
		defer m.done(a)
	case answerQuery:
		if typ == 's' {
			return fmt.Errorf("%w: PortalSuspended in answer to Query", errProtocol)
		}
		a.next++
		a.rows, a.seals, a.copying = false, nil, nil
	default:
		return fmt.Errorf("%w: the server sent %q in answer to %q", errProtocol, typ, a.kind)
	}
	if plan != nil && (typ == 'C' || typ == 's' && m.session.Tracks(plan)) {
		m.completed(a, plan)
	}
	if typ == 'C' && plan != nil {
		m.renamed(plan)
		if plan.Tag != "" {
			m.emit(message('C', cstring(plan.Tag)))
			return nil
		}
	}
	m.emit(msg)
	return nil
}

// completed notes what a plan did, once: of set_config the client may take the row, and the end later.
func (m *machine) completed(a *answer, plan *rewrite.Plan) {
	if p := m.portals[a.name]; a.kind == answerExecute && p != nil {
		if p.noted {
			return
		}
		p.noted = true
	}
	m.session.Completed(plan)
}

// copyOut lets the data of a COPY pass if the query inside it was described and checked.
func (m *machine) copyOut(a *answer, msg []byte) error {
	plan := m.planOf(a)
	c := m.copied[plan]
	if plan == nil || plan.Kind != rewrite.KindCopy || c == nil {
		return &alarm{"a COPY whose query was not described"}
	}
	delete(m.copied, plan)
	if binary := len(msg) > 5 && msg[5] == 1; c.how != nil && (len(msg) < 6 || binary != (c.format.Kind == rewrite.CopyBinary)) {
		return &alarm{"a COPY of identifiers in another format than its plan's"}
	}
	a.rows, a.seals, a.copying = true, c.how, c
	m.emit(msg)
	return nil
}

// ready is ReadyForQuery, which ends the answer to Query or Sync.
func (m *machine) ready(a *answer, msg []byte) error {
	if a.kind != answerQuery && a.kind != answerSync {
		return fmt.Errorf("%w: ReadyForQuery in answer to %q", errProtocol, a.kind)
	}
	if len(msg) != 6 {
		return fmt.Errorf("%w: ReadyForQuery of %d bytes", errProtocol, len(msg))
	}
	m.session.Ready(msg[5])
	if msg[5] == 'I' {
		clear(m.portals) // they end with the transaction
	}
	if !a.hidden {
		m.copyError = nil
		m.emit(msg)
	}
	m.done(a)
	if m.owed.first() == nil {
		clear(m.copied)
		clear(m.sentPortal)
		for name, p := range m.portals {
			m.sentPortal[name] = p.statement
		}
	}
	return nil
}

// planOf is the plan that the server works on for an answer; nil where there is none.
func (m *machine) planOf(a *answer) *rewrite.Plan {
	switch {
	case a == nil:
		return nil
	case a.kind == answerDescribePortal && m.portals[a.name] == nil:
		return a.current()
	case a.kind == answerExecute || a.kind == answerDescribePortal:
		return m.portals[a.name].plan()
	case a.kind == answerBind:
		if s := m.statements[a.source]; s != nil {
			return s.plan
		}
		return nil
	}
	return a.current()
}

// serverError passes an error on, filtered, or puts cordon's refusal in its place.
func (m *machine) serverError(msg []byte) error {
	a := m.owed.first()
	plan := m.planOf(a)
	out, code, err := filterError(msg[5:], m.tells(a, plan))
	if err != nil {
		return fmt.Errorf("%w: ErrorResponse: %w", errProtocol, err)
	}
	fatal := isFatal(out[5:])
	if fatal {
		m.ended = code
	}
	if a == nil || fatal { // the server ends the session: shutdown, a terminated backend
		m.emit(out)
		return nil
	}
	m.session.Failed()
	switch {
	case a.refusal != nil && a.next >= len(a.plans) && code == refusedCode:
		out = refusal(a.refusal)
	case a.kind == answerQuery && m.copyError != nil && code == failedTransactionCode:
		out = refusal(m.copyError)
	}
	if a.kind == answerQuery {
		a.rows = false
		m.emit(out)
		return nil // ReadyForQuery follows
	}
	hidden := m.discard() && a.name == describedCopy // what failed before cordon's own messages is the client's to know
	m.resend()
	if hidden {
		var e pgproto3.ErrorResponse
		if err := decode(&e, out[5:]); err == nil { // told when the COPY itself fails
			m.copyError = &rewrite.Error{Code: e.Code, Message: e.Message}
		}
		return nil
	}
	m.emit(out)
	return nil
}

// tells says what of an error's text the client may see: it may hold a raw value, an identifier that was unsealed for a Bind, or, once the plan runs,
// a value of the first row that raises.
func (m *machine) tells(a *answer, plan *rewrite.Plan) telling {
	switch {
	case plan == nil:
		return toldWhole
	case plan.Opaque || a.kind == answerBind && plan.Params != nil:
		return toldNothing
	case plan.Quiet && (a.kind == answerExecute || a.rows || m.session.Follows(plan)): // an EXECUTE's rows are described once they are there
		return toldKind
	}
	return toldWhole
}

// discard drops the answers up to the Sync that the server discards to, and says whether that Sync is cordon's own. Where it has not
// been sent yet, the client's messages are dropped until it is.
func (m *machine) discard() (hidden bool) {
	for {
		a := m.owed.first()
		if a == nil {
			m.skipping = true
			return false
		}
		if a.kind == answerSync {
			return a.hidden
		}
		m.done(a) // a client's Query behind a failed message is discarded too
	}
}

func (m *machine) notice(msg []byte) error {
	a := m.owed.first()
	plan := m.planOf(a)
	if plan != nil && plan.Quiet {
		return nil
	}
	opaque := a != nil && a.hidden || plan != nil && plan.Opaque
	out, err := filterNotice(msg[5:], opaque)
	if err != nil {
		return fmt.Errorf("%w: NoticeResponse: %w", errProtocol, err)
	}
	if out != nil {
		m.emit(out)
	}
	return nil
}

func (m *machine) parameterStatus(msg []byte) error {
	out, err := filterParameter(msg, m.session)
	if err == nil && out != nil {
		m.emit(out)
	}
	return err
}

func filterParameter(msg []byte, session Session) ([]byte, error) {
	name, rest, ok := cutString(msg[5:])
	value, _, ok2 := cutString(rest)
	if !ok || !ok2 {
		return nil, errors.New("protocol violation: invalid ParameterStatus")
	}
	shown, pass := session.ParameterStatus(name, value)
	switch {
	case !pass:
		return nil, nil
	case shown == value:
		return msg, nil
	}
	return message('S', append(cstring(name), cstring(shown)...)), nil
}

// notification passes NOTIFY on for channels that the policy lists (pitfall C6).
func (m *machine) notification(msg []byte) error {
	var n pgproto3.NotificationResponse
	if err := decode(&n, msg[5:]); err != nil {
		return fmt.Errorf("%w: NotificationResponse: %w", errProtocol, err)
	}
	if m.session.ForwardsNotification(n.Channel) {
		m.emit(msg)
	}
	return nil
}
