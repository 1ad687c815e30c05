package rewrite

import pg "github.com/pganalyze/pg_query_go/v5"

// effectKind says which tracked state a statement changes once it has completed.
type effectKind uint8

const (
	effectNone effectKind = iota
	effectTransaction
	effectPath    // SET search_path, or set_config of it
	effectPrepare // PREPARE
	effectDeallocate
	effectDeclare
	effectClose
	effectDiscardAll
	effectResetAll
)

// effect is what a statement does to the state that a session tracks; see searchpath.go.
type effect struct {
	kind        effectKind
	transaction pg.TransactionStmtKind
	chain       bool
	local       bool   // SET LOCAL
	reset       bool   // to the session's default
	path        string // the new search_path
	name        string // of the prepared statement or cursor; empty: all
	named       *Plan  // the statement or cursor that comes into being
}

// stamp is what a plan was made from: policy, catalog version, search_path. Equal stamps mean equal plans for equal texts.
type stamp struct {
	policy  string
	catalog uint64
	path    string
	user    string
}
