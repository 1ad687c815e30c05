package proxy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgproto3/v2"

	"github.com/cordon-db/cordon/masking"
	"github.com/cordon-db/cordon/rewrite"
)

// byParts is the name of the statement and portal by which a simple Query with parameters of cordon's own runs.
const byParts = "cordon.query"

// queryByParts runs a Query whose constants are unsealed: as parameters, so that no query text holds a raw identifier. What the client
// gets of it is what it gets of a Query.
func (m *machine) queryByParts(plan *rewrite.Plan) error {
	s, name := &statement{plan: plan}, cstring(byParts)
	values, formats, err := m.unsealed(s, nil, nil)
	if err != nil {
		return m.refuseQuery(m.asRefusal(err))
	}
	m.dropUnnamed()
	m.closeOwn() // what an error left open
	m.send('P', name, cstring(plan.SQL), parameterTypes(plan))
	m.owed.push(&answer{kind: answerParse, hidden: true, name: byParts, statement: s})
	m.bindOwn(byParts, formats, values)
	m.runOwn(false)
	return nil
}

// runOwn runs what is bound to its end, as the last of what answers a Query. described says that the client has its description.
func (m *machine) runOwn(described bool) {
	name := cstring(byParts)
	m.send('D', []byte{'P'}, name)
	m.owed.push(&answer{kind: answerDescribePortal, hidden: described, name: byParts})
	m.send('E', name, []byte{0, 0, 0, 0})
	m.owed.push(&answer{kind: answerExecute, name: byParts})
	m.closeOwn()
	m.send('S')
	m.owed.push(&answer{kind: answerSync})
}

func (m *machine) bindOwn(source string, formats []int16, values [][]byte) {
	m.send('B', cstring(byParts), cstring(source), bindBody(formats, values, []byte{0, 0}))
	m.owed.push(&answer{kind: answerBind, hidden: true, name: byParts, source: source})
}

// closeOwn closes the statement and portal of queryByParts; it is no error if there are none.
func (m *machine) closeOwn() {
	name := cstring(byParts)
	m.send('C', []byte{'S'}, name)
	m.owed.push(&answer{kind: answerCloseStatement, hidden: true, name: byParts})
	m.send('C', []byte{'P'}, name)
	m.owed.push(&answer{kind: answerClosePortal, hidden: true, name: byParts})
}

// dropUnnamed forgets the unnamed statement and portal, as the server drops them on a Query (exec_simple_query in postgres.c).
func (m *machine) dropUnnamed() {
	delete(m.statements, "")
	delete(m.sent, "")
	delete(m.portals, "")
	delete(m.sentPortal, "")
}

// parameterTypes is the end of a Parse message: the types of a plan's parameters.
func parameterTypes(plan *rewrite.Plan) []byte {
	out := binary.BigEndian.AppendUint16(nil, uint16(len(plan.Params)))
	for _, p := range plan.Params {
		out = binary.BigEndian.AppendUint32(out, p.Type)
	}
	return out
}

// clientParams is how many parameters the client's own statement has.
func clientParams(plan *rewrite.Plan) int {
	n := 0
	for _, p := range plan.Params {
		n = max(n, p.From)
	}
	return n
}

// bindBody is what follows the names in a Bind message. resultFormats is its last part.
func bindBody(formats []int16, values [][]byte, resultFormats []byte) []byte {
	size := 4 + 6*len(values) + len(resultFormats)
	for _, v := range values {
		size += len(v)
	}
	out := binary.BigEndian.AppendUint16(make([]byte, 0, size), uint16(len(formats)))
	for _, f := range formats {
		out = binary.BigEndian.AppendUint16(out, uint16(f))
	}
	out = binary.BigEndian.AppendUint16(out, uint16(len(values)))
	for _, v := range values {
		if v == nil {
			out = binary.BigEndian.AppendUint32(out, 1<<32-1)
			continue
		}
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(v))), v...)
	}
	return append(out, resultFormats...)
}

// unsealBind makes a Bind message for a plan with parameters of its own.
func (m *machine) unsealBind(msg []byte, s *statement) error {
	var b pgproto3.Bind
	if err := decode(&b, msg[5:]); err != nil {
		return fmt.Errorf("%w: Bind: %w", errProtocol, err)
	}
	want := clientParams(s.plan)
	switch n := len(b.ParameterFormatCodes); {
	case n > 1 && n != len(b.Parameters):
		return m.refuse(&rewrite.Error{Code: "08P01", Message: fmt.Sprintf("bind message has %d parameter formats but %d parameters", n, len(b.Parameters))})
	case len(b.Parameters) != want:
		return m.refuse(&rewrite.Error{Code: "08P01", Message: fmt.Sprintf("bind message supplies %d parameters, but prepared statement %q requires %d",
			len(b.Parameters), b.PreparedStatement, want)})
	}
	values, formats, err := m.unsealed(s, b.Parameters, b.ParameterFormatCodes)
	if err != nil {
		return m.refuse(err)
	}
	results := binary.BigEndian.AppendUint16(nil, uint16(len(b.ResultFormatCodes)))
	for _, f := range b.ResultFormatCodes {
		results = binary.BigEndian.AppendUint16(results, uint16(f))
	}
	m.owe(&answer{kind: answerBind, name: kept(b.DestinationPortal), source: kept(b.PreparedStatement)})
	m.send('B', cstring(b.DestinationPortal), cstring(b.PreparedStatement), bindBody(formats, values, results))
	return nil
}

