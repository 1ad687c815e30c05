package sha256block

import (
	"crypto/sha256"
	"math/rand/v2"
	"testing"
)

// TestSum: messages of every length that fits have the digests of the standard library.
func TestSum(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for n := range MaxMessage + 1 {
		for range 500 {
			var b Block
			for i := range n {
				b[i] = byte(random.Uint32())
			}
			want := sha256.Sum256(b[:n])
			if got := b.Sum(n); got != want {
				t.Fatalf("%d bytes %x: %x, want %x", n, b[:n], got, want)
			}
			if got := b.Sum(n); got != want { // the padding is there already
				t.Fatalf("%d bytes again: %x, want %x", n, got, want)
			}
			var c Block
			m := copy(c[:random.IntN(MaxMessage+1)], want[:])
			if got := Sum2(&b, n, &c, m); got[0] != want || got[1] != sha256.Sum256(want[:m]) {
				t.Fatalf("%d and %d bytes: %x, want %x and %x", n, m, got, want, sha256.Sum256(want[:m]))
			}
		}
	}
}

// FuzzSum compares with the standard library.
func FuzzSum(f *testing.F) {
	f.Add([]byte("abc"))
	f.Fuzz(func(t *testing.T, message []byte) {
		if len(message) > MaxMessage {
			return
		}
		var b Block
		copy(b[:], message)
		if got := b.Sum(len(message)); got != sha256.Sum256(message) {
			t.Errorf("%x: %x", message, got)
		}
	})
}

func BenchmarkSum(b *testing.B) {
	b.Run("block", func(b *testing.B) {
		var block Block
		for b.Loop() {
			sum := block.Sum(44)
			block[0] = sum[0]
		}
	})
	b.Run("two blocks", func(b *testing.B) {
		var one, two Block
		for b.Loop() {
			sums := Sum2(&one, 44, &two, 44)
			one[0], two[0] = sums[0][0], sums[1][0]
		}
	})
	b.Run("standard library", func(b *testing.B) {
		var block Block
		for b.Loop() {
			sum := sha256.Sum256(block[:44])
			block[0] = sum[0]
		}
	})
}
