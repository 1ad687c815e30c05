package masking

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// maskCase is a mask, the type of its column and how to draw values.
type maskCase struct {
	mask  Mask
	typ   Type
	edges []string
	draw  func(*rand.Rand) string
}

// builtin describes a type without collation.
func builtin(oid uint32, name string, mod int32) Type { return Type{OID: oid, Mod: mod, Name: name} }

func character(oid uint32, name string, mod int32) Type {
	return Type{OID: oid, Mod: mod, Name: name, Collation: `pg_catalog."C"`, Deterministic: true}
}

var (
	typeChar5       = character(oidBPChar, "character(5)", 9)
	typeVarchar8    = character(oidVarchar, "character varying(8)", 12)
	typeDate        = builtin(oidDate, "date", -1)
	typeTimestamp   = builtin(oidTimestamp, "timestamp(3) without time zone", 3)
	typeTimestampTZ = builtin(oidTimestampTZ, "timestamp with time zone", -1)
	typeNumeric     = builtin(oidNumeric, "numeric", -1)
	typeNumeric42   = builtin(oidNumeric, "numeric(4,2)", 4<<16|2+4)
	typeInt2        = builtin(oidInt2, "smallint", -1)
	typeInet        = builtin(oidInet, "inet", -1)
	typeCIDR        = builtin(oidCIDR, "cidr", -1)
	typeJSON        = builtin(oidJSON, "json", -1)
	typeJSONB       = builtin(oidJSONB, "jsonb", -1)
)

