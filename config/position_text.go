package config

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// keys reads a dotted key: bare and quoted parts, blanks around the dots.
func (s *scanner) keys() []string {
	var keys []string
	for {
		s.skipSpaces()
		keys = append(keys, s.key())
		s.skipSpaces()
		if s.peek() != '.' {
			return keys
		}
		s.take(1)
	}
}

func (s *scanner) skipSpaces() {
	for s.peek() == ' ' || s.peek() == '\t' {
		s.take(1)
	}
}

// key reads one part of a dotted key.
func (s *scanner) key() string {
	if s.peek() == '"' || s.peek() == '\'' {
		return s.text()
	}
	start := s.at
	for !s.eof() && (isBareByte(s.peek()) || s.peek() >= utf8.RuneSelf) {
		s.take(1)
	}
	return s.src[start:s.at]
}

// text moves over a string of any of the four kinds and returns what it says; only the text of the one-line kinds
// matters, because only they can be keys.
func (s *scanner) text() string {
	quote := s.src[s.at : s.at+1]
	if triple := strings.Repeat(quote, 3); s.has(triple) {
		s.longText(triple)
		return ""
	}
	s.take(1)
	start := s.at
	for !s.eof() && s.src[s.at:s.at+1] != quote {
		if quote == `"` && s.peek() == '\\' {
			s.take(1)
		}
		s.take(1)
	}
	raw := s.src[start:s.at]
	s.take(1)
	if quote == `'` {
		return raw
	}
	return unescape(raw)
}

// longText moves over a multi-line string. Its last characters may be quotes of its own: """a""""" ends in two.
func (s *scanner) longText(triple string) {
	s.take(3)
	for !s.eof() && !s.has(triple) {
		if triple[0] == '"' && s.peek() == '\\' {
			s.take(1)
		}
		s.take(1)
	}
	s.take(3)
	for i := 0; i < 2 && s.peek() == triple[0]; i++ {
		s.take(1)
	}
}

// unescape resolves the escapes of a TOML basic string.
func unescape(raw string) string {
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' || i+1 == len(raw) {
			b.WriteByte(raw[i])
			continue
		}
		i++
		if at := strings.IndexByte(`btnfre"\`, raw[i]); at >= 0 {
			b.WriteByte("\b\t\n\f\r\x1b\"\\"[at])
			continue
		}
		digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[raw[i]]
		if code, err := strconv.ParseUint(raw[i+1:min(i+1+digits, len(raw))], 16, 32); err == nil {
			b.WriteRune(rune(code))
			i += digits
		}
	}
	return b.String()
}
