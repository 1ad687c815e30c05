package masking

// Type describes the declared type of a column as the catalog of the upstream has it.
type Type struct {
	OID       uint32 // pg_type.oid, domains not resolved
	Mod       int32  // pg_attribute.atttypmod, -1 where there is none
	Name      string // format_type(oid, typmod) under an empty search_path: usable in a cast
	Collation string // quoted, schema-qualified; empty where the type has none
	// Deterministic says that the collation compares equal only what is equal byte for byte.
	Deterministic bool
}
