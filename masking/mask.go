package masking

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// MaskKind names a mask of the policy file.
type MaskKind string

// The masks. Each keeps the column's type, and NULL stays NULL. Masks are functions of the row alone: no session setting
// changes a result, and no value raises an error, the expression of MaskSQL excepted.
const (
	MaskConstant   MaskKind = "constant"    // Value, whatever the row holds
	MaskPartial    MaskKind = "partial"     // keep KeepFirst and KeepLast characters, '*' for each one between; a value that has no more than these is all '*'
	MaskEmail      MaskKind = "email"       // first character of the local part, "***", the domain; "***" where there is no @
	MaskYear       MaskKind = "year"        // truncate date, timestamp, timestamptz (in UTC) to the year
	MaskMonth      MaskKind = "month"       // to the month
	MaskDay        MaskKind = "day"         // to the day
	MaskBucket     MaskKind = "bucket"      // floor(value / Size) * Size, for integers and numeric; the type's least value where that would be less
	MaskIPPrefix   MaskKind = "ip_prefix"   // keep V4 or V6 leading bits of an inet or cidr
	MaskRemoveKeys MaskKind = "remove_keys" // remove top-level Keys of a jsonb or json object; JSON null for what is no object
	MaskSQL        MaskKind = "sql"         // Expression over the row's own columns
)

// Mask is one mask with its arguments; the zero value is not a mask.
type Mask struct {
	Kind       MaskKind
	Value      string   // constant
	KeepFirst  int      // partial
	KeepLast   int      // partial
	Size       string   // bucket: a positive decimal number
	V4, V6     int      // ip_prefix, bits
	Keys       []string // remove_keys
	Expression string   // sql
}

// maxKeep bounds partial: far beyond any sensible policy, far below an overflow.
const maxKeep = 1000

var sizePattern = regexp.MustCompile(`^[0-9]{1,18}(\.[0-9]{1,9})?$`)

// Validate reports what is wrong with a mask's arguments, whatever column it is for.
func (m Mask) Validate() error {
	switch m.Kind {
	case MaskConstant:
		return validText("value", m.Value)
	case MaskPartial:
		if m.KeepFirst < 0 || m.KeepLast < 0 || m.KeepFirst > maxKeep || m.KeepLast > maxKeep {
			return fmt.Errorf("partial keeps between 0 and %d characters at either end", maxKeep)
		}
	case MaskEmail, MaskYear, MaskMonth, MaskDay:
	case MaskBucket:
		if !sizePattern.MatchString(m.Size) || strings.Trim(m.Size, "0.") == "" {
			return fmt.Errorf("bucket size %q is not a positive number of at most 18 digits and 9 decimals", m.Size)
		}
	case MaskIPPrefix:
		if m.V4 < 0 || m.V4 > 32 || m.V6 < 0 || m.V6 > 128 {
			return errors.New("ip_prefix keeps 0 to 32 bits of an IPv4 and 0 to 128 of an IPv6 address")
		}
	case MaskRemoveKeys:
		if len(m.Keys) == 0 {
			return errors.New("remove_keys names no key")
		}
		for _, key := range m.Keys {
			if err := validText("key", key); err != nil {
				return err
			}
		}
	case MaskSQL:
		if strings.TrimSpace(m.Expression) == "" {
			return errors.New("the sql mask has no expression")
		}
		return validText("expression", m.Expression)
	default:
		return fmt.Errorf("unknown mask %q", string(m.Kind))
	}
	return nil
}

func validText(what, text string) error {
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return fmt.Errorf("%s is not text that Postgres can hold", what)
	}
	return nil
}

// maskTypes says which types a mask is for; the constant has rules of its own, sql is for every type.
var maskTypes = map[MaskKind][]uint32{
	MaskPartial:    {oidText, oidVarchar, oidBPChar},
	MaskEmail:      {oidText, oidVarchar, oidBPChar},
	MaskYear:       {oidDate, oidTimestamp, oidTimestampTZ},
	MaskMonth:      {oidDate, oidTimestamp, oidTimestampTZ},
	MaskDay:        {oidDate, oidTimestamp, oidTimestampTZ},
	MaskBucket:     {oidInt2, oidInt4, oidInt8, oidNumeric},
	MaskIPPrefix:   {oidInet, oidCIDR},
	MaskRemoveKeys: {oidJSON, oidJSONB},
}

// fits reports whether a valid mask suits a type.
func (m Mask) fits(typ Type) error {
	if err := m.Validate(); err != nil {
		return err
	}
	switch m.Kind {
	case MaskSQL:
		return nil
	case MaskConstant:
		_, err := constantOf(typ, m.Value)
		return err
	}
	for _, oid := range maskTypes[m.Kind] {
		if oid == typ.OID {
			if m.Kind == MaskBucket {
				return m.checkBucket(typ)
			}
			return nil
		}
	}
	return fmt.Errorf("mask %s is not for columns of type %s", m.Kind, typ.Name)
}
