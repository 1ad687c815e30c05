package masking

import (
	"encoding/binary"

	"github.com/cordon-db/cordon/internal/sha256block"
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
	var message sha256block.Block
	n := k.intMessage(&message, sign, typ, round, input)
	sum := message.Sum(n)
	return binary.BigEndian.Uint32(sum[:])
}

// prfInt2 is prfInt of two inputs.
func (k *Key) prfInt2(signs [2]int32, typ byte, round int, inputs [2]uint32) [2]uint32 {
	var one, two sha256block.Block
	n := k.intMessage(&one, signs[0], typ, round, inputs[0])
	k.intMessage(&two, signs[1], typ, round, inputs[1])
	sums := sha256block.Sum2(&one, n, &two, n)
	return [2]uint32{binary.BigEndian.Uint32(sums[0][:]), binary.BigEndian.Uint32(sums[1][:])}
}

// intMessage writes what prfInt hashes and returns its length in bytes.
func (k *Key) intMessage(message *sha256block.Block, sign int32, typ byte, round int, input uint32) int {
	copy(message[:], k.bytes[:])
	binary.BigEndian.PutUint32(message[32:], uint32(sign))
	binary.BigEndian.PutUint32(message[36:], uint32(typ)<<24|uint32(round))
	binary.BigEndian.PutUint32(message[40:], input)
	return keySize + 12
}

// prfUUID is the round function of the uuid cipher: the first 64 bits of SHA-256(key, tag+round, input).
func (k *Key) prfUUID(round int, input uint64) uint64 {
	var message sha256block.Block
	copy(message[:], k.bytes[:])
	message[32] = tagUUID + byte(round)
	binary.BigEndian.PutUint64(message[33:], input)
	sum := message.Sum(keySize + 9)
	return binary.BigEndian.Uint64(sum[:])
}
