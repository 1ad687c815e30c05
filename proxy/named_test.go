package proxy

import (
	"bytes"
	"slices"
	"testing"

	"github.com/jackc/pgproto3/v2"

	"github.com/cordon-db/cordon/rewrite"
)

// TestBindNames: a regclass of a client's is a text to the server: a name as it is, and of the binary format, which is an oid, the digits.
func TestBindNames(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]struct {
		formats []int16
		value   string
		want    string // empty: refused
	}{
		"text":            {nil, "users", "users"},
		"text, one code":  {[]int16{0}, "users", "users"},
		"binary":          {[]int16{0, 1}, "\x00\x00\x04\xeb", "1259"},
		"binary, no oid":  {[]int16{1}, "users", ""},
		"the other's one": {[]int16{1, 0}, "users", "users"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := &rewrite.Plan{SQL: "sent n", Kind: rewrite.KindQuery, Columns: []rewrite.Origin{{Table: shownTable, Column: 1}}, Named: []uint32{0, 2205}}
			m := machineOf(t, map[string]*rewrite.Plan{"n": plan})
			_, out, err := m.fromClient(ofClient(&pgproto3.Parse{Query: "n"},
				&pgproto3.Bind{ParameterFormatCodes: s.formats, Parameters: [][]byte{[]byte("x"), []byte(s.value)}, ResultFormatCodes: []int16{1}}, synced))
			if err != nil {
				t.Fatal(err)
			}
			bound, ok := sentMessages(t, out)['B']
			if !ok || s.want == "" {
				if ok || s.want != "" {
					t.Fatalf("sent %q, want %q", bound, s.want)
				}
				return
			}
			var b pgproto3.Bind
			if err := decode(&b, bound); err != nil {
				t.Fatal(err)
			}
			if string(b.Parameters[0]) != "x" || string(b.Parameters[1]) != s.want || !slices.Equal(b.ParameterFormatCodes, s.formats) || !slices.Equal(b.ResultFormatCodes, []int16{1}) {
				t.Errorf("sent %+v, want %q", b, s.want)
			}
		})
	}
}

// TestDescribeNames: the client is told of a regclass, whatever the server calls it.
func TestDescribeNames(t *testing.T) {
	t.Parallel()
	described, err := (&pgproto3.ParameterDescription{ParameterOIDs: []uint32{20, 25}}).Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := (&pgproto3.ParameterDescription{ParameterOIDs: []uint32{20, 2205}}).Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := describeParams(described, &rewrite.Plan{Named: []uint32{0, 2205}}); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
}

// TestUnsealBindNames: so it is beside a parameter that is unsealed.
func TestUnsealBindNames(t *testing.T) {
	t.Parallel()
	plan := unsealing(0)
	plan.Named = []uint32{2205}
	m := machineOf(t, map[string]*rewrite.Plan{"u": plan})
	if _, _, err := m.fromClient(ofClient(&pgproto3.Parse{Name: "s", Query: "u"}, synced)); err != nil {
		t.Fatal(err)
	}
	if err := m.fromServer(ofServer(parsed, &pgproto3.ParameterDescription{ParameterOIDs: []uint32{25, 20, 20}}, columns(shownTable), idle), func([]byte) {}); err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]string{"\x00\x00\x04\xeb": "1259", "users": ""} {
		_, out, err := m.fromClient(ofClient(&pgproto3.Bind{PreparedStatement: "s", ParameterFormatCodes: []int16{1, 0}, Parameters: [][]byte{[]byte(value), []byte("12")}}, synced))
		if err != nil {
			t.Fatal(err)
		}
		sent, ok := sentMessages(t, out)['B']
		if ok != (want != "") {
			t.Fatalf("%q: sent %q", value, sent)
		}
		var b pgproto3.Bind
		if ok && (decode(&b, sent) != nil || string(b.Parameters[0]) != want) {
			t.Errorf("sent %+v, want %q", b, want)
		}
	}
}
