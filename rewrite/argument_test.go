package rewrite

import (
	"errors"
	"testing"
)

// TestArguments: an argument of EXECUTE is bound as a text only where that text, read as the parameter's type, is what assignment makes of it.
func TestArguments(t *testing.T) {
	rw := newTestRewriter(t, parsedPolicy(t, sealedPolicy), "app", &storedCatalog{current: storedSnapshot(t)})
	s := login(t, rw, "analyst")
	plan, err := s.Parse(t.Context(), "SELECT username FROM users WHERE user_id = $1", nil)
	if err != nil || plan.Params == nil {
		t.Fatalf("%+v, %v", plan, err)
	}
	s.Named("s", plan)
	for _, c := range []struct {
		argument string
		typ      uint32
		want     string // a code, or the text
	}{
		{"'x'", oidText, "x"}, {"'x'", 1082, "x"}, {"'5'::int8", oidInt8, "5"}, {"int8 '5'", oidInt8, "5"}, {"E'a\\tb'", oidText, "a\tb"},
		{"NULL", oidInt8, "NULL"}, {"NULL::int8", oidInt8, "NULL"}, {"NULL::text", oidInt8, "0A000"}, {"'5'::text", oidInt8, "0A000"},
		{"5", oidInt8, "5"}, {"-5", oidInt8, "-5"}, {"5", oidInt2, "5"}, {"70000", oidInt2, "22003"}, {"3000000000", oidInt4, "22003"}, {"3000000000", oidInt8, "3000000000"},
		{"-2147483648", oidInt4, "-2147483648"}, {"9223372036854775808", oidInt8, "0A000"}, {"9223372036854775808", oidNumeric, "9223372036854775808"},
		{"5::int8", oidInt8, "5"}, {"5::int4", oidInt8, "0A000"}, {"5", oidText, "5"}, {"5", oidFloat8, "5"}, {"5", oidOID, "5"}, {"-5", oidOID, "0A000"},
		{"5", oidUUID, "42804"}, {"5", 1082, "42804"}, {"5.5", oidUUID, "42804"}, {"5::uuid", oidUUID, "0A000"}, {"5", oidBool, "42804"}, {"5", 99999, "0A000"},
		{"1.50", oidNumeric, "1.50"}, {"1.5", oidInt8, "0A000"}, {"1e2", oidNumeric, "1e2"}, {".5", oidFloat8, ".5"}, {"1e400", oidFloat8, "0A000"}, {"1e2", oidText, "0A000"},
		{"-0.0", oidFloat8, "0.0"}, {"-.0e5", oidNumeric, ".0e5"}, {"-0.5", oidFloat4, "-0.5"}, {"'-0.0'", oidFloat8, "-0.0"},
		{"true", oidBool, "true"}, {"false", oidText, "false"}, {"true", oidInt4, "42804"}, {"5", 1700 + 1<<16, "0A000"}, {"true", oidUUID, "42804"},
	} {
		plans, err := play(s, "EXECUTE s("+c.argument+")")
		var values [][]byte
		if err == nil {
			values, err = plans[0].Values([]uint32{c.typ})
		}
		var e *Error
		got := ""
		switch {
		case errors.As(err, &e):
			got = e.Code
		case err != nil || len(values) != 1:
			t.Errorf("%s: %v, %v", c.argument, values, err)
		case values[0] == nil:
			got = "NULL"
		default:
			got = string(values[0])
		}
		if got != c.want {
			t.Errorf("%s for type %d is %q, want %q", c.argument, c.typ, got, c.want)
		}
	}
}
