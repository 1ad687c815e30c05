package masking

import (
	"crypto/sha256"
	"encoding/binary"
)

// The tags that keep the uses of one key apart. A tag is the first byte after the key, or, for integers, the fifth:
// the four bytes before it are 00 or ff, which no other use has for a tag.
const (
	tagInt4   = 0x04
	tagInt8   = 0x08
	tagUUID   = 0x10 // to 0x13: plus the round
	tagSIV    = 0x20
	tagStream = 0x21
	tagLong   = 0x22
	tagHash   = 0x30
)

// prfInt is the round function of the integer ciphers: the first 32 bits of
// SHA-256(key, sign, type, round, input), one block of 44 bytes. sign is 0 or -1.
func (k *Key) prfInt(sign int32, typ byte, round int, input uint32) uint32 {
	var message [keySize + 12]byte
	copy(message[:], k.bytes[:])
	binary.BigEndian.PutUint32(message[32:], uint32(sign))
	binary.BigEndian.PutUint32(message[36:], uint32(typ)<<24|uint32(round))
	binary.BigEndian.PutUint32(message[40:], input)
	sum := sha256.Sum256(message[:])
	return binary.BigEndian.Uint32(sum[:])
}

// prfUUID is the round function of the uuid cipher: the first 64 bits of SHA-256(key, tag+round, input).
func (k *Key) prfUUID(round int, input uint64) uint64 {
	var message [keySize + 9]byte
	copy(message[:], k.bytes[:])
	message[32] = tagUUID + byte(round)
	binary.BigEndian.PutUint64(message[33:], input)
	sum := sha256.Sum256(message[:])
	return binary.BigEndian.Uint64(sum[:])
}
