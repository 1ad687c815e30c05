package rewrite

import (
	"regexp"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cordon-db/cordon/rewrite/builtin"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

// describedText is a definition that masked sessions may read, with the schemas in it that Postgres leaves out where the search_path finds
// the name without.
type describedText struct {
	text string
	cuts []cut
}

// cut is where a schema and its dot stand in a definition.
type cut struct {
	start, end   int
	schema, name string
	visible      func(tw *twin, schema, name string) bool // the schema has an object of that kind and name in the twin
}

// under is the text as Postgres prints it under a search_path: a name is short where nothing that comes earlier on the path has it.
func (d *describedText) under(tw *twin, path []string) string {
	var b strings.Builder
	last := 0
	for _, c := range d.cuts {
		for _, schema := range path {
			if schema == c.schema {
				b.WriteString(d.text[last:c.start])
				last = c.end
			}
			if schema == c.schema || c.visible(tw, schema, c.name) {
				break
			}
		}
	}
	return b.String() + d.text[last:]
}

// describer reads one definition: whether all that it names is of the twin, and where schemas stand in it.
type describer struct {
	tw    *twin
	rel   *exposed // whose columns it may name; nil for none
	text  string
	shift int             // what stands before the text where it is parsed
	named bool            // it is a list of names and expressions: a name need only be a column's of the twin
	full  bool            // tables keep their schemas
	alone []*pg.ColumnRef // such names
	bad   bool
	cuts  []cut
}

// shells make a statement of a definition, so that the parser reads it.
var shells = map[catalog.DefinitionKind][2]string{
	catalog.DefaultText: {"SELECT ", ""}, catalog.CheckText: {"SELECT ", ""}, catalog.IndexKeyText: {"SELECT ", ""}, catalog.PredicateText: {"SELECT ", ""},
	catalog.PartitionText: {"SELECT ", ""}, catalog.StatColumnText: {"SELECT ", ""}, catalog.DomainText: {"SELECT ", ""},
	catalog.ConstraintText: {"ALTER TABLE x ADD CONSTRAINT y ", ""}, catalog.PartKeyText: {"CREATE TABLE x () PARTITION BY ", ""},
	catalog.BoundText: {"CREATE TABLE x PARTITION OF y ", ""}, catalog.IndexText: {"", ""}, catalog.StatisticsText: {"", ""}, catalog.TriggerText: {"", ""},
	catalog.ViewText:      {"", ""},
	catalog.ArgumentsText: {"CREATE FUNCTION x(", ") RETURNS int LANGUAGE sql AS ''"}, catalog.IdentityText: {"CREATE FUNCTION x(", ") RETURNS int LANGUAGE sql AS ''"},
	catalog.ResultText: {"CREATE FUNCTION x() RETURNS ", " LANGUAGE sql AS ''"},
}

// describe parses a definition and finds the schemas in it; false where it holds what the twin lacks or what is not understood.
func (tw *twin) describe(d *catalog.Definition, rel *exposed, pretty bool) (describedText, bool) {
	if shown, is := describeNotNull(d, rel); is {
		return describedText{text: d.Plain}, shown
	}
	x := describer{tw: tw, rel: rel, text: d.Text(pretty), full: !pretty && (d.Kind == catalog.IndexText || d.Kind == catalog.TriggerText)}
	shell := shells[d.Kind]
	if d.Kind == catalog.IndexText && d.Sub > 0 {
		shell = [2]string{"SELECT ", ""}
	}
	x.shift = len(shell[0])
	x.named = d.Kind == catalog.StatColumnText || d.Kind == catalog.IndexText && d.Sub > 0
	tree, err := pg.Parse(shell[0] + olderText(d, x.text) + shell[1])
	if err != nil || len(tree.Stmts) != 1 {
		return describedText{}, false
	}
	x.walk(tree.Stmts[0].ProtoReflect(), d.Kind != catalog.ViewText)
	slices.SortFunc(x.cuts, func(a, b cut) int { return a.start - b.start })
	return describedText{x.text, slices.CompactFunc(x.cuts, func(a, b cut) bool { return a.start == b.start })}, !x.bad
}

// described are the kinds of nodes that a definition may hold; of these look sees to those that name something. What a view holds was bound.
var described = map[protoreflect.Name]bool{
	"RawStmt": true, "Node": true, "SelectStmt": true, "ResTarget": true, "ColumnRef": true, "String": true, "Integer": true, "Float": true, "Boolean": true, "BitString": true,
	"A_Const": true, "TypeCast": true, "TypeName": true, "A_Expr": true, "BoolExpr": true, "FuncCall": true, "NullTest": true, "BooleanTest": true, "CaseExpr": true, "CaseWhen": true,
	"CoalesceExpr": true, "MinMaxExpr": true, "SQLValueFunction": true, "RowExpr": true, "A_ArrayExpr": true, "A_Indirection": true, "A_Indices": true, "CollateClause": true, "List": true,
	"AlterTableStmt": true, "AlterTableCmd": true, "Constraint": true, "IndexStmt": true, "IndexElem": true, "PartitionSpec": true, "PartitionElem": true, "PartitionBoundSpec": true,
	"PartitionCmd": true, "CreateStmt": true, "CreateStatsStmt": true, "StatsElem": true, "CreateTrigStmt": true, "CreateFunctionStmt": true, "FunctionParameter": true, "RangeVar": true,
	"DefElem": true, "NamedArgExpr": true, "TriggerTransition": true,
}

// walk visits every message of a tree. strict: of a definition that nobody bound.
func (x *describer) walk(m protoreflect.Message, strict bool) {
	if strict && !described[m.Descriptor().Name()] {
		x.bad = true
		return
	}
	x.look(m, strict)
	for _, f := range messageFields(m.Descriptor()) {
		switch {
		case !m.Has(f):
		case f.IsList():
			for i := range m.Get(f).List().Len() {
				x.walk(m.Get(f).List().Get(i).Message(), strict)
			}
		default:
			x.walk(m.Get(f).Message(), strict)
		}
	}
}

// look sees to what a node names.
func (x *describer) look(m protoreflect.Message, strict bool) {
	switch n := m.Interface().(type) {
	case *pg.RangeVar:
		x.relation(n, strict)
	case *pg.FunctionParameter:
		x.bad = x.bad || n.Defexpr != nil // a constant that is beside no column
	case *pg.ResTarget:
		if ref := n.Val.GetColumnRef(); x.named && len(ref.GetFields()) == 1 && x.rel != nil && x.rel.column(lastString(ref.Fields)) != nil {
			x.alone = append(x.alone, ref)
		}
	case *pg.TypeName:
		x.typeName(n)
	case *pg.TypeCast:
		x.literal(n)
	case *pg.FuncCall:
		x.function(n.Funcname, int(n.Location))
	case *pg.CreateTrigStmt:
		x.function(n.Funcname, strings.Index(x.text, " EXECUTE FUNCTION ")+len(" EXECUTE FUNCTION ")+x.shift)
	case *pg.CreateStatsStmt:
		x.bad = x.bad || len(n.Defnames) != 2
	case *pg.A_Expr:
		x.bad = x.bad || len(n.Name) > 1 && lastString(n.Name[:1]) != "pg_catalog"
	case *pg.IndexElem:
		x.bad = x.bad || len(n.Opclass) > 1 && lastString(n.Opclass[:1]) != "pg_catalog" || len(n.Opclassopts) > 0
	case *pg.CollateClause:
		if parts, _ := splitName(n.Collname); len(parts) == 2 {
			x.cut(int(n.Location)+len("COLLATE "), parts[0], parts[1], hasCollation)
		}
	case *pg.ColumnRef:
		if strict && !slices.Contains(x.alone, n) {
			x.column(n)
		}
	}
}

// column judges a name in an expression: a column that is shown as it is. VALUE is what a domain's check reads, MINVALUE stands in a bound.
func (x *describer) column(n *pg.ColumnRef) {
	name := lastString(n.Fields)
	switch {
	case x.rel == nil:
		x.bad = x.bad || len(n.Fields) != 1 || name != "value"
	case x.rel.plain(name), len(n.Fields) == 1 && (name == "minvalue" || name == "maxvalue"):
	default:
		x.bad = true
	}
}

// plain says that the relation shows a column of that name as it is.
func (e *exposed) plain(name string) bool {
	c := e.column(name)
	return c != nil && c.origin.Table == e.relation.OID && c.origin.Column != 0
}

func (x *describer) relation(n *pg.RangeVar, strict bool) {
	if n.Schemaname == "" {
		return // the shell's, or a WITH query
	}
	rel, ok := x.tw.snapshot.Relation(n.Schemaname, n.Relname)
	if !ok || strict && x.tw.tables[rel.OID] == nil && rel.OID >= catalog.FirstUserOID {
		x.bad = true
		return
	}
	if !x.full {
		x.cut(int(n.Location), n.Schemaname, n.Relname, hasRelation)
	}
}

func (x *describer) typeName(n *pg.TypeName) {
	parts, _ := splitName(n.Names)
	if len(parts) == 0 || n.PctType {
		x.bad = true
		return
	}
	if len(parts) < 2 || parts[0] == "pg_catalog" {
		return
	}
	t, ok := x.tw.snapshot.TypeByName(parts[0], parts[len(parts)-1])
	if !ok || !x.tw.showsType(t) {
		x.bad = true
		return
	}
	x.cut(int(n.Location), parts[0], parts[1], hasType)
}

// literal judges a constant of a type whose values name objects: a relation, or a text search configuration of the server's own.
func (x *describer) literal(n *pg.TypeCast) {
	parts, _ := splitName(n.TypeName.GetNames())
	if len(parts) == 0 {
		x.bad = true
		return
	}
	schema, name := "pg_catalog", parts[len(parts)-1]
	if len(parts) > 1 {
		schema = parts[0]
	}
	t, ok := x.tw.snapshot.TypeByName(schema, name)
	switch {
	case !ok:
		x.bad = true
	case !x.tw.namesObjects(t.OID, 0) && t.Kind != 'c':
	case n.Arg.GetAConst() == nil: // looks up what a value names
		x.bad = true
	case name == "regclass" && schema == "pg_catalog" && len(n.TypeName.ArrayBounds) == 0:
		x.regclass(n.Arg)
	default:
		text := n.Arg.GetAConst().GetSval().GetSval()
		x.bad = x.bad || name != "regconfig" || !builtin.TextSearchConfig(text)
	}
}

func (x *describer) regclass(n *pg.Node) {
	parts, err := catalog.SplitPath(dotsToCommas(n.GetAConst().GetSval().GetSval()))
	if err != nil || len(parts) != 2 || !hasRelation(x.tw, parts[0], parts[1]) {
		x.bad = true
		return
	}
	x.cut(int(n.GetAConst().Location)+1, parts[0], parts[1], hasRelation)
}

// function judges a function by its name: the server's own, or one that the policy lists.
func (x *describer) function(names []*pg.Node, at int) {
	parts, _ := splitName(names)
	switch {
	case len(parts) == 0 || namesByText.MatchString(parts[len(parts)-1]):
		x.bad = true
	case len(parts) == 2 && parts[0] != "pg_catalog":
		x.bad = x.bad || !x.tw.listsName(parts[0], parts[1])
		x.cut(at, parts[0], parts[1], hasFunction)
	default:
		for _, f := range x.tw.snapshot.Functions("pg_catalog", parts[len(parts)-1]) {
			x.bad = x.bad || f.OID >= catalog.FirstUserOID
		}
	}
}

// namesByText are functions of the server's that take names of objects, settings or queries as text.
var namesByText = regexp.MustCompile(`^(pg_|has_|to_reg|current_setting$|set_config$|query_to_|cursor_to_|table_to_|schema_to_|database_to_|ts_stat$|ts_rewrite$|currval$|setval$|lo_)`)

// cut notes a schema in front of a name, if that is what stands there.
func (x *describer) cut(at int, schema, name string, visible func(*twin, string, string) bool) {
	start := at - x.shift
	for _, prefix := range []string{schema + ".", quoteIdent(schema) + "."} {
		if start >= 0 && start <= len(x.text) && strings.HasPrefix(x.text[start:], prefix) {
			x.cuts = append(x.cuts, cut{start: start, end: start + len(prefix), schema: schema, name: name, visible: visible})
		}
	}
}

func hasRelation(tw *twin, schema, name string) bool {
	rel, ok := tw.snapshot.Relation(schema, name)
	return ok && (rel.OID < catalog.FirstUserOID || tw.tables[rel.OID] != nil || tw.objects.relations[rel.OID])
}

func hasType(tw *twin, schema, name string) bool {
	t, ok := tw.snapshot.TypeByName(schema, name)
	return ok && tw.showsType(t)
}

func hasFunction(tw *twin, schema, name string) bool {
	return schema == "pg_catalog" && len(tw.snapshot.Functions(schema, name)) > 0 || tw.listsName(schema, name)
}

// hasCollation: the substituted pg_collation lists all.
func hasCollation(tw *twin, schema, name string) bool {
	_, ok := tw.snapshot.Collation(schema, name)
	return ok
}
