package proxy

import (
	"encoding/binary"
	"fmt"

	"github.com/cordon-db/cordon/masking"
)

// maxSealedRow bounds a row with identifiers, which must be held whole to be sealed. Other rows are not held.
const maxSealedRow = 64 << 20

// seals say how the columns of an answer leave, one entry a column; nil where no column is sealed.
type seals []seal

// seal is how one column leaves: with a cipher its values are identifiers, of which the client gets the pseudonyms.
type seal struct {
	cipher *masking.Pseudonym
	format int16 // 0 text, 1 binary
}

// seals are those of the rows that the server sends for an answer.
func (m *machine) sealsOf(a *answer) seals {
	if a == nil {
		return nil
	}
	if p := m.portals[a.name]; a.kind == answerExecute && p != nil && a.seals == nil {
		return p.seals
	}
	return a.seals
}

// holds says whether a row, a DataRow or one of COPY, must be held whole.
func (m *machine) holds(typ byte) bool { return streamable(typ) && m.sealsOf(m.owed.first()) != nil }

// sealRow puts a DataRow, its identifiers replaced by their pseudonyms, behind what m.sealed holds.
func (m *machine) sealRow(msg []byte, how seals) error {
	body := msg[5:]
	if len(body) < 2 || int(binary.BigEndian.Uint16(body)) != len(how) {
		return fmt.Errorf("%w: a row of another number of columns than described", errProtocol)
	}
	start := len(m.sealed)
	out := append(append(m.sealed, msg[:5]...), body[:2]...)
	body = body[2:]
	for i := range how {
		if len(body) < 4 {
			return fmt.Errorf("%w: a row that is too short", errProtocol)
		}
		size := int(int32(binary.BigEndian.Uint32(body)))
		if size < -1 || size > len(body)-4 {
			return fmt.Errorf("%w: a value of %d bytes in a row", errProtocol, size)
		}
		field := body[:4+max(size, 0)]
		body = body[len(field):]
		if how[i].cipher == nil || size < 0 {
			out = append(out, field...)
			continue
		}
		at := len(out)
		var err error
		if out, err = how[i].cipher.Seal(append(out, 0, 0, 0, 0), field[4:], how[i].format); err != nil {
			return &alarm{fmt.Sprintf("column %d holds what cannot be sealed: %v", i+1, err)}
		}
		binary.BigEndian.PutUint32(out[at:], uint32(len(out)-at-4))
	}
	if len(body) > 0 {
		return fmt.Errorf("%w: a row that is too long", errProtocol)
	}
	binary.BigEndian.PutUint32(out[start+1:], uint32(len(out)-start-1))
	m.sealed = out
	return nil
}

// flushSealed emits the rows that were sealed since the last time.
func (m *machine) flushSealed() {
	if len(m.sealed) > m.flushed {
		m.sink(m.sealed[m.flushed:])
		m.flushed = len(m.sealed)
	}
}

// emit hands bytes for the client on, behind the rows before them.
func (m *machine) emit(b []byte) {
	m.flushSealed()
	m.sink(b)
}
