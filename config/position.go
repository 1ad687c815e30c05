package config

import (
	"strconv"
	"strings"
)

// positions maps the path of every key, table and array element of a TOML file to its line. The TOML library
// decodes into values without positions, so this scanner walks the text a second time. It runs only over text that
// the library has accepted, and therefore judges nothing; on other input it stops early, but never loops or panics.
type positions map[string]int

// keyPath appends a key to a path; a key that is not a bare TOML key is quoted, so that paths stay unambiguous.
func keyPath(parent, key string) string {
	if !isBareKey(key) {
		key = strconv.Quote(key)
	}
	if parent == "" {
		return key
	}
	return parent + "." + key
}

// elementPath is the path of one element of an array.
func elementPath(parent string, i int) string { return parent + "[" + strconv.Itoa(i) + "]" }

func isBareKey(key string) bool {
	for _, c := range []byte(key) {
		if !isBareByte(c) {
			return false
		}
	}
	return key != ""
}

func isBareByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

// scanPositions indexes a TOML text.
func scanPositions(text string) positions {
	s := scanner{src: strings.TrimPrefix(text, "\ufeff"), line: 1, index: positions{}, elements: map[string]int{}}
	prefix := ""
	for s.skipBlank(); !s.eof(); s.skipBlank() {
		start := s.at
		if s.peek() == '[' {
			prefix = s.header()
		} else {
			s.keyValue(prefix)
		}
		if s.at == start {
			break
		}
	}
	return s.index
}

type scanner struct {
	src      string
	at       int
	line     int
	index    positions
	elements map[string]int // path of an array of tables -> number of its [[headers]] so far
}

func (s *scanner) eof() bool { return s.at >= len(s.src) }

func (s *scanner) peek() byte {
	if s.eof() {
		return 0
	}
	return s.src[s.at]
}

func (s *scanner) has(prefix string) bool { return strings.HasPrefix(s.src[s.at:], prefix) }

// take moves over n bytes and counts their lines.
func (s *scanner) take(n int) {
	end := min(s.at+n, len(s.src))
	s.line += strings.Count(s.src[s.at:end], "\n")
	s.at = end
}

// record keeps the first line on which a path appears.
func (s *scanner) record(path string) {
	if _, ok := s.index[path]; !ok {
		s.index[path] = s.line
	}
}

// skipBlank moves over white space, line ends and comments.
func (s *scanner) skipBlank() {
	for !s.eof() {
		switch s.peek() {
		case ' ', '\t', '\r', '\n':
			s.take(1)
		case '#':
			if n := strings.IndexByte(s.src[s.at:], '\n'); n >= 0 {
				s.take(n)
			} else {
				s.take(len(s.src))
			}
		default:
			return
		}
	}
}

// header reads [a.b] or [[a.b]] and returns the path that the keys below it belong to.
func (s *scanner) header() string {
	s.take(1)
	array := s.peek() == '['
	if array {
		s.take(1)
	}
	keys := s.keys()
	path := ""
	for i, key := range keys {
		path = keyPath(path, key)
		s.record(path)
		if array && i == len(keys)-1 {
			s.elements[path]++
		}
		if n := s.elements[path]; n > 0 { // inside an array of tables, its last element is meant
			path = elementPath(path, n-1)
			s.record(path)
		}
	}
	for s.peek() == ']' {
		s.take(1)
	}
	return path
}

// keyValue reads `a.b = value`.
func (s *scanner) keyValue(path string) {
	for _, key := range s.keys() {
		path = keyPath(path, key)
		s.record(path)
	}
	s.skipBlank()
	if s.peek() == '=' {
		s.take(1)
		s.skipBlank()
		s.value(path)
	}
}

// value moves over one value and indexes what is inside it.
func (s *scanner) value(path string) {
	switch {
	case s.peek() == '"' || s.peek() == '\'':
		s.text()
	case s.peek() == '[':
		n := 0
		s.list(']', func() {
			s.record(elementPath(path, n))
			s.value(elementPath(path, n))
			n++
		})
	case s.peek() == '{':
		s.list('}', func() { s.keyValue(path) })
	default: // a number, a boolean, a time
		n := strings.IndexAny(s.src[s.at:], ",]}#\n")
		if n < 0 {
			n = len(s.src)
		}
		s.take(n)
	}
}

// list moves over the items between the bracket it stands on and the closing one.
func (s *scanner) list(closing byte, item func()) {
	s.take(1)
	for s.skipBlank(); !s.eof() && s.peek() != closing; s.skipBlank() {
		start := s.at
		item()
		s.skipBlank()
		if s.peek() == ',' {
			s.take(1)
		}
		if s.at == start {
			return
		}
	}
	s.take(1)
}
