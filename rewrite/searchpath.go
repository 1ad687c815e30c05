package rewrite

import (
	"maps"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

// state is what a session tracks of the server's state. The search_path is virtual: the server's own is pinned.
type state struct {
	defaultPath  string
	path         string  // the session's value
	local        *string // SET LOCAL's
	localDefault bool    // it was SET LOCAL ... TO DEFAULT
	saved        string  // path when the transaction began
	explicit     bool    // inside BEGIN
	savepoint    bool    // a savepoint was set in this transaction
	failed       bool
	prepared     map[string]*Plan
	cursors      map[string]*Plan
	fixed        map[string]string // of builtin.Fixed, the values that the server said at login, and the login as role; never changed
}

func newState(path string) *state {
	return &state{defaultPath: path, path: path, saved: path, prepared: map[string]*Plan{}, cursors: map[string]*Plan{}}
}

func (s *state) clone() *state {
	c := *s
	c.prepared, c.cursors = maps.Clone(s.prepared), maps.Clone(s.cursors)
	return &c
}

// setting is search_path as SHOW shows it.
func (s *state) setting() string {
	if s.local != nil {
		return *s.local
	}
	return s.path
}

// apply follows a statement that has completed.
func (s *state) apply(e effect) {
	switch e.kind {
	case effectTransaction:
		s.applyTransaction(e)
	case effectPath:
		s.applyPath(e)
	case effectResetAll:
		if s.local == nil || !s.localDefault { // ResetAllOptions in guc.c passes over what SET LOCAL ... TO DEFAULT has set
			s.applyPath(effect{reset: true})
		}
	case effectDiscardAll:
		s.path, s.saved, s.local = s.defaultPath, s.defaultPath, nil
		s.prepared, s.cursors = map[string]*Plan{}, map[string]*Plan{}
	case effectPrepare:
		s.prepared[e.name] = e.named
	case effectDeclare:
		s.cursors[e.name] = e.named
	case effectDeallocate:
		drop(s.prepared, e.name)
	case effectClose:
		drop(s.cursors, e.name)
	}
}

// means says that a name still is that of a plan.
func (s *state) means(name string, plan *Plan) bool {
	return s.prepared[name] == plan || s.cursors[name] == plan
}

// drop takes out one name, or all where name is empty.
func drop(plans map[string]*Plan, name string) {
	if name == "" {
		clear(plans)
		return
	}
	delete(plans, name)
}

func (s *state) applyTransaction(e effect) {
	switch e.transaction {
	case pg.TransactionStmtKind_TRANS_STMT_BEGIN, pg.TransactionStmtKind_TRANS_STMT_START:
		s.explicit = true
	case pg.TransactionStmtKind_TRANS_STMT_SAVEPOINT:
		s.savepoint = true
	case pg.TransactionStmtKind_TRANS_STMT_COMMIT:
		s.end(!s.failed)
		s.explicit = e.chain
	case pg.TransactionStmtKind_TRANS_STMT_ROLLBACK:
		s.end(false)
		s.explicit = e.chain
	case pg.TransactionStmtKind_TRANS_STMT_ROLLBACK_TO:
		s.failed = false
	}
}

// end ends a transaction.
func (s *state) end(committed bool) {
	if !committed {
		s.path = s.saved
	}
	s.saved, s.local = s.path, nil
	s.explicit, s.savepoint, s.failed = false, false, false
}

func (s *state) applyPath(e effect) {
	value := e.path
	if e.reset {
		value = s.defaultPath
	}
	if e.local {
		s.local, s.localDefault = &value, e.reset
		return
	}
	s.path, s.local = value, nil
}

// pathOf gives the schemas in which names are looked up, pg_catalog included, those that the twin lacks left out.
func (tw *twin) pathOf(setting, user string) []string {
	var path []string
	for _, name := range catalog.ParsePath(setting, user) {
		if _, ok := tw.schema(name); ok && !slices.Contains(path, name) {
			path = append(path, name)
		}
	}
	if !slices.Contains(path, "pg_catalog") {
		path = append([]string{"pg_catalog"}, path...)
	}
	return path
}

// outsideSavepoint refuses what changes search_path after SAVEPOINT: ROLLBACK TO would undo it.
func (p *planner) outsideSavepoint() error {
	if !p.state.savepoint {
		return nil
	}
	return refused("search-path-in-savepoint", "cordon: search_path cannot be set after SAVEPOINT", "Set it before SAVEPOINT or after the transaction, or qualify names.")
}

// setPath answers SET search_path with a setting of cordon's own, so that transactions and warnings are the server's.
func (p *planner) setPath(x *pg.VariableSetStmt) (*Plan, error) {
	if err := p.outsideSavepoint(); err != nil {
		return nil, err
	}
	e := effect{kind: effectPath, local: x.IsLocal, reset: x.Kind != pg.VariableSetKind_VAR_SET_VALUE}
	if !e.reset {
		names := make([]string, 0, len(x.Args))
		for _, n := range x.Args {
			c := n.GetAConst()
			if c.GetSval() == nil {
				return nil, &Error{Code: "22023", Message: "invalid value for parameter \"search_path\""}
			}
			names = append(names, listIdentifier(c.GetSval().Sval))
		}
		e.path = strings.Join(names, ", ")
		if _, err := catalog.SplitPath(e.path); err != nil {
			return nil, &Error{Code: "22023", Message: "invalid value for parameter \"search_path\": " + quoted(e.path)}
		}
	}
	plan := &Plan{SQL: "SET cordon.search_path TO " + quoteLiteral(e.path), Kind: KindSet, effect: e}
	switch {
	case e.local:
		plan.SQL = "SET LOCAL cordon.search_path TO " + quoteLiteral(e.path)
	case x.Kind == pg.VariableSetKind_VAR_RESET:
		plan.Tag = "RESET"
	}
	return plan, nil
}

// listIdentifier quotes a name of a list only where it must be, as quote_identifier does in SET.
func listIdentifier(name string) string {
	for i := range len(name) {
		c := name[i]
		if c >= 'a' && c <= 'z' || c == '_' || i > 0 && c >= '0' && c <= '9' {
			continue
		}
		return quoteIdent(name)
	}
	if name == "" || grammarWord(name) {
		return quoteIdent(name)
	}
	return name
}

// grammarWord says that a lower-case word is a keyword that quote_identifier quotes: any but the unreserved ones.
func grammarWord(word string) bool {
	scan, err := pg.Scan(word)
	return err != nil || len(scan.Tokens) != 1 || scan.Tokens[0].KeywordKind > pg.KeywordKind_UNRESERVED_KEYWORD
}
