package masking

import (
	"crypto/sha256"
	"encoding/binary"
)

const (
	mask31 = 1<<31 - 1
	// hashPrime is the least prime above 2^32, the modulus of the universal hashes.
	hashPrime = 1<<32 + 15
)

// universalHash is x -> (a*x + b) mod hashPrime, with a below 2^31 so that SQL's bigint holds the product.
type universalHash struct{ a, b uint64 }

func (h universalHash) of(x uint32) uint32 { return uint32((h.a*uint64(x) + h.b) % hashPrime) }

// hashKeySize is the length of the keys of both hashes: a and b, each of 32 bits.
const hashKeySize = 16

// hashKeys are the keys of the first and the last round.
func (k *Key) hashKeys() [hashKeySize]byte {
	sum := sha256.Sum256(append(append([]byte(nil), k.bytes[:]...), tagHash))
	return [hashKeySize]byte(sum[:hashKeySize])
}

// int8Cipher is a Feistel network over 32 and 31 bits whose first and last round are universal hashes and whose two inner
// rounds are pseudorandom functions: Naor and Reingold's construction.
type int8Cipher struct {
	key         Key
	first, last universalHash
}

func newInt8Cipher(k Key) *int8Cipher {
	keys := k.hashKeys()
	number := func(i int) uint64 { return uint64(binary.BigEndian.Uint32(keys[4*i:])) }
	return &int8Cipher{
		key:   k,
		first: universalHash{number(0) & mask31, number(1)},
		last:  universalHash{number(2) & mask31, number(3)},
	}
}

func (c *int8Cipher) encrypt(x int64) int64 {
	sign := x >> 63 // x ^ -1 is -1-x
	y := uint64(x ^ sign)
	left, right := uint32(y>>31), uint32(y&mask31)
	left ^= c.first.of(right)
	right ^= c.key.prfInt(int32(sign), tagInt8, 0, left) & mask31
	left ^= c.key.prfInt(int32(sign), tagInt8, 1, right)
	right ^= c.last.of(left) & mask31
	return int64(uint64(left)<<31|uint64(right)) ^ sign
}

// encrypt2 is encrypt of two values, in little more time than of one.
func (c *int8Cipher) encrypt2(x, y int64) (int64, int64) {
	var signs [2]int32
	var left, right [2]uint32
	for i, v := range [2]int64{x, y} {
		signs[i] = int32(v >> 63)
		v ^= v >> 63
		left[i], right[i] = uint32(v>>31), uint32(v&mask31)
		left[i] ^= c.first.of(right[i])
	}
	sums := c.key.prfInt2(signs, tagInt8, 0, left)
	right[0], right[1] = right[0]^sums[0]&mask31, right[1]^sums[1]&mask31
	sums = c.key.prfInt2(signs, tagInt8, 1, right)
	var out [2]int64
	for i := range out {
		left[i] ^= sums[i]
		right[i] ^= c.last.of(left[i]) & mask31
		out[i] = int64(uint64(left[i])<<31|uint64(right[i])) ^ int64(signs[i])
	}
	return out[0], out[1]
}

func (c *int8Cipher) decrypt(x int64) int64 {
	sign := x >> 63
	y := uint64(x ^ sign)
	left, right := uint32(y>>31), uint32(y&mask31)
	right ^= c.last.of(left) & mask31
	left ^= c.key.prfInt(int32(sign), tagInt8, 1, right)
	right ^= c.key.prfInt(int32(sign), tagInt8, 0, left) & mask31
	left ^= c.first.of(right)
	return int64(uint64(left)<<31|uint64(right)) ^ sign
}
