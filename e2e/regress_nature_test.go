package e2e

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/cordon-db/cordon/internal/pgcluster"
	"github.com/cordon-db/cordon/internal/pgcluster/pgtest"
	"github.com/cordon-db/cordon/rewrite/builtin"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

// nature is what the server's query tree says of a statement, views included.
type nature struct {
	users      bool     // it calls functions, aggregates or operators that people made
	unreviewed string   // a built-in one that is not on the lists of package builtin
	catalog    bool     // it asks about the catalog: reads its relations, calls functions that describe objects, or has values of reg* types
	denied     []string // relations of the catalog that are not on the lists
	withheld   string   // what docs/functions.md says that it asks for and a masked session is not told
	lists      string   // what a catalog that it reads does not list for a masked session
	temporary  bool     // it is about temporary objects
}

// natureReader reads printed query trees.
type natureReader struct {
	tb        testing.TB
	conn      *pgx.Conn
	functions map[uint32]verdict
	relations map[uint32]verdict
}

// verdict is what a built-in function or a relation of the catalog makes of the statement that has it.
type verdict struct {
	unreviewed string
	describes  bool
	withheld   string
	lists      string
}

func newNatureReader(tb testing.TB, c *pgcluster.Cluster) *natureReader {
	tb.Helper()
	return &natureReader{tb, pgtest.Superuser(tb, c, "regression"), map[uint32]verdict{}, map[uint32]verdict{}}
}

// printing are the settings by which a session prints the query trees of what it runs.
var printing = map[string]string{"debug_print_rewritten": "on", "debug_pretty_print": "off", "client_min_messages": "log"}

// Fields of a printed query tree that hold the oid of a function, an operator, a relation and a type.
var (
	functionField = regexp.MustCompile(`:(?:funcid|opfuncid|aggfnoid|winfnoid|tsmhandler) (\d+)`)
	operatorField = regexp.MustCompile(`:(?:opno|eqop|sortop) (\d+)`)
	relationField = regexp.MustCompile(`:relid (\d+)`)
	typeField     = regexp.MustCompile(`:(?:vartype|consttype|resulttype|funcresulttype) (\d+)`)
	// the least significant bytes of a constant of regproc, regprocedure, regoper and regoperator
	namedField = regexp.MustCompile(`:consttype (?:24|2202|2203|2204) [^}]*:constvalue 4 \[ (-?\d+) (-?\d+) (-?\d+) (-?\d+) `)
)

// regTypes are the types that stand for objects of the catalog, and arrays of them (pg_type.dat).
var regTypes = []uint32{24, 2202, 2203, 2204, 2205, 2206, 3734, 3769, 4089, 4096, 4191, 1008, 2207, 2208, 2209, 2210, 2211, 3735, 3770, 4090, 4097, 4192}

func (r *natureReader) read(tree string) nature {
	r.tb.Helper()
	tree = strings.Join(strings.Fields(tree), " ") // the server breaks lines at any space (format_node_dump in print.c)
	var out nature
	judge := func(v verdict) {
		out.catalog = out.catalog || v.describes
		out.withheld = cmp.Or(out.withheld, v.withheld)
		if out.unreviewed == "" {
			out.unreviewed = v.unreviewed
		}
	}
	for _, oid := range oids(functionField, tree) {
		if out.users = out.users || oid >= catalog.FirstUserOID; oid < catalog.FirstUserOID {
			judge(r.function(oid))
		}
	}
	for _, oid := range oids(operatorField, tree) {
		if out.users = out.users || oid >= catalog.FirstUserOID; oid < catalog.FirstUserOID {
			judge(r.operator(oid))
		}
	}
	for _, oid := range oids(relationField, tree) {
		if oid < catalog.FirstUserOID {
			v := r.relation(oid)
			out.catalog, out.withheld, out.lists = true, cmp.Or(out.withheld, v.withheld), cmp.Or(out.lists, v.lists)
			if v.unreviewed != "" {
				out.denied = append(out.denied, v.unreviewed)
			}
		}
	}
	for _, m := range namedField.FindAllStringSubmatch(tree, -1) {
		out.users = out.users || namedOID(m[1:]) >= catalog.FirstUserOID
	}
	for _, oid := range oids(typeField, tree) {
		out.catalog = out.catalog || slices.Contains(regTypes, oid)
	}
	return out
}

