// Package sha256block computes SHA-256 (FIPS 180-4) of messages that fit one block, as the pseudonyms' round functions are. The standard library spends more
// on such a message around the block than in it.
package sha256block

import (
	"crypto/sha256"
	"encoding/binary"
)

// MaxMessage is how many bytes of message a block holds, beside the padding.
const MaxMessage = 55

// A Block is a message of at most MaxMessage bytes, followed by zeros.
type Block [64]byte

// Sum is the digest of the first n bytes of the block, n at most MaxMessage. It writes the padding behind them, and allocates nothing.
func (b *Block) Sum(n int) (sum [sha256.Size]byte) {
	if !accelerated {
		return sha256.Sum256(b[:n])
	}
	b.pad(n)
	compress(&sum, (*[64]byte)(b))
	return sum
}

// Sum2 is the digests of the first n bytes of one block and the first m of another.
func Sum2(b *Block, n int, c *Block, m int) (sums [2][sha256.Size]byte) {
	if !accelerated {
		return [2][sha256.Size]byte{sha256.Sum256(b[:n]), sha256.Sum256(c[:m])}
	}
	b.pad(n)
	c.pad(m)
	compress2(&sums, (*[64]byte)(b), (*[64]byte)(c))
	return sums
}

func (b *Block) pad(n int) {
	b[n] = 0x80
	binary.BigEndian.PutUint64(b[56:], 8*uint64(n))
}