// unsealed are the values of a statement's parameters and their formats. A value that the type's input function would not take is the error
// that it would raise: it never is sent as it is, since it would be compared with raw identifiers.
func (m *machine) unsealed(s *statement, given [][]byte, codes []int16) (values [][]byte, formats []int16, err error) {
	if s.constants == nil {
		if s.constants, err = m.constants(s.plan); err != nil {
			return nil, nil, err
		}
	}
	values, formats = slices.Clone(s.constants), make([]int16, len(s.constants))
	for i, p := range s.plan.Params {
		if p.From == 0 {
			continue
		}
		values[i], formats[i] = given[p.From-1], formatOf(codes, p.From-1)
		if values[i], err = nameValue(s.plan, p.From-1, values[i], formats[i]); err != nil {
			return nil, nil, err
		}
		if values[i] != nil && p.Seal != (rewrite.Seal{}) {
			if values[i], err = m.unsealValue(p, values[i], formats[i]); err != nil {
				return nil, nil, err
			}
		}
	}
	return values, formats, nil
}

// constants are the values of a plan's own parameters, at the places of all.
func (m *machine) constants(plan *rewrite.Plan) ([][]byte, error) {
	values := make([][]byte, len(plan.Params))
	for i, p := range plan.Params {
		if p.From > 0 {
			continue
		}
		value, err := m.unsealValue(p, []byte(p.Value), 0)
		if err != nil {
			return nil, err
		}
		values[i] = value
	}
	return values, nil
}

// formatOf is the format of parameter i by a Bind message's codes: none, one for all, or one each.
func formatOf(codes []int16, i int) int16 {
	switch len(codes) {
	case 0:
		return 0
	case 1:
		return codes[0]
	}
	return codes[i]
}

func (m *machine) unsealValue(p rewrite.Param, value []byte, format int16) ([]byte, error) {
	cipher, err := m.session.Cipher(p.Seal)
	if err != nil {
		return nil, err
	}
	if bits := map[uint32]int{21: 16, 23: 32}[p.Declared]; bits > 0 && format == 0 && !p.Array { // narrower than the column
		if _, err := strconv.ParseInt(strings.TrimSpace(string(value)), 10, bits); errors.Is(err, strconv.ErrRange) {
			return nil, invalidInput(p, value, format, masking.ErrRange)
		}
	}
	unseal := cipher.Unseal
	if p.Array {
		unseal = cipher.UnsealArray
	}
	out, err := unseal([]byte{}, widen(value, format, p), format)
	if err != nil {
		return nil, invalidInput(p, value, format, err)
	}
	return out, nil
}

// widen makes a binary int2 or int4 the wider integer that the value is compared as.
func widen(value []byte, format int16, p rewrite.Param) []byte {
	if format != 1 || p.Array || len(value) != 2 && len(value) != 4 {
		return value
	}
	x := int64(int16(binary.BigEndian.Uint16(value)))
	if len(value) == 4 {
		x = int64(int32(binary.BigEndian.Uint32(value)))
	}
	switch p.Seal.Type {
	case 20:
		return binary.BigEndian.AppendUint64(nil, uint64(x))
	case 23:
		return binary.BigEndian.AppendUint32(nil, uint32(x))
	}
	return value
}

// describeParams is the ParameterDescription that the client gets: of its own parameters, of the types that it declared, or reg* of names.
func describeParams(msg []byte, plan *rewrite.Plan) ([]byte, error) {
	if plan == nil || plan.Params == nil && plan.Named == nil {
		return msg, nil
	}
	types, err := clientTypes(msg, plan)
	if err != nil {
		return nil, err
	}
	for i, reg := range plan.Named {
		if reg != 0 && i < len(types) {
			types[i] = reg
		}
	}
	return (&pgproto3.ParameterDescription{ParameterOIDs: types}).Encode(nil)
}

// clientTypes are the types of the client's own parameters by the server's description of all.
func clientTypes(msg []byte, plan *rewrite.Plan) ([]uint32, error) {
	var d pgproto3.ParameterDescription
	err := decode(&d, msg[5:])
	if err == nil && plan.Params == nil {
		return d.ParameterOIDs, nil
	}
	if err != nil || len(d.ParameterOIDs) != len(plan.Params) {
		return nil, fmt.Errorf("%w: ParameterDescription of %d parameters, the plan has %d: %v", errProtocol, len(d.ParameterOIDs), len(plan.Params), err)
	}
	types := d.ParameterOIDs[:clientParams(plan)]
	for i := range types {
		if declared := plan.Params[i].Declared; declared != 0 {
			types[i] = declared
		}
	}
	return types, nil
}

// invalidInput is the error of the type's input function for a value that it does not take.
func invalidInput(p rewrite.Param, value []byte, format int16, err error) error {
	if format == 1 {
		return &rewrite.Error{Code: "22P03", Message: fmt.Sprintf("incorrect binary data format in bind parameter %d", p.From)}
	}
	typ := p.Seal.Type
	if p.Declared == 21 || p.Declared == 23 {
		typ = p.Declared
	}
	name := map[uint32]string{20: "bigint", 21: "smallint", 23: "integer", 2950: "uuid"}[typ]
	if p.Array {
		return &rewrite.Error{Code: "22P02", Message: fmt.Sprintf("malformed array literal: %q", value)}
	}
	if errors.Is(err, masking.ErrRange) {
		return &rewrite.Error{Code: "22003", Message: fmt.Sprintf("value \"%s\" is out of range for type %s", value, name)}
	}
	return &rewrite.Error{Code: "22P02", Message: fmt.Sprintf("invalid input syntax for type %s: \"%s\"", name, value)}
}
