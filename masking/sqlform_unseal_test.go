package masking

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
)

var typesOfUnseal = []Type{typeInt4, typeInt8, typeUUID, typeText, typeVarchar}

// compareUnseal requires what Go's Unseal gives of every value. Values are sent as text: a token does not fit varchar(n).
func compareUnseal(t *testing.T, conn *pgx.Conn, typ Type, values []string) {
	t.Helper()
	expression, err := UnsealSQL("user", typ, "r.x")
	if err != nil {
		t.Fatal(err)
	}
	column := typ
	if typ.OID == oidVarchar {
		column = Type{OID: oidVarchar, Name: "varchar"}
	}
	got := evaluate(t, conn, column, expression, values)
	if len(got) != len(values) {
		t.Fatalf("%d results of %d values", len(got), len(values))
	}
	cipher := newPseudonym(t, typ)
	for i, value := range values {
		want, err := cipher.Unseal(nil, []byte(value), 0)
		if err != nil || got[i] != string(want) {
			t.Fatalf("%.120q: Go has %.99q, %v; SQL has %.99q", value, want, err, got[i])
		}
	}
}

// TestUnsealSQLAgreesWithGo takes pseudonyms of random values, and of integers and uuids the values themselves.
func TestUnsealSQLAgreesWithGo(t *testing.T) {
	for _, typ := range typesOfUnseal {
		t.Run(typ.Name, func(t *testing.T) {
			t.Parallel()
			cipher, values := newPseudonym(t, typ), samples(typ, agreementValues)
			for i, value := range values {
				if typ.OID != oidText && typ.OID != oidVarchar && i%2 == 0 {
					continue
				}
				sealed, err := cipher.Encrypt(nil, []byte(value))
				if err != nil {
					t.Fatal(err)
				}
				if back, err := cipher.Unseal(nil, sealed, 0); err != nil || string(back) != value {
					t.Fatalf("%q comes back as %q, %v", value, back, err)
				}
				values[i] = string(sealed)
			}
			compareUnseal(t, connect(t, hostile), typ, values)
		})
	}
}

// forged enciphers a padded text as it is, under the SIV of a text of its own: what only a key's holder can do.
func forged(k Key, text, padded []byte) string {
	siv, body := k.siv(text), bytes.Clone(padded)
	k.xorStream(siv, body)
	return fmt.Sprintf("px%x%x", siv, body)
}

// hostileTokens are mutations of tokens, and texts that only resemble one.
func hostileTokens(t *testing.T) []string {
	t.Helper()
	key := testKey(t, "user")
	other := testKey(t, "device")
	values := []string{"", "p", "px", "pd", "none ", " ", "é", "px" + strings.Repeat("é", 32), "PX" + strings.Repeat("0", 64), "px" + strings.Repeat("0", 63), "px" + strings.Repeat("0", 65),
		"px" + strings.Repeat("0", 64) + "\n", "\npx" + strings.Repeat("0", 64), "px" + strings.Repeat("g", 64), "px" + strings.Repeat("١", 64), strings.Repeat("x", 3*MaxText), "px" + strings.Repeat("0", 2*MaxText), "px" + strings.Repeat("0", 2*(MaxText+32)), "px" + strings.Repeat("0", 2*(MaxText+48))}
	for _, text := range []string{"", "alice", "日本語", strings.Repeat("x", 15), strings.Repeat("x", 16), strings.Repeat("y", 40), strings.Repeat("x", MaxText), strings.Repeat("x", MaxText+1), "a\x00b"} {
		sealed, err := key.encryptText(nil, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		foreign, err := other.encryptText(nil, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		token := string(sealed)
		values = append(values, token, string(foreign), strings.ToUpper(token), "px"+strings.ToUpper(token[2:]), "pd"+token[2:], token[2:], token+"\n", " "+token, token+strings.Repeat("0", 32))
		if len(token) > 1000 {
			continue
		}
		for i := range token {
			values = append(values, token[:i], token[:i]+token[i+1:], token[:i]+"0"+token[i:])
			for _, c := range "0123456789abcdefAFgpx-é\n" {
				values = append(values, token[:i]+string(c)+token[i+1:])
			}
		}
	}
	zeros := strings.Repeat("\x00", 16)
	for _, padded := range []string{zeros, "\x80" + zeros[1:] + zeros, strings.Repeat("\x80", 16), "alice" + zeros[5:], "alice\x81" + zeros[6:], "alice\x80" + zeros[6:] + zeros, "al\x80ce\x80" + zeros[6:], "\xff\xfe\x80" + zeros[3:]} {
		values = append(values, forged(key, []byte("alice"), []byte(padded)), forged(key, nil, []byte(padded)))
	}
	return values
}

// TestUnsealSQLNeverRaises gives it what is no pseudonym.
func TestUnsealSQLNeverRaises(t *testing.T) {
	values := hostileTokens(t)
	for _, value := range values {
		if !utf8.ValidString(value) || strings.Contains(value, "\x00") {
			t.Fatalf("%q is no text of a server", value)
		}
	}
	for _, typ := range []Type{typeText, {OID: oidVarchar, Mod: -1, Name: "varchar", Collation: typeVarchar.Collation}} {
		compareUnseal(t, connect(t, hostile), typ, values)
	}
}

// TestUnsealSQLShape: type and collation, NULL for NULL, constants, one use of the expression, an index that serves.
func TestUnsealSQLShape(t *testing.T) {
	conn := connect(t, map[string]string{"enable_seqscan": "off"})
	for _, typ := range typesOfUnseal {
		bare, _, _ := strings.Cut(typ.Name, "(")
		expression, err := UnsealSQL("user", typ, "NULL::"+bare)
		if err != nil {
			t.Fatal(err)
		}
		if got := query(t, conn, "SELECT concat_ws('|', pg_typeof("+expression+"), ("+expression+") IS NULL)"); got[0] != bare+"|t" {
			t.Errorf("%s: %s", typ.Name, got[0])
		}
		if expression, err = UnsealSQL("user", typ, "THE_ARGUMENT"); err != nil || strings.Count(expression, "THE_ARGUMENT") != 1 {
			t.Errorf("%s: the argument stands %d times, %v", typ.Name, strings.Count(expression, "THE_ARGUMENT"), err)
		}
		sampleTable(t, conn, Type{Name: bare}, nil)
		if expression, err = UnsealSQL("user", typ, "o.x"); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), "CREATE INDEX sample_x ON pg_temp.sample (x "+strings.Replace(typ.Collation, "pg_catalog", "COLLATE pg_catalog", 1)+")"); err != nil {
			t.Fatal(err)
		}
		plan := strings.Join(query(t, conn, "EXPLAIN SELECT FROM (VALUES (NULL::"+bare+"), (NULL)) o(x) JOIN pg_temp.sample r ON r.x = "+expression), "\n")
		if !strings.Contains(plan, "Index Cond: (x = ") {
			t.Errorf("%s: the index does not serve: %s", typ.Name, plan)
		}
	}
}
