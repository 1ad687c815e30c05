package proxy

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// sealCopyRow puts a row of COPY's text format, its identifiers replaced by their pseudonyms, behind what m.sealed holds. The server sends a row
// a message (protocol-flow, COPY Operations); a field ends at a tab and holds none (CopyAttributeOutText in copyto.c).
func (m *machine) sealCopyRow(msg []byte, how seals) error {
	line, ended := bytes.CutSuffix(msg[5:], []byte{'\n'})
	if !ended || bytes.IndexByte(line, '\n') >= 0 {
		return &alarm{"a COPY message that is not one row"}
	}
	start := len(m.sealed)
	out := append(m.sealed, msg[:5]...)
	for i := range how {
		field, rest, more := bytes.Cut(line, []byte{'\t'})
		if more != (i < len(how)-1) {
			return &alarm{fmt.Sprintf("a COPY row of another number of columns than the %d described", len(how))}
		}
		line = rest
		if i > 0 {
			out = append(out, '\t')
		}
		if how[i].cipher == nil || string(field) == `\N` {
			out = append(out, field...)
			continue
		}
		if bytes.IndexByte(field, '\\') >= 0 {
			m.unescaped = appendUnescaped(m.unescaped[:0], field)
			field = m.unescaped
		}
		var err error
		if out, err = how[i].appendTo(out, field); err != nil { // pseudonyms need no escapes
			return &alarm{fmt.Sprintf("column %d holds what cannot be sealed: %v", i+1, err)}
		}
	}
	out = append(out, '\n')
	binary.BigEndian.PutUint32(out[start+1:], uint32(len(out)-start-1))
	m.sealed = out
	return nil
}

// appendUnescaped undoes the escapes that COPY writes: a backslash before a letter for a control character, or before the character itself.
func appendUnescaped(dst, field []byte) []byte {
	for i := 0; i < len(field); i++ {
		c := field[i]
		if c == '\\' && i+1 < len(field) {
			i++
			if c = field[i]; bytes.IndexByte([]byte("bfnrtv"), c) >= 0 {
				c = map[byte]byte{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}[c]
			}
		}
		dst = append(dst, c)
	}
	return dst
}
