package rewrite

import (
	"fmt"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// plan rewrites one parsed statement under the session's simulated state.
func (p *planner) plan(stmt *pg.Node) (*Plan, error) {
	if stmt == nil {
		return &Plan{Kind: KindEmpty}, nil
	}
	switch x := stmt.GetNode().(type) {
	case *pg.Node_SelectStmt:
		return p.query(stmt)
	case *pg.Node_TransactionStmt:
		return p.transaction(stmt, x.TransactionStmt)
	case *pg.Node_VariableSetStmt:
		return p.set(stmt, x.VariableSetStmt)
	case *pg.Node_VariableShowStmt:
		return p.show(stmt, x.VariableShowStmt)
	case *pg.Node_PrepareStmt:
		return p.prepare(stmt, x.PrepareStmt)
	case *pg.Node_ExecuteStmt:
		return p.execute(stmt, x.ExecuteStmt)
	case *pg.Node_DeallocateStmt:
		return p.simple(stmt, KindPrepare, x.DeallocateStmt.Name, effect{kind: effectDeallocate, name: x.DeallocateStmt.Name})
	case *pg.Node_DeclareCursorStmt:
		return p.declare(stmt, x.DeclareCursorStmt)
	case *pg.Node_FetchStmt:
		return p.fetch(stmt, x.FetchStmt)
	case *pg.Node_ClosePortalStmt:
		return p.simple(stmt, KindCursor, x.ClosePortalStmt.Portalname, effect{kind: effectClose, name: x.ClosePortalStmt.Portalname})
	case *pg.Node_CopyStmt:
		return p.copy(stmt, x.CopyStmt)
	case *pg.Node_ListenStmt:
		return p.listen(stmt, x.ListenStmt.Conditionname)
	case *pg.Node_UnlistenStmt:
		return p.simple(stmt, KindListen, "", effect{})
	case *pg.Node_DiscardStmt:
		return p.discard(stmt, x.DiscardStmt)
	case *pg.Node_ConstraintsSetStmt:
		return p.constraints(stmt, x.ConstraintsSetStmt)
	}
	return nil, refuseStatement(stmt)
}

// simple sends a statement as it is.
func (p *planner) simple(stmt *pg.Node, kind Kind, name string, e effect) (*Plan, error) {
	text, err := deparse(stmt)
	if err != nil {
		return nil, err
	}
	return &Plan{SQL: text, Kind: kind, Name: name, effect: e}, nil
}

func (p *planner) query(stmt *pg.Node) (*Plan, error) {
	p.env.sealing, p.env.unsealing = p.seals, p.seals && p.unseals
	var e effect
	if call := setsPath(stmt.GetSelectStmt()); call != nil {
		var err error
		if e, err = p.pathEffect(call); err != nil {
			return nil, err
		}
	}
	bound, err := p.bind(stmt)
	if err != nil {
		return nil, err
	}
	text, err := p.emit(stmt, bound)
	if err != nil {
		return nil, err
	}
	return &Plan{SQL: text, Kind: KindQuery, Columns: notNil(bound.columns), Opaque: bound.opaque, Quiet: bound.quiet, Params: bound.params, Named: bound.named, sealed: p.seals, unseals: p.seals && p.unseals, effect: e}, nil
}

func notNil(columns []Origin) []Origin {
	if columns == nil {
		return []Origin{}
	}
	return columns
}

func (p *planner) bind(stmt *pg.Node) (*boundQuery, error) {
	if err := admitQuery(stmt); err != nil {
		return nil, err
	}
	return bindQuery(p.env, stmt)
}

func (p *planner) transaction(stmt *pg.Node, x *pg.TransactionStmt) (*Plan, error) {
	e := effect{kind: effectTransaction, transaction: x.Kind, chain: x.Chain}
	switch x.Kind {
	case pg.TransactionStmtKind_TRANS_STMT_BEGIN, pg.TransactionStmtKind_TRANS_STMT_START:
		options, err := transactionModes(x.Options)
		if err != nil {
			return nil, err
		}
		x.Options = options
	case pg.TransactionStmtKind_TRANS_STMT_COMMIT, pg.TransactionStmtKind_TRANS_STMT_ROLLBACK, pg.TransactionStmtKind_TRANS_STMT_SAVEPOINT,
		pg.TransactionStmtKind_TRANS_STMT_RELEASE, pg.TransactionStmtKind_TRANS_STMT_ROLLBACK_TO:
	default:
		return nil, refused("forbidden-two-phase", "cordon: two-phase transactions are not admitted in a masked session", "Use COMMIT or ROLLBACK.")
	}
	return p.simple(stmt, KindTransaction, "", e)
}

// transactionModes drops READ WRITE, which would undo the read-only default, and lowers SERIALIZABLE, whose failures tell of hidden rows.
func transactionModes(options []*pg.Node) ([]*pg.Node, error) {
	var kept []*pg.Node
	for _, n := range options {
		d := n.GetDefElem()
		switch d.GetDefname() {
		case "transaction_read_only":
			if d.Arg.GetAConst().GetIval().GetIval() == 0 {
				continue
			}
		case "transaction_isolation":
			if s := d.Arg.GetAConst().GetSval(); s != nil && strings.EqualFold(s.Sval, "serializable") {
				s.Sval = "repeatable read"
			}
		case "transaction_deferrable":
		default:
			return nil, refused("forbidden-transaction-mode", "cordon: this transaction mode is not admitted", "Use an isolation level, READ ONLY or DEFERRABLE.")
		}
		kept = append(kept, n)
	}
	return kept, nil
}

func (p *planner) prepare(stmt *pg.Node, x *pg.PrepareStmt) (*Plan, error) {
	if x.Query.GetSelectStmt() == nil {
		return nil, refuseStatement(x.Query)
	}
	p.env.parameters = nil
	for _, t := range x.Argtypes {
		oid, err := newBinder(p.env).declaredType(t.GetTypeName())
		if err != nil {
			return nil, err
		}
		p.env.parameters = append(p.env.parameters, oid)
	}
	named, text, err := p.keepable(stmt, x.Query, x.Name)
	if err != nil {
		return nil, err
	}
	return &Plan{SQL: text, Kind: KindPrepare, Name: x.Name, sealed: p.seals, effect: effect{kind: effectPrepare, name: x.Name, named: named}}, nil
}

// keepable plans the query inside a PREPARE or DECLARE: a plan by which a later EXECUTE or FETCH is judged, and the text of the statement.
func (p *planner) keepable(stmt, query *pg.Node, name string) (named *Plan, text string, err error) {
	if err := admitQuery(query); err != nil { // the deparser, which is C, sees only what is admitted
		return nil, "", err
	}
	source, err := deparse(query)
	if err != nil {
		return nil, "", err
	}
	p.env.sealing = p.seals // without unsealing: no Bind message of the statement carries its constants
	bound, err := p.bind(query)
	if err != nil {
		return nil, "", err
	}
	inner, err := emit(query, bound.marks)
	if err != nil {
		return nil, "", err
	}
	if text, err = p.emit(stmt, bound); err != nil {
		return nil, "", err
	}
	return &Plan{SQL: inner, Kind: KindQuery, Name: name, Columns: notNil(bound.columns), Opaque: bound.opaque, Quiet: bound.quiet, stamp: p.stamp, source: source, sealed: p.seals, params: p.env.parameters}, text, nil
}

// inherit takes from the plan of a prepared statement or cursor what its rows look like, if planning it again under path gives the same.
func (p *planner) inherit(plan, of *Plan, path string) (*Plan, error) {
	if of.Params != nil && plan.Arguments == nil { // the server would be given the values as they are
		return nil, notByValue()
	}
	if now := p.under(path); of.stamp != now.stamp && !now.agrees(of) {
		return nil, &Error{Code: "0A000", Reason: "stale-plan", Message: "cordon: the policy, the catalog or search_path changed since the statement was prepared",
			Hint: "DEALLOCATE it, or close the cursor, and prepare it again."}
	}
	plan.Columns, plan.Opaque, plan.Quiet, plan.follows = of.Columns, plan.Opaque || of.Opaque, plan.Quiet || of.Quiet, of
	return plan, nil
}

// under is the planner with another search_path.
func (p *planner) under(path string) *planner {
	env := *p.env
	env.setting, env.path = path, env.twin.pathOf(path, env.user)
	stamp := p.stamp
	stamp.path = path
	env.revealed, env.located, env.renamed = map[revealedColumn]*source{}, map[int]bool{}, map[int]bool{}
	return &planner{env: &env, state: p.state, stamp: stamp, log: p.log, unread: p.unread, seals: p.seals}
}

// agrees says whether planning a kept plan's source again gives the same plan.
func (p *planner) agrees(kept *Plan) bool {
	stmts, err := parse(kept.source)
	if err != nil || len(stmts) != 1 {
		return false
	}
	p.env.parameters, p.seals, p.unseals = kept.params, kept.sealed, kept.unseals
	again, err := p.settled(func() *pg.Node { return cloneNode(stmts[0].Stmt) })
	return err == nil && again.SQL == kept.SQL && slices.Equal(again.Columns, kept.Columns) && slices.Equal(again.Params, kept.Params)
}

func (p *planner) declare(stmt *pg.Node, x *pg.DeclareCursorStmt) (*Plan, error) {
	named, text, err := p.keepable(stmt, x.Query, x.Portalname)
	if err != nil {
		return nil, err
	}
	return &Plan{SQL: text, Kind: KindCursor, Name: x.Portalname, sealed: p.seals, effect: effect{kind: effectDeclare, name: x.Portalname, named: named}}, nil
}

// fetch plans FETCH and MOVE. A cursor keeps the search_path of its DECLARE, as in Postgres.
func (p *planner) fetch(stmt *pg.Node, x *pg.FetchStmt) (*Plan, error) {
	const placeholder = "cordon_cursor" // the deparser puts no quotes around a name that needs them
	name := x.Portalname
	x.Portalname = placeholder
	text, err := emit(stmt, []mark{{name: placeholder, text: quoteIdent(name)}})
	x.Portalname = name
	if err != nil {
		return nil, err
	}
	if x.Ismove {
		return &Plan{SQL: text, Kind: KindCursor, Name: x.Portalname}, nil
	}
	cursor := p.state.cursors[x.Portalname]
	if cursor == nil { // or a portal of the protocol, whose rows only its own Execute may send
		return nil, &Error{Code: "34000", Message: "cursor " + quoted(x.Portalname) + " does not exist"}
	}
	return p.inherit(&Plan{SQL: text, Kind: KindQuery, Name: x.Portalname, Columns: []Origin{}}, cursor, cursor.stamp.path)
}

func (p *planner) copy(stmt *pg.Node, x *pg.CopyStmt) (*Plan, error) {
	if x.IsFrom || x.IsProgram || x.Filename != "" {
		return nil, refused("forbidden-copy", "cordon: only COPY ... TO STDOUT is admitted in a masked session", `Use COPY (query) TO STDOUT, or \copy in psql.`)
	}
	for _, n := range x.Options {
		if err := copyOption(n.GetDefElem()); err != nil {
			return nil, err
		}
	}
	if x.Relation != nil {
		query, err := copyQuery(p.env, x.Relation, x.Attlist, forcedQuotes(x.Options))
		if err != nil {
			return nil, err
		}
		x.Relation, x.Attlist, x.Query = nil, nil, query
	}
	format := copyFormat(x.Options)
	p.env.sealing = p.seals && format != nil
	bound, err := p.bind(x.Query)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(bound.columns, func(o Origin) bool { return o.Seal != Seal{} }) {
		format = nil
	} else if format.Kind == CopyText {
		sentNull(x.Options)
	}
	text, err := p.emit(stmt, bound)
	if err != nil {
		return nil, err
	}
	describe, err := emit(x.Query, bound.marks)
	if err != nil {
		return nil, err
	}
	return &Plan{SQL: text, Kind: KindCopy, Describe: describe, Columns: notNil(bound.columns), Opaque: bound.opaque, Quiet: bound.quiet, Copy: format, sealed: p.env.sealing}, nil
}

func (p *planner) listen(stmt *pg.Node, channel string) (*Plan, error) {
	if !slices.Contains(p.env.twin.policy.Channels, channel) {
		return nil, refused("forbidden-channel", fmt.Sprintf("cordon: channel %q is not listed in the policy", channel), "Ask for it to be added to channels of this database.")
	}
	return p.simple(stmt, KindListen, "", effect{})
}

// constraints sends SET CONSTRAINTS ALL, which has nothing to defer in a session that only reads. Names would have to be looked up in the twin.
func (p *planner) constraints(stmt *pg.Node, x *pg.ConstraintsSetStmt) (*Plan, error) {
	if len(x.Constraints) > 0 {
		return nil, refused("forbidden-statement", "cordon: only SET CONSTRAINTS ALL is admitted in a masked session", "Leave it out: masked sessions are read-only.")
	}
	return p.simple(stmt, KindSet, "", effect{})
}

func (p *planner) discard(stmt *pg.Node, x *pg.DiscardStmt) (*Plan, error) {
	if x.Target == pg.DiscardMode_DISCARD_ALL {
		return p.simple(stmt, KindPrepare, "", effect{kind: effectDiscardAll})
	}
	return p.simple(stmt, KindSet, "", effect{})
}
