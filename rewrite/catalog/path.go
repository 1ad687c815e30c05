package catalog

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxIdentifier is the longest identifier in bytes (NAMEDATALEN - 1).
const maxIdentifier = 63

// systemSchema is searched first where a search_path does not name it.
const systemSchema = "pg_catalog"

// Resolve returns the first relation of that name along the path, as Postgres looks for an unqualified name: pg_catalog comes first
// unless the path names it, and schemas that do not exist are passed over. Temporary tables are not looked for: there are none in
// a snapshot.
func (s *Snapshot) Resolve(path []string, name string) (*Relation, bool) {
	if !slices.Contains(path, systemSchema) {
		if r, ok := s.Relation(systemSchema, name); ok {
			return r, true
		}
	}
	for _, schema := range path {
		if r, ok := s.Relation(schema, name); ok {
			return r, true
		}
	}
	return nil, false
}

// ParsePath reads a value of search_path for a user: "$user" becomes the user's name. A value that Postgres would not accept gives
// an empty path, in which only pg_catalog is searched; SplitPath tells the difference.
func ParsePath(setting, user string) []string {
	path, err := SplitPath(setting)
	if err != nil {
		return nil
	}
	for i, name := range path {
		if name == "$user" {
			path[i] = user
		}
	}
	return path
}

// SplitPath splits a value of search_path into schema names, as Postgres' SplitIdentifierString does: names are separated by commas,
// folded to lower case unless they are quoted, and cut at 63 bytes. The error says what Postgres' does.
func SplitPath(setting string) ([]string, error) {
	rest := trimSpace(setting)
	if rest == "" {
		return nil, nil
	}
	var path []string
	for {
		name, after, err := identifier(rest)
		if err != nil {
			return nil, err
		}
		path = append(path, truncate(name))
		after = trimSpace(after)
		if after == "" {
			return path, nil
		}
		if after[0] != ',' {
			return nil, fmt.Errorf("list syntax is invalid near %q", after)
		}
		rest = trimSpace(after[1:])
	}
}

// identifier cuts the first name off a list.
func identifier(list string) (name, rest string, err error) {
	if strings.HasPrefix(list, `"`) {
		return quotedIdentifier(list[1:])
	}
	end := strings.IndexAny(list, ", \t\n\r\f\v")
	if end < 0 {
		end = len(list)
	}
	if end == 0 {
		return "", "", fmt.Errorf("list syntax is invalid: a name is missing")
	}
	return lowerASCII(list[:end]), list[end:], nil
}

// quotedIdentifier reads up to the closing quote; two quotes stand for one.
func quotedIdentifier(text string) (name, rest string, err error) {
	var b strings.Builder
	for {
		end := strings.IndexByte(text, '"')
		if end < 0 {
			return "", "", fmt.Errorf("list syntax is invalid: a quote is not closed")
		}
		b.WriteString(text[:end])
		text = text[end+1:]
		if !strings.HasPrefix(text, `"`) {
			return b.String(), text, nil
		}
		b.WriteByte('"')
		text = text[1:]
	}
}

// truncate cuts a name at 63 bytes without splitting a character.
func truncate(name string) string {
	if len(name) <= maxIdentifier {
		return name
	}
	end := maxIdentifier
	for end > 0 && !utf8.RuneStart(name[end]) {
		end--
	}
	return name[:end]
}

// lowerASCII folds as Postgres does in a multi-byte encoding: ASCII letters only.
func lowerASCII(name string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}, name)
}

// trimSpace removes what Postgres' scanner takes for white space.
func trimSpace(text string) string { return strings.Trim(text, " \t\n\r\f\v") }
