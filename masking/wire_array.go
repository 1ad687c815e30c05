package masking

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// UnsealArray appends an array of values for an array of pseudonyms that came as a parameter, in the same format (array_in and array_recv in
// arrayfuncs.c). NULL members, dimensions and bounds stay. ErrInput: not an array of the type.
func (p *Pseudonym) UnsealArray(dst, value []byte, format int16) ([]byte, error) {
	if format == 1 {
		return p.binaryArray(dst, value, p.Unseal)
	}
	return textArray(dst, value, p.Unseal, appendQuoted)
}

// SealArray appends the array of pseudonyms for an array of values of a DataRow, in the same format, as array_out and array_send write them.
func (p *Pseudonym) SealArray(dst, value []byte, format int16) ([]byte, error) {
	if format == 1 {
		return p.binaryArray(dst, value, p.Seal)
	}
	return textArray(dst, value, p.Seal, func(dst, pseudonym []byte) []byte { return append(dst, pseudonym...) }) // which never need quotes
}

// member seals or unseals one member of an array.
type member func(dst, value []byte, format int16) ([]byte, error)

// textArray reads the whole array and writes it anew: an error of the server's would quote the values in its message.
func textArray(dst, text []byte, change member, write func(dst, value []byte) []byte) ([]byte, error) {
	a := arrayText{rest: bytes.Trim(text, space)}
	if err := a.readBounds(); err != nil {
		return dst, err
	}
	if err := a.level(0); err != nil {
		return dst, err
	}
	if len(a.rest) > 0 || !a.fits() {
		return dst, ErrInput
	}
	for i, m := range a.members {
		if m != nil {
			value, err := change([]byte{}, m, 0) // not nil: that is NULL
			if err != nil {
				return dst, err
			}
			a.members[i] = value
		}
	}
	return a.append(dst, write), nil
}

// arrayText is an array in text format as far as it has been read.
type arrayText struct {
	rest    []byte
	bounds  [][2]int32 // as written in front of the members
	sizes   []int      // of each dimension
	members [][]byte   // nil for NULL
}

// maxDimensions is MAXDIM.
const maxDimensions = 6

// readBounds reads [lower:upper] of each dimension and the equals sign behind them.
func (a *arrayText) readBounds() error {
	for len(a.rest) > 0 && a.rest[0] == '[' {
		inside, rest, closed := bytes.Cut(a.rest[1:], []byte{']'})
		lower, upper, two := strings.Cut(string(inside), ":")
		l, err1 := strconv.ParseInt(lower, 10, 32)
		u, err2 := strconv.ParseInt(upper, 10, 32)
		if !closed || !two || err1 != nil || err2 != nil || u < l || u == math.MaxInt32 {
			return ErrInput
		}
		a.bounds, a.rest = append(a.bounds, [2]int32{int32(l), int32(u)}), rest
	}
	if len(a.bounds) == 0 {
		return nil
	}
	if len(a.rest) == 0 || a.rest[0] != '=' {
		return ErrInput
	}
	a.rest = a.rest[1:]
	return nil
}

// next skips blanks and gives the character behind them, 0 at the end.
func (a *arrayText) next() byte {
	if a.rest = bytes.TrimLeft(a.rest, space); len(a.rest) == 0 {
		return 0
	}
	return a.rest[0]
}

// level reads one pair of braces and what is in it: members, or further levels of one size.
func (a *arrayText) level(depth int) error {
	if a.next() != '{' || depth == maxDimensions {
		return ErrInput
	}
	a.rest = a.rest[1:]
	if a.next() == '}' && depth == 0 && len(a.bounds) == 0 {
		a.rest = a.rest[1:]
		return nil // no dimension at all
	}
	first := len(a.sizes) == depth
	if first {
		a.sizes = append(a.sizes, 0)
	}
	for n := 1; ; n++ {
		if err := a.item(depth, first && n == 1); err != nil {
			return err
		}
		switch a.next() {
		case ',':
			a.rest = a.rest[1:]
		case '}':
			a.rest = a.rest[1:]
			if !first && a.sizes[depth] != n {
				return ErrInput
			}
			a.sizes[depth] = n
			return nil
		default:
			return ErrInput
		}
	}
}

// item reads a member, or a level below this one if the first item of this dimension was one.
func (a *arrayText) item(depth int, first bool) error {
	switch c := a.next(); {
	case c == '{' && (first || len(a.sizes) > depth+1):
		return a.level(depth + 1)
	case c == 0, c == '{', c == '}', c == ',', len(a.sizes) > depth+1:
		return ErrInput
	}
	member, null, rest, err := arrayMember(a.rest)
	if err != nil {
		return err
	}
	if a.rest = rest; null {
		member = nil
	} else if member == nil {
		member = []byte{}
	}
	a.members = append(a.members, member)
	return nil
}

