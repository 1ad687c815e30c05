package rewrite

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/builtin"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

// specialCall binds functions that read or set what cordon tracks itself, and settings.
func (b *binder) specialCall(n *pg.Node, f *pg.FuncCall, parts []string, sc *scope) (info, bool, error) {
	name := parts[len(parts)-1]
	if template, ok := rowFunctions[name]; ok && len(parts) > 1 && parts[len(parts)-2] == "information_schema" && len(f.Args) == 2 {
		return b.rowFunction(n, f, template, sc)
	}
	if len(parts) > 1 && parts[len(parts)-2] != "pg_catalog" {
		return info{}, false, nil
	}
	if clocks[name] {
		b.clock = name
	}
	switch name {
	case "current_schema":
		if len(f.Args) == 0 {
			b.currentSchema(n)
			return info{safe: true}, true, nil
		}
	case "current_schemas":
		return b.currentSchemas(n, f)
	case "current_setting":
		return b.currentSetting(n, f)
	case "set_config": // at each row it notes, for current_setting at the rows after it
		b.clock = name
		return b.setConfig(f, sc)
	case "random":
		return b.unpredictable(n, f)
	}
	if b.castsName(n) {
		in, err := b.value(n, sc)
		return in, true, err
	}
	return info{}, false, nil
}

// rowFunctions are information_schema's functions over whole rows of catalogs, which a substituted catalog no longer has.
// The bodies are those of information_schema.sql; %[1]s and %[2]s are the aliases of pg_attribute and pg_type.
var rowFunctions = map[string]string{
	"_pg_truetypid":  "CASE WHEN %[2]s.typtype = 'd' THEN %[2]s.typbasetype ELSE %[1]s.atttypid END",
	"_pg_truetypmod": "CASE WHEN %[2]s.typtype = 'd' THEN %[2]s.typtypmod ELSE %[1]s.atttypmod END",
}

func (b *binder) rowFunction(n *pg.Node, f *pg.FuncCall, template string, sc *scope) (info, bool, error) {
	var aliases []any
	for _, arg := range f.Args {
		parts, _ := splitName(arg.GetColumnRef().GetFields())
		if len(parts) != 1 {
			return info{}, true, b.at(undefinedFunction(lastString(f.Funcname)), f.Location)
		}
		aliases = append(aliases, quoteIdent(parts[0]))
	}
	tree, err := pg.Parse("SELECT " + fmt.Sprintf(template, aliases...))
	if err != nil {
		return info{}, true, err
	}
	n.Node = withoutPlaces(tree.Stmts[0].Stmt.GetSelectStmt().TargetList[0].GetResTarget().Val).Node
	in, err := b.expr(n, sc)
	return in, true, err
}

// castNode is text::pg_catalog.<type>, or an array of it.
func castNode(text, typ string, array bool) *pg.Node {
	t := &pg.TypeName{Names: nameNodes("pg_catalog", typ), Typemod: -1}
	if array {
		t.ArrayBounds = []*pg.Node{pg.MakeIntNode(-1)}
	}
	return &pg.Node{Node: &pg.Node_TypeCast{TypeCast: &pg.TypeCast{Arg: pg.MakeAConstStrNode(text, 0), TypeName: t}}}
}

func nullOf(typ string) *pg.Node {
	n := castNode("", typ, false)
	n.GetTypeCast().Arg = &pg.Node{Node: &pg.Node_AConst{AConst: &pg.A_Const{Isnull: true}}}
	return n
}

// currentSchema is the first schema of the session's own search_path that exists.
func (b *binder) currentSchema(n *pg.Node) {
	explicit := b.explicitPath(false)
	if len(explicit) == 0 {
		n.Node = nullOf("name").Node
		return
	}
	n.Node = castNode(explicit[0], "name", false).Node
}

