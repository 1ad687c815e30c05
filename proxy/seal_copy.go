package proxy

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/jackc/pgproto3/v2"

	"github.com/cordon-db/cordon/rewrite"
)

// copying is how the rows of one COPY with identifiers leave. The server sends a row a message (protocol-flow, COPY Operations).
type copying struct {
	format *rewrite.CopyFormat
	how    seals
	names  []string // of the columns
	quoted []bool   // by FORCE_QUOTE
	begun  bool     // the header is behind
}

// newCopying is what the description of a COPY's query and the plan say of its rows.
func newCopying(plan *rewrite.Plan, how seals, described []byte, known recents) (*copying, error) {
	c := &copying{format: plan.Copy, how: how}
	if how == nil {
		return c, nil
	}
	if c.format == nil {
		return nil, &alarm{"a COPY of identifiers in a format that its plan does not know how to seal"}
	}
	var row pgproto3.RowDescription
	if err := decode(&row, described[5:]); err != nil {
		return nil, fmt.Errorf("%w: RowDescription: %w", errProtocol, err)
	}
	for _, f := range row.Fields {
		c.names = append(c.names, string(f.Name))
		c.quoted = append(c.quoted, c.format.ForceAll)
	}
	for _, name := range c.format.Force {
		if i := slices.Index(c.names, name); i >= 0 { // the first of several of one name (CopyGetAttnums in copy.c)
			c.quoted[i] = true
		}
	}
	if c.format.Kind == rewrite.CopyBinary {
		for i := range how {
			if how[i].cipher != nil {
				how[i].cipher = known.of(how[i].cipher.Cipher(), 1)
			}
		}
	}
	return c, nil
}

// sealCopyRow puts a row of COPY, its identifiers replaced by their pseudonyms, behind what m.sealed holds.
func (m *machine) sealCopyRow(msg []byte, c *copying) error {
	if c == nil {
		return &alarm{"a COPY row in answer to what is no COPY"}
	}
	start, first := len(m.sealed), !c.begun
	c.begun = true
	out := append(m.sealed, msg[:5]...)
	line, ended := bytes.CutSuffix(msg[5:], []byte{'\n'})
	var err error
	switch {
	case c.format.Kind == rewrite.CopyBinary:
		out, err = c.sealBinary(out, msg[5:], first)
	case !ended:
		return &alarm{"a COPY message that is not one row"}
	case first && c.format.Header:
		out, err = m.copyHeader(out, line, c)
	case c.format.Kind == rewrite.CopyCSV:
		out, err = m.sealCSV(out, line, c)
	default:
		out, err = m.sealText(out, line, c)
	}
	if err != nil {
		return err
	}
	binary.BigEndian.PutUint32(out[start+1:], uint32(len(out)-start-1))
	m.sealed = out
	return nil
}

// copyHeader appends the row of the columns' names, which must be just that: a row that only seems to be one would leave raw.
func (m *machine) copyHeader(out, line []byte, c *copying) ([]byte, error) {
	start := len(out)
	for i, name := range c.names {
		if i > 0 {
			out = append(out, c.format.Delimiter)
		}
		begin := len(out)
		out = append(out, name...)
		if c.format.Kind == rewrite.CopyCSV {
			out = m.quoteCSV(out, begin, false, c)
		} else {
			out = m.escapeText(out, begin, c.format.Delimiter)
		}
	}
	if !bytes.Equal(out[start:], line) {
		return nil, &alarm{"the header of a COPY does not hold the names of its columns"}
	}
	return append(out, '\n'), nil
}

// sealText appends a row of the text format: fields end at a delimiter that no backslash precedes (CopyAttributeOutText in copyto.c).
func (m *machine) sealText(out, line []byte, c *copying) ([]byte, error) {
	if bytes.IndexByte(line, '\n') >= 0 {
		return nil, &alarm{"a COPY message that is not one row"}
	}
	for i := range c.how {
		field, rest, more := cutText(line, c.format.Delimiter)
		if more != (i < len(c.how)-1) {
			return nil, c.miscounted()
		}
		line = rest
		if i > 0 {
			out = append(out, c.format.Delimiter)
		}
		if string(field) == `\N` {
			out = append(out, c.format.Null...)
			continue
		}
		if c.how[i].cipher == nil {
			out = append(out, field...)
			continue
		}
		if bytes.IndexByte(field, '\\') >= 0 {
			m.unescaped = appendUnescaped(m.unescaped[:0], field)
			field = m.unescaped
		}
		begin := len(out)
		var err error
		if out, err = c.how[i].appendTo(out, field); err != nil {
			return nil, unsealable(err)
		}
		out = m.escapeText(out, begin, c.format.Delimiter)
	}
	return append(out, '\n'), nil
}

func (c *copying) miscounted() error {
	return &alarm{fmt.Sprintf("a COPY row of another number of columns than the %d described", len(c.how))}
}

// cutText takes a field of the text format off a row.
func cutText(line []byte, delimiter byte) (field, rest []byte, more bool) {
	for end := 0; ; end++ {
		n := bytes.IndexByte(line[end:], delimiter)
		if n < 0 {
			return line, nil, false
		}
		end += n
		escapes := end
		for escapes > 0 && line[escapes-1] == '\\' {
			escapes--
		}
		if (end-escapes)%2 == 0 {
			return line[:end], line[end+1:], true
		}
	}
}

