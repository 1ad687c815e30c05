package rewrite

import (
	"regexp"
	"strings"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

// notNull is a constraint that the parser does not know: of a domain since 17, of a column since 18.
var notNull = regexp.MustCompile(`^NOT NULL(?: ([a-z_][a-z0-9_]*)| "((?:[^"]|"")+)")?(?: NO INHERIT)?(?: NOT VALID)?$`)

// describeNotNull judges a definition if it is a NOT NULL constraint's: shown where the column that it names is of the twin.
func describeNotNull(d *catalog.Definition, rel *exposed) (shown, is bool) {
	m := notNull.FindStringSubmatch(d.Plain)
	if m == nil || d.Kind != catalog.ConstraintText {
		return false, false
	}
	name := m[1] + strings.ReplaceAll(m[2], `""`, `"`)
	if rel == nil {
		return name == "", true
	}
	return rel.column(name) != nil, true
}

// newerKey are what 18 has in keys and the parser does not, and names beside them, which are left.
var newerKey = regexp.MustCompile(`"(?:[^"]|"")*"|WITHOUT OVERLAPS\)|\bPERIOD `)

// olderText is a definition as the parser knows it: spaces stand for what came after 16, so that all else keeps its place.
func olderText(d *catalog.Definition, text string) string {
	if d.Kind != catalog.ConstraintText {
		return text
	}
	if before, ok := strings.CutSuffix(text, "NOT ENFORCED"); ok {
		text = before + strings.Repeat(" ", len("NOT ENFORCED"))
	}
	if strings.HasPrefix(text, "CHECK") {
		return text
	}
	return newerKey.ReplaceAllStringFunc(text, func(s string) string {
		switch {
		case s[0] == '"':
			return s
		case s[len(s)-1] == ')':
			return strings.Repeat(" ", len(s)-1) + ")"
		}
		return strings.Repeat(" ", len(s))
	})
}
