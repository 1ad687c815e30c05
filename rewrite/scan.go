package rewrite

import "strings"

// tokenKind classifies a token of scanner.
type tokenKind uint8

const (
	tokenWord       tokenKind = iota + 1 // keyword or unquoted name
	tokenQuotedName                      // "..."
	tokenString                          // '...', E'...', $$...$$
	tokenNumber
	tokenOperator
	tokenOther // one of ( ) [ ] , ; : . and whatever else stands alone
)

// scanner cuts a text into tokens as Postgres' scanner does under standard_conforming_strings, without its look-ahead.
type scanner struct {
	text       string
	start, end int
	kind       tokenKind
}

func (s *scanner) token() string { return s.text[s.start:s.end] }

func (s *scanner) lower() string { return strings.ToLower(s.token()) }

// next moves to the next token; false at the end.
func (s *scanner) next() bool {
	i := skipSpace(s.text, s.end)
	if i >= len(s.text) {
		return false
	}
	s.start = i
	switch b := s.text[i]; {
	case b == '\'':
		s.kind, s.end = tokenString, endQuoted(s.text, i+1, '\'', false)
	case (b == 'e' || b == 'E') && i+1 < len(s.text) && s.text[i+1] == '\'':
		s.kind, s.end = tokenString, endEscape(s.text, i+2)
	case b == '"':
		s.kind, s.end = tokenQuotedName, endQuoted(s.text, i+1, '"', false)
	case b == '$':
		s.dollar(i)
	case isNameStart(b):
		s.kind, s.end = tokenWord, i+1
		for s.end < len(s.text) && (isNamePart(s.text[s.end]) || s.text[s.end] == '$') {
			s.end++
		}
	case '0' <= b && b <= '9':
		s.kind, s.end = tokenNumber, i+1
		for s.end < len(s.text) && isNamePart(s.text[s.end]) {
			s.end++
		}
	case isOperator(b):
		s.operator(i)
	default:
		s.kind, s.end = tokenOther, i+1
	}
	return true
}

// operator takes + and - one by one, other operator characters as a run: Postgres cuts trailing signs off a run.
func (s *scanner) operator(i int) {
	s.kind, s.end = tokenOperator, i+1
	if s.text[i] == '+' || s.text[i] == '-' {
		return
	}
	for s.end < len(s.text) && isOperator(s.text[s.end]) && s.text[s.end] != '+' && s.text[s.end] != '-' && !strings.HasPrefix(s.text[s.end:], "/*") {
		s.end++
	}
}

func (s *scanner) dollar(i int) {
	end := i + 1
	for end < len(s.text) && isNamePart(s.text[end]) {
		end++
	}
	isTag := end < len(s.text) && s.text[end] == '$' && (end == i+1 || isNameStart(s.text[i+1]))
	if !isTag {
		s.kind, s.end = tokenNumber, end
		return
	}
	tag := s.text[i : end+1]
	s.kind = tokenString
	if n := strings.Index(s.text[end+1:], tag); n >= 0 {
		s.end = end + 1 + n + len(tag)
		return
	}
	s.end = len(s.text)
}

func isNameStart(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || b == '_' || b >= 0x80
}

func isNamePart(b byte) bool { return isNameStart(b) || '0' <= b && b <= '9' }

func isOperator(b byte) bool { return strings.IndexByte("+-*/<>=~!@#%^&|`?", b) >= 0 }

// skipSpace skips white space, -- comments and nested /* */ comments.
func skipSpace(text string, i int) int {
	for i < len(text) {
		switch {
		case strings.IndexByte(" \t\n\r\f\v", text[i]) >= 0:
			i++
		case strings.HasPrefix(text[i:], "--"):
			n := strings.IndexAny(text[i:], "\n\r")
			if n < 0 {
				return len(text)
			}
			i += n
		case strings.HasPrefix(text[i:], "/*"):
			i = endComment(text, i)
		default:
			return i
		}
	}
	return i
}

func endComment(text string, i int) int {
	depth := 0
	for i < len(text) {
		switch {
		case strings.HasPrefix(text[i:], "/*"):
			depth++
			i += 2
		case strings.HasPrefix(text[i:], "*/"):
			depth--
			i += 2
			if depth == 0 {
				return i
			}
		default:
			i++
		}
	}
	return i
}

// endQuoted gives the index after the closing quote; a doubled quote stands for one.
func endQuoted(text string, i int, quote byte, escapes bool) int {
	for i < len(text) {
		switch {
		case escapes && text[i] == '\\':
			i += 2
		case text[i] != quote:
			i++
		case i+1 < len(text) && text[i+1] == quote:
			i += 2
		default:
			return i + 1
		}
	}
	return len(text)
}

// endEscape reads an E string with its continuations on later lines, which keep its rules for backslashes.
func endEscape(text string, i int) int {
	for {
		i = endQuoted(text, i, '\'', true)
		next := i
		for next < len(text) {
			after := next
			for after < len(text) && strings.IndexByte(" \t\n\r\f\v", text[after]) >= 0 {
				after++
			}
			if strings.HasPrefix(text[after:], "--") {
				after = skipSpace(text, after)
			}
			if after == next {
				break
			}
			next = after
		}
		if next >= len(text) || text[next] != '\'' {
			return i
		}
		i = next + 1
	}
}