func maskCases() []maskCase {
	texts := []string{"", " ", "@", "@@", "a@", "@b.c", "ab", "abc", "é@ü.de", "a@b@c.org", "  x  ", "🦊🦊🦊@🦊", "no at"}
	dates := []string{
		"infinity", "-infinity", "4714-11-24 BC", "4714-11-30 BC", "4714-12-31 BC", "4713-01-01 BC", "0001-12-31 BC",
		"0001-01-01", "1999-12-31", "2000-02-29", "294276-12-31",
	}
	moments := func(zone string) (moments []string) {
		for _, date := range dates {
			day, bc := strings.CutSuffix(date, " BC")
			for _, clock := range []string{" 00:00:00", " 23:59:59.999"} {
				switch {
				case strings.HasSuffix(date, "infinity"):
					moments = append(moments, date)
				case bc:
					moments = append(moments, day+clock+zone+" BC")
				default:
					moments = append(moments, day+clock+zone)
				}
			}
		}
		return moments
	}
	objects := []string{
		`{}`, `[]`, `[{"a": 1}]`, `"a"`, `1`, `null`, `{"a": 1}`, `{"b": {"a": 1}, "a": 2}`, `{"é\"\\\n\u0001": [1, 2], "a b": 1.50}`,
		`{"A": 1e10, "": null, "🦊": "\u001f\u007f"}`,
	}
	jsons := append([]string{
		`{"a":1,"a":2,"b":01.5e0}`[:13] + `"b":1.5e+3}`, ` { "b" : [ 1 , 2 ] , "\u0061" : 3, "c\u0000" : 1 }`, `{"b":"\u0000"}`, `{"b":"\\u0000"}`,
		`{"b":"\ud83d\ude00"}`, `{"b":"\ud83d"}`, `{"b":"\\\ude00"}`, `{"b":"\\ud83d\ude00"}`, `{"\u000a\u00e9":1}`, "{\n\"b\":\t1e999999\n}",
	}, objects...)
	digits := func(maximum int64, divisor float64) func(*rand.Rand) string {
		return func(r *rand.Rand) string {
			x := r.Int64N(2*maximum) - maximum
			if divisor == 1 {
				return strconv.FormatInt(x, 10)
			}
			return strconv.FormatFloat(float64(x)/divisor, 'f', 2, 64)
		}
	}
	text := func(r *rand.Rand) string { return randomText(r, 8) }
	date := func(r *rand.Rand) string {
		return fmt.Sprintf("%04d-%02d-%02d", 1+r.IntN(9999), 1+r.IntN(12), 1+r.IntN(28))
	}
	address := func(r *rand.Rand) string {
		if r.IntN(2) == 0 {
			return fmt.Sprintf("%d.%d.%d.%d/%d", r.IntN(256), r.IntN(256), r.IntN(256), r.IntN(256), r.IntN(33))
		}
		groups := make([]string, 8)
		for i := range groups {
			groups[i] = strconv.FormatInt(int64(r.IntN(65536)>>(r.IntN(3)*8)), 16)
		}
		return fmt.Sprintf("%s/%d", strings.Join(groups, ":"), r.IntN(129))
	}
	network := func(r *rand.Rand) string { return "10." + strconv.Itoa(r.IntN(256)) + ".0.0/16" }
	addresses := []string{
		"0.0.0.0", "255.255.255.255", "10.1.2.3/8", "10.1.2.3/0", "::", "::1", "::2", "::1.2.3.4", "::ffff:1.2.3.4", "2001:db8::1", "fe80::1/10",
		"1:0:0:2:0:0:0:3", "1:0:2:3:4:5:6:7", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::ffff:0:0/96", "::1:0", "::1:0:0",
	}
	object := func(r *rand.Rand) string {
		return fmt.Sprintf(`{"a": %d, "b%d": "x", "c": {"a": 1}}`, r.IntN(9), r.IntN(9))
	}
	var cases []maskCase
	add := func(mask Mask, typ Type, edges []string, draw func(*rand.Rand) string) {
		cases = append(cases, maskCase{mask, typ, edges, draw})
	}
	for _, typ := range []Type{typeText, typeVarchar8, typeChar5} {
		fitting := texts
		if typ.length() == 5 {
			fitting = []string{"", "a", "a@b", "abcde", " a  ", "@", "éüöäß"}
		} else if typ.length() == 8 {
			fitting = []string{"", "a@b", "@", "12345678", "a@345678", "🦊@🦊🦊🦊🦊🦊🦊", "  ", "a  "}
		}
		short := func(r *rand.Rand) string { return randomText(r, max(typ.length(), 0)) }
		if typ.length() < 0 {
			short = text
		}
		add(Mask{Kind: MaskPartial, KeepFirst: 2, KeepLast: 1}, typ, fitting, short)
		add(Mask{Kind: MaskPartial}, typ, fitting, short)
		add(Mask{Kind: MaskEmail}, typ, fitting, short)
		add(Mask{Kind: MaskConstant, Value: `it's \ "a" long 🦊 text`}, typ, fitting, short)
	}
	for _, kind := range []MaskKind{MaskYear, MaskMonth, MaskDay} {
		add(Mask{Kind: kind}, typeDate, append([]string{"5874897-12-31"}, dates...), date)
		add(Mask{Kind: kind}, typeTimestamp, moments(""), func(r *rand.Rand) string { return date(r) + " 12:34:56.789" })
		add(Mask{Kind: kind}, typeTimestampTZ, moments("+00"), func(r *rand.Rand) string { return date(r) + " 12:34:56.789012+00" })
	}
	for _, size := range []string{"1", "7", "1000", "999999999999999999"} {
		bucket := Mask{Kind: MaskBucket, Size: size}
		add(bucket, typeInt2, []string{"-32768", "32767", "0", "-1"}, digits(32768, 1))
		add(bucket, typeInt4, []string{"-2147483648", "2147483647", "0", "-1", "7", "-7"}, digits(1<<31, 1))
		add(bucket, typeInt8, []string{"-9223372036854775808", "9223372036854775807", "0", "-1"}, digits(1<<61, 1))
	}
	for _, size := range []string{"1", "0.25", "10", "1000.00"} {
		bucket := Mask{Kind: MaskBucket, Size: size}
		huge := "1" + strings.Repeat("0", 131071)
		add(bucket, typeNumeric, []string{
			"NaN", "Infinity", "-Infinity", "0", "-0.001", "0.3333333333333333333333333333", "-1e-20", "99999999999999999999.999999", "1e500", "-1e500",
			huge, "-" + huge, "9" + strings.Repeat("9", 130999), "-9" + strings.Repeat("9", 130999),
		}, digits(1<<40, 100))
		add(bucket, typeNumeric42, []string{"NaN", "99.99", "-99.99", "0", "-0.01", "0.24"}, digits(9999, 100))
	}
	for _, bits := range [][2]int{{24, 48}, {0, 0}, {32, 128}, {9, 17}} {
		mask := Mask{Kind: MaskIPPrefix, V4: bits[0], V6: bits[1]}
		add(mask, typeInet, addresses, address)
		add(mask, typeCIDR, []string{"0.0.0.0/0", "255.255.255.255/32", "::/0", "::1/128", "2001:db8::/32"}, network)
	}
	remove := Mask{Kind: MaskRemoveKeys, Keys: []string{"a", "A", `it's`, `\`, "é\"\\\n\u0001"}}
	add(remove, typeJSONB, objects, object)
	add(remove, typeJSON, jsons, object)
	for _, c := range []struct {
		typ   Type
		value string
	}{
		{typeInt4, "-7"}, {typeDate, "2000-02-29"}, {typeTimestamp, "2000-02-29 01:02:03"}, {typeTimestampTZ, "2000-02-29 01:02:03+00"},
		{typeNumeric, "-0.50"}, {typeNumeric42, "1.5"}, {typeInet, "10.0.0.1/8"}, {typeCIDR, "10.0.0.0/8"}, {typeJSON, `{"a":1}`}, {typeJSONB, "{}"},
		{builtin(oidBool, "boolean", -1), "true"}, {builtin(oidFloat8, "double precision", -1), "-100.125"}, {builtin(oidFloat8, "double precision", -1), "1"}, {builtin(oidFloat4, "real", -1), "0.1"},
		{typeUUID, "00000000-0000-4000-8000-00000000000A"}, {builtin(oidBytea, "bytea", -1), `\x00ff5c`}, {typeText, ""},
	} {
		add(Mask{Kind: MaskConstant, Value: c.value}, c.typ, []string{c.value}, func(*rand.Rand) string { return c.value })
	}
	return cases
}

// TestMasksAgree compares both forms of every mask, the SQL form under hostile settings, and asks for the type too.
func TestMasksAgree(t *testing.T) {
	plain, harsh := connect(t, map[string]string{"TimeZone": "UTC", "DateStyle": "ISO"}), connect(t, hostile)
	for _, c := range maskCases() {
		t.Run(fmt.Sprintf("%s/%s/%s%d-%d", c.mask.Kind, c.typ.Name, c.mask.Size, c.mask.KeepFirst, c.mask.V4), func(t *testing.T) {
			random := rand.New(rand.NewPCG(7, uint64(c.typ.OID)))
			values := c.edges
			for range 300 {
				values = append(values, c.draw(random))
			}
			expression, err := c.mask.SQL(c.typ, "r.x")
			if err != nil {
				t.Fatal(err)
			}
			masked := evaluate(t, plain, c.typ, expression, values)
			canonical := evaluate(t, plain, c.typ, "x", values)
			for i, value := range canonical {
				want, err := c.mask.Apply(c.typ, []byte(value))
				if err != nil {
					t.Fatalf("%.60q: %v", value, err)
				}
				if masked[i] != string(want) {
					t.Errorf("%.60q: Go has %.60q, SQL has %.60q", value, want, masked[i])
				}
			}
			again := evaluateUnder(t, harsh, c.typ, expression, values)
			for i := range again {
				if again[i] != masked[i] {
					t.Errorf("%.60q: %.60q under other settings, %.60q without", values[i], again[i], masked[i])
				}
			}
			checkMaskShape(t, plain, c.typ, expression)
		})
	}
}
