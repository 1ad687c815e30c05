package masking

import "sync"

// The rounds of the int8 cipher, as they stand in the round function's input.
const (
	int8First  = iota // and the next: the two tables of the first universal hash
	_                 //
	int8Second        // a pseudorandom function of 32 bits
	int8Third         // a pseudorandom function of 31 bits
	int8Fourth        // and the next: the two tables of the last universal hash
	_
)

// naorReingold is a Feistel network over 32 and 31 bits whose first and last round are universal hashes (tabulation,
// which Go keeps as tables) and whose two inner rounds are pseudorandom functions.
type naorReingold struct {
	key         *Key
	sign        int32
	first, last [2][]uint32 // by the upper and the lower 16 bits
}

func newNaorReingold(key *Key, sign int32) *naorReingold {
	table := func(round int, size int) []uint32 {
		entries := make([]uint32, size)
		for input := range entries {
			entries[input] = key.prfInt(sign, tagInt8, round, uint32(input))
		}
		return entries
	}
	return &naorReingold{
		key: key, sign: sign,
		first: [2][]uint32{table(int8First, 1<<15), table(int8First+1, 1<<16)},
		last:  [2][]uint32{table(int8Fourth, 1<<16), table(int8Fourth+1, 1<<16)},
	}
}

const mask31 = 1<<31 - 1

func (n *naorReingold) hashFirst(right uint32) uint32 {
	return n.first[0][right>>16] ^ n.first[1][right&0xffff]
}

func (n *naorReingold) hashLast(left uint32) uint32 {
	return (n.last[0][left>>16] ^ n.last[1][left&0xffff]) & mask31
}

func (n *naorReingold) encrypt(x uint64) uint64 {
	left, right := uint32(x>>31), uint32(x&mask31)
	left ^= n.hashFirst(right)
	right ^= n.key.prfInt(n.sign, tagInt8, int8Second, left) & mask31
	left ^= n.key.prfInt(n.sign, tagInt8, int8Third, right)
	right ^= n.hashLast(left)
	return uint64(left)<<31 | uint64(right)
}

func (n *naorReingold) decrypt(x uint64) uint64 {
	left, right := uint32(x>>31), uint32(x&mask31)
	right ^= n.hashLast(left)
	left ^= n.key.prfInt(n.sign, tagInt8, int8Third, right)
	right ^= n.key.prfInt(n.sign, tagInt8, int8Second, left) & mask31
	left ^= n.hashFirst(right)
	return uint64(left)<<31 | uint64(right)
}

// int8Cipher holds a network a sign, made when the first number of that sign comes.
type int8Cipher struct {
	positive, negative func() *naorReingold
}

func newInt8Cipher(k Key) *int8Cipher {
	network := func(sign int32) func() *naorReingold {
		return sync.OnceValue(func() *naorReingold { return newNaorReingold(&k, sign) })
	}
	return &int8Cipher{positive: network(0), negative: network(-1)}
}

func (c *int8Cipher) of(x int64) *naorReingold {
	if x < 0 {
		return c.negative()
	}
	return c.positive()
}

func (c *int8Cipher) encrypt(x int64) int64 {
	sign := x >> 63 // x ^ -1 is -1-x
	return int64(c.of(x).encrypt(uint64(x^sign))) ^ sign
}

func (c *int8Cipher) decrypt(x int64) int64 {
	sign := x >> 63
	return int64(c.of(x).decrypt(uint64(x^sign))) ^ sign
}
