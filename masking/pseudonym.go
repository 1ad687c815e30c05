package masking

import (
	"encoding/hex"
	"fmt"
	"strconv"
)

// Pseudonym is the cipher of one domain for one type. It is safe for concurrent use.
type Pseudonym struct {
	key  Key
	oid  uint32
	int4 *int4Cipher
	int8 *int8Cipher
}

// NewPseudonym returns the cipher for columns of a type: int4, int8, uuid, text or varchar. For any other type it is an
// error that the policy's author should read.
func NewPseudonym(k Key, typ Type) (*Pseudonym, error) {
	if err := CheckPseudonym(typ); err != nil {
		return nil, err
	}
	p := &Pseudonym{key: k, oid: typ.OID}
	switch typ.OID {
	case oidInt4:
		p.int4 = newInt4Cipher(k)
	case oidInt8:
		p.int8 = newInt8Cipher(k)
	}
	return p, nil
}

// CheckPseudonym says whether columns of a type can be pseudonymised.
func CheckPseudonym(typ Type) error {
	switch typ.OID {
	case oidInt4, oidInt8, oidUUID, oidText, oidVarchar:
		return nil
	default:
		return fmt.Errorf("a column of type %s cannot be a pseudonym: integer, bigint, uuid, text and varchar can", typ.Name)
	}
}

// Encrypt appends the pseudonym of a value, both in Postgres' text format.
func (p *Pseudonym) Encrypt(dst, text []byte) ([]byte, error) {
	return p.apply(dst, text, (*int4Cipher).encrypt, (*int8Cipher).encrypt, (*Key).encryptUUID, (*Key).encryptText)
}

// Decrypt appends the value of a pseudonym, both in Postgres' text format. A text that is no pseudonym is an error;
// every integer and every uuid is one.
func (p *Pseudonym) Decrypt(dst, text []byte) ([]byte, error) {
	return p.apply(dst, text, (*int4Cipher).decrypt, (*int8Cipher).decrypt, (*Key).decryptUUID, (*Key).decryptText)
}

func (p *Pseudonym) apply(
	dst, text []byte,
	int4 func(*int4Cipher, int32) int32, int8 func(*int8Cipher, int64) int64,
	uuid func(*Key, [16]byte) [16]byte, str func(*Key, []byte, []byte) ([]byte, error),
) ([]byte, error) {
	switch p.oid {
	case oidInt4:
		x, err := strconv.ParseInt(string(text), 10, 32)
		if err != nil {
			return dst, notA("integer")
		}
		return strconv.AppendInt(dst, int64(int4(p.int4, int32(x))), 10), nil
	case oidInt8:
		x, ok := parseDigits(text)
		if !ok {
			var err error
			if x, err = strconv.ParseInt(string(text), 10, 64); err != nil {
				return dst, notA("bigint")
			}
		}
		return strconv.AppendInt(dst, int8(p.int8, x), 10), nil
	case oidUUID:
		u, ok := parseUUID(text)
		if !ok {
			return dst, notA("uuid")
		}
		return appendUUID(dst, uuid(&p.key, u)), nil
	default:
		return str(&p.key, dst, text)
	}
}

// parseDigits reads a number of up to 18 digits without a sign, as most identifiers are.
func parseDigits(text []byte) (x int64, ok bool) {
	if len(text) == 0 || len(text) > 18 {
		return 0, false
	}
	for _, c := range text {
		if c -= '0'; c > 9 {
			return 0, false
		}
		x = 10*x + int64(c)
	}
	return x, true
}

// notA does not quote the value: an error may end in a log.
func notA(typ string) error { return fmt.Errorf("the value is not a %s in text format", typ) }

// EncryptInt4 is the pseudonym of an integer. The Pseudonym must be of type int4.
func (p *Pseudonym) EncryptInt4(x int32) int32 { return p.int4.encrypt(x) }

// DecryptInt4 is the inverse of EncryptInt4.
func (p *Pseudonym) DecryptInt4(x int32) int32 { return p.int4.decrypt(x) }

// EncryptInt8 is the pseudonym of a bigint. The Pseudonym must be of type int8.
func (p *Pseudonym) EncryptInt8(x int64) int64 { return p.int8.encrypt(x) }

// DecryptInt8 is the inverse of EncryptInt8.
func (p *Pseudonym) DecryptInt8(x int64) int64 { return p.int8.decrypt(x) }

// EncryptUUID is the pseudonym of a uuid.
func (p *Pseudonym) EncryptUUID(u [16]byte) [16]byte { return p.key.encryptUUID(u) }

// DecryptUUID is the inverse of EncryptUUID.
func (p *Pseudonym) DecryptUUID(u [16]byte) [16]byte { return p.key.decryptUUID(u) }

// EncryptText appends the pseudonym of a text, which must be valid UTF-8.
func (p *Pseudonym) EncryptText(dst, text []byte) ([]byte, error) {
	return p.key.encryptText(dst, text)
}

// DecryptText appends the text of a pseudonym: ErrToken if it is none, ErrDigest if the text was longer than MaxText.
func (p *Pseudonym) DecryptText(dst, token []byte) ([]byte, error) {
	return p.key.decryptText(dst, token)
}

// parseUUID reads the form that Postgres writes, in either case.
func parseUUID(text []byte) (u [16]byte, ok bool) {
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return u, false
	}
	var digits [32]byte
	n := copy(digits[:], text[:8])
	n += copy(digits[n:], text[9:13])
	n += copy(digits[n:], text[14:18])
	n += copy(digits[n:], text[19:23])
	copy(digits[n:], text[24:])
	_, err := hex.Decode(u[:], digits[:])
	return u, err == nil
}

func appendUUID(dst []byte, u [16]byte) []byte {
	for i, part := range [][]byte{u[:4], u[4:6], u[6:8], u[8:10], u[10:]} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, part)
	}
	return dst
}
