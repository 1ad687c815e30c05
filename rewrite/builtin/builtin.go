// Package builtin is the reviewed part of pg_catalog and information_schema: which built-in functions, operators, types,
// casts, settings and system relations a masked session may use, and how. Everything here is an allow list;
// what is not on it is refused. It is data and look-ups; it knows no syntax tree.
package builtin

// Markers stand in templates for sets of the twin that only the rewriter knows. The rewriter puts an array literal
// in the place of each after deparsing.
const (
	MarkRelations   = "cordon_relations"   // oid[]: user relations of the twin: tables, views, indexes
	MarkAttributes  = "cordon_attributes"  // int8[]: (attrelid << 16) + attnum of the twin's user columns
	MarkTypes       = "cordon_types"       // oid[]: user types of the twin, row types of its relations included
	MarkConstraints = "cordon_constraints" // oid[]: constraints of which the twin has every column
	MarkPath        = "cordon_path"        // oid[]: schemas of the session's search_path, in order, pg_catalog included
)

// SystemColumn is a column of a system relation. Expr is empty where the column is shown as it is; else an expression of the
// same type over the relation's columns (alias r), for instance "(-1)::pg_catalog.float4" for reltuples.
type SystemColumn struct {
	Name string
	Expr string
}

// SystemRelation is an admitted relation of pg_catalog or information_schema that is substituted:
//
//	(SELECT <Columns> FROM pg_catalog.<Name> r WHERE <Where>)
//
// Where is empty where every row is shown; it may hold markers.
type SystemRelation struct {
	Columns []SystemColumn
	Where   string
}

// Rule says how a masked session may call a built-in function name with a number of arguments.
type Rule struct {
	// Template is an expression with $1, $2, ... for the arguments and with markers, which replaces the call;
	// empty: the call stays as it is, qualified with pg_catalog (or information_schema).
	Template string
	// Safe says that the call cannot raise, has no side effect and depends on nothing but its arguments, for every
	// value of every argument type: it may be evaluated on a hidden row without a trace.
	Safe bool
	// Names says which arguments name an object, by position from 1. A text literal or a reg* literal there is resolved in the
	// twin by the rewriter and replaced by the oid (an absent object is the twin's undefined-object error); anything else stays, and the
	// template casts it to oid. Nil where no argument names an object.
	Names map[int]Object
}

// Object is the kind of object that an argument names.
type Object uint8

// The kinds of objects that arguments of describing functions name.
const (
	NamesRelation Object = iota + 1
	NamesType
	NamesSchema
	NamesDatabase
	NamesRole
	NamesFunction
	NamesLanguage
	NamesTablespace
)
