package builtin

import (
	"maps"
	"slices"
	"strings"
)

// types are the pg_catalog types that a cast or a column definition list may name; deniedTypes are the others but for reg* (RegType), pseudo-types and
// the row types of system relations.
var types = words(`
	bool bytea char name int2 int4 int8 oid text varchar bpchar json jsonb jsonpath xml
	float4 float8 numeric money date time timetz timestamp timestamptz interval uuid bit varbit
	xid
	point lseg path box polygon line circle inet cidr macaddr macaddr8 tsvector tsquery pg_lsn
	int2vector oidvector
	int4range int8range numrange tsrange tstzrange daterange
	int4multirange int8multirange nummultirange tsmultirange tstzmultirange datemultirange`)

// deniedTypes are built-in types that a masked session may not name, by what they do.
var deniedTypes = map[string]map[string]bool{
	"looks up roles": words("aclitem"),
	"counts transactions or points at the places of rows": words("xid8 cid tid pg_snapshot txid_snapshot"),
	"names a cursor": words("refcursor"),
	"is a type that the server keeps for itself": words("gtsvector pg_brin_bloom_summary pg_brin_minmax_multi_summary pg_dependencies pg_mcv_list pg_ndistinct pg_node_tree"),
}

// DeniedType says what a built-in type does that a masked session may not, as a phrase without a subject; empty where nobody classified it.
func DeniedType(name string) string {
	for reason, names := range deniedTypes {
		if names[strings.TrimPrefix(name, "_")] {
			return reason
		}
	}
	return ""
}

var regTypes = words(`regclass regtype regproc regprocedure regoper regoperator regrole regnamespace regconfig regdictionary
	regcollation regdatabase`)

// textSearchConfigs are the configurations that initdb makes on every version from 14 on.
var textSearchConfigs = words(`simple arabic armenian basque catalan danish dutch english finnish french german greek hindi hungarian indonesian
	irish italian lithuanian nepali norwegian portuguese romanian russian serbian spanish swedish tamil turkish yiddish`)

// Type says whether a masked session may name this pg_catalog type (pg_type.typname; arrays as _name).
func Type(name string) bool {
	return types[name] || types[strings.TrimPrefix(name, "_")] && strings.HasPrefix(name, "_")
}

// RegType says whether the pg_catalog type looks names up on input and writes them on output: reg* and their arrays.
func RegType(name string) bool { return regTypes[strings.TrimPrefix(name, "_")] }

// TextSearchConfig says whether name is a text search configuration of pg_catalog. A literal of type regconfig must be one, with or
// without the schema; any other would tell whether a user's configuration exists.
func TextSearchConfig(name string) bool {
	return textSearchConfigs[strings.TrimPrefix(strings.ToLower(name), "pg_catalog.")]
}

// TextSearchConfigs are the names of the configurations of pg_catalog.
func TextSearchConfigs() []string { return slices.Sorted(maps.Keys(textSearchConfigs)) }

func words(list string) map[string]bool {
	m := map[string]bool{}
	for word := range strings.FieldsSeq(list) {
		m[word] = true
	}
	return m
}
