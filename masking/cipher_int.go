package masking

import "sync"

// Both integer ciphers are Feistel networks on the non-negative integers of their type, with round functions of SHA-256.
// A negative x is enciphered as -1-x under its own tweak and turned back, so its pseudonym is negative.
// docs/pseudonyms.md has the definition and the argument for the numbers of rounds.

// int4Rounds is the number of rounds over 15 and 16 bits.
const int4Rounds = 5

// feistel is an alternating Feistel network on leftBits+rightBits bits whose round functions are tables.
// Even rounds change the left half, odd rounds the right one.
type feistel struct {
	leftBits, rightBits uint
	rounds              [][]uint16
}

// newFeistel tabulates the round functions: half a megabyte and a few hundred thousand hashes for 31 bits,
// after which a value costs five loads.
func newFeistel(leftBits, rightBits uint, rounds int, f func(round int, input uint32) uint32) *feistel {
	network := &feistel{leftBits: leftBits, rightBits: rightBits}
	for round := range rounds {
		from, to := rightBits, leftBits
		if round%2 == 1 {
			from, to = to, from
		}
		table := make([]uint16, 1<<from)
		for input := range table {
			table[input] = uint16(f(round, uint32(input)) >> 16 & (1<<to - 1))
		}
		network.rounds = append(network.rounds, table)
	}
	return network
}

func (n *feistel) encrypt(x uint32) uint32 {
	left, right := x>>n.rightBits, x&(1<<n.rightBits-1)
	for round, table := range n.rounds {
		if round%2 == 0 {
			left ^= uint32(table[right])
		} else {
			right ^= uint32(table[left])
		}
	}
	return left<<n.rightBits | right
}

func (n *feistel) decrypt(x uint32) uint32 {
	left, right := x>>n.rightBits, x&(1<<n.rightBits-1)
	for round := len(n.rounds) - 1; round >= 0; round-- {
		if round%2 == 0 {
			left ^= uint32(n.rounds[round][right])
		} else {
			right ^= uint32(n.rounds[round][left])
		}
	}
	return left<<n.rightBits | right
}

// int4Cipher holds a network a sign; the one for negative numbers, which are rare, is made when the first one comes.
type int4Cipher struct {
	positive, negative func() *feistel
}

func newInt4Cipher(k Key) *int4Cipher {
	network := func(sign int32) func() *feistel {
		return sync.OnceValue(func() *feistel {
			return newFeistel(15, 16, int4Rounds, func(round int, input uint32) uint32 {
				return k.prfInt(sign, tagInt4, round, input)
			})
		})
	}
	return &int4Cipher{positive: network(0), negative: network(-1)}
}

func (c *int4Cipher) of(x int32) *feistel {
	if x < 0 {
		return c.negative()
	}
	return c.positive()
}

func (c *int4Cipher) encrypt(x int32) int32 {
	sign := x >> 31 // x ^ -1 is -1-x
	return int32(c.of(x).encrypt(uint32(x^sign))) ^ sign
}

func (c *int4Cipher) decrypt(x int32) int32 {
	sign := x >> 31
	return int32(c.of(x).decrypt(uint32(x^sign))) ^ sign
}
