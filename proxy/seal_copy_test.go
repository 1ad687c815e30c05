package proxy

import (
	"bytes"
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

// copying is a machine that has described a COPY of a shown column, an int8 and a text identifier, and sent it.
func copying(tb testing.TB, format byte) *machine {
	tb.Helper()
	f := newFakeSession()
	f.plans = map[string]*rewrite.Plan{"c": {SQL: "sent c", Kind: rewrite.KindCopy, Describe: "inner c", Columns: []rewrite.Origin{
		{Table: shownTable, Column: 1}, {Table: shownTable, Column: 2, Seal: userSeal}, {Seal: nickSeal}}}}
	m := newMachine(tb.Context(), f, slog.New(slog.DiscardHandler), 1<<20)
	if _, _, err := m.fromClient(ofClient(query("c"))); err != nil {
		tb.Fatal(err)
	}
	described := sealedColumns(0)
	described.Fields = append(described.Fields, pgproto3.FieldDescription{Name: []byte("n"), DataTypeOID: 1043, TypeModifier: 24})
	err := m.fromServer(ofServer(parsed, noParams, described, closed, idle, &pgproto3.CopyOutResponse{OverallFormat: format, ColumnFormatCodes: make([]uint16, 3)}), func([]byte) {})
	if format == 0 && err != nil || format == 1 && err == nil {
		tb.Fatalf("format %d: %v", format, err)
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

// TestSealedCopy: the rows of a COPY in text format leave with pseudonyms, escapes undone before a text is sealed.
func TestSealedCopy(t *testing.T) {
	t.Parallel()
	number := userCipher(t)
	text, err := masking.NewPseudonym(userKey, masking.Type{OID: 25})
	if err != nil {
		t.Fatal(err)
	}
	token := func(s string) string {
		out, err := text.Encrypt(nil, []byte(s))
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	in := copyRows("a\t17\tbob\n", "\\N\t\\N\t\\N\n", "x\\ty\t-5\ta\\\\b\\tc\\nd\\be\\ff\\rg\\vh\n", "\t0\t\n")
	want := copyRows("a\t"+strconv.FormatInt(number.EncryptInt8(17), 10)+"\t"+token("bob")+"\n", "\\N\t\\N\t\\N\n",
		"x\\ty\t"+strconv.FormatInt(number.EncryptInt8(-5), 10)+"\t"+token("a\\b\tc\nd\be\ff\rg\vh")+"\n", "\t"+strconv.FormatInt(number.EncryptInt8(0), 10)+"\t"+token("")+"\n")
	for _, chunk := range []int{1, 4, 9, 1 << 20} {
		m, got := copying(t, 0), []byte(nil)
		for rest := bytes.Clone(in); len(rest) > 0; rest = rest[min(chunk, len(rest)):] {
			if err := m.fromServer(rest[:min(chunk, len(rest))], func(b []byte) { got = append(got, b...) }); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(got, want) {
			t.Errorf("chunks of %d:\n%q\nwant\n%q", chunk, got, want)
		}
		if err := m.fromServer(ofServer(&pgproto3.CopyDone{}, selected, idle), func([]byte) {}); err != nil {
			t.Error(err)
		}
	}
}

// TestSealedCopyMalformed: what is not one row of the described columns ends the session and does not leave.
func TestSealedCopyMalformed(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"a\t17\n", "a\t17\tbob\tx\n", "a\t17\tbob", "a\t17\tbob\na\t17\tbob\n", "a\tsecret\tbob\n", ""} {
		m, got := copying(t, 0), []byte(nil)
		err := m.fromServer(copyRows(line), func(b []byte) { got = append(got, b...) })
		if err == nil || strings.Contains(err.Error(), "secret") || len(got) > 0 {
			t.Errorf("%q: %v, the client got %q", line, err, got)
		}
	}
	copying(t, 1) // binary
}