// explicitPath is the search_path's existing schemas, with or without the pg_catalog that is implicit.
func (b *binder) explicitPath(implicit bool) []string {
	var path []string
	named := slices.Contains(catalog.ParsePath(b.env.setting, b.env.user), "pg_catalog")
	for _, s := range b.env.path {
		if s != "pg_catalog" || named || implicit {
			path = append(path, s)
		}
	}
	return path
}

func (b *binder) currentSchemas(n *pg.Node, f *pg.FuncCall) (info, bool, error) {
	if len(f.Args) != 1 {
		return info{}, false, nil
	}
	implicit, ok := booleanLiteral(f.Args[0])
	if !ok {
		return info{}, true, refused("current-schemas-argument", "cordon: current_schemas takes a literal here", "Write current_schemas(true) or current_schemas(false).")
	}
	var quotedNames []string
	for _, s := range b.explicitPath(implicit) {
		quotedNames = append(quotedNames, `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s)+`"`)
	}
	n.Node = castNode("{"+strings.Join(quotedNames, ",")+"}", "name", true).Node
	return info{typ: oidNameArray, safe: true}, true, nil
}

func booleanLiteral(n *pg.Node) (value, ok bool) {
	if cast := n.GetTypeCast(); cast != nil && ownTypeName(cast.TypeName) == "bool" {
		n = cast.Arg
	}
	c := n.GetAConst()
	switch {
	case c.GetBoolval() != nil:
		return c.GetBoolval().Boolval, true
	case c.GetSval() != nil:
		s := strings.ToLower(c.GetSval().Sval)
		return s == "t" || s == "true" || s == "on" || s == "1", true
	}
	return false, false
}

// currentSetting reads a setting of the allow list, by literal name only: the keys are settings too.
func (b *binder) currentSetting(n *pg.Node, f *pg.FuncCall) (info, bool, error) {
	name := ""
	if len(f.Args) > 0 {
		name = strings.ToLower(stringLiteral(f.Args[0]))
	}
	server, custom := b.env.custom(name)
	switch {
	case name == "" || len(f.Args) > 2:
		return info{}, true, refused("forbidden-setting", "cordon: current_setting needs the setting's name as a literal", "Write current_setting('name').")
	case name == "search_path":
		n.Node = castNode(b.env.setting, "text", false).Node
		return info{}, true, nil
	case builtin.Stated(name) != "":
		return info{typ: oidText}, true, b.applyTemplate(n, "("+builtin.Stated(name)+")::pg_catalog.text", nil)
	case custom:
		f.Args[0] = pg.MakeAConstStrNode(server, 0)
	case !builtin.SettingExists(name) && !b.env.definition: // a view that asks so would be known by the error
		return b.missingSetting(n, f)
	case !builtin.Showable(name):
		return info{}, true, refused("forbidden-setting", "cordon: setting "+quoted(name)+" is not shown to a masked session", "See docs/configuration.md for the settings that are.")
	}
	if len(f.Args) == 2 {
		if _, ok := booleanLiteral(f.Args[1]); !ok {
			return info{}, true, refused("forbidden-setting", "cordon: current_setting needs literals", "Write current_setting('name', true).")
		}
	}
	return info{typ: 25}, true, nil
}

// missingSetting answers current_setting of a setting that no server has.
func (b *binder) missingSetting(n *pg.Node, f *pg.FuncCall) (info, bool, error) {
	if len(f.Args) == 2 {
		if missingOK, ok := booleanLiteral(f.Args[1]); ok && missingOK {
			n.Node = nullOf("text").Node
			return info{typ: oidText}, true, nil
		}
	}
	return info{}, true, unknownSetting(stringLiteral(f.Args[0]))
}

// setConfig admits what SET admits, by literals; a setting that may have any value may be given a parameter's, too. In a statement that does more, search_path would change
// while it runs.
func (b *binder) setConfig(f *pg.FuncCall, sc *scope) (info, bool, error) {
	if len(f.Args) != 3 {
		return info{}, true, b.at(undefinedFunction("set_config"), f.Location)
	}
	name := strings.ToLower(stringLiteral(f.Args[0]))
	server, custom := b.env.custom(name)
	value, ok := textLiteral(f.Args[1])
	given := (custom || builtin.Free(name)) && isParameter(f.Args[1])
	switch {
	case f == b.env.pathCall:
		f.Args[0], f.Args[1] = pg.MakeAConstStrNode("cordon.search_path", 0), pg.MakeAConstStrNode(value, 0)
		return info{typ: oidText}, true, nil
	case name == "search_path":
		return info{}, true, refused("forbidden-setting", "cordon: set_config of search_path is admitted with literals and in a statement of its own", "Use SET search_path.")
	case name == "" || !ok && !given:
		return info{}, true, refused("forbidden-setting", "cordon: set_config is admitted with literals, and of a custom setting, or one that may have any value, with a parameter for the value", "Use SET.")
	}
	if _, ok := booleanLiteral(f.Args[2]); !ok {
		return info{}, true, refused("forbidden-setting", "cordon: set_config needs literals", "Use SET.")
	}
	if given {
		f.Args[0] = pg.MakeAConstStrNode(cmp.Or(server, name), 0)
		_, err := b.value(f.Args[1], sc)
		return info{typ: oidText}, true, err
	}
	if custom {
		f.Args[0] = pg.MakeAConstStrNode(server, 0)
		f.Args[1] = pg.MakeAConstStrNode(value, 0)
		return info{typ: oidText}, true, nil
	}
	canonical, set, err := admitSetting(name, value, b.env.fixed)
	if err != nil {
		return info{}, true, err
	}
	if !set {
		name, canonical = "cordon.nothing", value
	}
	f.Args[0] = pg.MakeAConstStrNode(name, 0)
	f.Args[1] = pg.MakeAConstStrNode(canonical, 0)
	return info{typ: 25}, true, nil
}

// isParameter says that a node is $1 or $1::text.
func isParameter(n *pg.Node) bool {
	if ownTypeName(n.GetTypeCast().GetTypeName()) == "text" {
		n = n.GetTypeCast().Arg
	}
	return n.GetParamRef() != nil
}

// stringLiteral is the text of a literal, empty where there is none.
func stringLiteral(n *pg.Node) string {
	text, _ := textLiteral(n)
	return text
}

// ownTypeName is the name of a type of pg_catalog, where the server looks first; empty for a type of another schema, or an array.
func ownTypeName(t *pg.TypeName) string {
	parts, _ := splitName(t.GetNames())
	if len(parts) == 0 || len(parts) > 1 && (len(parts) > 2 || parts[0] != "pg_catalog") || len(t.ArrayBounds) > 0 {
		return ""
	}
	return parts[len(parts)-1]
}

func textLiteral(n *pg.Node) (string, bool) {
	if cast := n.GetTypeCast(); cast != nil {
		if last := ownTypeName(cast.TypeName); last == "text" || last == "varchar" || last == "name" {
			n = cast.Arg
		}
	}
	s := n.GetAConst().GetSval()
	return s.GetSval(), s != nil
}

// valueFunction binds CURRENT_DATE and its relatives.
func (b *binder) valueFunction(n *pg.Node, x *pg.SQLValueFunction) (info, error) {
	switch x.Op {
	case pg.SQLValueFunctionOp_SVFOP_CURRENT_SCHEMA:
		b.currentSchema(n)
		return info{safe: true}, nil
	case pg.SQLValueFunctionOp_SVFOP_CURRENT_DATE:
		return info{typ: oidDate, safe: true, moment: 1}, nil
	case pg.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP:
		return info{typ: oidTimestampTZ, safe: true, moment: 1}, nil
	case pg.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP:
		return info{typ: oidTimestamp, safe: true, moment: 1}, nil
	}
	return info{safe: true}, nil
}
