package rewrite

import (
	"context"
	"errors"
	"fmt"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/cordon-db/cordon/masking"
	"github.com/cordon-db/cordon/rewrite/builtin"
)

// Session plans the statements of one client session.
type Session struct {
	rewriter *Rewriter
	params   SessionParams
	admitted map[string]string
	keys     map[string]masking.Key
	state    *state
}

// NewSession admits a login: its startup parameters, and what ALTER ROLE and ALTER DATABASE set for it.
func (r *Rewriter) NewSession(params SessionParams) (*Session, error) {
	tw, _, err := r.twin(params.User)
	if err != nil {
		return nil, err
	}
	admitted, path, err := admitStartup(params.Startup, tw.custom)
	if err != nil {
		return nil, err
	}
	for name := range tw.snapshot.RoleSettings(params.User) {
		if builtin.OfRole(name) {
			continue
		}
		return nil, refused("forbidden-role-setting", fmt.Sprintf("cordon: ALTER ROLE or ALTER DATABASE sets %q for this login, which is not admitted in a masked session", name),
			"Reset it for this role and database.")
	}
	keys, err := r.keysOf(tw.policy)
	if err != nil {
		return nil, err
	}
	start := tw.snapshot.SearchPathOf(params.User)
	if path != nil {
		start = *path
	}
	st := newState(start)
	st.fixed = map[string]string{"role": params.User, "session_authorization": params.User}
	return &Session{rewriter: r, params: params, admitted: admitted, keys: keys, state: st}, nil
}

// Query plans a simple Query message: one plan a statement, in order. On an error the plans before the failing statement are
// returned too, except for a syntax error.
func (s *Session) Query(ctx context.Context, text string) ([]*Plan, error) {
	if plan := s.cached(text, nil, true); plan != nil {
		return []*Plan{plan}, nil
	}
	stmts, err := s.parse(text)
	if err != nil {
		return nil, positioned(err, text, nil)
	}
	if len(stmts) == 0 {
		return []*Plan{{Kind: KindEmpty}}, nil
	}
	st := s.state.clone()
	plans := make([]*Plan, 0, len(stmts))
	for _, stmt := range stmts {
		plan, err := s.one(ctx, st, stmt, nil, len(stmts) == 1 && !hasParameter(stmt.Stmt))
		if err != nil {
			return plans, positioned(err, text, stmt)
		}
		plan.source = sourceOf(text, stmt)
		st.apply(plan.effect)
		plans = append(plans, plan)
	}
	s.keep(text, nil, true, stmts, plans[0])
	return plans, nil
}

// Parse plans the one statement of a Parse message.
func (s *Session) Parse(ctx context.Context, text string, paramOIDs []uint32) (*Plan, error) {
	paramOIDs = undeclared(paramOIDs)
	if plan := s.cached(text, paramOIDs, false); plan != nil {
		return plan, nil
	}
	stmts, err := s.parse(text)
	switch {
	case err != nil:
		return nil, positioned(err, text, nil)
	case len(stmts) == 0:
		return &Plan{Kind: KindEmpty}, nil
	case len(stmts) > 1:
		return nil, &Error{Code: "42601", Message: "cannot insert multiple commands into a prepared statement"}
	}
	if err := s.admitParameters(paramOIDs); err != nil {
		return nil, err
	}
	plan, err := s.one(ctx, s.state, stmts[0], paramOIDs, true)
	if err != nil {
		return nil, positioned(err, text, stmts[0])
	}
	if plan.Arguments != nil { // the client's Bind would have to reach the statement that it names
		return nil, notByValue()
	}
	plan.source, plan.params = text, slices.Clone(paramOIDs)
	s.keep(text, paramOIDs, false, stmts, plan)
	return plan, nil
}

// undeclared are the types of a Parse message, with none in the place of unknown: both have the server find the parameter's (variable_paramref_hook in parse_param.c).
func undeclared(oids []uint32) []uint32 {
	if !slices.Contains(oids, untyped) {
		return oids
	}
	types := slices.Clone(oids)
	for i, oid := range types {
		if oid == untyped {
			types[i] = 0
		}
	}
	return types
}

// admitParameters applies the type rule to the types that a Parse message declares: a parameter of type regclass would
// look up names (pitfall C7).
func (s *Session) admitParameters(oids []uint32) error {
	tw, _, err := s.rewriter.twin(s.params.User)
	if err != nil {
		return err
	}
	for _, oid := range oids {
		if oid != 0 && !tw.admitsType(oid) {
			return refused("forbidden-type", fmt.Sprintf("cordon: the type of a parameter (oid %d) is not admitted in a masked session", oid), "Declare an ordinary data type, or none.")
		}
		if tw.hidesKeys && tw.folds(oid) {
			return refuseFolding("the type of a parameter (" + tw.typeName(oid) + ")")
		}
	}
	return nil
}

// hasParameter says that a text of the simple protocol has parameters, which is the server's to refuse.
func hasParameter(n *pg.Node) bool {
	found := false
	walkNodes(n, func(node *pg.Node) { found = found || node.GetParamRef() != nil })
	return found
}

// one plans one statement. unseals says that it may be sent with parameters of its own.
func (s *Session) one(ctx context.Context, st *state, stmt *pg.RawStmt, parameters []uint32, unseals bool) (*Plan, error) {
	return s.rewriter.one(ctx, st, s.params, parameters, unseals, func() *pg.Node {
		if stmt.Stmt == nil {
			return nil
		}
		return proto.Clone(stmt.Stmt).(*pg.Node)
	})
}

