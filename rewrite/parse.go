package rewrite

import (
	"errors"

	pg "github.com/pganalyze/pg_query_go/v5"
	"github.com/pganalyze/pg_query_go/v5/parser"
)

// parse guards and parses a text into its statements.
func parse(text string) ([]*pg.RawStmt, error) {
	if err := guard(text); err != nil {
		return nil, err
	}
	tree, err := pg.Parse(text)
	if err == nil {
		return tree.Stmts, nil
	}
	var syntax *parser.Error
	if errors.As(err, &syntax) {
		return nil, &Error{Code: "42601", Message: syntax.Message, Position: syntax.Cursorpos}
	}
	return nil, &Error{Code: "54001", Reason: "statement-too-deep", Message: "cordon: statement is too complex", Hint: "Nest less."}
}

// sourceOf gives the text of one statement of a string.
func sourceOf(text string, stmt *pg.RawStmt) string {
	start := int(stmt.StmtLocation)
	end := len(text)
	if stmt.StmtLen > 0 {
		end = start + int(stmt.StmtLen)
	}
	if start < 0 || end > len(text) || start > end {
		return text
	}
	return text[start:end]
}
