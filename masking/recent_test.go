package masking

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
)

// samplesOf are values of a type in a format, repeated and not, NUL bytes, empty and long texts among them.
func samplesOf(random *rand.Rand, typ Type, format int16, n int) [][]byte {
	values := make([][]byte, n)
	for i := range values {
		x := random.Int64N(400)
		switch {
		case typ.OID == oidText:
			values[i] = []byte(fmt.Sprintf("%0*d", x%40, x)[:x%40])
		case typ.OID == oidInt8 && format == 1:
			values[i] = binary.BigEndian.AppendUint64(nil, uint64(x-200))
		case typ.OID == oidInt4 && format == 1:
			values[i] = binary.BigEndian.AppendUint32(nil, uint32(x-200))
		case typ.OID == oidUUID && format == 1:
			values[i] = binary.BigEndian.AppendUint64(make([]byte, 8), uint64(x))
		case typ.OID == oidUUID:
			values[i] = appendUUID(nil, [16]byte{15: byte(x)})
		default:
			values[i] = strconv.AppendInt(nil, x-200, 10)
		}
	}
	return values
}

// TestRecent: what is remembered is what the cipher gives, alone and in pairs.
func TestRecent(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, typ := range []Type{typeInt4, typeInt8, typeUUID, typeText} {
		cipher, err := NewPseudonym(testKey(t, "user"), typ)
		if err != nil {
			t.Fatal(err)
		}
		for _, format := range []int16{0, 1} {
			recent := cipher.NewRecent(format)
			values := samplesOf(random, typ, format, 6000)
			prefix := []byte("in front")
			for i := 0; i+1 < len(values); i += 2 {
				if i%1000 == 0 {
					recent.Begin()
				}
				var got [2][]byte
				if i%3 == 0 {
					got[0], got[1], err = recent.Seal2(bytes.Clone(prefix), bytes.Clone(prefix), values[i], values[i+1])
				} else if got[0], err = recent.Seal(bytes.Clone(prefix), values[i]); err == nil {
					got[1], err = recent.Seal(bytes.Clone(prefix), values[i+1])
				}
				if err != nil {
					t.Fatal(err)
				}
				for k := range got {
					want, err := cipher.Seal(bytes.Clone(prefix), values[i+k], format)
					if err != nil || !bytes.Equal(got[k], want) {
						t.Fatalf("%s in format %d: %q becomes %q, want %q, %v", typ.Name, format, values[i+k], got[k], want, err)
					}
				}
			}
		}
	}
}

// TestRecentRemembers: the cipher is not asked again, until an answer holds nothing but new values.
func TestRecentRemembers(t *testing.T) {
	cipher, err := NewPseudonym(testKey(t, "user"), typeInt8)
	if err != nil {
		t.Fatal(err)
	}
	recent := cipher.NewRecent(0)
	first, err := recent.Seal(nil, []byte("17"))
	if err != nil {
		t.Fatal(err)
	}
	recent.cipher = nil // who asks it panics
	if again, err := recent.Seal(nil, []byte("17")); err != nil || !bytes.Equal(again, first) {
		t.Errorf("%q, then %q, %v", first, again, err)
	}
	recent.cipher = cipher
	if _, err := recent.Seal(nil, []byte("no number")); err == nil {
		t.Error("what is no identifier is sealed")
	}
	if _, err := recent.Seal(nil, []byte("no number")); err == nil {
		t.Error("an error is remembered as a pseudonym")
	}
	for i := range recentPatience {
		if _, err := recent.Seal(nil, strconv.AppendInt(nil, int64(1000+i), 10)); err != nil {
			t.Fatal(err)
		}
	}
	if slot, _ := recent.find([]byte("17")); slot != nil {
		t.Error("an answer of new values is still looked up")
	}
	recent.Begin()
	if slot, at := recent.find([]byte("17")); slot == nil && at.first < 0 {
		t.Error("the next answer is not looked up")
	}
}

func BenchmarkRecent(b *testing.B) {
	for _, typ := range []Type{typeInt8, typeText} {
		cipher, err := NewPseudonym(testKey(b, "user"), typ)
		if err != nil {
			b.Fatal(err)
		}
		for name, distinct := range map[string]int{"known": 50, "new": 1 << 20} {
			b.Run(typ.Name+"/"+name, func(b *testing.B) {
				recent := cipher.NewRecent(0)
				values := make([][]byte, distinct)
				for i := range values {
					values[i] = fmt.Appendf(nil, "%012d", 100000000000+i)
				}
				dst := make([]byte, 0, 128)
				i := 0
				b.ReportAllocs()
				for b.Loop() {
					if _, err := recent.Seal(dst, values[i]); err != nil {
						b.Fatal(err)
					}
					if i++; i == len(values) {
						i = 0
						recent.Begin()
					}
				}
			})
		}
	}
}
