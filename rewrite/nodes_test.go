package rewrite

import (
	"fmt"
	"slices"
	"testing"

	pg "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// planned are the node kinds that a statement of a masked session may hold, each with a statement that holds it and is planned.
// Every other kind of the parser must be refused wherever it stands.
var planned = map[string]string{
	"select_stmt":       "SELECT 1",
	"transaction_stmt":  "BEGIN",
	"variable_set_stmt": "SET timezone = 'UTC'", "variable_show_stmt": "SHOW timezone", "discard_stmt": "DISCARD ALL",
	"prepare_stmt": "PREPARE p (int) AS SELECT $1", "execute_stmt": "EXECUTE p", "deallocate_stmt": "DEALLOCATE p",
	"declare_cursor_stmt": "DECLARE c CURSOR FOR SELECT 1", "fetch_stmt": "FETCH c", "close_portal_stmt": "CLOSE c",
	"copy_stmt": "COPY countries TO STDOUT", "listen_stmt": "LISTEN news", "unlisten_stmt": "UNLISTEN news", "constraints_set_stmt": "SET CONSTRAINTS ALL DEFERRED",

	"range_var": "SELECT 1 FROM users", "range_subselect": "SELECT 1 FROM (SELECT 1) s", "range_function": "SELECT 1 FROM generate_series(1, 2)",
	"range_table_func": "SELECT 1 FROM xmltable('/a' PASSING '<a/>' COLUMNS b int) x", "range_table_func_col": "SELECT 1 FROM xmltable('/a' PASSING '<a/>' COLUMNS b int) x",
	"range_table_sample": "SELECT 1 FROM users TABLESAMPLE BERNOULLI (10)", "join_expr": "SELECT 1 FROM users JOIN videos USING (user_id)", "common_table_expr": "WITH c AS (SELECT 1) SELECT 1 FROM c",
	"column_def": "SELECT 1 FROM json_to_record('{}') x (a int)",

	"res_target": "SELECT 1", "column_ref": "SELECT views FROM users", "a_star": "SELECT * FROM users", "a_const": "SELECT 1", "param_ref": "SELECT $1",
	"string": "SELECT views FROM users", "integer": "SELECT 1::int[]", "type_cast": "SELECT '1'::int", "collate_clause": `SELECT 'a' COLLATE "C"`,
	"a_expr": "SELECT 1 + 1", "bool_expr": "SELECT true AND false", "null_test": "SELECT 1 IS NULL", "boolean_test": "SELECT true IS UNKNOWN",
	"list": "SELECT 1 IN (1, 2)", "func_call": "SELECT length('a')", "named_arg_expr": "SELECT make_interval(days => 1)", "sub_link": "SELECT (SELECT 1)",
	"case_expr": "SELECT CASE WHEN true THEN 1 END", "case_when": "SELECT CASE WHEN true THEN 1 END", "coalesce_expr": "SELECT coalesce(1, 2)",
	"min_max_expr": "SELECT greatest(1, 2)", "sqlvalue_function": "SELECT current_date", "row_expr": "SELECT ROW(1, 2)", "a_array_expr": "SELECT ARRAY[1]",
	"a_indirection": "SELECT (ARRAY[1])[1]", "a_indices": "SELECT (ARRAY[1])[1]", "grouping_func": "SELECT grouping(views) FROM users GROUP BY views",
	"grouping_set": "SELECT 1 FROM users GROUP BY ROLLUP (views)", "sort_by": "SELECT 1 ORDER BY 1", "window_def": "SELECT rank() OVER w FROM users WINDOW w AS (ORDER BY views)",
	"xml_expr": "SELECT xmlelement(name a)", "xml_serialize": "SELECT xmlserialize(content '<a/>'::xml AS text)",
	"json_object_constructor": "SELECT json_object('a': 1)", "json_key_value": "SELECT json_object('a': 1)", "json_array_constructor": "SELECT json_array(1, 2)",
	"json_array_query_constructor": "SELECT json_array(SELECT 1)",
	"json_value_expr":              "SELECT json_array(1, 2)", "json_object_agg": "SELECT json_objectagg('a': views) FROM users",
	"json_array_agg": "SELECT json_arrayagg(views) FROM users", "json_is_predicate": "SELECT '1' IS JSON",
	"type_name": "PREPARE p (int) AS SELECT $1", "def_elem": "COPY countries TO STDOUT (FORMAT csv)",
}

// nodeKinds are the fields of the parser's Node: one a kind.
func nodeKinds() []protoreflect.FieldDescriptor {
	fields := (&pg.Node{}).ProtoReflect().Descriptor().Oneofs().ByName("node").Fields()
	kinds := make([]protoreflect.FieldDescriptor, fields.Len())
	for i := range kinds {
		kinds[i] = fields.Get(i)
	}
	return kinds
}

func kindOf(n *pg.Node) string {
	m := n.ProtoReflect()
	if f := m.WhichOneof(m.Descriptor().Oneofs().ByName("node")); f != nil {
		return string(f.Name())
	}
	return ""
}

// TestNodeKindsPlanned: what is said to be planned is, and admission lists nothing else.
func TestNodeKindsPlanned(t *testing.T) {
	g := newGolden(t)
	for kind, text := range planned {
		s := newTestSession(t, g.sent["app"])
		if _, err := play(s, "PREPARE p AS SELECT 1; DECLARE c CURSOR WITH HOLD FOR SELECT 1"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Query(t.Context(), text); err != nil {
			t.Errorf("%s: %q is refused: %v", kind, text, err)
		}
		stmts, err := parse(text)
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		found := false
		walkNodes(stmts[0].Stmt, func(n *pg.Node) { found = found || kindOf(n) == kind })
		if !found {
			t.Errorf("%s: %q does not hold one", kind, text)
		}
	}
	for kind := range queryNodes {
		if planned[kind] == "" {
			t.Errorf("%s is admitted in queries, but no statement is known that holds one", kind)
		}
	}
}

// TestNodeKindsRefused puts a node of every other kind wherever a statement can hold one: no kind passes unseen.
func TestNodeKindsRefused(t *testing.T) {
	kinds := nodeKinds()
	if len(kinds) < 250 {
		t.Fatalf("the parser's Node has %d kinds only", len(kinds))
	}
	g := newGolden(t)
	refusedKinds := 0
	for _, f := range kinds {
		if planned[string(f.Name())] != "" {
			continue
		}
		refusedKinds++
		for place, text := range nodePlaces {
			err := planWith(t, g.sent["app"], text, f)
			if code := codeOf(err); code != "42501" && code != "0A000" && code != "42601" {
				t.Errorf("%s as %s: %v", f.Name(), place, err)
			}
		}
	}
	t.Logf("%d of %d kinds are refused in %d places", refusedKinds, len(kinds), len(nodePlaces))
}

// nodePlaces are statements in which the constant 4711 stands where the node is put; empty: the node is the statement.
var nodePlaces = map[string]string{
	"statement": "", "select item": "SELECT 4711", "condition": "SELECT 1 WHERE 4711", "argument": "SELECT abs(4711)", "operand": "SELECT 1 + 4711",
	"array element": "SELECT ARRAY[4711]", "row field": "SELECT ROW(1, 4711)", "cast": "SELECT 4711::text", "CASE": "SELECT CASE WHEN true THEN 4711 END",
	"COALESCE": "SELECT COALESCE(4711)", "list": "SELECT 1 IN (2, 4711)", "VALUES": "VALUES (1, 4711)", "LIMIT": "SELECT 1 LIMIT 4711",
	"ORDER BY": "SELECT 1 ORDER BY 4711 + 0", "GROUP BY": "SELECT 1 FROM users GROUP BY (4711 + 0)", "HAVING": "SELECT 1 FROM users HAVING 4711",
	"FILTER": "SELECT count(*) FILTER (WHERE 4711) FROM users", "PARTITION BY": "SELECT count(*) OVER (PARTITION BY 4711) FROM users",
	"frame": "SELECT count(*) OVER (ROWS 4711 PRECEDING) FROM users", "ON": "SELECT 1 FROM users u JOIN videos v ON 4711",
	"subscript": "SELECT (ARRAY[1])[4711]", "function in FROM": "SELECT 1 FROM abs(4711)", "subquery": "SELECT (SELECT 4711)",
	"WITH query": "WITH c AS (SELECT 4711) SELECT 1", "arm": "SELECT 1 UNION SELECT 4711", "DISTINCT ON": "SELECT DISTINCT ON (4711 + 0) 1",
	"PREPARE": "PREPARE p AS SELECT 4711", "EXECUTE": "EXECUTE p (4711)", "cursor": "DECLARE c CURSOR FOR SELECT 4711", "COPY": "COPY (SELECT 4711) TO STDOUT",
	"setting": "SET timezone = 4711",
}

// planWith plans a text with 4711 replaced by an empty node of a kind.
func planWith(t *testing.T, rw *Rewriter, text string, kind protoreflect.FieldDescriptor) (err error) {
	t.Helper()
	put := func(n *pg.Node) {
		m := n.ProtoReflect()
		m.Set(kind, m.NewField(kind))
	}
	stmt := &pg.Node{}
	if text == "" {
		put(stmt)
	} else {
		stmts, err := parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		stmt = stmts[0].Stmt
		places := 0
		walkNodes(stmt, func(n *pg.Node) {
			if n.GetAConst().GetIval().GetIval() == 4711 {
				put(n)
				places++
			}
		})
		if places != 1 {
			t.Fatalf("%s has %d places", text, places)
		}
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	s := newTestSession(t, rw)
	p, err := rw.planner(s.state, s.params)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.plan(stmt)
	return err
}

// TestStatementKinds: the switch of statements and the list agree, so that a new kind of statement is thought of twice.
func TestStatementKinds(t *testing.T) {
	var statements []string
	for kind := range planned {
		if len(kind) > 5 && kind[len(kind)-5:] == "_stmt" {
			statements = append(statements, kind)
		}
	}
	slices.Sort(statements)
	if len(statements) != 15 {
		t.Errorf("%d kinds of statements are planned: %v", len(statements), statements)
	}
}
