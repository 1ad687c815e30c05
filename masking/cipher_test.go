package masking

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
)

// TestFeistelIsBijection tries every value of small domains, odd and even numbers of bits.
func TestFeistelIsBijection(t *testing.T) {
	key := testKey(t, "user")
	for _, halves := range [][2]uint{{1, 1}, {2, 3}, {5, 6}, {6, 6}, {7, 9}} {
		for _, rounds := range []int{1, int4Rounds, 8} {
			network := newFeistel(halves[0], halves[1], rounds, func(round int, input uint32) uint32 {
				return key.prfInt(0, tagInt4, round, input)
			})
			size := uint32(1) << (halves[0] + halves[1])
			seen := make([]bool, size)
			for x := range size {
				y := network.encrypt(x)
				if y >= size || seen[y] {
					t.Fatalf("%v bits: %d is outside or taken twice", halves, y)
				}
				seen[y] = true
				if back := network.decrypt(y); back != x {
					t.Fatalf("%v bits: %d comes back as %d", halves, x, back)
				}
			}
		}
	}
}

// TestIntegersComeBack also asks for the sign and against fixed points in numbers that no permutation would have.
func TestIntegersComeBack(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	p4, p8 := newPseudonym(t, typeInt4), newPseudonym(t, typeInt8)
	seen4, seen8, fixed := map[int32]int32{}, map[int64]int64{}, 0
	for range 200_000 {
		x4, x8 := int32(random.Uint32()), int64(random.Uint64())>>random.IntN(63)
		y4, y8 := p4.EncryptInt4(x4), p8.EncryptInt8(x8)
		if p4.DecryptInt4(y4) != x4 || p8.DecryptInt8(y8) != x8 {
			t.Fatalf("%d or %d does not come back", x4, x8)
		}
		if y4 < 0 != (x4 < 0) || y8 < 0 != (x8 < 0) {
			t.Fatalf("%d or %d changes its sign", x4, x8)
		}
		if x, ok := seen4[y4]; ok && x != x4 {
			t.Fatalf("%d and %d have the same pseudonym", x, x4)
		}
		if x, ok := seen8[y8]; ok && x != x8 {
			t.Fatalf("%d and %d have the same pseudonym", x, x8)
		}
		seen4[y4], seen8[y8] = x4, x8
		if y4 == x4 {
			fixed++
		}
	}
	if fixed > 5 {
		t.Errorf("%d fixed points", fixed)
	}
}

// TestEveryInputBitMatters flips each bit of a value and wants about half of the pseudonym's bits to change.
func TestEveryInputBitMatters(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 4))
	p4, p8 := newPseudonym(t, typeInt4), newPseudonym(t, typeInt8)
	average := func(bits int, changed func(bit int) uint64) {
		t.Helper()
		for bit := range bits {
			total := 0
			for range 2000 {
				for mask := changed(bit); mask != 0; mask &= mask - 1 {
					total++
				}
			}
			if share := float64(total) / 2000 / float64(bits); share < 0.45 || share > 0.55 {
				t.Errorf("bit %d of %d changes %.3f of the bits", bit, bits, share)
			}
		}
	}
	average(31, func(bit int) uint64 {
		x := int32(random.Uint32() >> 1)
		return uint64(p4.EncryptInt4(x) ^ p4.EncryptInt4(x^1<<bit))
	})
	average(63, func(bit int) uint64 {
		x := int64(random.Uint64() >> 1)
		return uint64(p8.EncryptInt8(x) ^ p8.EncryptInt8(x^1<<bit))
	})
}

func TestDomainsAndSignsDiffer(t *testing.T) {
	other, err := NewPseudonym(testKey(t, "device"), typeInt8)
	if err != nil {
		t.Fatal(err)
	}
	p := newPseudonym(t, typeInt8)
	for x := range int64(100) {
		if p.EncryptInt8(x) == other.EncryptInt8(x) || p.EncryptInt8(-1-x) == -1-p.EncryptInt8(x) {
			t.Fatalf("%d has the same pseudonym in two domains, or under both signs", x)
		}
	}
}

