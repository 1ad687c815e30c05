package proxy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgproto3/v2"

	"github.com/cordon-db/cordon/rewrite"
)

// clientMessage handles one whole message of the client. An unknown type ends the session.
func (m *machine) clientMessage(typ byte, msg []byte) error {
	if m.skipping && typ != 'X' {
		if typ != 'S' {
			return nil // the server would discard it, too, and owe nothing for it
		}
		m.skipping = false
	}
	described := m.described
	m.described = nil
	switch typ {
	case 'Q':
		return m.query(msg[5:])
	case 'P':
		return m.parse(msg[5:])
	case 'B':
		return m.bind(msg)
	case 'D':
		return m.describe(msg)
	case 'E':
		return m.execute(msg, described)
	case 'C':
		return m.close(msg)
	case 'S':
		m.owed.push(&answer{kind: answerSync})
		m.forward(msg)
		return nil
	case 'H':
		m.forward(msg)
		return nil
	case 'X':
		m.forward(msg)
		return errTerminate
	case 'd', 'c', 'f': // outside COPY FROM STDIN, which is not admitted, Postgres ignores these too
		return nil
	case 'F':
		return m.refuseQuery(&rewrite.Error{Code: "0A000", Reason: "function-call", Message: "cordon: the FunctionCall message is not admitted in a masked session",
			Hint: "Call the function in a SELECT."})
	}
	return fmt.Errorf("%w: invalid frontend message type %q", errProtocol, typ)
}

func (m *machine) forward(msg []byte) { m.toServer = append(m.toServer, msg...) }

func (m *machine) send(typ byte, body ...[]byte) {
	n := 4
	for _, b := range body {
		n += len(b)
	}
	m.toServer = append(m.toServer, typ)
	m.toServer = binary.BigEndian.AppendUint32(m.toServer, uint32(n))
	for _, b := range body {
		m.toServer = append(m.toServer, b...)
	}
}

func cstring(s string) []byte { return append([]byte(s), 0) }

// asRefusal turns an error of the rewriter into the answer that the client gets.
func (m *machine) asRefusal(err error) *rewrite.Error {
	var refused *rewrite.Error
	if errors.As(err, &refused) {
		m.log.Info("statement not sent", "code", refused.Code, "reason", refused.Reason)
		return refused
	}
	m.log.Error("statement not planned", "cause", err.Error())
	return &rewrite.Error{Code: "XX000", Reason: "internal", Message: "cordon: this statement could not be planned", Hint: "Cordon's log names the cause."}
}

// query handles a simple Query: every statement of the string is rewritten before the first is sent.
func (m *machine) query(body []byte) error {
	text, rest, ok := cutString(body)
	if !ok || len(rest) != 0 {
		return fmt.Errorf("%w: invalid string in Query", errProtocol)
	}
	plans, err := m.session.Query(m.ctx, text)
	if err == nil && len(plans) == 1 && plans[0].Params != nil {
		return m.queryByParts(plans[0])
	}
	if err == nil && len(plans) == 1 && plans[0].Arguments != nil {
		return m.executeByParts(plans[0])
	}
	a := &answer{kind: answerQuery, plans: plans}
	sql := make([]byte, 0, len(text)+64)
	for i, p := range plans {
		if i > 0 {
			sql = append(sql, "; "...)
		}
		sql = append(sql, p.SQL...)
		if p.Describe != "" {
			m.describeCopy(p)
			m.owed.push(&answer{kind: answerSync, hidden: true})
			m.send('S')
		}
		a.barrier = a.barrier || m.session.Tracks(p)
	}
	if err != nil {
		a.refusal = m.asRefusal(err)
		if len(plans) > 0 {
			sql = append(sql, "; "...)
		}
		sql = append(sql, refusedSQL...)
	}
	if a.barrier {
		m.barriers++
	}
	m.owed.push(a)
	m.send('Q', sql, []byte{0})
	return nil
}

