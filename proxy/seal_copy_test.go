package proxy

import (
	"bytes"
	"encoding/binary"
	"log/slog"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgproto3/v2"

	"github.com/cordon-db/cordon/masking"
	"github.com/cordon-db/cordon/rewrite"
)

// nickSeal is the seal of a text column.
var nickSeal = rewrite.Seal{Domain: "user", Type: 25}

// The formats of the tests.
var (
	plainText = rewrite.CopyFormat{Delimiter: '\t', Null: `\N`}
	plainCSV  = rewrite.CopyFormat{Kind: rewrite.CopyCSV, Delimiter: ',', Quote: '"', Escape: '"'}
	inBinary  = rewrite.CopyFormat{Kind: rewrite.CopyBinary}
)

// described is a machine that has sent a COPY of a shown column a, and the identifiers b, an int8, and n, a text, and has had its query described.
func described(tb testing.TB, format *rewrite.CopyFormat) *machine {
	tb.Helper()
	f := newFakeSession()
	f.plans = map[string]*rewrite.Plan{"c": {SQL: "sent c", Kind: rewrite.KindCopy, Describe: "inner c", Copy: format, Columns: []rewrite.Origin{
		{Table: shownTable, Column: 1}, {Table: shownTable, Column: 2, Seal: userSeal}, {Seal: nickSeal}}}}
	m := newMachine(tb.Context(), f, slog.New(slog.DiscardHandler), 1<<20)
	if _, _, err := m.fromClient(ofClient(query("c"))); err != nil {
		tb.Fatal(err)
	}
	return m
}

// copyBegins is the error that the description and the start of that COPY raise.
func copyBegins(m *machine, overall byte) error {
	row := sealedColumns(0)
	row.Fields = append(row.Fields, pgproto3.FieldDescription{Name: []byte("n"), DataTypeOID: 1043, TypeModifier: 24})
	return m.fromServer(ofServer(parsed, noParams, row, closed, idle, &pgproto3.CopyOutResponse{OverallFormat: overall, ColumnFormatCodes: make([]uint16, 3)}), func([]byte) {})
}

// inCopy is a machine in the middle of that COPY.
func inCopy(tb testing.TB, format rewrite.CopyFormat) *machine {
	tb.Helper()
	m, overall := described(tb, &format), byte(0)
	if format.Kind == rewrite.CopyBinary {
		overall = 1
	}
	if err := copyBegins(m, overall); err != nil {
		tb.Fatal(err)
	}
	return m
}

func copyRows(lines ...string) []byte {
	var out []byte
	for _, l := range lines {
		out = append(out, ofServer(&pgproto3.CopyData{Data: []byte(l)})...)
	}
	return out
}

// number and token are the pseudonyms of the tests.
func number(x int64) string {
	return strconv.FormatInt(mustCipher(20).EncryptInt8(x), 10)
}

func token(s string) string {
	out, err := mustCipher(25).Encrypt(nil, []byte(s))
	if err != nil {
		panic(err)
	}
	return string(out)
}

func mustCipher(oid uint32) *masking.Pseudonym {
	p, err := masking.NewPseudonym(userKey, masking.Type{OID: oid})
	if err != nil {
		panic(err)
	}
	return p
}

// binaryRow is a row of COPY's binary format; a number, a text, or nil.
func binaryRow(values ...any) string {
	out := binary.BigEndian.AppendUint16(nil, uint16(len(values)))
	for _, v := range values {
		switch x := v.(type) {
		case nil:
			out = append(out, 0xff, 0xff, 0xff, 0xff)
		case int64:
			out = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(out, 8), uint64(x))
		case string:
			out = append(binary.BigEndian.AppendUint32(out, uint32(len(x))), x...)
		}
	}
	return string(out)
}

