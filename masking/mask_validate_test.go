package masking

import (
	"errors"
	"strings"
	"testing"
)

func TestMaskArguments(t *testing.T) {
	for _, mask := range []Mask{
		{}, {Kind: "hash"}, {Kind: MaskPartial, KeepFirst: -1}, {Kind: MaskPartial, KeepLast: 1001},
		{Kind: MaskBucket}, {Kind: MaskBucket, Size: "0"}, {Kind: MaskBucket, Size: "0.00"}, {Kind: MaskBucket, Size: "-1"},
		{Kind: MaskBucket, Size: "1e3"}, {Kind: MaskBucket, Size: "1'"}, {Kind: MaskIPPrefix, V4: 33}, {Kind: MaskIPPrefix, V6: 129},
		{Kind: MaskIPPrefix, V4: -1}, {Kind: MaskRemoveKeys}, {Kind: MaskRemoveKeys, Keys: []string{"\x00"}}, {Kind: MaskSQL, Expression: " "},
		{Kind: MaskConstant, Value: "\xff"},
	} {
		if mask.Validate() == nil {
			t.Errorf("%+v is valid", mask)
		}
		if _, err := mask.SQL(typeText, "r.x"); err == nil {
			t.Errorf("%+v has an SQL form", mask)
		}
	}
}

// TestMaskTypes refuses masks on columns that they are not for, and constants that a setting could change.
func TestMaskTypes(t *testing.T) {
	bucket := func(size string) Mask { return Mask{Kind: MaskBucket, Size: size} }
	constant := func(value string) Mask { return Mask{Kind: MaskConstant, Value: value} }
	for _, c := range []struct {
		mask Mask
		typ  Type
	}{
		{Mask{Kind: MaskPartial}, typeInt4}, {Mask{Kind: MaskEmail}, typeJSONB}, {Mask{Kind: MaskYear}, typeText}, {Mask{Kind: MaskIPPrefix}, typeText},
		{Mask{Kind: MaskRemoveKeys, Keys: []string{"a"}}, typeText}, {bucket("10"), typeDate}, {bucket("0.5"), typeInt4}, {bucket("0.125"), typeNumeric42},
		{bucket("50"), builtin(oidNumeric, "numeric(3,-2)", 3<<16|(-2&0x7ff)+4)},
		{constant("a"), typeInt4}, {constant("2147483648"), typeInt4}, {constant("+1"), typeInt4}, {constant("01/02/2000"), typeDate},
		{constant("now"), typeDate}, {constant("2000-02-30"), typeDate}, {constant("2000-01-01 00:00:00"), typeTimestampTZ},
		{constant("2000-01-01 00:00:00+01"), typeTimestampTZ}, {constant("100"), typeNumeric42}, {constant("0.125"), typeNumeric42},
		{constant("10.0.0.1/8"), typeCIDR}, {constant("1e100"), builtin(oidFloat8, "double precision", -1)}, {constant("1"), Type{OID: 70000, Name: "public.mood"}},
		{constant("{"), typeJSON}, {constant(`{"b":1}`), typeJSONB}, {constant("abc"), builtin(oidBytea, "bytea", -1)},
	} {
		if _, err := c.mask.SQL(c.typ, "r.x"); err == nil {
			t.Errorf("%+v fits %s", c.mask, c.typ.Name)
		}
		if _, err := c.mask.Apply(c.typ, []byte("1")); err == nil {
			t.Errorf("%+v applies to %s", c.mask, c.typ.Name)
		}
	}
}

func TestSQLMask(t *testing.T) {
	mask := Mask{Kind: MaskSQL, Expression: "upper(x) || '!' -- loud"}
	if _, err := mask.Apply(typeText, []byte("a")); !errors.Is(err, ErrNoGoForm) {
		t.Error(err)
	}
	expression, err := mask.SQL(typeVarchar8, "r.x")
	if err != nil {
		t.Fatal(err)
	}
	conn := connect(t, nil)
	if got := evaluate(t, conn, typeVarchar8, expression, []string{"abc", "abcdefgh"}); strings.Join(got, " ") != "ABC! ABCDEFGH" {
		t.Error(got)
	}
	checkMaskShape(t, conn, typeVarchar8, expression)
}

func TestNullSQL(t *testing.T) {
	conn := connect(t, nil)
	for _, typ := range []Type{typeVarchar8, typeNumeric42, typeJSON, typeChar5} {
		checkMaskShape(t, conn, typ, NullSQL(typ))
	}
}
