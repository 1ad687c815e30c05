package masking

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// constant is the value of a constant mask: as SQL and in Postgres' text format.
type constant struct{ sql, text string }

var (
	decimalPattern = regexp.MustCompile(`^-?[0-9]{1,300}(\.[0-9]{1,300})?$`)
	floatPattern   = regexp.MustCompile(`^-?[0-9]{1,3}(\.[0-9]{1,3})?$`)
	byteaPattern   = regexp.MustCompile(`^\\x([0-9a-f]{2})*$`)
)

// constantOf reads a policy's constant for a column's type. Only forms that mean the same under every session's settings are
// accepted: ISO dates, timestamps with time zone in UTC. What has no rule here needs the sql mask.
func constantOf(typ Type, value string) (constant, error) {
	text, ok := constantText(typ, value)
	if !ok {
		return constant{}, fmt.Errorf("constant %q is not a value of type %s in a form that no setting can change "+
			"(dates as 2006-01-02, timestamps as 2006-01-02 15:04:05 with +00 for time zones); other types need the sql mask", value, typ.Name)
	}
	return constant{sql: strings.TrimSpace(quoteLiteral(text)) + "::" + typ.Name, text: text}, nil
}

func constantText(typ Type, value string) (string, bool) {
	switch typ.OID {
	case oidText, oidVarchar, oidBPChar:
		return typ.cut(value), true
	case oidInt2:
		return integerText(value, 16)
	case oidInt4:
		return integerText(value, 32)
	case oidInt8:
		return integerText(value, 64)
	case oidNumeric:
		return numericText(typ, value)
	case oidFloat4, oidFloat8: // few enough digits that every form of the number is the same
		number, err := strconv.ParseFloat(value, 64)
		return strconv.FormatFloat(number, 'f', -1, 64), err == nil && floatPattern.MatchString(value) && !strings.HasPrefix(value, "-0")
	case oidBool:
		text, ok := map[string]string{"true": "t", "t": "t", "false": "f", "f": "f"}[value]
		return text, ok
	case oidUUID:
		u, ok := parseUUID([]byte(value))
		return string(appendUUID(nil, u)), ok
	case oidBytea:
		return value, byteaPattern.MatchString(value)
	default:
		return structuredText(typ, value)
	}
}

func structuredText(typ Type, value string) (string, bool) {
	layout := map[uint32]string{
		oidDate: "2006-01-02", oidTimestamp: "2006-01-02 15:04:05", oidTimestampTZ: "2006-01-02 15:04:05+00",
	}[typ.OID]
	switch typ.OID {
	case oidDate, oidTimestamp, oidTimestampTZ:
		moment, err := time.Parse(layout, value)
		return value, err == nil && moment.Year() > 0
	case oidInet:
		if address, err := netip.ParseAddr(value); err == nil {
			return addressText(address), address.Zone() == ""
		}
		prefix, err := netip.ParsePrefix(value)
		return inetText(prefix), err == nil
	case oidCIDR:
		prefix, err := netip.ParsePrefix(value)
		return cidrText(prefix), err == nil && prefix == prefix.Masked()
	case oidJSON:
		return value, json.Valid([]byte(value))
	case oidJSONB: // the values that have one form only
		return value, value == "{}" || value == "[]" || value == "null" || value == "true" || value == "false"
	default:
		return "", false
	}
}

func integerText(value string, bits int) (string, bool) {
	number, err := strconv.ParseInt(value, 10, bits)
	return strconv.FormatInt(number, 10), err == nil && decimalPattern.MatchString(value)
}

// numericText gives the number the column's scale, and refuses one that would be rounded or overflow.
func numericText(typ Type, value string) (string, bool) {
	if !decimalPattern.MatchString(value) {
		return "", false
	}
	scale := decimals(value)
	precision, columnScale, limited := typ.precision()
	if !limited {
		number, ok := unscaled(value, scale)
		return decimalText(number, scale, scale), ok
	}
	if columnScale < 0 || scale > columnScale {
		return "", false
	}
	number, ok := unscaled(value, columnScale)
	if !ok || new(big.Int).Abs(number).Cmp(power10(precision)) >= 0 {
		return "", false
	}
	return decimalText(number, columnScale, columnScale), true
}

// cut makes a text fit char(n) or varchar(n) as an explicit cast does: cut to the length, and char(n) padded.
func (t Type) cut(text string) string {
	if t.OID == oidBPChar {
		text = strings.TrimRight(text, " ")
	}
	length := t.length()
	if length < 0 {
		return text
	}
	count := utf8.RuneCountInString(text)
	if count > length {
		return string([]rune(text)[:length])
	}
	if t.OID == oidBPChar {
		return text + strings.Repeat(" ", length-count)
	}
	return text
}
