package rewrite

import (
	"fmt"
	"reflect"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// queryNodes are the node kinds that may stand inside a query, by their name in the parser's Node; the binder has a rule for each.
// What is not here is refused wherever it stands in a query.
var queryNodes = set(
	"range_var", "range_subselect", "range_function", "range_table_func", "range_table_func_col", "range_table_sample", "join_expr", "bool_expr", "sub_link",
	"case_expr", "case_when", "coalesce_expr", "min_max_expr", "sqlvalue_function", "xml_expr", "null_test", "boolean_test",
	"grouping_func", "row_expr", "type_name", "column_ref", "param_ref", "a_expr", "type_cast", "collate_clause", "func_call", "a_star",
	"a_indices", "a_indirection", "a_array_expr", "res_target", "sort_by", "window_def", "grouping_set", "common_table_expr",
	"column_def", "def_elem", "named_arg_expr", "xml_serialize", "a_const", "integer", "string", "list", "select_stmt",
	"json_value_expr", "json_key_value", "json_object_constructor", "json_array_constructor", "json_array_query_constructor", "json_object_agg",
	"json_array_agg", "json_is_predicate",
)

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// admitQuery walks a whole query and refuses every node kind that has no place in one, INTO and locking clauses,
// and names that the rewriter uses for its own marks, wherever they stand: an alias is no node of its own.
func admitQuery(n *pg.Node) error {
	var refusal error
	walkNodes(n, func(n *pg.Node) {
		if refusal == nil {
			refusal = admitNode(n)
			if refusal != nil {
				refusal = at(refusal, placeOf(n))
			}
		}
	})
	if refusal != nil {
		return refusal
	}
	return admitNames(n)
}

func admitNode(n *pg.Node) error {
	m := n.ProtoReflect()
	f := m.WhichOneof(m.Descriptor().Oneofs().ByName("node"))
	if f == nil {
		return nil // an empty element of a list
	}
	kind := string(f.Name())
	switch kind {
	case "insert_stmt", "update_stmt", "delete_stmt", "merge_stmt":
		return refused("forbidden-write", "cordon: a WITH query that changes data is not admitted; masked sessions are read-only", "Use SELECT in WITH.")
	case "into_clause":
		return refused("forbidden-into", "cordon: SELECT INTO would create a table; masked sessions are read-only", "Leave INTO out.")
	case "locking_clause":
		return refused("forbidden-locking", "cordon: FOR UPDATE and FOR SHARE take row locks; masked sessions are read-only", "Leave the locking clause out.")
	}
	if !queryNodes[kind] {
		return refused("unknown-node", fmt.Sprintf("cordon: %s is not admitted in a query", kind), "Write the query without it.")
	}
	if s := n.GetSelectStmt(); s != nil && (s.IntoClause != nil) {
		return at(refused("forbidden-into", "cordon: SELECT INTO would create a table; masked sessions are read-only", "Leave INTO out."), s.IntoClause.Rel.GetLocation())
	}
	return nil
}

// admitNames refuses names that could be taken for a mark.
func admitNames(n *pg.Node) error {
	name, holder := anyName(reflect.ValueOf(n), reservedName)
	if holder == nil {
		return nil
	}
	return at(refused("reserved-name", fmt.Sprintf("cordon: the name %q is reserved", name), "Choose a name that does not begin with cordon_."), locationOf(holder.ProtoReflect()))
}

// statementKinds names what is refused as a statement with its own explanation.
func refuseStatement(n *pg.Node) error {
	switch n.GetNode().(type) {
	case *pg.Node_ExplainStmt:
		return refused("explain", "cordon: EXPLAIN is not in this version", "Run the query itself.")
	case *pg.Node_CreateStmt, *pg.Node_CreateTableAsStmt:
		return refused("forbidden-create", "cordon: tables cannot be created, temporary ones are not in this version; masked sessions are read-only", "Use a WITH query.")
	case *pg.Node_InsertStmt, *pg.Node_UpdateStmt, *pg.Node_DeleteStmt, *pg.Node_MergeStmt, *pg.Node_TruncateStmt:
		return refused("forbidden-write", "cordon: masked sessions are read-only", "Connect from a zone that may write.")
	case *pg.Node_DoStmt, *pg.Node_CallStmt:
		return refused("forbidden-code", "cordon: DO and CALL run code that cordon cannot see into", "Write the query itself.")
	}
	return refused("forbidden-statement", "cordon: this kind of statement is not admitted in a masked session", "Admitted are SELECT, transaction control, SET, SHOW, PREPARE, cursors, COPY TO STDOUT, LISTEN and DISCARD.")
}
