package masking

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var jsonEscapesGo = regexp.MustCompile(jsonEscapes)

// removeKeys works on the text, so that numbers and repeated keys stay as they are.
func (m Mask) removeKeys(typ Type, value string) (string, error) {
	separator, colon := ", ", ": "
	if typ.OID == oidJSON {
		separator, colon = ",", ":"
		if !jsonEscapesGo.MatchString(value) {
			return "null", nil
		}
	}
	members, isObject, err := splitObject(value)
	if err != nil {
		return "", err
	}
	if !isObject {
		return "null", nil
	}
	var kept []string
	for _, member := range members {
		if !slices.Contains(m.Keys, member.key) {
			kept = append(kept, quoteJSON(member.key)+colon+member.value)
		}
	}
	return "{" + strings.Join(kept, separator) + "}", nil
}

type jsonMember struct{ key, value string }

// splitObject lists the members of a JSON object with their values as written.
func splitObject(text string) (members []jsonMember, isObject bool, err error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	first, err := decoder.Token()
	if err != nil {
		return nil, false, fmt.Errorf("reading JSON: %w", err)
	}
	if first != json.Delim('{') {
		return nil, false, nil
	}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, false, fmt.Errorf("reading JSON: %w", err)
		}
		key, ok := token.(string)
		if !ok {
			return nil, false, notA("json")
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, false, fmt.Errorf("reading JSON: %w", err)
		}
		members = append(members, jsonMember{key, string(value)})
	}
	return members, true, nil
}

// quoteJSON writes a string as Postgres does: only quotes, backslashes and control characters are escaped.
func quoteJSON(text string) string {
	var quoted strings.Builder
	quoted.WriteByte('"')
	for i := range len(text) {
		c := text[i]
		if short := strings.IndexByte("\b\f\n\r\t\"\\", c); short >= 0 {
			quoted.WriteByte('\\')
			quoted.WriteByte(`bfnrt"\`[short])
		} else if c < 0x20 {
			fmt.Fprintf(&quoted, `\u%04x`, c)
		} else {
			quoted.WriteByte(c)
		}
	}
	quoted.WriteByte('"')
	return quoted.String()
}