func oids(field *regexp.Regexp, text string) []uint32 {
	var found []uint32
	for _, m := range field.FindAllStringSubmatch(text, -1) {
		if oid, err := strconv.ParseUint(m[1], 10, 32); err == nil && oid != 0 && !slices.Contains(found, uint32(oid)) {
			found = append(found, uint32(oid))
		}
	}
	return found
}

// namedOID puts an oid together of its bytes as they are printed, on a machine that begins with the least significant.
func namedOID(bytes []string) (oid uint32) {
	for i, text := range bytes {
		n, _ := strconv.Atoi(text)
		oid |= uint32(uint8(n)) << (8 * i)
	}
	return oid
}

// relation judges a relation of the catalog.
func (r *natureReader) relation(oid uint32) verdict {
	if known, ok := r.relations[oid]; ok {
		return known
	}
	var schema, name, kind string
	if err := r.conn.QueryRow(context.Background(), "SELECT relnamespace::regnamespace::text, relname::text, relkind::text FROM pg_class WHERE oid = $1", oid).Scan(&schema, &name, &kind); err != nil {
		r.tb.Fatalf("relation %d: %v", oid, err)
	}
	v := verdict{lists: ownRows[name]}
	switch rel, listed := builtin.System(schema, name); {
	case listed && rel.Where == "false":
		v.withheld = name + ", which has no rows"
	case !listed && kind == "r":
		v.unreviewed = schema + "." + name
	}
	r.relations[oid] = v
	return v
}

// withheldBy are the functions whose answers are documented to be other than the server's.
var withheldBy = map[string]string{
	"pg_relation_is_updatable": "what may be written: nothing", "pg_column_is_updatable": "what may be written: nothing",
	"pg_relation_size": "sizes, which are NULL", "pg_table_size": "sizes, which are NULL", "pg_total_relation_size": "sizes, which are NULL", "pg_indexes_size": "sizes, which are NULL",
}

// special are functions that the binder itself answers (rewrite/bind_special.go).
var special = []string{"current_schema", "current_schemas", "current_setting", "set_config", "to_regclass", "to_regtype", "to_regnamespace"}

// operator judges the function of an operator.
func (r *natureReader) operator(oid uint32) verdict {
	var function uint32
	if err := r.conn.QueryRow(context.Background(), "SELECT oprcode::oid FROM pg_operator WHERE oid = $1", oid).Scan(&function); err != nil {
		r.tb.Fatalf("operator %d: %v", oid, err)
	}
	return r.function(function)
}

func (r *natureReader) function(oid uint32) verdict {
	if known, ok := r.functions[oid]; ok {
		return known
	}
	var (
		name, schema string
		args         []string
		v            verdict
	)
	if err := r.conn.QueryRow(context.Background(), `SELECT proname, pronamespace::regnamespace::text,
		array(SELECT typname::text FROM unnest(proargtypes) WITH ORDINALITY a(t, n) JOIN pg_type ON pg_type.oid = a.t ORDER BY n) FROM pg_proc WHERE oid = $1`, oid).Scan(&name, &schema, &args); err != nil {
		r.tb.Fatalf("function %d: %v", oid, err)
	}
	rule, _ := builtin.Function(schema, name, len(args))
	switch {
	case rule.Template != "" || slices.Contains(special, name):
		v.describes = true
	case !builtin.FunctionArgs(schema, name, args):
		v.unreviewed = fmt.Sprintf("%s(%s)", name, strings.Join(args, ", "))
	}
	v.withheld = withheldBy[name]
	r.functions[oid] = v
	return v
}