func (s *Session) key(text string, params []uint32, simple bool) (planKey, bool) {
	_, now, err := s.rewriter.twin(s.params.User)
	if err != nil || len(text) > maxCachedText {
		return planKey{}, false
	}
	now.path = s.state.setting()
	key := planKey{text: text, simple: simple, stamp: now}
	if len(params) > 0 {
		key.params = fmt.Sprint(params)
	}
	return key, true
}

func (s *Session) cached(text string, params []uint32, simple bool) *Plan {
	key, ok := s.key(text, params, simple)
	if !ok {
		return nil
	}
	return s.rewriter.cache.get(key)
}

// keep caches the plan of a text that is one SELECT.
func (s *Session) keep(text string, params []uint32, simple bool, stmts []*pg.RawStmt, plan *Plan) {
	if len(stmts) != 1 || stmts[0].Stmt.GetSelectStmt() == nil {
		return
	}
	if key, ok := s.key(text, params, simple); ok && key.stamp == plan.stamp {
		s.rewriter.cache.add(key, plan)
	}
}

// Current says before an Execute whether a kept plan still holds: made from the policy, catalog and path of now, or the same SQL again, and of an EXECUTE
// or FETCH, with the rows of what the name means now.
func (s *Session) Current(ctx context.Context, plan *Plan) error {
	_, now, err := s.rewriter.twin(s.params.User)
	if err != nil {
		return err
	}
	// As in Postgres, a prepared statement is analysed again only for the path that is in force then.
	now.path = s.state.setting()
	if plan.Kind == KindEmpty || plan.stamp == now && (plan.follows == nil || s.state.means(plan.Name, plan.follows)) {
		return nil
	}
	again, err := s.Parse(ctx, plan.source, plan.params)
	if err != nil {
		return err
	}
	if again.SQL == plan.SQL && again.Opaque == plan.Opaque && slices.Equal(again.Columns, plan.Columns) && slices.Equal(again.Params, plan.Params) {
		return nil
	}
	return &Error{Code: "0A000", Reason: "stale-plan", Message: "cordon: the policy, the catalog or search_path changed since the statement was prepared",
		Hint: "Prepare the statement again."}
}

// Completed follows a statement for which CommandComplete arrived.
func (s *Session) Completed(plan *Plan) { s.state.apply(plan.effect) }

// Named registers a statement of the protocol under the name by which SQL's EXECUTE finds it; nil: it is closed.
func (s *Session) Named(name string, plan *Plan) {
	if plan == nil {
		delete(s.state.prepared, name)
		return
	}
	s.state.prepared[name] = plan
}

// Portal says that the protocol made or closed a portal: a cursor of that name, of which the server has one name space with portals, is no more.
func (s *Session) Portal(name string) { delete(s.state.cursors, name) }

// Cursor is the plan by which FETCH of an SQL cursor is judged; nil where none is known by that name.
func (s *Session) Cursor(name string) *Plan { return s.state.cursors[name] }

// Follows says that a plan's rows are those of a prepared statement or cursor, so that it must be planned, and run, when it is known what its name means.
func (s *Session) Follows(plan *Plan) bool { return plan.follows != nil }

// Failed follows an ErrorResponse: what an implicit transaction had done is undone.
func (s *Session) Failed() { s.state.failed = true }

// Ready follows ReadyForQuery with the transaction status.
func (s *Session) Ready(status byte) {
	switch status {
	case 'I':
		s.state.end(!s.state.failed)
	case 'T':
		s.state.explicit, s.state.failed = true, false
	case 'E':
		s.state.failed = true
	}
}

// Tracks says that later statements must wait for this one's outcome before they are rewritten.
func (s *Session) Tracks(plan *Plan) bool { return plan.effect.kind != effectNone }

// ShowsOrigin is the second wall: may a bare column of this origin leave, sealed like this?
func (s *Session) ShowsOrigin(table uint32, column int16, seal Seal) bool {
	tw, _, err := s.rewriter.twin(s.params.User)
	return err == nil && tw.showsOrigin(table, column, seal)
}

// InForce identifies the policy and the catalog in force. While it is the same, ShowsOrigin answers the same.
type InForce struct {
	Policy  string // of its text and the login's grants
	Catalog uint64 // the snapshot's version
}

// InForce is the zero value where neither a policy nor a catalog is at hand.
func (s *Session) InForce() InForce {
	_, now, err := s.rewriter.twin(s.params.User)
	if err != nil {
		return InForce{}
	}
	return InForce{now.policy, now.catalog}
}

// Cipher gives the cipher that seals the values of a column, or the members of its arrays.
func (s *Session) Cipher(seal Seal) (*masking.Pseudonym, error) {
	key, ok := s.keys[seal.Domain]
	if !ok {
		return nil, fmt.Errorf("no key of domain %q", seal.Domain)
	}
	return s.rewriter.cipher(seal, key)
}

// ForwardsNotification says whether the policy lists a channel.
func (s *Session) ForwardsNotification(channel string) bool {
	tw, _, err := s.rewriter.twin(s.params.User)
	return err == nil && slices.Contains(tw.policy.Channels, channel)
}

// ParameterStatus says what the client is told of a parameter; false: nothing.
func (s *Session) ParameterStatus(name, value string) (string, bool) {
	switch {
	case name == "search_path":
		return s.state.setting(), true
	case name == "default_transaction_read_only":
		return "off", true
	}
	return value, builtin.ReportedParameter(name)
}

// IsRefusal says whether an error is the answer to a statement, not a fault of cordon.
func IsRefusal(err error) bool {
	var e *Error
	return errors.As(err, &e)
}
