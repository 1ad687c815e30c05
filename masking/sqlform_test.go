package masking

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// agreementValues is how many random values both forms are compared on.
const agreementValues = 100_000

// samples draws values of a type in text format, the type's edges first.
func samples(typ Type, n int) []string {
	random := rand.New(rand.NewPCG(1, uint64(typ.OID)))
	draw := map[uint32]func() string{
		oidInt4:    func() string { return strconv.Itoa(int(int32(random.Uint32()) >> random.IntN(31))) },
		oidInt8:    func() string { return strconv.FormatInt(int64(random.Uint64())>>random.IntN(63), 10) },
		oidUUID:    func() string { return randomUUID(random) },
		oidText:    func() string { return randomText(random, 120) },
		oidVarchar: func() string { return randomText(random, 20) },
	}[typ.OID]
	values := edges(typ)
	for len(values) < n {
		values = append(values, draw())
	}
	return values
}

func edges(typ Type) []string {
	var values []string
	switch typ.OID {
	case oidInt4, oidInt8:
		for _, x := range []int64{
			0, 1, 2, 65535, 65536, 32767, 32768, math.MaxInt32 - 1, math.MaxInt32,
			math.MaxInt32 + 1, math.MaxUint32, math.MaxUint32 + 1, math.MaxInt64 - 1, math.MaxInt64,
		} {
			if typ.OID == oidInt8 || x <= math.MaxInt32 {
				values = append(values, strconv.FormatInt(x, 10), strconv.FormatInt(-1-x, 10))
			}
		}
	case oidUUID:
		values = []string{
			"00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
			"00000000-0000-0000-8000-000000000000", "80000000-0000-0000-0000-000000000001",
		}
	case oidText:
		for n := range 100 {
			values = append(values, strings.Repeat("x", n))
		}
		values = append(values, "px", `a\b'c"d%_`, "\u0001", "é", "e\u0301", "日本語", "🦊🦊🦊", "\r\n\t", strings.Repeat("0", 100_000))
	case oidVarchar:
		values = []string{"", " ", "  trailing  ", strings.Repeat("🦊", 20)}
	}
	return values
}

func randomUUID(random *rand.Rand) string {
	var u [16]byte
	binary.BigEndian.PutUint64(u[:8], random.Uint64())
	binary.BigEndian.PutUint64(u[8:], random.Uint64())
	return string(appendUUID(nil, u))
}

// randomText draws characters of one to four bytes.
func randomText(random *rand.Rand, maximum int) string {
	var text strings.Builder
	for range random.IntN(maximum + 1) {
		switch random.IntN(6) {
		case 0:
			text.WriteRune(rune(0x80 + random.IntN(0x700)))
		case 1:
			text.WriteRune(rune(0x3000 + random.IntN(0x5000)))
		case 2:
			text.WriteRune(rune(0x1F300 + random.IntN(0x300)))
		default:
			text.WriteByte(byte(1 + random.IntN(126)))
		}
	}
	return text.String()
}

func TestSQLFormAgreesWithGo(t *testing.T) {
	for _, typ := range []Type{typeInt4, typeInt8, typeUUID, typeText, typeVarchar} {
		t.Run(typ.Name, func(t *testing.T) {
			t.Parallel()
			expression, err := PseudonymSQL("user", typ, "r.x")
			if err != nil {
				t.Fatal(err)
			}
			values := samples(typ, agreementValues)
			got := evaluate(t, connect(t, hostile), typ, expression, values)
			if len(got) != len(values) {
				t.Fatalf("%d results of %d values", len(got), len(values))
			}
			cipher := newPseudonym(t, typ)
			for i, value := range values {
				want, err := cipher.Encrypt(nil, []byte(value))
				if err != nil {
					t.Fatalf("%q: %v", value, err)
				}
				if got[i] != string(want) {
					t.Fatalf("%.60q: Go has %.99s, SQL has %.99s", value, want, got[i])
				}
			}
		})
	}
}

// TestSQLFormShape checks what a caller builds on: the exact type, the collation, NULL for NULL, an error without a key.
func TestSQLFormShape(t *testing.T) {
	conn := connect(t, nil)
	for _, typ := range []Type{typeInt4, typeInt8, typeUUID, typeText, typeVarchar} {
		expression, err := PseudonymSQL("user", typ, "r.x")
		if err != nil {
			t.Fatal(err)
		}
		from := " FROM (SELECT NULL::" + typ.Name + " AS x OFFSET 0) r" // the fence keeps the planner from folding
		var described string
		query := "SELECT concat_ws('|', pg_typeof(" + expression + "), (" + expression + ") IS NULL, "
		if typ.Collation == "" {
			query += "'')"
		} else {
			query += "pg_collation_for(" + expression + "))"
		}
		if err := conn.QueryRow(t.Context(), query+from).Scan(&described); err != nil {
			t.Fatalf("%s: %v", typ.Name, err)
		}
		bare, _, _ := strings.Cut(typ.Name, "(")
		collation := strings.TrimPrefix(typ.Collation, "pg_catalog.")
		if want := fmt.Sprintf("%s|t|%s", bare, collation); described != want {
			t.Errorf("%s: %s, want %s", typ.Name, described, want)
		}
		other, err := PseudonymSQL("absent", typ, "r.x")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), "SELECT "+other+from); err == nil {
			t.Errorf("%s: no error without a key", typ.Name)
		}
	}
}

// TestLongTextsInSQL takes the lengths where the forms change, up to what is no longer enciphered.
func TestLongTextsInSQL(t *testing.T) {
	expression, err := PseudonymSQL("user", typeText, "r.x")
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for _, n := range []int{1 << 16, MaxText - 1, MaxText, MaxText + 1, 3 * MaxText} {
		values = append(values, strings.Repeat("x", n))
	}
	cipher := newPseudonym(t, typeText)
	for i, got := range evaluate(t, connect(t, nil), typeText, expression, values) {
		want, err := cipher.EncryptText(nil, []byte(values[i]))
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%d bytes: Go has %.80s, SQL has %.80s", len(values[i]), want, got)
		}
	}
}

// TestScansStayParallel asks the planner: workers scan and filter, though the leader computes the pseudonyms (a correlated
// subquery does not run in workers).
func TestScansStayParallel(t *testing.T) {
	conn := connect(t, map[string]string{"min_parallel_table_scan_size": "0", "parallel_setup_cost": "0", "parallel_tuple_cost": "0"})
	for _, sql := range []string{"DROP TABLE IF EXISTS public.masking_parallel", "CREATE TABLE public.masking_parallel (i int4, l int8, u uuid, t text)"} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	for column, typ := range map[string]Type{"i": typeInt4, "l": typeInt8, "u": typeUUID, "t": typeText} {
		expression, err := PseudonymSQL("user", typ, "r."+column)
		if err != nil {
			t.Fatal(err)
		}
		plan := strings.Join(query(t, conn, "EXPLAIN SELECT "+expression+" FROM public.masking_parallel r WHERE l > 5"), "\n")
		if !strings.Contains(plan, "Parallel Seq Scan") {
			t.Errorf("%s: %s", typ.Name, plan)
		}
	}
	if _, err := conn.Exec(t.Context(), "DROP TABLE public.masking_parallel"); err != nil {
		t.Fatal(err)
	}
}
