package rewrite

import (
	"fmt"
	"regexp"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

// untyped is the type of a literal that takes the type of what it meets (pg_type.oid of unknown).
const untyped = 705

// sessionTypes are the types of pg_catalog whose input, output or conversions read settings, with the form of a literal that is read
// the same under all of them; nil: none.
var sessionTypes = map[uint32]*regexp.Regexp{
	1082: regexp.MustCompile(`^\d{4}-\d\d-\d\d$`),                                                         // date
	1114: regexp.MustCompile(`^\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?)?$`),                         // timestamp
	1184: regexp.MustCompile(`^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)? ?(Z|UTC|[+-]\d\d(:?\d\d)?)$`), // timestamptz
	1083: regexp.MustCompile(`^\d\d:\d\d(:\d\d(\.\d+)?)?$`),                                               // time
	1266: regexp.MustCompile(`^\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)$`),                          // timetz
	1186: regexp.MustCompile(`^\d+ (microsecond|millisecond|second|minute|hour|day|week|month|year)s?$`),  // interval
	17:   regexp.MustCompile(`^\\x([0-9a-fA-F]{2})*$`),                                                    // bytea
	700:  regexp.MustCompile(`^`), 701: regexp.MustCompile(`^`),                                           // float4, float8: only their output depends on a setting
	790: nil, 142: nil, // money, xml
	2202: nil, 2203: nil, 2204: nil, 2205: nil, 2206: nil, 24: nil, 3734: nil, 3769: nil, 4089: nil, 4096: nil, 4191: nil, // reg*
}

// steadyCasts are casts between session types, and from and to them, that read no setting (pg_cast, pg_proc.provolatile).
var steadyCasts = map[[2]uint32]bool{
	{1082, 1114}: true, {1114, 1082}: true, {1114, 1083}: true, {1083, 1186}: true, {1186, 1083}: true, {1184, 1184}: true,
	{700, 701}: true, {701, 700}: true, {700, 1700}: true, {701, 1700}: true, {1700, 700}: true, {1700, 701}: true,
	{21, 700}: true, {23, 700}: true, {20, 700}: true, {21, 701}: true, {23, 701}: true, {20, 701}: true,
	{700, 21}: true, {700, 23}: true, {700, 20}: true, {701, 21}: true, {701, 23}: true, {701, 20}: true,
}

func isSession(typ uint32) bool { _, ok := sessionTypes[typ]; return ok }

// plain is the type under domains; 0 for a pseudo-type, which stands for one that depends on the arguments.
func (j *immutability) plain(typ uint32) uint32 {
	for range 8 {
		t, ok := j.snapshot.Types[typ]
		switch {
		case !ok || t.Kind == 'p':
			return 0
		case t.Kind != 'd':
			return typ
		}
		typ = t.Base
	}
	return 0
}

// literal checks an untyped literal that takes type typ.
func (j *immutability) literal(n *pg.Node, typ uint32) error {
	if n.GetAConst().GetIsnull() || n.GetAConst() == nil && n.GetAArrayExpr() == nil && n.GetList() == nil {
		return nil
	}
	text := n.GetAConst().GetSval().GetSval()
	if typ == 0 {
		return fmt.Errorf("the type that the literal %s takes is not clear; write it with a cast", quoteLiteral(text))
	}
	if t, ok := j.snapshot.Types[typ]; ok && t.Category == 'A' && isSession(t.Elem) {
		return fmt.Errorf("the literal %s is read by the session's settings; write ARRAY[...] of casts", quoteLiteral(text))
	}
	if form, ok := sessionTypes[typ]; ok && (form == nil || !form.MatchString(text)) {
		return fmt.Errorf("the literal %s of type %s is read by the session's settings; write an ISO 8601 date, time with offset, or a simple interval", quoteLiteral(text), j.name(typ))
	}
	return nil
}

func (j *immutability) cast(x *pg.TypeCast) (uint32, error) {
	from, err := j.expr(x.Arg)
	if err != nil {
		return 0, err
	}
	to, ok := typeOf(j.snapshot, j.path, x.TypeName)
	switch {
	case !ok:
		return 0, fmt.Errorf("type %s does not exist", lastString(x.TypeName.GetNames()))
	case from == untyped:
		return to, j.literal(x.Arg, to)
	case from == to, steadyCasts[[2]uint32{from, to}], !isSession(to) && !isSession(from) && from != 0:
		return to, nil
	}
	return 0, fmt.Errorf("the cast from %s to %s depends on the session's settings", j.name(from), j.name(to))
}

// typeOf finds the type that a name means; arrays are what their brackets say.
func typeOf(snapshot *catalog.Snapshot, path []string, name *pg.TypeName) (uint32, bool) {
	parts, _ := splitName(name.GetNames())
	if len(parts) > 1 {
		path = parts[len(parts)-2 : len(parts)-1]
	}
	for _, schema := range path {
		if t, ok := snapshot.TypeByName(schema, parts[len(parts)-1]); ok {
			if len(name.ArrayBounds) > 0 {
				return t.Array, true
			}
			return t.OID, true
		}
	}
	return 0, false
}

// pinnedPath is where the server looks up what is sent without a schema.
var pinnedPath = []string{"pg_catalog"}

// overloadsOf are the functions of a name in the first schema of the path that has any.
func overloadsOf(snapshot *catalog.Snapshot, path, parts []string) []*catalog.Function {
	if len(parts) > 1 {
		path = parts[len(parts)-2 : len(parts)-1]
	}
	for _, schema := range path {
		if found := snapshot.Functions(schema, parts[len(parts)-1]); len(found) > 0 {
			return found
		}
	}
	return nil
}
