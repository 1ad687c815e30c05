package proxy

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/jackc/pgproto3/v2"

	"github.com/cordon-db/cordon/rewrite"
)

// bindNames makes a Bind message for a plan whose parameters are of reg* types to the client and texts to the server.
func (m *machine) bindNames(msg []byte, plan *rewrite.Plan) error {
	var b pgproto3.Bind
	if err := decode(&b, msg[5:]); err != nil {
		return fmt.Errorf("%w: Bind: %w", errProtocol, err)
	}
	owed := &answer{kind: answerBind, name: kept(b.DestinationPortal), source: kept(b.PreparedStatement)}
	if n := len(b.ParameterFormatCodes); n == 0 || n > 1 && n != len(b.Parameters) { // all texts, or the server's to refuse
		m.owe(owed)
		m.forward(msg)
		return nil
	}
	for i, v := range b.Parameters {
		var err error
		if b.Parameters[i], err = nameValue(plan, i, v, formatOf(b.ParameterFormatCodes, i)); err != nil {
			return m.refuse(err)
		}
	}
	m.owe(owed)
	results := binary.BigEndian.AppendUint16(nil, uint16(len(b.ResultFormatCodes)))
	for _, f := range b.ResultFormatCodes {
		results = binary.BigEndian.AppendUint16(results, uint16(f))
	}
	m.send('B', cstring(b.DestinationPortal), cstring(b.PreparedStatement), bindBody(b.ParameterFormatCodes, b.Parameters, results))
	return nil
}

// nameValue is a value of parameter i as a text: in the binary format a reg* value is an oid, and a text its characters.
func nameValue(plan *rewrite.Plan, i int, value []byte, format int16) ([]byte, error) {
	if value == nil || format != 1 || i >= len(plan.Named) || plan.Named[i] == 0 {
		return value, nil
	}
	if len(value) != 4 {
		return nil, &rewrite.Error{Code: "22P03", Message: fmt.Sprintf("incorrect binary data format in bind parameter %d", i+1)}
	}
	return strconv.AppendUint(nil, uint64(binary.BigEndian.Uint32(value)), 10), nil
}
