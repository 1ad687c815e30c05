package masking

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// UnsealArray appends an array of values for an array of pseudonyms that came as a parameter, in the same format (array_in and array_recv in
// arrayfuncs.c). NULL members, dimensions and bounds stay. ErrInput: not an array of the type.
func (p *Pseudonym) UnsealArray(dst, value []byte, format int16) ([]byte, error) {
	if format == 1 {
		return p.unsealBinaryArray(dst, value)
	}
	return p.unsealTextArray(dst, value)
}

// unsealTextArray copies the braces and commas, which the server checks, and unseals what stands between them.
func (p *Pseudonym) unsealTextArray(dst, text []byte) ([]byte, error) {
	rest := bytes.Trim(text, space)
	if len(rest) > 0 && rest[0] == '[' { // bounds
		bounds, members, found := bytes.Cut(rest, []byte{'='})
		if !found || bytes.ContainsAny(bounds, `{}"\`) {
			return dst, ErrInput
		}
		dst, rest = append(append(dst, bounds...), '='), bytes.TrimLeft(members, space)
	}
	if len(rest) == 0 || rest[0] != '{' {
		return dst, ErrInput
	}
	depth := 0
	for len(rest) > 0 {
		switch c := rest[0]; {
		case strings.IndexByte(space, c) >= 0:
			rest = rest[1:]
		case c == '{' || c == '}' || c == ',':
			depth += map[byte]int{'{': 1, '}': -1}[c]
			dst, rest = append(dst, c), rest[1:]
			if depth == 0 && len(rest) > 0 {
				return dst, ErrInput
			}
		default:
			member, null, left, err := arrayMember(rest)
			if err != nil {
				return dst, err
			}
			rest = left
			if null {
				dst = append(dst, "NULL"...)
				continue
			}
			value, err := p.Unseal(nil, member, 0)
			if err != nil {
				return dst, err
			}
			dst = appendQuoted(dst, value)
		}
	}
	if depth != 0 {
		return dst, ErrInput
	}
	return dst, nil
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

// unsealBinaryArray reads dimensions, a flag, the members' type, length and lower bound of each dimension, then the members.
func (p *Pseudonym) unsealBinaryArray(dst, value []byte) ([]byte, error) {
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
	dst, value = append(dst, value[:head]...), value[head:]
	for len(value) > 0 {
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
		if dst, err = p.Unseal(append(dst, 0, 0, 0, 0), value[4:4+size], 1); err != nil {
			return dst, err
		}
		binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
		value = value[4+size:]
	}
	return dst, nil
}
