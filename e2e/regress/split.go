// Package regress reads Postgres' own regression tests, which are scripts for psql, so that their queries can be played through cordon one by one.
package regress

import (
	"regexp"
	"strings"
)

// Chunk is a piece of a script that psql can be given by itself: a statement, or what a backslash command ends.
type Chunk struct {
	Line int    // of its first word, from 1
	Text string // with what follows it on stdin: the rows of COPY FROM stdin
	SQL  string // the statement without its semicolon; empty where a backslash command sends it
}

var (
	dollarQuote = regexp.MustCompile(`^\$([A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*)?\$`)
	copyIn      = regexp.MustCompile(`(?is)^copy\s+[^\s(].*\bfrom\s+(stdin|stdout)\b`)
	backslashIn = regexp.MustCompile(`(?i)^\\copy\s+[^\s(].*\bfrom\s+p?stdin\b`)
	routine     = regexp.MustCompile(`(?is)^create\s+(or\s+replace\s+)?(function|procedure)\b`)
	word        = regexp.MustCompile(`^[A-Za-z_\x80-\xff][A-Za-z0-9_$\x80-\xff]*`)
)

// scanner reads a script as psql's lexer does: psqlscan.l of Postgres.
type scanner struct {
	text   string
	at     int
	start  int // of the present chunk, at its first word
	parens int
	atomic int // BEGIN ATOMIC and CASE that wait for their END, in the body of a routine
	ifs    int // \if that wait for their \endif
	chunks []Chunk
}

// Split cuts a script into chunks, in their order.
func Split(script string) []Chunk {
	s := &scanner{text: script, start: -1}
	for s.at < len(s.text) {
		s.next()
	}
	s.end(len(s.text), "")
	return s.chunks
}

// next reads one token.
func (s *scanner) next() {
	rest := s.text[s.at:]
	switch {
	case strings.HasPrefix(rest, "--"):
		s.at += until(rest, "\n")
		return
	case strings.HasPrefix(rest, "/*"):
		s.comment()
		return
	case strings.ContainsRune(" \t\r\n\f", rune(rest[0])):
		s.at++
		return
	case rest[0] == '\\':
		s.command()
		return
	}
	if s.start < 0 {
		s.start = s.at
	}
	quote := dollarQuote.FindString(rest)
	switch {
	case quote != "":
		s.at += len(quote) + until(rest[len(quote):], quote)
	case rest[0] == '\'':
		s.at++
		s.quoted('\'', s.at > 1 && strings.ContainsRune("eE", rune(s.text[s.at-2])) && (s.at < 3 || !letter(s.text[s.at-3])))
	case rest[0] == '"':
		s.at++
		s.quoted('"', false)
	case rest[0] == '(':
		s.parens++
		s.at++
	case rest[0] == ')':
		s.parens = max(s.parens-1, 0)
		s.at++
	case rest[0] == ';' && s.parens == 0 && s.atomic == 0:
		s.at++
		s.statement()
	case word.MatchString(rest):
		s.word(word.FindString(rest))
	default:
		s.at++
	}
}

// word follows the bodies of SQL routines, in which semicolons do not end the statement. An E of E'..' is left for the quote.
func (s *scanner) word(w string) {
	s.at += len(w)
	if !routine.MatchString(s.text[s.start:s.at]) {
		return
	}
	switch strings.ToLower(w) {
	case "atomic":
		s.atomic++
	case "case":
		if s.atomic > 0 {
			s.atomic++
		}
	case "end":
		s.atomic = max(s.atomic-1, 0)
	}
}

// quoted reads up to the closing quote, which two of stand for one.
func (s *scanner) quoted(quote byte, escapes bool) {
	for s.at < len(s.text) {
		c := s.text[s.at]
		s.at++
		switch {
		case escapes && c == '\\':
			s.at++
		case c == quote && s.at < len(s.text) && s.text[s.at] == quote:
			s.at++
		case c == quote:
			return
		}
	}
	s.at = len(s.text)
}

// comment reads a comment with those inside it.
func (s *scanner) comment() {
	for depth := 0; s.at < len(s.text); {
		switch rest := s.text[s.at:]; {
		case strings.HasPrefix(rest, "/*"):
			depth++
			s.at += 2
		case strings.HasPrefix(rest, "*/"):
			depth--
			s.at += 2
			if depth == 0 {
				return
			}
		default:
			s.at++
		}
	}
}

// command reads a backslash command, which takes the rest of its line and, with what stands before it, is a chunk; \; is part of a statement.
func (s *scanner) command() {
	rest := s.text[s.at:]
	if strings.HasPrefix(rest, `\;`) {
		s.at += 2
		return
	}
	if s.start < 0 {
		s.start = s.at
	}
	line := until(rest, "\n")
	s.at += line
	switch {
	case backslashIn.MatchString(rest[:line]):
		s.rows()
	case strings.HasPrefix(rest, `\if`):
		s.ifs++
	case strings.HasPrefix(rest, `\endif`):
		s.ifs = max(s.ifs-1, 0)
	}
	s.end(s.at, "")
}

// statement ends a chunk at a semicolon. Rows of a COPY FROM stdin belong to it, to the line that ends them.
func (s *scanner) statement() {
	sql := s.text[s.start : s.at-1]
	if line, copies := until(s.text[s.at:], "\n"), copiesIn(sql); copies > 0 {
		s.at += line
		for range copies {
			s.rows()
		}
		sql = ""
	} else if rest := strings.TrimLeft(s.text[s.at:s.at+line], " \t"); strings.HasPrefix(rest, `\`) && !strings.HasPrefix(rest, `\;`) {
		s.at += line // \gset and its like
		sql = ""
	}
	s.end(s.at, sql)
}

// copiesIn counts the COPY FROM stdin among the statements that \; puts together.
func copiesIn(sql string) (n int) {
	for part := range strings.SplitSeq(sql, `\;`) {
		if copyIn.MatchString(strings.TrimSpace(part)) {
			n++
		}
	}
	return n
}

// rows reads the rows that follow on stdin, up to the line that ends them.
func (s *scanner) rows() {
	for s.at < len(s.text) {
		rest := s.text[s.at:]
		line := until(rest, "\n")
		s.at += line
		if rest[:line] == "\\.\n" {
			return
		}
	}
}

// end ends a chunk. What stands between \if and \endif is one: psql may skip it.
func (s *scanner) end(at int, sql string) {
	if s.ifs > 0 && at < len(s.text) {
		return
	}
	if s.start >= 0 && at > s.start {
		if strings.HasPrefix(s.text[s.start:], `\`) {
			sql = ""
		}
		s.chunks = append(s.chunks, Chunk{Line: 1 + strings.Count(s.text[:s.start], "\n"), Text: s.text[s.start:at], SQL: sql})
	}
	s.start, s.parens, s.atomic = -1, 0, 0
}

// until is how many bytes there are up to and with the end of a mark, all if it is not there.
func until(text, mark string) int {
	if i := strings.Index(text, mark); i >= 0 {
		return i + len(mark)
	}
	return len(text)
}

func letter(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
