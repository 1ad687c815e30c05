package cordon

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestRefusalsAreDocumented holds the reasons in the source against docs/refusals.md, both ways.
func TestRefusalsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("docs/refusals.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, cell := range regexp.MustCompile(`(?m)^\| ([a-z][a-z0-9, -]*) \|`).FindAllStringSubmatch(string(page), -1) {
		for reason := range strings.SplitSeq(cell[1], ", ") {
			documented[reason] = cell[1] != "reason"
		}
	}
	reasons := map[string]bool{}
	for _, room := range []string{"rewrite", "proxy"} {
		files, err := filepath.Glob(room + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				reasonsOf(t, file, reasons)
			}
		}
	}
	if len(reasons) < 40 {
		t.Errorf("only %d reasons found in the source", len(reasons))
	}
	for reason := range reasons {
		if !documented[reason] {
			t.Errorf("docs/refusals.md lacks %s", reason)
		}
	}
	for reason, is := range documented {
		if is && !reasons[reason] {
			t.Errorf("docs/refusals.md has %s, which no code gives", reason)
		}
	}
}

// reasonsOf collects the reasons of one file: refused("reason", ...) and Reason: "reason".
func reasonsOf(t *testing.T, file string, reasons map[string]bool) {
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	add := func(e ast.Expr) {
		if lit, ok := e.(*ast.BasicLit); ok {
			reason, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			reasons[reason] = true
		}
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.CallExpr:
			if f, ok := x.Fun.(*ast.Ident); ok && f.Name == "refused" {
				add(x.Args[0])
			}
		case *ast.KeyValueExpr:
			if key, ok := x.Key.(*ast.Ident); ok && key.Name == "Reason" {
				add(x.Value)
			}
		}
		return true
	})
}