func TestTextLengthsAndLimits(t *testing.T) {
	p := newPseudonym(t, typeText)
	for n := range 100 {
		token, err := p.EncryptText(nil, bytes.Repeat([]byte("x"), n))
		if want := 2 + 2*(16+(n/16+1)*16); err != nil || len(token) != want {
			t.Errorf("%d bytes: a token of %d, %v; want %d", n, len(token), err, want)
		}
	}
	longest := strings.Repeat("x", MaxText)
	token, err := p.EncryptText([]byte("before "), []byte(longest))
	if err != nil || !bytes.HasPrefix(token, []byte("before px")) {
		t.Fatalf("%.20s, %v", token, err)
	}
	if text, err := p.DecryptText([]byte("before "), token[len("before "):]); err != nil || string(text) != "before "+longest {
		t.Fatalf("%d bytes, %v", len(text), err)
	}
	digest, err := p.EncryptText(nil, []byte(longest+"x"))
	if err != nil || len(digest) != 66 {
		t.Fatalf("%.80s, %v", digest, err)
	}
	if _, err := p.DecryptText(nil, digest); !errors.Is(err, ErrDigest) {
		t.Fatal(err)
	}
	if _, err := p.EncryptText(nil, []byte("\xff")); err == nil {
		t.Error("invalid UTF-8 has a pseudonym")
	}
}

func TestTypesWithoutPseudonym(t *testing.T) {
	for _, typ := range []Type{typeInt2, typeChar5, typeDate, typeNumeric, typeJSONB, {OID: 70000, Mod: -1, Name: "public.citext"}, {}} {
		if _, err := NewPseudonym(testKey(t, "user"), typ); err == nil {
			t.Errorf("%s has a cipher", typ.Name)
		}
		if _, err := PseudonymSQL("user", typ, "r.x"); err == nil {
			t.Errorf("%s has an SQL form", typ.Name)
		}
	}
	if _, err := PseudonymSQL("us'er", typeInt4, "r.x"); err == nil {
		t.Error("a domain's name is not checked")
	}
}

func TestValuesThatAreNone(t *testing.T) {
	for _, c := range []struct {
		typ   Type
		value string
	}{
		{typeInt4, ""}, {typeInt4, "2147483648"}, {typeInt4, "1.0"}, {typeInt4, "0x10"}, {typeInt8, "9223372036854775808"},
		{typeUUID, "00000000000000000000000000000000"}, {typeUUID, "0000000g-0000-0000-0000-000000000000"}, {typeUUID, ""},
	} {
		p := newPseudonym(t, c.typ)
		_, errE := p.Encrypt(nil, []byte(c.value))
		_, errD := p.Decrypt(nil, []byte(c.value))
		if errE == nil || errD == nil {
			t.Errorf("%s: %q is accepted", c.typ.Name, c.value)
		} else if c.value != "" && strings.Contains(errE.Error(), c.value) {
			t.Errorf("the error quotes the value: %v", errE)
		}
	}
}

func TestPseudonymIsSafeForConcurrentUse(t *testing.T) {
	p4, text := newPseudonym(t, typeInt4), newPseudonym(t, typeText)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for x := range int32(1000) {
				if p4.DecryptInt4(p4.EncryptInt4(-x)) != -x {
					t.Error("an integer does not come back")
				}
				token, err := text.EncryptText(nil, []byte("alice"))
				if err != nil {
					t.Error(err)
				}
				if back, err := text.DecryptText(nil, token); err != nil || string(back) != "alice" {
					t.Error("a text does not come back")
				}
			}
		})
	}
	group.Wait()
}

func FuzzText(f *testing.F) {
	p := newPseudonym(f, typeText)
	for _, seed := range []string{"", "alice", "🦊", strings.Repeat("x", 47), "px"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		token, err := p.EncryptText(nil, text)
		if err != nil {
			return // not UTF-8
		}
		if back, err := p.DecryptText(nil, token); err != nil || !bytes.Equal(back, text) {
			t.Fatalf("%q comes back as %q, %v", text, back, err)
		}
	})
}

func FuzzDecrypt(f *testing.F) {
	ciphers := []*Pseudonym{newPseudonym(f, typeInt4), newPseudonym(f, typeInt8), newPseudonym(f, typeUUID), newPseudonym(f, typeText)}
	for _, seed := range []string{"", "px", "-1", "00000000-0000-0000-0000-000000000000", "pd", "px" + strings.Repeat("0", 64)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, token []byte) {
		for _, p := range ciphers {
			text, err := p.Decrypt(nil, token)
			if err != nil {
				if len(text) > 0 {
					t.Fatalf("%q is released before the error", text)
				}
				continue
			}
			if again, err := p.Encrypt(nil, text); err != nil || (p.oid == oidText && !bytes.Equal(again, token)) {
				t.Fatalf("%q deciphers to %q, which becomes %q, %v", token, text, again, err)
			}
		}
	})
}
