package config

import (
	"fmt"
	"path/filepath"
	"sort"
	"time"
)

// document is one file while it is read.
type document struct {
	problems
	file  string
	lines positions
}

// section is one table of the file. Reading a key marks it as known; what was not read when close is called is an
// unknown key. A value of the wrong type is reported and reads as if it were absent.
type section struct {
	doc    *document
	path   string
	line   int
	values map[string]any
	known  map[string]bool
}

func (d *document) section(path string, line int, values map[string]any) *section {
	if at, ok := d.lines[path]; ok {
		line = at
	}
	return &section{doc: d, path: path, line: line, values: values, known: map[string]bool{}}
}

// fail reports a mistake at a key of the section, or at the section itself if key is empty.
func (s *section) fail(key, format string, args ...any) {
	path := s.path
	if key != "" {
		path = keyPath(s.path, key)
	}
	s.failAt(path, format, args...)
}

// failAt reports a mistake at a path inside the section.
func (s *section) failAt(path, format string, args ...any) {
	s.doc.add(s.problem(path, fmt.Sprintf(format, args...)))
}

// problem says something about a path inside the section, at its line or, where the path is not written, the section's.
func (s *section) problem(path, text string) Problem {
	line, ok := s.doc.lines[path]
	if !ok {
		line = s.line
	}
	return Problem{File: s.doc.file, Line: line, Key: path, Text: text}
}

// close reports the keys that nobody asked for.
func (s *section) close() {
	for _, key := range s.keys() {
		if !s.known[key] {
			s.fail(key, "unknown key")
		}
	}
}

// keys lists the keys of the section in a fixed order.
func (s *section) keys() []string {
	keys := make([]string, 0, len(s.values))
	for key := range s.values {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

func (s *section) get(key string) (any, bool) {
	s.known[key] = true
	v, ok := s.values[key]
	return v, ok
}

// refuse reports a key that the design knows and this version does not: it is never silently ignored.
func (s *section) refuse(key, why string) {
	if _, ok := s.get(key); ok {
		s.fail(key, "%s", why)
	}
}

// read returns the value of a key if it is present and of type T.
func read[T any](s *section, key, kind string) (T, bool) {
	v, ok := s.get(key)
	if !ok {
		var none T
		return none, false
	}
	t, ok := v.(T)
	if !ok {
		s.fail(key, "must be %s", kind)
	}
	return t, ok
}

// text reads a string. An empty one is a mistake: leaving the key out is how to say nothing.
func (s *section) text(key string) (string, bool) {
	v, ok := read[string](s, key, "a string")
	if ok && v == "" {
		s.fail(key, "must not be empty")
		return "", false
	}
	return v, ok
}

// flag reads a boolean; otherwise is its default.
func (s *section) flag(key string, otherwise bool) bool {
	if v, ok := read[bool](s, key, "true or false"); ok {
		return v
	}
	return otherwise
}

// integer reads an integer between two bounds.
func (s *section) integer(key string, low, high int64) (int, bool) {
	v, ok := read[int64](s, key, "an integer")
	if !ok {
		return 0, false
	}
	if v < low || v > high {
		s.fail(key, "must be between %d and %d", low, high)
		return 0, false
	}
	return int(v), true
}

// duration reads a positive duration; absent means fallback.
func (s *section) duration(key string, fallback time.Duration) time.Duration {
	v, ok := s.text(key)
	if !ok {
		return fallback
	}
	d, err := time.ParseDuration(v)
	if err != nil || d <= 0 {
		s.fail(key, "%q is not a positive duration such as \"30s\" or \"5m\"", v)
		return fallback
	}
	return d
}

// choice reads one of a few words; absent means the first.
func (s *section) choice(key string, words ...string) string {
	v, ok := s.text(key)
	if !ok {
		return words[0]
	}
	for _, word := range words {
		if v == word {
			return v
		}
	}
	s.fail(key, "%q is not one of %s", v, quoteList(words))
	return words[0]
}

// list reads an array of strings, without empty and repeated ones, each judged by check. It must not be empty: an
// empty list as a condition could be read as "nobody" or as "everybody".
func (s *section) list(key string, check func(string) error) []string {
	values, ok := read[[]any](s, key, "a list of strings")
	if !ok {
		return nil
	}
	if len(values) == 0 {
		s.fail(key, "must not be an empty list; leave the key out")
	}
	var out []string
	seen := map[string]bool{}
	for i, v := range values {
		at := elementPath(keyPath(s.path, key), i)
		switch text, ok := v.(string); {
		case !ok:
			s.failAt(at, "must be a string")
		case text == "":
			s.failAt(at, "must not be empty")
		case seen[text]:
			s.failAt(at, "%q is listed twice", text)
		default:
			seen[text] = true
			out = append(out, text)
			if err := check(text); err != nil {
				s.failAt(at, "%v", err)
			}
		}
	}
	return out
}

// file reads a path; a relative one starts at the directory of the configuration file.
func (s *section) file(key string) string {
	path, ok := s.text(key)
	if !ok || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(s.doc.file), path)
}

// table reads a sub-table; nil if it is absent.
func (s *section) table(key string) *section {
	v, ok := read[map[string]any](s, key, "a table")
	if !ok {
		return nil
	}
	return s.doc.section(keyPath(s.path, key), s.line, v)
}

// tables reads every value of a section as a table: [domain.user] and [domain.phone] are two of `domain`.
func (s *section) tables() map[string]*section {
	out := map[string]*section{}
	for _, key := range s.keys() {
		if t := s.table(key); t != nil {
			out[key] = t
		}
	}
	return out
}

// array reads an array of tables, written as [[key]] or inline.
func (s *section) array(key string) []*section {
	v, ok := s.get(key)
	if !ok {
		return nil
	}
	path := keyPath(s.path, key)
	var items []any
	switch list := v.(type) {
	case []map[string]any:
		for _, item := range list {
			items = append(items, item)
		}
	case []any:
		items = list
	default:
		s.fail(key, "must be an array of tables: write [[%s]]", path)
		return nil
	}
	var out []*section
	for i, item := range items {
		values, ok := item.(map[string]any)
		if !ok {
			s.failAt(elementPath(path, i), "must be a table")
			continue
		}
		out = append(out, s.doc.section(elementPath(path, i), s.line, values))
	}
	return out
}
