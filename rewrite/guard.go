package rewrite

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// Bounds on a statement before the C parser sees it. The parser, its protobuf writer and the deparser recurse on the stack of an
// operating system thread (8 MiB). Measured: a chain of operators takes 1 to 1.3 KiB a level, nested subqueries 2.2 to 4 KiB;
// maxDepth keeps the worst under a third of it.
const (
	maxStatement = 1 << 20
	maxDepth     = 2000
)

// guard refuses a text that the parser may not survive. It never under-counts: every word and every operator is taken for one
// level, until a comma, AND, OR or a CASE arm starts a sibling.
func guard(text string) error {
	if len(text) > maxStatement {
		return &Error{Code: "54000", Reason: "statement-too-long", Message: fmt.Sprintf("cordon: statement has %d bytes, at most %d are admitted", len(text), maxStatement),
			Hint: "Send fewer literals in one statement, or pass them as an array parameter."}
	}
	if bytes.IndexByte([]byte(text), 0) >= 0 || !utf8.ValidString(text) {
		return &Error{Code: "22021", Reason: "invalid-encoding", Message: "cordon: statement is not valid UTF-8", Hint: "Set client_encoding to UTF8 and send UTF-8 without NUL."}
	}
	if d := depthOf(text); d > maxDepth {
		return &Error{Code: "54001", Reason: "statement-too-deep", Message: "cordon: statement is too complex: nesting and operator chains are too deep",
			Hint: "Shorten chains of operators and set operations, nest less, use IN or = ANY (array)."}
	}
	return nil
}

// level counts what may nest between an opening bracket or CASE and its end.
type level struct {
	open     byte // '(', '[' or 'c' for CASE; 0 at the bottom
	fixed    int  // set operations and joins: siblings do not end them
	ops      int  // since the last separator
	child    int  // deepest bracket since the last separator
	deepest  int  // of the separated parts before
	betweens int  // whose AND is still to come
}

func (l *level) separate() {
	l.deepest = max(l.deepest, l.ops+l.child)
	l.ops, l.child = 0, 0
}

func (l *level) depth() int { return 1 + l.fixed + max(l.deepest, l.ops+l.child) }

// depthCounter keeps the stack of levels.
type depthCounter struct {
	levels   []level
	afterDot bool
}

func (c *depthCounter) top() *level { return &c.levels[len(c.levels)-1] }

func (c *depthCounter) push(open byte) {
	c.top().ops++
	c.levels = append(c.levels, level{open: open})
}

func (c *depthCounter) pop() {
	if len(c.levels) == 1 {
		return
	}
	d := c.top().depth()
	c.levels = c.levels[:len(c.levels)-1]
	c.top().child = max(c.top().child, d)
}

// depthOf estimates from above how deep the syntax tree of a text can be.
func depthOf(text string) int {
	c := &depthCounter{levels: []level{{}}}
	for s := (scanner{text: text}); s.next(); {
		switch s.kind {
		case tokenWord:
			c.word(s.lower())
		case tokenOther:
			c.symbol(s.token()[0])
		case tokenOperator, tokenNumber, tokenQuotedName, tokenString:
			c.top().ops++
		}
		c.afterDot = s.kind == tokenOther && s.token() == "."
		if len(c.levels) > maxDepth {
			return maxDepth + 1
		}
	}
	for len(c.levels) > 1 {
		c.pop()
	}
	return c.top().depth()
}

func (c *depthCounter) symbol(b byte) {
	switch b {
	case '(', '[':
		c.push(b)
	case ')', ']':
		for len(c.levels) > 1 && c.top().open == 'c' {
			c.pop()
		}
		c.pop()
	case ',':
		c.top().separate()
	case ';':
		if len(c.levels) == 1 {
			c.top().separate()
			c.top().deepest += c.top().fixed
			c.top().fixed = 0
		}
	default:
		c.top().ops++
	}
}

func (c *depthCounter) word(w string) {
	l := c.top()
	l.ops++
	if c.afterDot {
		return
	}
	switch w {
	case "union", "intersect", "except", "join":
		l.fixed++
	case "between":
		l.betweens++
	case "and":
		if l.betweens > 0 {
			l.betweens--
			return
		}
		l.separate()
	case "or":
		if l.betweens == 0 {
			l.separate()
		}
	case "case":
		c.push('c')
	case "when", "then", "else":
		if l.open == 'c' {
			l.separate()
		}
	case "end":
		if l.open == 'c' {
			c.pop()
		}
	}
}
