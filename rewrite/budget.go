package rewrite

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// A text within the guard's bounds can mean much more than it says: stars of stars, windows over many columns, a reference that stands for a long cipher.
// So binding counts its work and what it makes, and refuses what takes too much. The bounds are far above what people and tools write: a report of a page
// takes some thousand steps.
const (
	maxWork   = 3 << 20  // steps: expressions bound, columns passed on, keys made; over all bindings of a statement
	maxSent   = 16 << 20 // bytes of the text that is sent
	maxTurns  = 12       // bindings in search of what has to be revealed; then every pseudonym is computed in SQL
	maxTarget = 1664     // of a select list (MaxTupleAttributeNumber in htup_details.h)
)

// spend counts steps; value and the ends of clauses ask whether they were too many.
func (b *binder) spend(steps int) { b.env.work += steps }

// exhausted is the refusal of a statement that took too many steps.
func (b *binder) exhausted() error {
	if b.env.work <= maxWork {
		return nil
	}
	return tooComplex()
}

func tooComplex() error {
	return &Error{Code: "54001", Reason: "statement-too-complex", Message: "cordon: statement is too complex: it takes too many steps to check",
		Hint: "Select fewer columns, nest and join less, or split the statement."}
}

// sentBytes refuses a text that would become too long.
func sentBytes(n int) error {
	if n <= maxSent {
		return nil
	}
	return &Error{Code: "54000", Reason: "statement-too-long", Message: fmt.Sprintf("cordon: the statement would be sent with %d bytes, at most %d are admitted", n, maxSent),
		Hint: "Read fewer tables and pseudonyms in one statement, or split it."}
}

// tooManyTargets is Postgres' own bound on a select list, which keeps stars of stars from growing.
func tooManyTargets(columns int) error {
	if columns <= maxTarget {
		return nil
	}
	return &Error{Code: "54011", Message: "target lists can have at most 1664 entries"}
}

// walk is walkNodes, counted.
func (b *binder) walk(n *pg.Node, visit func(*pg.Node)) {
	walkNodes(n, func(node *pg.Node) {
		b.env.work++
		visit(node)
	})
}
