package builtin

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed operators.txt
var operatorText string

// operator is one line of operators.txt.
type operator struct {
	left, right string
	safe        bool
}

var operators = mustParse(operatorText, parseOperator)

// Operator says whether the pg_catalog operator with exactly these operand types (pg_type.typname of the operator's own row in
// the catalog; left is "" for a prefix operator) was reviewed.
func Operator(name, left, right string) bool {
	_, ok := findOperator(name, left, right)
	return ok
}

// SafeOperator says whether that operator cannot raise for any values: it compares scalars of one class, or looks a member of a jsonb up.
func SafeOperator(name, left, right string) bool {
	op, ok := findOperator(name, left, right)
	return ok && op.safe
}

func findOperator(name, left, right string) (operator, bool) {
	for _, op := range operators[name] {
		if op.left == left && op.right == right {
			return op, true
		}
	}
	return operator{}, false
}

func parseOperator(line string) (string, operator, error) {
	f := strings.Fields(line)
	if len(f) < 3 || len(f) > 4 || len(f) == 4 && f[3] != "safe" {
		return "", operator{}, fmt.Errorf("no operator in %q", line)
	}
	op := operator{left: f[1], right: f[2], safe: len(f) == 4}
	if op.left == "-" {
		op.left = ""
	}
	return f[0], op, nil
}