// fits says whether the bounds, where there are any, are those of the members.
func (a *arrayText) fits() bool {
	if len(a.bounds) == 0 {
		return true
	}
	if len(a.bounds) != len(a.sizes) {
		return false
	}
	for i, b := range a.bounds {
		if int64(b[1])-int64(b[0])+1 != int64(a.sizes[i]) {
			return false
		}
	}
	return true
}

// append writes the array.
func (a *arrayText) append(dst []byte, write func(dst, value []byte) []byte) []byte {
	for _, b := range a.bounds {
		dst = fmt.Appendf(dst, "[%d:%d]", b[0], b[1])
	}
	if len(a.bounds) > 0 {
		dst = append(dst, '=')
	}
	if len(a.sizes) == 0 {
		return append(dst, "{}"...)
	}
	dst, _ = a.appendLevel(dst, 0, a.members, write)
	return dst
}

func (a *arrayText) appendLevel(dst []byte, depth int, members [][]byte, write func(dst, value []byte) []byte) ([]byte, [][]byte) {
	dst = append(dst, '{')
	for i := range a.sizes[depth] {
		if i > 0 {
			dst = append(dst, ',')
		}
		switch {
		case depth+1 < len(a.sizes):
			dst, members = a.appendLevel(dst, depth+1, members, write)
			continue
		case members[0] == nil:
			dst = append(dst, "NULL"...)
		default:
			dst = write(dst, members[0])
		}
		members = members[1:]
	}
	return append(dst, '}'), members
}

// arrayMember reads one member, in quotes or up to a comma or brace.
func arrayMember(text []byte) (member []byte, null bool, rest []byte, err error) {
	if text[0] == '"' {
		for i := 1; i < len(text); i++ {
			switch text[i] {
			case '"':
				return member, false, text[i+1:], nil
			case '\\':
				if i++; i == len(text) {
					return nil, false, nil, ErrInput
				}
			}
			member = append(member, text[i])
		}
		return nil, false, nil, ErrInput
	}
	end, plain := 0, true // end: behind the last that is not a blank
	i := 0
	for ; i < len(text) && text[i] != ',' && text[i] != '}'; i++ {
		switch text[i] {
		case '{', '"':
			return nil, false, nil, ErrInput
		case '\\':
			if i++; i == len(text) {
				return nil, false, nil, ErrInput
			}
			plain = false
			member = append(member, text[i])
			end = len(member)
			continue
		}
		member = append(member, text[i])
		if strings.IndexByte(space, text[i]) < 0 {
			end = len(member)
		}
	}
	member = member[:end]
	return member, plain && strings.EqualFold(string(member), "null"), text[i:], nil
}

func appendQuoted(dst, value []byte) []byte {
	dst = append(dst, '"')
	for _, c := range value {
		if c == '"' || c == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}

// binaryArray reads dimensions, a flag, the members' type, length and lower bound of each dimension, then the members.
func (p *Pseudonym) binaryArray(dst, value []byte, change member) ([]byte, error) {
	if len(value) < 12 {
		return dst, ErrInput
	}
	dimensions, typ := binary.BigEndian.Uint32(value), binary.BigEndian.Uint32(value[8:])
	text := p.oid == oidText || p.oid == oidVarchar
	if dimensions > 6 || typ != p.oid && !(text && (typ == oidText || typ == oidVarchar)) {
		return dst, ErrInput
	}
	head := 12 + 8*int(dimensions)
	if len(value) < head {
		return dst, ErrInput
	}
	count := uint64(min(dimensions, 1))
	for d := range int(dimensions) {
		size := binary.BigEndian.Uint32(value[12+8*d:])
		if count *= uint64(size); size > math.MaxInt32 || count > math.MaxInt32 {
			return dst, ErrInput
		}
	}
	dst, value = append(dst, value[:head]...), value[head:]
	for ; count > 0; count-- {
		if len(value) < 4 {
			return dst, ErrInput
		}
		size := int32(binary.BigEndian.Uint32(value))
		if size == -1 {
			dst, value = append(dst, value[:4]...), value[4:]
			continue
		}
		if size < 0 || int(size) > len(value)-4 {
			return dst, ErrInput
		}
		at := len(dst)
		var err error
		if dst, err = change(append(dst, 0, 0, 0, 0), value[4:4+size], 1); err != nil {
			return dst, err
		}
		binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
		value = value[4+size:]
	}
	if len(value) > 0 {
		return dst, ErrInput
	}
	return dst, nil
}