// TestSealedCopy: the rows of a COPY leave with pseudonyms in the form that the server would give those.
func TestSealedCopy(t *testing.T) {
	t.Parallel()
	sealed := func(x int64) int64 { return mustCipher(20).EncryptInt8(x) }
	odd := plainCSV
	odd.Delimiter, odd.Quote, odd.Escape, odd.Null, odd.Header, odd.Force = number(17)[0], '\'', '^', "nil", true, []string{"n"}
	dashed := rewrite.CopyFormat{Delimiter: '-', Null: "none", Header: true}
	all := plainCSV
	all.ForceAll = true
	for name, c := range map[string]struct {
		format   rewrite.CopyFormat
		in, want []string
	}{
		"text": {plainText, []string{"a\t17\tbob\n", "\\N\t\\N\t\\N\n", "x\\ty\t-5\ta\\\\b\\tc\\nd\\be\\ff\\rg\\vh\n", "\t0\t\n", "a\\\\\t0\t\\\\N\n"},
			[]string{"a\t" + number(17) + "\t" + token("bob") + "\n", "\\N\t\\N\t\\N\n", "x\\ty\t" + number(-5) + "\t" + token("a\\b\tc\nd\be\ff\rg\vh") + "\n",
				"\t" + number(0) + "\t" + token("") + "\n", "a\\\\\t" + number(0) + "\t" + token(`\N`) + "\n"}},
		"text with options": {dashed, []string{"a-b-n\n", "none-17-none\n", "a\\-\\\\-\\N-\\N\n"},
			[]string{"a-b-n\n", "none-" + strings.ReplaceAll(number(17), "-", `\-`) + "-" + token("none") + "\n", "a\\-\\\\-none-none\n"}},
		"csv": {plainCSV, []string{"a,17,bob\n", "\"a\n\"\"b,\",0,\"\"\n", ",,\n", "\"\",0,\"x\n,\"\"y\"\n"},
			[]string{"a," + number(17) + "," + token("bob") + "\n", "\"a\n\"\"b,\"," + number(0) + "," + token("") + "\n", ",,\n", "\"\"," + number(0) + "," + token("x\n,\"y") + "\n"}},
		"csv, everything quoted": {all, []string{"\"a\",\"17\",\"b\"\"c\"\n", ",,\n"}, []string{"\"a\",\"" + number(17) + "\",\"" + token(`b"c`) + "\"\n", ",,\n"}},
		"csv with options": {odd, []string{"aDbDn\n", "'a^^D^''D17D'b^^^'c'\n", "nilDnilDnil\n", "'nil'D0D'nil'\n"},
			[]string{"aDbDn\n", "'a^^D^''D'" + number(17) + "'D'" + token("b^'c") + "'\n", "nilDnilDnil\n", "'nil'D" + quotedIf(number(0), odd.Delimiter) + "D'" + token("nil") + "'\n"}},
		"binary": {inBinary, []string{copySignature + binaryRow("a", int64(17), "bob"), binaryRow(nil, nil, nil), "\xff\xff"},
			[]string{copySignature + binaryRow("a", sealed(17), token("bob")), binaryRow(nil, nil, nil), "\xff\xff"}},
		"binary without rows": {inBinary, []string{copySignature + "\xff\xff"}, []string{copySignature + "\xff\xff"}},
		"binary, two rows in a message": {inBinary, []string{copySignature, binaryRow("a", int64(1), "") + binaryRow("", int64(2), nil), "\xff\xff"},
			[]string{copySignature, binaryRow("a", sealed(1), token("")) + binaryRow("", sealed(2), nil), "\xff\xff"}},
	} {
		for i := range c.in {
			if c.format.Kind == rewrite.CopyCSV && c.format.Delimiter != ',' { // D stands for it
				c.in[i], c.want[i] = strings.ReplaceAll(c.in[i], "D", string(rune(c.format.Delimiter))), strings.ReplaceAll(c.want[i], "D", string(rune(c.format.Delimiter)))
			}
		}
		in, want := copyRows(c.in...), copyRows(c.want...)
		for _, chunk := range []int{1, 4, 9, 1 << 20} {
			m, got := inCopy(t, c.format), []byte(nil)
			for rest := bytes.Clone(in); len(rest) > 0; rest = rest[min(chunk, len(rest)):] {
				if err := m.fromServer(rest[:min(chunk, len(rest))], func(b []byte) { got = append(got, b...) }); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s, chunks of %d:\n%q\nwant\n%q", name, chunk, got, want)
			}
			if err := m.fromServer(ofServer(&pgproto3.CopyDone{}, selected, idle), func([]byte) {}); err != nil {
				t.Error(err)
			}
		}
	}
}

