package rewrite

import (
	"fmt"
	"strings"
)

// The errors that the twin itself would give. Their texts are Postgres' own (parse_relation.c, parse_func.c, parse_type.c).

func quoted(name string) string { return `"` + name + `"` }

func dotted(schema, name string) string {
	if schema == "" {
		return name
	}
	return schema + "." + name
}

func undefinedTable(schema, name string) *Error {
	return &Error{Code: "42P01", Message: fmt.Sprintf("relation %s does not exist", quoted(dotted(schema, name)))}
}

func missingFromItem(name string) *Error {
	return &Error{Code: "42P01", Message: fmt.Sprintf("missing FROM-clause entry for table %s", quoted(name))}
}

func undefinedColumn(relation, name string) *Error {
	if relation == "" {
		return &Error{Code: "42703", Message: fmt.Sprintf("column %s does not exist", quoted(name))}
	}
	return &Error{Code: "42703", Message: fmt.Sprintf("column %s.%s does not exist", relation, name)}
}

func ambiguousColumn(name string) *Error {
	return &Error{Code: "42702", Message: fmt.Sprintf("column reference %s is ambiguous", quoted(name))}
}

func undefinedFunction(name string) *Error {
	return &Error{Code: "42883", Message: fmt.Sprintf("function %s does not exist", name)}
}

func undefinedType(name string) *Error {
	return &Error{Code: "42704", Message: fmt.Sprintf("type %s does not exist", quoted(name))}
}

// refused is a refusal of something that the twin might answer and cordon does not.
func refused(reason, message, hint string) *Error {
	code := "0A000"
	if strings.HasPrefix(reason, "forbidden-") {
		code = "42501"
	}
	return &Error{Code: code, Message: message, Hint: hint, Reason: reason}
}
