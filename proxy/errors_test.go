package proxy

import "testing"

// TestWithoutValues: where the order of rows is hidden, of what a row put into an error's text nothing stays, and of the rest as much as helps.
func TestWithoutValues(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		"division by zero":                                               "division by zero",
		"value out of range: overflow":                                   "value out of range: overflow",
		`invalid input syntax for type integer: "user1"`:                 `invalid input syntax for type integer: "..."`,
		`invalid input syntax for type integer: "a"b"`:                   `invalid input syntax for type integer: "..."`,
		"invalid input syntax for type date: \"a\"\n\"b\"":               `invalid input syntax for type date: "..."`,
		`value "99999999999" is out of range for type integer`:           `value "..." is out of range for type integer`,
		`invalid value "ab" for "YYYY"`:                                  `invalid value "..."`,
		`invalid input value for enum visibility: "São"`:                 `invalid input value for enum visibility: "..."`,
		"index 121 out of valid range, 0..0":                             "index ... out of valid range, ...",
		"value too long for type character varying(3)":                   "value too long for type character varying(...)",
		`invalid byte sequence for encoding "UTF8": 0xc3 0x28`:           `invalid byte sequence for encoding "...": ... ...`,
		"invalid Unicode code point: FFFFFF":                             "invalid Unicode code point: ...",
		"Syntaxe en entrée invalide pour le type integer : « user1 »":    withheldValue,
		"ungültige Eingabesyntax für Typ integer: »user1«":               withheldValue,
		"sintaxis de entrada no válida para tipo integer: «user1»":       withheldValue,
		"canceling statement due to statement timeout":                   "canceling statement due to statement timeout",
		"more than one row returned by a subquery used as an expression": "more than one row returned by a subquery used as an expression",
	} {
		if got := withoutValues(message); got != want {
			t.Errorf("%s: %q, not %q", message, got, want)
		}
	}
}
