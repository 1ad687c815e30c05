package builtin

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
)

//go:embed denied.txt
var deniedText string

// denial is a group of denied.txt.
type denial struct {
	reason string
	rules  []denialRule
}

// denialRule matches functions; all that is set has to match.
type denialRule struct {
	name           string   // with * for any characters; empty: any
	args           []string // of one overload
	overload       bool     // args are given
	takes, returns string
}

var denials = mustReadDenials(deniedText)

// Denied says what a built-in function of pg_catalog does that a masked session may not, as a phrase without a subject ("runs SQL text ..."); empty where
// nobody classified it. Types are by pg_type.typname. It decides nothing: what Function and FunctionArgs do not admit is refused, classified or not.
func Denied(name string, args []string, result string) string {
	for _, d := range denials {
		if slices.ContainsFunc(d.rules, func(r denialRule) bool { return r.matches(name, args, result) }) {
			return d.reason
		}
	}
	return ""
}

func (r denialRule) matches(name string, args []string, result string) bool {
	switch {
	case r.takes != "":
		return slices.Contains(args, r.takes)
	case r.returns != "":
		return result == r.returns
	case r.overload:
		return name == r.name && slices.Equal(args, r.args)
	}
	return like(name, r.name)
}

// like matches a text with a pattern in which * stands for any characters.
func like(text, pattern string) bool {
	first, rest, wild := strings.Cut(pattern, "*")
	text, begins := strings.CutPrefix(text, first)
	switch {
	case !begins:
		return false
	case !wild:
		return text == ""
	}
	for i := range len(text) + 1 {
		if like(text[i:], rest) {
			return true
		}
	}
	return false
}

// mustReadDenials reads denied.txt. A malformed line is a mistake in the program, so it panics at start.
func mustReadDenials(text string) []denial {
	var out []denial
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "" || strings.HasPrefix(trimmed, "--"):
		case !strings.HasPrefix(line, " "):
			reason, ok := strings.CutSuffix(trimmed, ":")
			if !ok {
				panic(fmt.Sprintf("builtin: a reason without a colon: %q", trimmed))
			}
			out = append(out, denial{reason: reason})
		case len(out) == 0:
			panic(fmt.Sprintf("builtin: a function before a reason: %q", trimmed))
		default:
			d := &out[len(out)-1]
			d.rules = append(d.rules, readDenialRules(trimmed)...)
		}
	}
	return out
}

func readDenialRules(line string) []denialRule {
	if typ, ok := strings.CutPrefix(line, "takes "); ok {
		return []denialRule{{takes: typ}}
	}
	if typ, ok := strings.CutPrefix(line, "returns "); ok {
		return []denialRule{{returns: typ}}
	}
	if strings.Contains(line, "(") {
		name, s, err := parseSignature(line)
		if err != nil {
			panic("builtin: " + err.Error())
		}
		return []denialRule{{name: name, args: s.args, overload: true}}
	}
	var rules []denialRule
	for name := range strings.FieldsSeq(line) {
		rules = append(rules, denialRule{name: name})
	}
	return rules
}
