package masking

import "strings"

// Type describes the declared type of a column as the catalog of the upstream has it.
type Type struct {
	OID       uint32 // pg_type.oid, domains not resolved
	Mod       int32  // pg_attribute.atttypmod, -1 where there is none
	Name      string // format_type(oid, typmod) under an empty search_path: usable in a cast
	Collation string // quoted, schema-qualified; empty where the type has none
	// Deterministic says that the collation compares equal only what is equal byte for byte.
	Deterministic bool
}

// The built-in types that ciphers and masks know, by pg_type.oid.
const (
	oidBool        = 16
	oidBytea       = 17
	oidInt8        = 20
	oidInt2        = 21
	oidInt4        = 23
	oidText        = 25
	oidJSON        = 114
	oidCIDR        = 650
	oidFloat4      = 700
	oidFloat8      = 701
	oidInet        = 869
	oidBPChar      = 1042
	oidVarchar     = 1043
	oidDate        = 1082
	oidTimestamp   = 1114
	oidTimestampTZ = 1184
	oidNumeric     = 1700
	oidUUID        = 2950
	oidJSONB       = 3802
)

// collate appends the column's collation to an expression of a type that has one.
func (t Type) collate(expression string) string {
	if t.Collation == "" {
		return expression
	}
	return "(" + expression + " COLLATE " + t.Collation + ")"
}

// length is the declared length of char(n) and varchar(n), or -1.
func (t Type) length() int {
	if (t.OID == oidBPChar || t.OID == oidVarchar) && t.Mod >= 4 {
		return int(t.Mod) - 4
	}
	return -1
}

// quoteLiteral writes a string constant that means the same whatever standard_conforming_strings is.
func quoteLiteral(value string) string {
	quoted := "'" + strings.ReplaceAll(value, "'", "''") + "'"
	if strings.Contains(value, `\`) {
		return " E" + strings.ReplaceAll(quoted, `\`, `\\`)
	}
	return quoted
}

// NullSQL is the NULL of a column's type and collation.
func NullSQL(t Type) string { return t.collate("NULL::" + t.Name) }
