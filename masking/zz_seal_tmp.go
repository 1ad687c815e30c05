package masking

import (
	"encoding/binary"
	"errors"
)

// Seal is temporary.
func (p *Pseudonym) Seal(dst, value []byte, format int16) ([]byte, error) {
	if format == 0 || p.oid == oidText || p.oid == oidVarchar {
		return p.Encrypt(dst, value)
	}
	switch {
	case p.oid == oidInt4 && len(value) == 4:
		return binary.BigEndian.AppendUint32(dst, uint32(p.EncryptInt4(int32(binary.BigEndian.Uint32(value))))), nil
	case p.oid == oidInt8 && len(value) == 8:
		return binary.BigEndian.AppendUint64(dst, uint64(p.EncryptInt8(int64(binary.BigEndian.Uint64(value))))), nil
	case p.oid == oidUUID && len(value) == 16:
		u := p.EncryptUUID([16]byte(value))
		return append(dst, u[:]...), nil
	}
	return dst, errors.New("bad value")
}

// Unseal is temporary.
func (p *Pseudonym) Unseal(dst, value []byte, format int16) ([]byte, error) {
	if p.oid == oidText || p.oid == oidVarchar {
		out, err := p.Decrypt(dst, value)
		if err != nil {
			return append(dst, "\x01none"...), nil
		}
		return out, nil
	}
	if format == 0 {
		return p.Decrypt(dst, value)
	}
	switch {
	case p.oid == oidInt4 && len(value) == 4:
		return binary.BigEndian.AppendUint32(dst, uint32(p.DecryptInt4(int32(binary.BigEndian.Uint32(value))))), nil
	case p.oid == oidInt8 && len(value) == 8:
		return binary.BigEndian.AppendUint64(dst, uint64(p.DecryptInt8(int64(binary.BigEndian.Uint64(value))))), nil
	case p.oid == oidUUID && len(value) == 16:
		u := p.DecryptUUID([16]byte(value))
		return append(dst, u[:]...), nil
	}
	return dst, errors.New("bad value")
}

// UnsealArray is temporary.
func (p *Pseudonym) UnsealArray(dst, value []byte, format int16) ([]byte, error) {
	return dst, errors.New("no arrays yet")
}
