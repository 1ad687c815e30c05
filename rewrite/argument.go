package rewrite

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// Argument is a constant that EXECUTE gives to a parameter.
type Argument struct {
	Text string
	Null bool
	Type uint32 // of a number or a boolean; 0 of a string and of NULL, which take the type that they meet
	Cast uint32 // the type that it is cast to, 0 where it is not
}

var (
	wholeNumber = regexp.MustCompile(`^-?[0-9]+$`)
	fraction    = regexp.MustCompile(`^-?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$`)
)

// literal reads a constant as make_const in parse_node.c does.
func literal(n *pg.Node) (Argument, error) {
	c := n.GetAConst()
	switch {
	case c == nil:
	case c.Isnull:
		return Argument{Null: true}, nil
	case c.GetSval() != nil:
		return Argument{Text: c.GetSval().Sval}, nil
	case c.GetBoolval() != nil:
		return Argument{Text: strconv.FormatBool(c.GetBoolval().Boolval), Type: oidBool}, nil
	case c.GetIval() != nil:
		return Argument{Text: strconv.Itoa(int(c.GetIval().Ival)), Type: oidInt4}, nil
	case c.GetFval() != nil && wholeNumber.MatchString(c.GetFval().Fval):
		return wide(c.GetFval().Fval), nil
	case c.GetFval() != nil && fraction.MatchString(c.GetFval().Fval):
		return Argument{Text: unsignedZero(c.GetFval().Fval), Type: oidNumeric}, nil
	}
	return Argument{}, notByValue()
}

// unsignedZero is a number without the sign of a zero, which a numeric has not and a float would keep.
func unsignedZero(text string) string {
	if strings.Trim(mantissa(text), "-.0") == "" {
		return strings.TrimPrefix(text, "-")
	}
	return text
}

// mantissa is a number without its exponent.
func mantissa(text string) string {
	digits, _, _ := strings.Cut(strings.ToLower(text), "e")
	return digits
}

// wide is a number that the scanner did not take for an int4: of the least type that holds it.
func wide(text string) Argument {
	x, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil:
		return Argument{Text: text, Type: oidNumeric}
	case x == math.MinInt32:
		return Argument{Text: text, Type: oidInt4}
	}
	return Argument{Text: strconv.FormatInt(x, 10), Type: oidInt8}
}

// Values are the arguments of an EXECUTE in text format, for parameters of these types.
func (p *Plan) Values(types []uint32) ([][]byte, error) {
	if len(types) != len(p.Arguments) {
		return nil, fmt.Errorf("%d arguments for %d parameters", len(p.Arguments), len(types))
	}
	values := make([][]byte, len(types))
	for i, a := range p.Arguments {
		if err := a.assign(i+1, types[i]); err != nil {
			return nil, err
		}
		if !a.Null {
			values[i] = []byte(a.Text)
		}
	}
	return values, nil
}

// assign says whether the argument's text, read as the type, is what assignment of the argument to the type makes of it; the error is the
// server's where that is known.
func (a Argument) assign(number int, want uint32) error {
	if a.Cast != 0 && a.Cast != want {
		return notByValue()
	}
	switch a.Type {
	case 0, want:
		return nil
	case oidInt4, oidInt8:
		if bits := map[uint32]int{oidInt2: 16, oidInt4: 32, oidInt8: 64}[want]; bits > 0 {
			return fits(a.Text, bits)
		}
		if slices.Contains([]uint32{oidNumeric, oidFloat4, oidFloat8, oidText, oidVarchar}, want) {
			return nil
		}
		if _, err := strconv.ParseUint(a.Text, 10, 32); want == oidOID && err == nil {
			return nil
		}
	case oidNumeric:
		if want == oidFloat4 || want == oidFloat8 {
			if _, err := strconv.ParseFloat(a.Text, map[uint32]int{oidFloat4: 32, oidFloat8: 64}[want]); err == nil {
				return nil
			}
		}
	case oidBool:
		if want == oidText || want == oidVarchar {
			return nil
		}
	}
	if name := uncastable(a.Type, want); name != "" && a.Cast == 0 {
		return &Error{Code: "42804", Message: fmt.Sprintf("parameter $%d of type %s cannot be coerced to the expected type %s", number, typeNames[a.Type], name),
			Hint: "You will need to rewrite or cast the expression."}
	}
	return notByValue()
}

// fits is the error of the cast between integers.
func fits(text string, bits int) error {
	if _, err := strconv.ParseInt(text, 10, bits); err != nil {
		return &Error{Code: "22003", Message: map[int]string{16: "smallint", 32: "integer", 64: "bigint"}[bits] + " out of range"}
	}
	return nil
}

// typeNames are the types of constants, and some that constants are given to, as format_type names them.
var typeNames = map[uint32]string{oidInt2: "smallint", oidInt4: "integer", oidInt8: "bigint", oidNumeric: "numeric", oidFloat4: "real", oidFloat8: "double precision",
	oidBool: "boolean", oidUUID: "uuid", 1082: "date", 1114: "timestamp without time zone", oidTimestampTZ: "timestamp with time zone"}

// uncastable is the name of a type that has no assignment cast from the other; empty where it has, or where that is not known.
func uncastable(from, to uint32) string {
	number := slices.Contains([]uint32{oidInt2, oidInt4, oidInt8, oidNumeric, oidFloat4, oidFloat8}, to)
	if number && from != oidBool {
		return ""
	}
	return typeNames[to]
}