// quotedIf is a number in single quotes, if the delimiter is in it.
func quotedIf(number string, delimiter byte) string {
	if strings.IndexByte(number, delimiter) < 0 {
		return number
	}
	return "'" + number + "'"
}

// TestSealedCopyMalformed: what is not one row of the described columns, or not the header, ends the session and does not leave.
func TestSealedCopyMalformed(t *testing.T) {
	t.Parallel()
	headed, headedCSV := plainText, plainCSV
	headed.Header, headedCSV.Header = true, true
	for _, c := range []struct {
		format rewrite.CopyFormat
		rows   []string
	}{
		{plainText, []string{"a\t17\n", "a\t17\tbob\tx\n", "a\t17\tbob", "a\t17\tbob\na\t17\tbob\n", "a\tsecret\tbob\n", "", "a\\\t17\tbob\n"}},
		{headed, []string{"a\t17\tbob\n", "a\tb\n", "a\tb\tn\tx\n", "a,b,n\n"}},
		{headedCSV, []string{"a,17,bob\n", "a,b\n", "\"a\",b,n\n"}},
		{plainCSV, []string{"a,17\n", "a,17,bob,x\n", "a,17,bob", "a,secret,bob\n", "\"a,17,bob\n", "\"a\"x,17,bob\n", "a,17,\"bob\"\"\n"}},
		{inBinary, []string{binaryRow("a", int64(17), "bob"), "PGCOPY", copySignature + binaryRow("a", int64(17)), copySignature + binaryRow("a", "secret", "bob"),
			copySignature + binaryRow("a", int64(17), "bob") + "x", copySignature + "\xff\xff" + binaryRow("a", int64(17), "bob"), copySignature + binaryRow("a", int64(17), "bob")[:9]}},
	} {
		for _, row := range c.rows {
			m, got := inCopy(t, c.format), []byte(nil)
			err := m.fromServer(copyRows(row), func(b []byte) { got = append(got, b...) })
			if err == nil || strings.Contains(err.Error(), "secret") || len(got) > 0 {
				t.Errorf("%+v %q: %v, the client got %q", c.format, row, err, got)
			}
		}
	}
	for name, c := range map[string]struct {
		format  *rewrite.CopyFormat
		overall byte
	}{"binary for text": {&plainText, 1}, "text for binary": {&inBinary, 0}, "no format": {nil, 0}} {
		if err := copyBegins(described(t, c.format), c.overall); err == nil {
			t.Errorf("%s passes", name)
		}
	}
	m := inSealedRows(t, 0) // of a query
	if err := m.fromServer(copyRows("a\t17\n"), func([]byte) {}); err == nil {
		t.Error("rows of COPY pass in answer to a query")
	}
}

// TestSealedCopyAllocatesNothing: a row costs no allocation in any format.
func TestSealedCopyAllocatesNothing(t *testing.T) {
	forced := plainCSV
	forced.ForceAll = true
	for name, c := range map[string]struct {
		format     rewrite.CopyFormat
		first, row string
	}{
		"text": {plainText, "", "a\t17\tbo\\\\b\n"}, "csv": {plainCSV, "", "a,17,\"b\"\"ob\"\n"}, "forced": {forced, "", "\"a\",\"17\",\"bob\"\n"},
		"binary": {inBinary, copySignature, binaryRow("a", int64(17), "bob")},
	} {
		m, rows := inCopy(t, c.format), bytes.Repeat(copyRows(c.row), 1000)
		if c.first != "" {
			if err := m.fromServer(copyRows(c.first), func([]byte) {}); err != nil {
				t.Fatal(err)
			}
		}
		emitted := 0
		emit := func(b []byte) { emitted += len(b) }
		if n := testing.AllocsPerRun(20, func() {
			if err := m.fromServer(rows, emit); err != nil {
				t.Fatal(err)
			}
		}); n > 2 {
			t.Errorf("%s: %v allocations for 1000 rows", name, n)
		}
		if emitted == 0 {
			t.Error("no row passed")
		}
	}
}
