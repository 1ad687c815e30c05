package e2e

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/cordon-db/cordon/internal/pgcluster"
	"github.com/cordon-db/cordon/internal/pgcluster/pgtest"
	"github.com/cordon-db/cordon/rewrite/builtin"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

// calls says what a statement calls that cordon has not reviewed, as the server itself resolves it, views included.
type calls struct {
	users      []string // functions, aggregates and operators that people made
	unreviewed []string // built-in ones that are not on the lists of package builtin
}

// callReader asks the server for the functions of a statement: it prints the query tree of what it runs.
type callReader struct {
	tb   testing.TB
	conn *pgx.Conn
}

func newCallReader(tb testing.TB, c *pgcluster.Cluster) *callReader {
	tb.Helper()
	return &callReader{tb, pgtest.Superuser(tb, c, "regression")}
}

// Fields of a printed query tree that hold the oid of a function, and of an operator.
var (
	functionField = regexp.MustCompile(`:(?:funcid|opfuncid|aggfnoid|winfnoid|tsmhandler) (\d+)`)
	operatorField = regexp.MustCompile(`:(?:opno|eqop|sortop) (\d+)`)
)

// of reads the calls of a statement that the session has just answered.
func (r *callReader) of(a *asker, p place) calls {
	r.tb.Helper()
	var tree strings.Builder
	a.notice = func(n *pgconn.Notice) { tree.WriteString(n.Detail) }
	defer func() { a.notice = nil }()
	ctx := context.Background()
	play := func(sql string) {
		if _, err := a.conn.Exec(ctx, sql).ReadAll(); err != nil {
			r.tb.Logf("%s: reading its query tree: %v", p, err)
		}
	}
	play("SET debug_print_rewritten = on")
	play("SET client_min_messages = log")
	play(p.sql)
	play("RESET client_min_messages")
	play("RESET debug_print_rewritten")
	var out calls
	text := tree.String()
	for _, oid := range oids(functionField, text) {
		r.function(&out, "SELECT oid, proname, pronamespace::regnamespace::text, array(SELECT typname::text FROM unnest(proargtypes) WITH ORDINALITY a(t, n) JOIN pg_type ON pg_type.oid = a.t ORDER BY n) FROM pg_proc WHERE oid = $1", oid)
	}
	for _, oid := range oids(operatorField, text) {
		r.function(&out, `SELECT p.oid, p.proname, p.pronamespace::regnamespace::text, array(SELECT typname::text FROM unnest(p.proargtypes) WITH ORDINALITY a(t, n) JOIN pg_type ON pg_type.oid = a.t ORDER BY n)
			FROM pg_operator o JOIN pg_proc p ON p.oid = o.oprcode WHERE o.oid = $1`, oid)
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

// special are functions that the binder itself answers (rewrite/bind_special.go).
var special = []string{"current_schema", "current_schemas", "current_setting", "set_config", "to_regclass", "to_regtype", "to_regnamespace"}

func (r *callReader) function(out *calls, query string, oid uint32) {
	var (
		found        uint32
		name, schema string
		args         []string
	)
	if err := r.conn.QueryRow(context.Background(), query, oid).Scan(&found, &name, &schema, &args); err != nil {
		return // of a shell operator
	}
	text := fmt.Sprintf("%s(%s)", name, strings.Join(args, ", "))
	switch rule, _ := builtin.Function(schema, name, len(args)); {
	case found >= catalog.FirstUserOID:
		out.users = append(out.users, schema+"."+text)
	case rule.Template != "", builtin.FunctionArgs(schema, name, args), slices.Contains(special, name):
	default:
		out.unreviewed = append(out.unreviewed, text)
	}
}
