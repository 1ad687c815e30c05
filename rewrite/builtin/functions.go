package builtin

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

//go:embed functions.txt
var functionText string

// signature is one line of functions.txt.
type signature struct {
	name     string
	args     []string
	required int
	variadic bool
	safe     bool
	// The first version that has it, 0 where 15 has it, and the last, 0 where the newest has it. Tests alone read them: the catalog says what exists.
	since, until int
}

var functions = mustParse(functionText, parseSignature)

// Function returns how a masked session may call a built-in by name with nargs arguments, and whether it may at all.
// The caller must also check with the catalog that every overload which takes nargs arguments passes FunctionArgs, unless the
// rule has a template: a template fixes the overload by itself.
func Function(schema, name string, nargs int) (Rule, bool) {
	if rule, ok := templates[templateKey{schema, name, nargs}]; ok {
		return rule, true
	}
	if schema == "information_schema" {
		return Rule{}, informationSchema[name] == nargs && nargs > 0
	}
	if schema != "pg_catalog" {
		return Rule{}, false
	}
	rule, found := Rule{Safe: true}, false
	for _, s := range functions[name] {
		if s.accepts(nargs) {
			found = true
			rule.Safe = rule.Safe && s.safe
		}
	}
	if !found {
		return Rule{}, false
	}
	return rule, true
}

// FunctionArgs says whether the overload with exactly these argument types (pg_type.typname) was reviewed.
func FunctionArgs(schema, name string, argTypes []string) bool {
	if schema == "information_schema" {
		return informationSchema[name] == len(argTypes) && len(argTypes) > 0
	}
	if schema != "pg_catalog" {
		return false
	}
	want := strings.Join(argTypes, ",")
	for _, s := range functions[name] {
		if strings.Join(s.args, ",") == want {
			return true
		}
	}
	return false
}

// informationSchema names the helper functions of information_schema that compute on their arguments, with their number.
var informationSchema = map[string]int{
	"_pg_expandarray":             1,
	"_pg_char_max_length":         2,
	"_pg_char_octet_length":       2,
	"_pg_numeric_precision":       2,
	"_pg_numeric_precision_radix": 2,
	"_pg_numeric_scale":           2,
	"_pg_datetime_precision":      2,
	"_pg_interval_type":           2,
}

// String is the name with the types of the arguments.
func (s signature) String() string { return s.name + "(" + strings.Join(s.args, ", ") + ")" }

func (s signature) accepts(nargs int) bool {
	if s.variadic {
		return nargs >= s.required
	}
	return nargs >= s.required && nargs <= len(s.args)
}

// parseSignature reads "name(type, type=, variadic type) safe since=16 until=17".
func parseSignature(line string) (string, signature, error) {
	name, rest, ok := strings.Cut(line, "(")
	args, flags, closed := strings.Cut(rest, ")")
	if !ok || !closed {
		return "", signature{}, fmt.Errorf("no signature in %q", line)
	}
	s := signature{name: name}
	if args != "" {
		for arg := range strings.SplitSeq(args, ", ") {
			typ, variadic := strings.CutPrefix(arg, "variadic ")
			typ, optional := strings.CutSuffix(typ, "=")
			s.args = append(s.args, typ)
			s.variadic = s.variadic || variadic
			// Postgres wants at least one element for a variadic argument, unless it has a default.
			if !optional {
				s.required++
			}
		}
	}
	for flag := range strings.FieldsSeq(flags) {
		key, version, _ := strings.Cut(flag, "=")
		var err error
		switch key {
		case "safe":
			s.safe = flag == "safe"
		case "since":
			s.since, err = strconv.Atoi(version)
		case "until":
			s.until, err = strconv.Atoi(version)
		default:
			err = fmt.Errorf("unknown flag %q", flag)
		}
		if err != nil {
			return "", signature{}, fmt.Errorf("%w in %q", err, line)
		}
	}
	return name, s, nil
}

// mustParse reads an embedded list by name. A malformed line is a mistake in the program, so it panics at start.
func mustParse[T any](text string, parse func(string) (string, T, error)) map[string][]T {
	out := map[string][]T{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line == "--" || strings.HasPrefix(line, "-- ") {
			continue
		}
		name, value, err := parse(line)
		if err != nil {
			panic("builtin: " + err.Error())
		}
		out[name] = append(out[name], value)
	}
	return out
}
