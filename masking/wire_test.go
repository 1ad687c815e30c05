package masking

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func wireCipher(tb testing.TB, oid uint32) *Pseudonym {
	tb.Helper()
	key, err := DeriveKey(bytes.Repeat([]byte{7}, 32), "wire")
	if err != nil {
		tb.Fatal(err)
	}
	p, err := NewPseudonym(key, Type{OID: oid, Name: fmt.Sprint(oid)})
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// wireValue is a value of a type in both formats.
func wireValue(oid uint32, x int64) (text, raw []byte) {
	switch oid {
	case oidInt4:
		return strconv.AppendInt(nil, int64(int32(x)), 10), binary.BigEndian.AppendUint32(nil, uint32(x))
	case oidInt8:
		return strconv.AppendInt(nil, x, 10), binary.BigEndian.AppendUint64(nil, uint64(x))
	case oidUUID:
		var u [16]byte
		binary.BigEndian.PutUint64(u[3:], uint64(x))
		return appendUUID(nil, u), u[:]
	}
	text = fmt.Appendf(nil, "näme\"\\{,} %d", x)
	return text, text
}

// TestSealUnseal: both formats give the pseudonym that Encrypt gives, and come back.
func TestSealUnseal(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	values := []int64{0, 1, -1, math.MinInt32, math.MaxInt32, math.MinInt64, math.MaxInt64}
	for range 2000 {
		values = append(values, random.Int64()-random.Int64())
	}
	for _, oid := range []uint32{oidInt4, oidInt8, oidUUID, oidText, oidVarchar} {
		p := wireCipher(t, oid)
		for _, x := range values {
			text, raw := wireValue(oid, x)
			want, err := p.Encrypt(nil, text)
			if err != nil {
				t.Fatal(err)
			}
			sealedText, err1 := p.Seal([]byte("x"), text, 0)
			sealedRaw, err2 := p.Seal([]byte("x"), raw, 1)
			if err1 != nil || err2 != nil || !bytes.Equal(sealedText[1:], want) || bytes.Equal(sealedRaw[1:], raw) {
				t.Fatalf("type %d, %s: %q, %q, %v, %v; want %q", oid, text, sealedText, sealedRaw, err1, err2, want)
			}
			backText, err1 := p.Unseal([]byte("x"), sealedText[1:], 0)
			backRaw, err2 := p.Unseal([]byte("x"), sealedRaw[1:], 1)
			if err1 != nil || err2 != nil || !bytes.Equal(backText[1:], text) || !bytes.Equal(backRaw[1:], raw) {
				t.Fatalf("type %d, %s: back %q, %q, %v, %v", oid, text, backText, backRaw, err1, err2)
			}
		}
	}
}

// TestUnsealReads: text is read as the input functions read it.
func TestUnsealReads(t *testing.T) {
	for _, c := range []struct {
		oid         uint32
		text, plain string // plain: the same value as the server writes it; empty: an error; "range": ErrRange
	}{
		{oidInt8, " \t17\n", "17"}, {oidInt8, "+17", "17"}, {oidInt8, "-017", "-17"}, {oidInt8, "9223372036854775808", "range"}, {oidInt8, "1 7", ""}, {oidInt8, "", ""},
		{oidInt8, "0x11", ""}, {oidInt8, "1_7", ""}, {oidInt8, "17.0", ""}, {oidInt4, "2147483647", "2147483647"}, {oidInt4, "2147483648", "range"},
		{oidUUID, "{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}, {oidUUID, "a0eebc999c0b4ef8bb6d6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
		{oidUUID, "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}, {oidUUID, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1", ""},
		{oidUUID, "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", ""}, {oidUUID, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11-", ""}, {oidUUID, "a-0eebc999c0b4ef8bb6d6bb9bd380a11", ""}, {oidUUID, "", ""},
	} {
		p := wireCipher(t, c.oid)
		got, err := p.Unseal(nil, []byte(c.text), 0)
		if want := map[string]error{"": ErrInput, "range": ErrRange}[c.plain]; want != nil {
			if !errors.Is(err, want) {
				t.Errorf("%q: %q, %v", c.text, got, err)
			}
			continue
		}
		want, err2 := p.Decrypt(nil, []byte(c.plain))
		if err != nil || err2 != nil || !bytes.Equal(got, want) {
			t.Errorf("%q: %q, %v; want %q, %v", c.text, got, err, want, err2)
		}
	}
	for _, p := range []*Pseudonym{wireCipher(t, oidInt4), wireCipher(t, oidInt8), wireCipher(t, oidUUID)} {
		for _, raw := range []string{"", "abc", strings.Repeat("x", 17)} {
			if _, err := p.Unseal(nil, []byte(raw), 1); !errors.Is(err, ErrInput) {
				t.Errorf("binary %q: %v", raw, err)
			}
			if _, err := p.Seal(nil, []byte(raw), 1); !errors.Is(err, ErrInput) {
				t.Errorf("sealing binary %q: %v", raw, err)
			}
		}
	}
}

// TestUnsealForeignText: what is no pseudonym becomes a text that depends on the key, another for each.
func TestUnsealForeignText(t *testing.T) {
	p, seen := wireCipher(t, oidText), map[string]bool{}
	for _, text := range []string{"", "bob", "px", "px00", "none", "pd" + strings.Repeat("0", 64)} {
		got, err := p.Unseal(nil, []byte(text), 0)
		if err != nil || seen[string(got)] || len(got) != len("none ")+64 {
			t.Errorf("%q: %q, %v", text, got, err)
		}
		seen[string(got)] = true
	}
}

// TestUnsealArray: members are unsealed wherever quotes, blanks, NULLs, dimensions and bounds stand.
func TestUnsealArray(t *testing.T) {
	number := func(p *Pseudonym, x int64) string { return strconv.FormatInt(p.DecryptInt8(x), 10) }
	p := wireCipher(t, oidInt8)
	for text, want := range map[string]string{
		"{}":                          "{}",
		" { 1 , \"2\" ,NULL, null } ": "{\"" + number(p, 1) + "\",\"" + number(p, 2) + "\",NULL,NULL}",
		"{{1,2},{3,4}}":               "{{\"" + number(p, 1) + "\",\"" + number(p, 2) + "\"},{\"" + number(p, 3) + "\",\"" + number(p, 4) + "\"}}",
		"[5:6]={1,2}":                 "[5:6]={\"" + number(p, 1) + "\",\"" + number(p, 2) + "\"}",
		"":                            "", "1": "", "{1": "", "{1}}": "", "{1}x": "", "{x}": "", "{1,\"2}": "", "{1\\": "", "[1={1}": "", "[1:1]{1}": "", "{1{2}}": "", "{0x10}": "",
		"{\"NULL\"}": "", "{1,}": "", "{,1}": "", "{1,,2}": "", "{{1},{2,3}}": "", "{{1},2}": "", "{1,{2}}": "", "{{}}": "", "{{1},{}}": "", "{}{}": "", "[1:2]={1}": "", "[1:1][1:1]={1}": "",
		"[2:1]={}": "", "[1:1]={}": "", "[2147483647:2147483647]={1}": "", "{{{{{{{1}}}}}}}": "", "{1}{2}": "", "{1 2}": "", "{\"1\" \"2\"}": "", "{\"1\"2}": "",
		"[-1:0][3:3]={{1},{NULL}}": "[-1:0][3:3]={{\"" + number(p, 1) + "\"},{NULL}}",
	} {
		got, err := p.UnsealArray(nil, []byte(text), 0)
		if want == "" && !errors.Is(err, ErrInput) || want != "" && (err != nil || string(got) != want) {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
	}
	q := wireCipher(t, oidText)
	token, err := q.Encrypt(nil, []byte(`a "quoted\ one`))
	if err != nil {
		t.Fatal(err)
	}
	empty, err := q.Encrypt(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := q.UnsealArray(nil, fmt.Appendf(nil, `{%s,NULL}`, empty), 0); err != nil || string(got) != `{"",NULL}` {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := q.UnsealArray(nil, fmt.Appendf(nil, `{%s," %s"}`, token, token), 0); err != nil || !strings.HasPrefix(string(got), `{"a \"quoted\\ one","none `) {
		t.Errorf("%q, %v", got, err)
	}
	head := []byte{0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 20, 0, 0, 0, 2, 0, 0, 0, 1}
	null := []byte{255, 255, 255, 255}
	member := func(x int64) []byte { return binary.BigEndian.AppendUint64([]byte{0, 0, 0, 8}, uint64(x)) }
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	if got, err := p.UnsealArray(nil, join(head, member(9), null), 1); err != nil || !bytes.Equal(got, join(head, member(p.DecryptInt8(9)), null)) {
		t.Errorf("binary: %v, %v", got, err)
	}
	for _, broken := range [][]byte{nil, head[:15], join(head, member(9)[:9]), join(head, []byte{0, 0}), join(head, []byte{255, 255, 255, 0}), join(head[:11], []byte{25}, head[12:], member(9))} {
		if _, err := p.UnsealArray(nil, broken, 1); !errors.Is(err, ErrInput) {
			t.Errorf("%v: %v", broken, err)
		}
	}
}

// TestSealAllocatesNothing: of rows there are many.
func TestSealAllocatesNothing(t *testing.T) {
	dst := make([]byte, 0, 1<<10)
	for _, oid := range []uint32{oidInt4, oidInt8, oidUUID, oidText} {
		p := wireCipher(t, oid)
		for format := range int16(2) {
			text, raw := wireValue(oid, 123456789)
			if format == 1 {
				text = raw
			}
			if n := testing.AllocsPerRun(100, func() {
				if _, err := p.Seal(dst, text, format); err != nil {
					t.Fatal(err)
				}
			}); n > 0 {
				t.Errorf("type %d, format %d: %v allocations", oid, format, n)
			}
		}
	}
}

func FuzzUnsealArray(f *testing.F) {
	p := wireCipher(f, oidText)
	for _, seed := range []string{"{}", `{a,"b\"c",NULL}`, "[1:1]={x}", "{{a},{b}}"} {
		f.Add([]byte(seed), int16(0))
		f.Add([]byte(seed), int16(1))
	}
	f.Fuzz(func(t *testing.T, value []byte, format int16) {
		_, _ = p.Unseal(nil, value, format)
		out, err := p.UnsealArray(nil, value, format)
		if err != nil || format != 0 {
			return
		}
		var in, written arrayText // what is written is an array of the same shape
		for _, a := range []struct {
			*arrayText
			text []byte
		}{{&in, value}, {&written, out}} {
			a.rest = bytes.Trim(a.text, space)
			if err := errors.Join(a.readBounds(), a.level(0)); err != nil || len(a.rest) > 0 || !a.fits() {
				t.Fatalf("%q became %q: %v", value, out, err)
			}
		}
		if !slices.Equal(in.sizes, written.sizes) || !slices.Equal(in.bounds, written.bounds) || len(in.members) != len(written.members) {
			t.Errorf("%q became %q", value, out)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	for name, oid := range map[string]uint32{"int4": oidInt4, "int8": oidInt8, "uuid": oidUUID} {
		for format := range int16(2) {
			b.Run(fmt.Sprintf("%s/format %d", name, format), func(b *testing.B) {
				p, dst := wireCipher(b, oid), make([]byte, 0, 64)
				text, raw := wireValue(oid, 123456789)
				if format == 1 {
					text = raw
				}
				b.ReportAllocs()
				for b.Loop() {
					_, _ = p.Seal(dst, text, format)
				}
			})
		}
	}
	b.Run("text of 12", func(b *testing.B) {
		p, dst, text := wireCipher(b, oidText), make([]byte, 0, 128), []byte("user12345678")
		b.ReportAllocs()
		for b.Loop() {
			_, _ = p.Seal(dst, text, 0)
		}
	})
}

// TestSeal2: two values sealed at once are what each of them is alone, in every type and format, short and long, with and without an error.
func TestSeal2(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 1))
	for _, oid := range []uint32{oidInt4, oidInt8, oidUUID, oidText} {
		p := wireCipher(t, oid)
		value := func(format int16) []byte {
			text, raw := wireValue(oid, random.Int64N(1<<random.IntN(63))-random.Int64N(1<<random.IntN(63)))
			switch {
			case random.IntN(20) == 0:
				return []byte("\xff")
			case oid == oidText:
				return []byte(strings.Repeat("aé", 30)[:3*random.IntN(20)])
			case format == 1:
				return raw
			}
			return text
		}
		for range 5000 {
			format := int16(random.IntN(2))
			x, y := value(format), value(format)
			one, errOne := p.Seal([]byte("1"), x, format)
			two, errTwo := p.Seal([]byte("2"), y, format)
			gotOne, gotTwo, err := p.Seal2([]byte("1"), []byte("2"), x, y, format)
			switch {
			case (err != nil) != (errOne != nil || errTwo != nil):
				t.Fatalf("%d, %q and %q: error %v, alone %v and %v", oid, x, y, err, errOne, errTwo)
			case err == nil && (!bytes.Equal(one, gotOne) || !bytes.Equal(two, gotTwo)):
				t.Fatalf("%d, %q and %q: %q and %q, alone %q and %q", oid, x, y, gotOne, gotTwo, one, two)
			}
		}
	}
}

// TestSealArray: members of arrays are sealed as they are alone, NULLs, dimensions and bounds stay, and UnsealArray gives the values back.
func TestSealArray(t *testing.T) {
	ints, texts := wireCipher(t, oidInt8), wireCipher(t, oidText)
	seal := func(p *Pseudonym, value string) string {
		sealed, err := p.Seal(nil, []byte(value), 0)
		if err != nil {
			t.Fatal(err)
		}
		return string(sealed)
	}
	for _, c := range []struct {
		p           *Pseudonym
		value, want string
	}{
		{ints, "{}", "{}"}, {ints, "{7,NULL,-3}", "{" + seal(ints, "7") + ",NULL," + seal(ints, "-3") + "}"},
		{ints, "[0:1][2:2]={{7},{NULL}}", "[0:1][2:2]={{" + seal(ints, "7") + "},{NULL}}"},
		{texts, `{"a b","NULL",NULL,"",ü,"q\"\\"}`, "{" + seal(texts, "a b") + "," + seal(texts, "NULL") + ",NULL," + seal(texts, "") + "," + seal(texts, "ü") + "," + seal(texts, `q"\`) + "}"},
	} {
		got, err := c.p.SealArray([]byte("x"), []byte(c.value), 0)
		if err != nil || string(got) != "x"+c.want {
			t.Errorf("%s: %q, %v, want %q", c.value, got, err, c.want)
		}
		back, err := c.p.UnsealArray(nil, []byte(c.want), 0)
		again, err2 := c.p.SealArray(nil, back, 0)
		if err != nil || err2 != nil || string(again) != c.want {
			t.Errorf("%s: there and back %q, %v, %v", c.value, again, err, err2)
		}
	}
	binaryArray := func(members ...int64) []byte {
		out := binary.BigEndian.AppendUint32(nil, 1)
		out = binary.BigEndian.AppendUint32(append(out, 0, 0, 0, 0), oidInt8)
		out = binary.BigEndian.AppendUint32(out, uint32(len(members)))
		out = binary.BigEndian.AppendUint32(out, 1)
		for _, m := range members {
			out = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(out, 8), uint64(m))
		}
		return out
	}
	got, err := ints.SealArray(nil, binaryArray(7, -3), 1)
	if want := binaryArray(ints.EncryptInt8(7), ints.EncryptInt8(-3)); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%x, %v, want %x", got, err, want)
	}
	if _, err := ints.SealArray(nil, []byte("{a}"), 0); err == nil {
		t.Error("{a} is sealed as numbers")
	}
}
