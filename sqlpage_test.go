package cordon

import (
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var rewritePage = flag.Bool("rewrite", false, "write docs/sql.md anew")

const sqlPageHead = `# SQL of a masked session

What works, and what is refused and why. Written by ` + "`go test . -run SQLPage -rewrite`" + ` from the tables in the code; a test holds it against them. Each refusal by its
stable name: [refusals](refusals.md). Where the answer differs from Postgres' own: [functions](functions.md), [design](design.md).

## Not in this version, and why

- **EXPLAIN** is refused. Estimates, costs and the shape of the plan itself come of statistics over rows that the twin lacks, and conditions are shown as they were rewritten; without
  these nothing is left to show. Ask from a zone that passes through.
- **Temporary tables** are refused: the server would keep in them what a query gave in its raw form, under a name whose columns no policy covers. Use a WITH query.
- **Writes, FOR UPDATE, DO, CALL, two-phase transactions**: masked sessions only read.

## Syntax

One statement for each kind of syntax that is admitted; every other kind of the parser's is refused, wherever it stands.

`

// TestSQLPage holds docs/sql.md against the tables that it is written from.
func TestSQLPage(t *testing.T) {
	page := sqlPage(t)
	if *rewritePage {
		if err := os.WriteFile("docs/sql.md", []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile("docs/sql.md"); err != nil || string(got) != page {
		t.Errorf("docs/sql.md is not what the code says (%v); write it with -rewrite", err)
	}
}

func sqlPage(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	out.WriteString(sqlPageHead + "| syntax | an example |\n|---|---|\n")
	kinds := plannedKinds(t)
	if len(kinds) < 50 {
		t.Fatalf("only %d kinds of nodes", len(kinds))
	}
	for _, k := range kinds {
		fmt.Fprintf(&out, "| %s | `%s` |\n", k[0], strings.ReplaceAll(k[1], "|", `\|`))
	}
	out.WriteString("\n## Functions, aggregates and window functions\n\nAdmitted, by name; of several of one name those of `rewrite/builtin/functions.txt`. Describing functions, as `pg_get_indexdef`, are\nadmitted by templates (`rewrite/builtin/templates.go`). Functions of your own: by `functions` in the [configuration](configuration.md).\n\n")
	names := functionNames(t)
	if len(names) < 500 {
		t.Fatalf("only %d functions", len(names))
	}
	out.WriteString(strings.Join(names, ", ") + "\n\n## Functions that are denied\n\nEvery other function of Postgres 14 to 18, with the reason; `*` stands for any characters.\n\n| the function | names |\n|---|---|\n")
	groups := deniedGroups(t)
	if len(groups) < 15 {
		t.Fatalf("only %d groups of denied functions", len(groups))
	}
	for _, g := range groups {
		fmt.Fprintf(&out, "| %s | %s |\n", g[0], strings.ReplaceAll(g[1], "*", `\*`))
	}
	return out.String()
}

// plannedKinds are the kinds of nodes and their statements, from the test that plans each.
func plannedKinds(t *testing.T) (kinds [][2]string) {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), "rewrite/nodes_test.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Names[0].Name != "planned" {
			return true
		}
		for _, e := range spec.Values[0].(*ast.CompositeLit).Elts {
			pair := e.(*ast.KeyValueExpr)
			kind, err1 := strconv.Unquote(pair.Key.(*ast.BasicLit).Value)
			text, err2 := strconv.Unquote(pair.Value.(*ast.BasicLit).Value)
			if err := cmp.Or(err1, err2); err != nil {
				t.Fatal(err)
			}
			kinds = append(kinds, [2]string{strings.ReplaceAll(kind, "_", " "), text})
		}
		return false
	})
	return kinds
}

func functionNames(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("rewrite/builtin/functions.txt")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		if name, _, ok := strings.Cut(line, "("); ok && !strings.HasPrefix(line, "--") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// deniedGroups are the reasons of denied.txt with what they are about.
func deniedGroups(t *testing.T) (groups [][2]string) {
	t.Helper()
	text, err := os.ReadFile("rewrite/builtin/denied.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == "" || strings.HasPrefix(line, "--"):
		case strings.HasPrefix(line, " "):
			last := &groups[len(groups)-1]
			last[1] = strings.TrimPrefix(last[1]+"; "+strings.TrimSpace(line), "; ")
		default:
			groups = append(groups, [2]string{strings.TrimSuffix(line, ":"), ""})
		}
	}
	return groups
}