// refuseQuery answers a message that is not sent and that ReadyForQuery follows.
func (m *machine) refuseQuery(e *rewrite.Error) error {
	m.owed.push(&answer{kind: answerQuery, refusal: m.asRefusal(e)})
	m.send('Q', cstring(refusedSQL))
	return nil
}

// refuse puts a message that fails in the place of one of the extended protocol; the server then discards up to Sync.
func (m *machine) refuse(err error) error {
	m.owed.push(&answer{kind: answerParse, name: refusedStatement, refusal: m.asRefusal(err), statement: &statement{}})
	m.send('P', cstring(refusedStatement), cstring(refusedSQL), []byte{0, 0})
	return nil
}

// describeCopy has the server describe the query of a COPY, whose own answer carries no RowDescription (pitfall S14).
func (m *machine) describeCopy(p *rewrite.Plan) {
	s := &statement{plan: p}
	name := cstring(describedCopy)
	m.send('P', name, cstring(p.Describe), []byte{0, 0})
	m.owed.push(&answer{kind: answerParse, hidden: true, name: describedCopy, statement: s})
	m.send('D', []byte{'S'}, name)
	m.owed.push(&answer{kind: answerDescribe, hidden: true, name: describedCopy, statement: s})
	m.send('C', []byte{'S'}, name)
	m.owed.push(&answer{kind: answerCloseStatement, hidden: true, name: describedCopy})
}

// parse rewrites a statement, and describes it: a client that never asks is checked too.
func (m *machine) parse(body []byte) error {
	var msg pgproto3.Parse
	if err := decode(&msg, body); err != nil {
		return fmt.Errorf("%w: Parse: %w", errProtocol, err)
	}
	if strings.HasPrefix(msg.Name, ownNames) {
		return m.refuse(reserved(msg.Name))
	}
	plan, err := m.session.Parse(m.ctx, msg.Query, msg.ParameterOIDs)
	if err != nil {
		return m.refuse(err)
	}
	s := &statement{plan: plan}
	name := cstring(msg.Name)
	_, oids, _ := cutString(body)
	_, oids, _ = cutString(oids)
	if plan.Params != nil {
		oids = parameterTypes(plan)
	}
	m.send('P', name, cstring(plan.SQL), oids)
	m.owe(&answer{kind: answerParse, name: kept(msg.Name), statement: s})
	m.send('D', []byte{'S'}, name)
	a := &answer{kind: answerDescribe, hidden: true, name: kept(msg.Name), statement: s, barrier: msg.Name != "" && plan.Params != nil}
	m.owed.push(a)
	if a.barrier { // an EXECUTE by SQL would give it values as they are: it, and their types, must be known when that is planned
		m.barriers++
		m.send('H')
	}
	return nil
}

// noStatement and noPortal are what Postgres says of a name that means nothing (fetch_stmt in prepare.c, exec_execute_message in
// postgres.c). Names that only SQL's PREPARE and DECLARE made mean nothing to the protocol here: their plans are not known by them.
func noStatement(name string) *rewrite.Error {
	if name == "" {
		return &rewrite.Error{Code: "26000", Message: "unnamed prepared statement does not exist"}
	}
	return &rewrite.Error{Code: "26000", Message: fmt.Sprintf("prepared statement %q does not exist", name)}
}

func noPortal(name string) *rewrite.Error {
	return &rewrite.Error{Code: "34000", Message: fmt.Sprintf("portal %q does not exist", name)}
}

// ownNames begin the names of cordon's own statements and portals, which clients neither make nor use.
const ownNames = "cordon."

func reserved(name string) *rewrite.Error {
	return &rewrite.Error{Code: "42602", Reason: "reserved-name", Message: fmt.Sprintf("cordon: the name %q is reserved", name),
		Hint: "Choose a name that does not begin with cordon."}
}

