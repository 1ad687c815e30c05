package builtin

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	pg_query "github.com/pganalyze/pg_query_go/v5"
)

// inlined are system views that the rewriter replaces by their definitions, and names that it answers itself.
var inlined = words("pg_tables pg_views pg_matviews pg_indexes tables columns")
var byRewriter = words("current_schema current_schemas current_setting set_config")

// TestCatalogQueriesAreCovered parses what clients send to the catalog and looks for relations and functions that are on no list.
func TestCatalogQueriesAreCovered(t *testing.T) {
	files, err := filepath.Glob("testdata/catalog_queries/*.sql")
	if err != nil || len(files) < 5 {
		t.Fatalf("catalog queries: %v, %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := pg_query.ParseToJSON(string(text))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		var root any
		if err := json.Unmarshal([]byte(tree), &root); err != nil {
			t.Fatal(err)
		}
		found := 0
		visit(root, func(kind string, node map[string]any) {
			switch kind {
			case "RangeVar":
				found++
				name, _ := node["relname"].(string)
				if _, ok := System("pg_catalog", name); !ok && strings.HasPrefix(name, "pg_") && !inlined[name] {
					t.Errorf("%s: relation %s is not on the list", file, name)
				}
			case "FuncCall":
				checkCall(t, file, node)
			}
		})
		if found == 0 {
			t.Errorf("%s: no relation found", file)
		}
	}
}

func checkCall(t *testing.T, file string, node map[string]any) {
	t.Helper()
	names := nodeStrings(node["funcname"])
	schema := "pg_catalog"
	if len(names) > 1 {
		schema = names[0]
	}
	args, _ := node["args"].([]any)
	name := names[len(names)-1]
	if star, _ := node["agg_star"].(bool); star || byRewriter[name] {
		return
	}
	if _, ok := Function(schema, name, len(args)); !ok {
		t.Errorf("%s: %s.%s with %d arguments is not on the list", file, schema, name, len(args))
	}
}

// visit calls f for every node of a tree in pg_query's JSON form, by the name of its kind.
func visit(v any, f func(kind string, node map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		for key, child := range v {
			if node, ok := child.(map[string]any); ok && (slices.Contains([]string{"RangeVar", "FuncCall"}, key)) {
				f(key, node)
			}
			visit(child, f)
		}
	case []any:
		for _, child := range v {
			visit(child, f)
		}
	}
}

func nodeStrings(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, item := range list {
		node, _ := item.(map[string]any)
		inner, _ := node["String"].(map[string]any)
		s, _ := inner["sval"].(string)
		out = append(out, s)
	}
	return out
}
