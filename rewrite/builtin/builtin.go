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
	MarkHollow      = "cordon_hollow"      // oid[]: of cordon_relations those that no FROM clause can name: indexes and sequences
	MarkStatistics  = "cordon_statistics"  // oid[]: extended statistics of which the twin has every column
	MarkTriggers    = "cordon_triggers"    // oid[]: triggers whose function and columns the twin has
	MarkFunctions   = "cordon_functions"   // oid[]: functions of people's own that the policy lists
	MarkViews       = "cordon_views"       // oid[]: views of people's own that are inlined, and materialized ones that read only what the twin has
	MarkPartitioned = "cordon_partitioned" // oid[]: tables whose partition key is shown
	MarkDefaults    = "cordon_defaults"    // int8[]: columns whose default or generation expression is shown
	MarkTreated     = "cordon_treated"     // int8[]: columns that are not shown as they are
	MarkPseudonyms  = "cordon_pseudonyms"  // int8[]: columns of pseudonyms, which have no length
	MarkSchemas     = "cordon_schemas"     // oid[]: schemas of people's own in which something of the twin lies
	MarkLoose       = "cordon_loose"       // int8[]: columns that may be NULL whatever their declaration says
	MarkUnchecked   = "cordon_unchecked"   // oid[]: domains of which nothing that is declared is shown
)

// Marks are all markers of sets.
var Marks = []string{MarkRelations, MarkAttributes, MarkTypes, MarkConstraints, MarkPath, MarkHollow, MarkStatistics, MarkTriggers, MarkFunctions, MarkViews, MarkPartitioned,
	MarkDefaults, MarkTreated, MarkPseudonyms, MarkLoose, MarkUnchecked, MarkSchemas}

// Markers of texts: each stands for a jsonb object of the definitions that may be read, by the oid of what they define. A key with a p in front
// has the text with few parentheses, where that differs.
const (
	MarkExpressions     = "cordon_texts_expressions" // by keys that pg_attrdef.adbin and its like hold in place of trees
	MarkConstraintTexts = "cordon_texts_constraints"
	MarkIndexTexts      = "cordon_texts_indexes" // of a column by oid, dot, column
	MarkViewTexts       = "cordon_texts_views"
	MarkRoutineTexts    = "cordon_texts_routines" // arguments by a, identity arguments by i, results by r and oid
	MarkOtherTexts      = "cordon_texts_others"   // partition keys by k, partition constraints by q, statistics by s, their columns by t, triggers by g, domains' defaults by d, and oid
)

// TextMarks are all markers of texts.
var TextMarks = []string{MarkExpressions, MarkConstraintTexts, MarkIndexTexts, MarkViewTexts, MarkRoutineTexts, MarkOtherTexts}

// MarkSetting stands for the text of the session's own search_path, as SHOW says it.
const MarkSetting = "cordon_setting"

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
