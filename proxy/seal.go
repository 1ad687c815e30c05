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
	cipher *masking.Recent
	array  bool // the values are arrays of identifiers
}

// begin says that the rows of another answer leave so.
func (how seals) begin() {
	for _, s := range how {
		if s.cipher != nil {
			s.cipher.Begin()
		}
	}
}

// recents are what a session remembers of the pseudonyms that it sealed: of each cipher in each format.
type recents map[recentKey]*masking.Recent

type recentKey struct {
	cipher *masking.Pseudonym
	format int16 // 0 text, 1 binary
}

// of is a cipher for the columns of another answer.
func (r recents) of(cipher *masking.Pseudonym, format int16) *masking.Recent {
	key := recentKey{cipher, format}
	if r[key] == nil {
		r[key] = cipher.NewRecent(format)
	}
	r[key].Begin()
	return r[key]
}

// appendTo appends the pseudonym of an identifier, or of an array of them.
func (s seal) appendTo(dst, value []byte) ([]byte, error) {
	if s.array {
		return s.cipher.SealArray(dst, value)
	}
	return s.cipher.Seal(dst, value)
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

// sealRows seals the rows that in begins with, all of one answer and of one kind, and returns how many bytes of in they take. It stops before a row that is
// not whole.
func (m *machine) sealRows(in []byte) (used int, err error) {
	how, typ := m.sealsOf(m.owed.first()), in[0]
	for err == nil {
		first := wholeRow(in[used:], typ)
		second := wholeRow(in[used+len(first):], typ)
		switch {
		case first == nil:
			return used, nil
		case typ == 'd':
			second, err = nil, m.sealCopyRow(first, m.owed.first().copying)
		case second == nil:
			err = m.sealRow(first, how)
		default:
			err = m.sealPair(first, second, how)
		}
		used += len(first) + len(second)
	}
	return used, err
}

// wholeRow is the message that in begins with, if it is a row of this kind, and whole.
func wholeRow(in []byte, typ byte) []byte {
	if len(in) < 5 || in[0] != typ {
		return nil
	}
	total := 1 + int(binary.BigEndian.Uint32(in[1:]))
	if total < 5 || total > maxSealedRow || total > len(in) {
		return nil
	}
	return in[:total]
}

// cutField takes a field, its length of four bytes included, off a row's.
func cutField(fields []byte) (field, rest []byte, err error) {
	if len(fields) < 4 {
		return nil, nil, fmt.Errorf("%w: a row that is too short", errProtocol)
	}
	size := int(int32(binary.BigEndian.Uint32(fields)))
	if size < -1 || size > len(fields)-4 {
		return nil, nil, fmt.Errorf("%w: a value of %d bytes in a row", errProtocol, size)
	}
	size = 4 + max(size, 0)
	return fields[:size], fields[size:], nil
}

// isNullField says that a field is NULL, and not an empty text.
func isNullField(field []byte) bool { return int32(binary.BigEndian.Uint32(field)) < 0 }

// sealField appends a field as it leaves.
func sealField(dst, field []byte, how seal) ([]byte, error) {
	if how.cipher == nil || isNullField(field) {
		return append(dst, field...), nil
	}
	out, err := how.appendTo(append(dst, 0, 0, 0, 0), field[4:])
	if err != nil {
		return dst, unsealable(err)
	}
	binary.BigEndian.PutUint32(out[len(dst):], uint32(len(out)-len(dst)-4))
	return out, nil
}

// unsealable is what ends a session whose server sends what no identifier is. The cause does not quote the value.
func unsealable(cause error) error {
	return &alarm{fmt.Sprintf("a column holds what cannot be sealed: %v", cause)}
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
