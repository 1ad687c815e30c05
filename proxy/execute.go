package proxy

import (
	"encoding/binary"
	"fmt"

	"github.com/cordon-db/cordon/rewrite"
)

// executeByParts runs an EXECUTE of a statement of the protocol whose parameters are unsealed: by binding it, so that no query text holds a raw
// identifier. The values that are not unsealed are bound before by themselves: an error of theirs may be told, one of the whole may not.
func (m *machine) executeByParts(plan *rewrite.Plan) error {
	s := m.statements[plan.Name]
	if s.planned() == nil || s.plan.Params == nil || s.types == nil {
		return fmt.Errorf("%w: EXECUTE of %q, of which no description came", errProtocol, plan.Name)
	}
	given, err := plan.Values(s.types)
	if err != nil {
		return m.refuseQuery(m.asRefusal(err))
	}
	values, formats, err := m.unsealed(s, given, nil)
	if err != nil {
		return m.refuseQuery(m.asRefusal(err))
	}
	m.dropUnnamed()
	m.closeOwn() // what an error left open
	m.tryClear(s, given)
	m.bindOwn(plan.Name, formats, values)
	// A Query that executes describes the statement, not the portal: its plan may have folded a CASE to the arm with a length (UtilityTupleDescriptor in utility.c).
	m.send('D', []byte{'S'}, cstring(plan.Name))
	m.owed.push(&answer{kind: answerDescribe, unasked: true, name: kept(plan.Name)})
	m.runOwn(true)
	return nil
}

// tryClear has the server read the values that are not unsealed, as those of a statement of their types: in a condition, since there may be more of them
// than a select list takes.
func (m *machine) tryClear(s *statement, given [][]byte) {
	sql, types, values := []byte("SELECT"), []byte{0, 0}, [][]byte{}
	for i, typ := range s.types {
		if s.plan.Params[i].Seal != (rewrite.Seal{}) {
			continue
		}
		word := " AND"
		if len(values) == 0 {
			word = " WHERE"
		}
		values = append(values, given[i])
		sql = fmt.Appendf(sql, "%s $%d IS NULL", word, len(values))
		types = binary.BigEndian.AppendUint32(types, typ)
	}
	binary.BigEndian.PutUint16(types, uint16(len(values)))
	m.send('P', cstring(byParts), append(sql, 0), types)
	m.owed.push(&answer{kind: answerParse, hidden: true, name: byParts, statement: &statement{plan: &rewrite.Plan{Kind: rewrite.KindQuery}}})
	m.bindOwn(byParts, nil, values)
	m.send('C', []byte{'P'}, cstring(byParts))
	m.owed.push(&answer{kind: answerClosePortal, hidden: true, name: byParts})
}
