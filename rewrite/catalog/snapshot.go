// Package catalog holds a snapshot of what the upstream's catalog says: relations, columns, types, functions, operators.
//
// A Snapshot is one reading, taken by Load in one repeatable read transaction, and never changes. A Source keeps one
// current and versioned: it reads again on a timer and when a statement names something unknown. Write and Read store a
// snapshot in a file, so that the rewriter's golden tests run without a server.
//
// Files: snapshot.go the facts, lookup.go how they are asked, path.go search_path, load.go and query_*.go how they are read,
// store.go the file form, fingerprint.go the cheap question whether anything changed, source.go the one that stays current.
package catalog

import "github.com/cordon-db/cordon/masking"

// FirstUserOID is the first oid of objects that initdb did not make (FirstNormalObjectId in access/transam.h).
const FirstUserOID = 16384

// Snapshot is one reading of the catalog of one database, taken in one repeatable read transaction. It leaves out
// the schemas of temporary and TOAST tables. It is immutable and safe for concurrent use.
type Snapshot struct {
	Version       uint64 // grows by one with every snapshot that differs from the one before
	Database      string
	ServerVersion int                // server_version_num
	SearchPath    map[string]string  // search_path in force for a role after ALTER ROLE/DATABASE; key "" is everybody's
	Schemas       map[string]*Schema // by name
	Types         map[uint32]*Type   // by oid
	Casts         []*Cast            // of people's own, by oid
	Implicit      [][2]uint32        // source and target of people's own implicit casts, with a function or without
	Definitions   []*Definition      // of objects of people's own, by kind and oid
	Collations    []*Collation       // by schema and name
	Extensions    map[string]*Extension

	settings    map[string]map[string]string // role ("" is everybody), lower-case setting name, value
	ordered     []*Relation                  // by oid
	relations   map[uint32]*Relation         // by oid
	byName      map[string]map[string]*Relation
	typesByName map[string]map[string]*Type
	functions   map[string]map[string][]*Function // schema, name
	routines    map[uint32]*Function              // by oid
	operators   map[string][]*Operator            // name, of every schema
	collations  map[string]map[string]*Collation  // schema, name
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
	Kind            byte     // relkind: r, p, v, m, f, S, i, I, c
	Type            uint32   `json:",omitempty"` // reltype
	Columns         []Column // live columns by attnum
	View            string   `json:",omitempty"` // pg_get_viewdef under an empty search_path, for kind v and m
	SecurityBarrier bool     `json:",omitempty"`
	RowSecurity     bool     `json:",omitempty"`
	Parents         []uint32 `json:",omitempty"` // inheritance or partition parents, in order
	Children        []uint32 `json:",omitempty"`
	// PrimaryKey holds the attribute numbers of the primary key if it is valid and not deferrable, so that GROUP BY of
	// it makes the other columns dependent.
	PrimaryKey  []int16      `json:",omitempty"`
	Indexes     []Index      `json:",omitempty"`
	Constraints []Constraint `json:",omitempty"`
	Statistics  []Index      `json:",omitempty"` // extended statistics
	Triggers    []Trigger    `json:",omitempty"`
	// PartitionKey are the columns that are a partition key of their own, PartitionReads those that its expressions read.
	PartitionKey   []int16 `json:",omitempty"`
	PartitionReads []int16 `json:",omitempty"`
	Owner          uint32  `json:",omitempty"` // of a sequence: the relation and the column that it belongs to
	OwnerColumn    int16   `json:",omitempty"`
}

// Column is an attribute of a relation.
type Column struct {
	Name      string
	Num       int16        // attnum
	Type      masking.Type // Collation is empty and Deterministic true where the type has no collation
	Generated bool         `json:",omitempty"`
	Virtual   bool         `json:",omitempty"` // generated where it is read
	Reads     []int16      `json:",omitempty"` // attribute numbers that a generated column or default reads
}

// Index is an index of a relation with the columns that it reads, expressions, predicate and INCLUDE columns included.
type Index struct {
	OID      uint32
	Reads    []int16
	Computed []int16 `json:",omitempty"` // those that expressions and the predicate read
	Unique   bool    `json:",omitempty"`
}

// Trigger is a trigger that somebody made, but for those of partitions and foreign keys.
type Trigger struct {
	OID       uint32
	Function  uint32
	Columns   []int16 `json:",omitempty"` // of UPDATE OF
	Arguments bool    `json:",omitempty"` // it has some
}

// Constraint is a constraint of a relation with the columns that it reads; Foreign is the referenced relation.
type Constraint struct {
	OID            uint32
	Kind           byte // contype: c, f, n, p, u, x, t
	Reads          []int16
	Key            []int16 `json:",omitempty"` // conkey, in order
	Index          uint32  `json:",omitempty"` // that enforces it
	Foreign        uint32  `json:",omitempty"`
	ForeignColumns []int16 `json:",omitempty"`
}

// Type is a row of pg_type.
type Type struct {
	OID       uint32
	Schema    string
	Name      string
	Kind      byte // typtype: b, c, d, e, p, r, m
	Category  byte
	Elem      uint32   `json:",omitempty"` // typelem; name, point and the like have one too: Category 'A' says array
	Array     uint32   `json:",omitempty"`
	Base      uint32   `json:",omitempty"` // of a domain
	Relation  uint32   `json:",omitempty"` // typrelid of a row type
	Checks    []string `json:",omitempty"` // CHECK constraints of a domain, as pg_get_constraintdef writes them
	Subtype   uint32   `json:",omitempty"` // of a range or multirange
	Collation string   `json:",omitempty"` // typcollation, where it is not the database's own
	Plain     bool     `json:",omitempty"` // a range or multirange without a canonical function, ordered by a built-in operator class
}

// Function is a row of pg_proc.
type Function struct {
	OID        uint32
	Schema     string
	Name       string
	Args       []uint32 `json:",omitempty"` // input argument types
	Names      []string `json:",omitempty"` // names of all arguments, output ones included; nil where none has one
	Out        []Field  `json:",omitempty"` // OUT, INOUT and TABLE arguments: the columns of the call in FROM
	Defaults   int      `json:",omitempty"`
	Variadic   uint32   `json:",omitempty"` // element type; 0 where it is none
	Kind       byte     // prokind: f, p, a, w
	Set        bool     `json:",omitempty"` // returns a set
	Result     uint32
	Volatility byte // i, s, v
	Internal   bool `json:",omitempty"` // its body is the server's own
}

// Extension is a row of pg_extension with the oids of its members (pg_depend, deptype e), in order.
type Extension struct {
	Name      string
	Functions []uint32 `json:",omitempty"`
	Operators []uint32 `json:",omitempty"`
}

// Field is an output argument of a function.
type Field struct {
	Name string
	Type uint32
}

// Cast is a row of pg_cast that initdb did not make and that runs a function.
type Cast struct {
	Source, Target uint32 // types
	Function       uint32
	Implicit       bool // applied without being written
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

// Collation is what COLLATE may name: rows of pg_collation of one name, for this encoding or for any.
type Collation struct {
	Schema, Name  string
	Deterministic bool // texts that are equal are the same bytes
}
