package config

import (
	"errors"
	"fmt"
	"strings"
)

// maxName is the longest name that Postgres keeps; it cuts longer ones.
const maxName = 63

// splitName takes a dotted SQL name apart. A part is either a name as Postgres would keep it unquoted (lower-case
// letters, digits, _ and $, not starting with a digit), or any name in double quotes, "" standing for one quote.
// Users is refused, because Postgres would read it as users: quotes must say which one is meant.
func splitName(name string, parts int) ([]string, error) {
	var out []string
	rest := name
	for {
		part, after, err := cutPart(rest)
		if err != nil {
			return nil, err
		}
		if len(part) > maxName {
			return nil, fmt.Errorf("the name %q is longer than %d bytes", part, maxName)
		}
		out = append(out, part)
		if after == "" {
			break
		}
		if after[0] != '.' {
			return nil, fmt.Errorf("expected a dot before %q", after)
		}
		rest = after[1:]
	}
	if len(out) != parts {
		return nil, fmt.Errorf("has %d parts, wanted %d", len(out), parts)
	}
	return out, nil
}

// cutPart takes the first part off a dotted name.
func cutPart(s string) (part, after string, err error) {
	if strings.HasPrefix(s, `"`) {
		return cutQuoted(s[1:])
	}
	part = s
	if dot := strings.IndexAny(s, `."`); dot >= 0 {
		part, after = s[:dot], s[dot:]
	}
	if part == "" {
		return "", "", errors.New("a part of the name is empty")
	}
	for i, c := range []byte(part) {
		plain := c >= 'a' && c <= 'z' || c == '_' || c >= 0x80 || i > 0 && (c >= '0' && c <= '9' || c == '$')
		if !plain {
			return "", "", fmt.Errorf("the name %q needs double quotes, since Postgres would read it differently without", part)
		}
	}
	return part, after, nil
}

// cutQuoted reads up to the closing quote; s starts behind the opening one.
func cutQuoted(s string) (part, after string, err error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == 0:
			return "", "", errors.New("a name cannot hold a zero byte")
		case s[i] != '"':
			b.WriteByte(s[i])
		case i+1 < len(s) && s[i+1] == '"':
			b.WriteByte('"')
			i++
		case b.Len() == 0:
			return "", "", errors.New("a part of the name is empty")
		default:
			return b.String(), s[i+1:], nil
		}
	}
	return "", "", errors.New("a double quote is not closed")
}

// checkName judges a name that stands alone and needs no SQL quotes: a database, a column, a role, a channel.
func checkName(name string) error {
	switch {
	case name == "":
		return errors.New("an empty name")
	case len(name) > maxName:
		return fmt.Errorf("the name is longer than %d bytes, and Postgres would cut it", maxName)
	case strings.ContainsRune(name, 0):
		return errors.New("a name cannot hold a zero byte")
	}
	return nil
}

// quoteList renders words for a message.
func quoteList(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = fmt.Sprintf("%q", word)
	}
	return strings.Join(quoted, ", ")
}
