// Package catalog holds a snapshot of what the upstream's catalog says: relations, columns, types, functions, operators.
// A Snapshot is immutable and versioned; a Source keeps one current.
package catalog

import "github.com/cordon-db/cordon/masking"

// FirstUserOID is the first oid of objects that initdb did not make (FirstNormalObjectId in access/transam.h).
const FirstUserOID = 16384

// Snapshot is one reading of the catalog of one database, taken in one repeatable read transaction.
type Snapshot struct {
	Version       uint64 // grows by one with every snapshot that differs from the one before
	Database      string
	ServerVersion int                            // server_version_num
	SearchPath    map[string]string              // search_path in force for a role after ALTER ROLE/DATABASE; key "" is everybody's
	Schemas       map[string]*Schema             // by name
	Types         map[uint32]*Type               // by oid
	relations     map[uint32]*Relation           // by oid
	byName        map[string]map[string]*Relation // schema, name
	typesByName   map[string]map[string]*Type
	functions     map[string]map[string][]*Function // schema, name
	operators     map[string][]*Operator            // name, of every schema
}

// Schema is a namespace.
type Schema struct {
	OID  uint32
	Name string
}

// Relation is a row of pg_class that a FROM clause could name, or an index.
type Relation struct {
	OID             uint32
	Schema, Name    string
	Kind            byte     // relkind: r, p, v, m, f, S, i, I, c, t
	Type            uint32   // reltype
	Columns         []Column // live columns by attnum
	View            string   // pg_get_viewdef under an empty search_path, for kind v and m
	SecurityBarrier bool
	RowSecurity     bool
	Parents         []uint32 // inheritance or partition parents
	Children        []uint32
	PrimaryKey      []int16 // attribute numbers of the primary key if it is not deferrable
	Indexes         []Index
	Constraints     []Constraint
}

// Column is an attribute of a relation.
type Column struct {
	Name      string
	Num       int16 // attnum
	Type      masking.Type
	Generated bool
	Reads     []int16 // attribute numbers that a generated column or default reads
}

// Index is an index of a relation with the columns that it reads, expressions and predicate included.
type Index struct {
	OID   uint32
	Reads []int16
}

// Constraint is a constraint of a relation with the columns that it reads; Foreign is the referenced relation.
type Constraint struct {
	OID            uint32
	Reads          []int16
	Foreign        uint32
	ForeignColumns []int16
}

// Type is a row of pg_type.
type Type struct {
	OID      uint32
	Schema   string
	Name     string
	Kind     byte // typtype: b, c, d, e, p, r, m
	Category byte
	Elem     uint32
	Array    uint32
	Base     uint32 // of a domain
	Relation uint32 // typrelid of a row type
}

// Function is a row of pg_proc.
type Function struct {
	OID        uint32
	Schema     string
	Name       string
	Args       []uint32 // input argument types
	Defaults   int
	Variadic   uint32 // 0 where it is none
	Kind       byte   // prokind: f, p, a, w
	Set        bool   // returns a set
	Result     uint32
	Volatility byte // i, s, v
}

// Operator is a row of pg_operator.
type Operator struct {
	OID         uint32
	Schema      string
	Name        string
	Left, Right uint32 // 0 for a prefix operator's left
	Result      uint32
	Function    uint32
}