// appendUnescaped undoes the escapes that COPY writes: a backslash before a letter for a control character, or before the character itself.
func appendUnescaped(dst, field []byte) []byte {
	for i := 0; i < len(field); i++ {
		c := field[i]
		if c == '\\' && i+1 < len(field) {
			i++
			c = field[i]
			if n := bytes.IndexByte(escapeLetters, c); n >= 0 {
				c = escaped[n]
			}
		}
		dst = append(dst, c)
	}
	return dst
}

// The control characters that COPY writes as a backslash and a letter.
var escaped, escapeLetters = []byte("\b\f\n\r\t\v"), []byte("bfnrtv")

// escapeText escapes what out holds from begin on.
func (m *machine) escapeText(out []byte, begin int, delimiter byte) []byte {
	special := func(c byte) bool { return c == '\\' || c == delimiter || c < ' ' && bytes.IndexByte(escaped, c) >= 0 }
	if !slices.ContainsFunc(out[begin:], special) {
		return out
	}
	m.unescaped = append(m.unescaped[:0], out[begin:]...)
	out = out[:begin]
	for _, c := range m.unescaped {
		if special(c) {
			out = append(out, '\\')
		}
		if n := bytes.IndexByte(escaped, c); n >= 0 {
			c = escapeLetters[n]
		}
		out = append(out, c)
	}
	return out
}

// sealCSV appends a row of CSV (CopyAttributeOutCSV in copyto.c). NULL is the one field that is written so and without quotes.
func (m *machine) sealCSV(out, line []byte, c *copying) ([]byte, error) {
	for i := range c.how {
		field, rest, more, ok := cutCSV(line, c.format)
		if !ok || more != (i < len(c.how)-1) {
			return nil, c.miscounted()
		}
		line = rest
		if i > 0 {
			out = append(out, c.format.Delimiter)
		}
		if c.how[i].cipher == nil || string(field) == c.format.Null {
			out = append(out, field...)
			continue
		}
		if len(field) > 1 && field[0] == c.format.Quote {
			m.unescaped = appendUnquoted(m.unescaped[:0], field[1:len(field)-1], c.format)
			field = m.unescaped
		}
		begin := len(out)
		var err error
		if out, err = c.how[i].appendTo(out, field); err != nil {
			return nil, unsealable(err)
		}
		out = m.quoteCSV(out, begin, c.quoted[i], c)
	}
	return append(out, '\n'), nil
}

// cutCSV takes a field off a row, its quotes included.
func cutCSV(line []byte, f *rewrite.CopyFormat) (field, rest []byte, more, ok bool) {
	end := 0
	if len(line) > 0 && line[0] == f.Quote {
		for end = 1; ; end++ {
			switch {
			case end >= len(line):
				return nil, nil, false, false
			case line[end] == f.Escape && end+1 < len(line) && (line[end+1] == f.Quote || line[end+1] == f.Escape):
				end++
				continue
			case line[end] != f.Quote:
				continue
			}
			break
		}
		end++
	} else if end = bytes.IndexByte(line, f.Delimiter); end < 0 {
		end = len(line)
	}
	switch {
	case end == len(line):
		return line, nil, false, true
	case line[end] != f.Delimiter:
		return nil, nil, false, false
	}
	return line[:end], line[end+1:], true, true
}

// appendUnquoted undoes the escapes inside the quotes of a CSV field.
func appendUnquoted(dst, field []byte, f *rewrite.CopyFormat) []byte {
	for i := 0; i < len(field); i++ {
		if field[i] == f.Escape && i+1 < len(field) {
			i++
		}
		dst = append(dst, field[i])
	}
	return dst
}

// quoteCSV puts quotes around what out holds from begin on, if it needs them.
func (m *machine) quoteCSV(out []byte, begin int, forced bool, c *copying) []byte {
	value, f := out[begin:], c.format
	if !forced && string(value) != f.Null && !(len(c.names) == 1 && string(value) == `\.`) &&
		!slices.ContainsFunc(value, func(b byte) bool { return b == f.Delimiter || b == f.Quote || b == '\n' || b == '\r' }) {
		return out
	}
	m.unescaped = append(m.unescaped[:0], value...)
	out = append(out[:begin], f.Quote)
	for _, b := range m.unescaped {
		if b == f.Quote || b == f.Escape {
			out = append(out, f.Escape)
		}
		out = append(out, b)
	}
	return append(out, f.Quote)
}

// copySignature begins COPY's binary format: no flags, no extension.
const copySignature = "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// sealBinary appends a message of the binary format: the header stands before the first row, the trailer where the rows end.
func (c *copying) sealBinary(out, body []byte, first bool) ([]byte, error) {
	if first {
		rest, ok := bytes.CutPrefix(body, []byte(copySignature))
		if !ok {
			return nil, &alarm{"a COPY in binary format that does not begin as one"}
		}
		out, body = append(out, copySignature...), rest
	}
	for len(body) > 0 {
		switch n := len(body); {
		case n == 2 && body[0] == 0xff && body[1] == 0xff:
			return append(out, body...), nil
		case n < 2 || int(binary.BigEndian.Uint16(body)) != len(c.how):
			return nil, c.miscounted()
		}
		out, body = append(out, body[:2]...), body[2:]
		for i := range c.how {
			field, rest, err := cutField(body)
			if err != nil {
				return nil, err
			}
			if out, err = sealField(out, field, c.how[i]); err != nil {
				return nil, err
			}
			body = rest
		}
	}
	return out, nil
}
