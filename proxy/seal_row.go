package proxy

import (
	"encoding/binary"
	"fmt"
)

// sealRow puts a DataRow, its identifiers replaced by their pseudonyms, behind what m.sealed holds.
func (m *machine) sealRow(msg []byte, how seals) error {
	row, err := openRow(m.sealed, msg, how)
	for i := 0; i < len(how) && err == nil; i++ {
		value, ok := row.next()
		switch {
		case !ok:
			return errRow
		case how[i].cipher != nil && value != nil:
			err = row.seal(how[i], value)
		}
	}
	if err != nil {
		return err
	}
	out, err := row.finish()
	if err == nil {
		m.sealed = out
	}
	return err
}

// sealPair is sealRow of two rows, whose identifiers are sealed two at a time.
func (m *machine) sealPair(first, second []byte, how seals) error {
	row1, err := openRow(m.sealed, first, how)
	if err != nil {
		return err
	}
	row2, err := openRow(m.second[:0], second, how)
	for i := 0; i < len(how) && err == nil; i++ {
		value1, ok1 := row1.next()
		value2, ok2 := row2.next()
		switch {
		case !ok1 || !ok2:
			return errRow
		case how[i].cipher == nil:
		case value1 != nil && value2 != nil && !how[i].array:
			row1.begin(value1)
			row2.begin(value2)
			if row1.out, row2.out, err = how[i].cipher.Seal2(row1.out, row2.out, value1, value2); err != nil {
				return unsealable(err)
			}
			row1.end()
			row2.end()
		default:
			if value1 != nil {
				err = row1.seal(how[i], value1)
			}
			if value2 != nil && err == nil {
				err = row2.seal(how[i], value2)
			}
		}
	}
	if err != nil {
		return err
	}
	out, err := row1.finish()
	if err != nil {
		return err
	}
	if m.second, err = row2.finish(); err != nil {
		return err
	}
	m.sealed = append(out, m.second...)
	return nil
}

// sealing is a DataRow on its way out. What lies between its identifiers is copied at once.
type sealing struct {
	row    []byte
	copied int // bytes of the row that out has, or has something else for
	at     int // where the next field begins, at its length
	out    []byte
	start  int // of the row in out
	value  int // of the pseudonym in out that is being written
}

// errRow is a row whose fields do not fit its length.
var errRow = fmt.Errorf("%w: a malformed row", errProtocol)

// openRow begins a row behind what dst holds.
func openRow(dst, row []byte, how seals) (sealing, error) {
	if len(row) < 7 || int(binary.BigEndian.Uint16(row[5:])) != len(how) {
		return sealing{}, fmt.Errorf("%w: a row of another number of columns than described", errProtocol)
	}
	return sealing{row: row, at: 7, out: dst, start: len(dst)}, nil
}

// next is the value of the next field, nil for NULL. It is not ok where the row ends before it.
func (s *sealing) next() (value []byte, ok bool) {
	if len(s.row)-s.at < 4 {
		return nil, false
	}
	begin := s.at + 4
	size := int(int32(binary.BigEndian.Uint32(s.row[s.at:])))
	switch {
	case size < -1 || size > len(s.row)-begin:
		return nil, false
	case size < 0:
		s.at = begin
		return nil, true
	}
	s.at = begin + size
	return s.row[begin:s.at], true
}

// seal writes the pseudonym, or the pseudonyms, of the value that next gave.
func (s *sealing) seal(how seal, value []byte) (err error) {
	s.begin(value)
	if s.out, err = how.appendTo(s.out, value); err != nil {
		return unsealable(err)
	}
	s.end()
	return nil
}

// begin copies the row up to the value that next gave, with room for another length. What is appended to out then is in the value's place.
func (s *sealing) begin(value []byte) {
	s.out = append(s.out, s.row[s.copied:s.at-len(value)]...)
	s.copied, s.value = s.at, len(s.out)
}

// end sets the length of what was appended.
func (s *sealing) end() { binary.BigEndian.PutUint32(s.out[s.value-4:], uint32(len(s.out)-s.value)) }

// finish copies the rest of the row, of which nothing may be left behind the last field, and sets its length.
func (s *sealing) finish() ([]byte, error) {
	if s.at != len(s.row) {
		return nil, errRow
	}
	out := append(s.out, s.row[s.copied:]...)
	binary.BigEndian.PutUint32(out[s.start+1:], uint32(len(out)-s.start-1))
	return out, nil
}