// bind passes as it is, values being the client's own, unless some are to be unsealed.
func (m *machine) bind(msg []byte) error {
	portal, rest, ok := cutString(msg[5:])
	name, _, ok2 := cutString(rest)
	if !ok || !ok2 {
		return fmt.Errorf("%w: invalid string in Bind", errProtocol)
	}
	switch s := m.sent[kept(name)]; {
	case strings.HasPrefix(portal, ownNames):
		return m.refuse(reserved(portal))
	case s == nil || strings.HasPrefix(name, ownNames):
		return m.refuse(noStatement(name))
	case s.plan != nil && s.plan.Params != nil:
		return m.unsealBind(msg, s)
	case s.plan != nil && s.plan.Named != nil:
		return m.bindNames(msg, s.plan)
	}
	m.owe(&answer{kind: answerBind, name: kept(portal), source: kept(name)})
	m.forward(msg)
	return nil
}

func (m *machine) describe(msg []byte) error {
	kind, given, err := target(msg)
	if err != nil {
		return err
	}
	name := kept(given)
	a := &answer{kind: answerDescribe, name: name}
	own := strings.HasPrefix(name, ownNames)
	cursor := m.session.Cursor(name)
	switch {
	case kind == 'P' && m.sentPortal[name] == nil && cursor != nil && !own: // psycopg describes what it declared
		a.kind, a.statement = answerDescribePortal, &statement{plan: cursor}
	case kind == 'P' && (m.sentPortal[name] == nil || own):
		return m.refuse(noPortal(given))
	case kind == 'P':
		a.kind = answerDescribePortal
		m.described = a
	case m.sent[name] == nil || own:
		return m.refuse(noStatement(given))
	}
	m.owed.push(a)
	m.forward(msg)
	return nil
}

// execute runs a portal, if its plan is still that of the policy and catalog in force (pitfall C9), behind a description of it: the server
// may have analysed the statement again at Bind, or SQL may have closed the portal and made another. Where the client's own Describe came
// just before, that is the one.
func (m *machine) execute(msg []byte, described *answer) error {
	given, _, ok := cutString(msg[5:])
	if !ok {
		return fmt.Errorf("%w: invalid string in Execute", errProtocol)
	}
	name := kept(given)
	s := m.sentPortal[name]
	if s == nil || strings.HasPrefix(name, ownNames) {
		return m.refuse(noPortal(given))
	}
	if err := m.session.Current(m.ctx, s.plan); err != nil {
		return m.refuse(err)
	}
	a := &answer{kind: answerExecute, name: name, barrier: m.session.Tracks(s.plan)}
	if s.plan.Describe != "" {
		m.describeCopy(s.plan)
	}
	if described == nil || described.name != name {
		m.send('D', []byte{'P'}, cstring(given)) // cut, it might end within a letter
		m.owed.push(&answer{kind: answerDescribePortal, hidden: true, name: name})
	}
	m.owed.push(a)
	m.forward(msg)
	if a.barrier {
		m.barriers++
		m.send('H') // or the server would keep the outcome that the next message waits for
	}
	return nil
}

func (m *machine) close(msg []byte) error {
	kind, name, err := target(msg)
	if err != nil {
		return err
	}
	a := &answer{kind: answerCloseStatement, name: kept(name)}
	if kind == 'P' {
		a.kind = answerClosePortal
	}
	m.owe(a)
	m.forward(msg)
	return nil
}

// target reads what Describe and Close name: a statement or a portal.
func target(msg []byte) (kind byte, name string, err error) {
	if len(msg) < 7 || msg[5] != 'S' && msg[5] != 'P' {
		return 0, "", fmt.Errorf("%w: invalid %q message", errProtocol, msg[0])
	}
	name, rest, ok := cutString(msg[6:])
	if !ok || len(rest) != 0 {
		return 0, "", fmt.Errorf("%w: invalid string in %q message", errProtocol, msg[0])
	}
	return msg[5], name, nil
}
