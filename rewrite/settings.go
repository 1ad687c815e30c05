package rewrite

import (
	"fmt"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/builtin"
)

// admitSetting says whether a client may set name to value, through any door, and gives what to send; set is false where there is
// nothing to send since the session has the value already, or it would have no effect. fixed are the values that the server has.
func admitSetting(name, value string, fixed map[string]string) (canonical string, set bool, err error) {
	canonical, verdict := builtin.Settable(name, value)
	switch verdict {
	case builtin.Applied:
		return canonical, true, nil
	case builtin.Ignored:
		return "", false, nil
	}
	if has, ok := fixed[strings.ToLower(name)]; ok && builtin.SameFixed(strings.ToLower(name), has, value) {
		return "", false, nil
	}
	if !builtin.SettingExists(name) {
		return "", false, unknownSetting(name)
	}
	return "", false, refused("forbidden-setting", fmt.Sprintf("cordon: setting %q is not admitted in a masked session, or not with this value", strings.ToLower(name)), builtin.SettingHint(name))
}

// unknownSetting is what any server says of a setting that none has: tools find out by it what they talk to.
func unknownSetting(name string) *Error {
	return &Error{Code: "42704", Message: unrecognized + quoted(name)}
}

const unrecognized = "unrecognized configuration parameter "

// nothing succeeds with the tag SET, and warns outside a transaction where LOCAL does.
func nothing(local bool) *Plan {
	if local {
		return &Plan{SQL: "SET LOCAL cordon.nothing TO ''", Kind: KindSet}
	}
	return &Plan{SQL: "SET cordon.nothing TO ''", Kind: KindSet}
}

// set rewrites SET and RESET.
func (p *planner) set(stmt *pg.Node, x *pg.VariableSetStmt) (*Plan, error) {
	name := strings.ToLower(x.Name)
	switch x.Kind {
	case pg.VariableSetKind_VAR_RESET_ALL:
		if err := p.outsideSavepoint(); err != nil {
			return nil, err
		}
		return p.simple(stmt, KindSet, "", effect{kind: effectResetAll})
	case pg.VariableSetKind_VAR_SET_MULTI:
		return p.setTransaction(stmt, x, name)
	case pg.VariableSetKind_VAR_SET_VALUE, pg.VariableSetKind_VAR_SET_DEFAULT, pg.VariableSetKind_VAR_RESET:
	default:
		return nil, refused("forbidden-setting", "cordon: this form of SET is not admitted", "Use SET name TO value.")
	}
	if name == "search_path" {
		return p.setPath(x)
	}
	if server, ok := p.env.custom(name); ok {
		return setCustom(x, server)
	}
	if x.Kind != pg.VariableSetKind_VAR_SET_VALUE {
		if !builtin.Showable(name) {
			_, _, err := admitSetting(x.Name, "\x00", nil)
			return nil, err
		}
		if builtin.Stated(name) != "" { // the server's own is not to be reset: some versions would take writes
			if x.Kind == pg.VariableSetKind_VAR_RESET {
				return &Plan{SQL: "RESET cordon.nothing", Kind: KindSet}, nil
			}
			return nothing(x.IsLocal), nil
		}
		return p.simple(stmt, KindSet, "", effect{})
	}
	value, ok := settingText(x.Args)
	if !ok {
		return p.setInterval(stmt, x, name)
	}
	canonical, send, err := admitSetting(x.Name, value, p.env.fixed)
	if err != nil {
		return nil, err
	}
	if !send {
		return nothing(x.IsLocal), nil
	}
	x.Args = []*pg.Node{pg.MakeAConstStrNode(canonical, 0)}
	return p.simple(stmt, KindSet, "", effect{})
}

// settingText gives the value of SET name TO value, ... as the server flattens it (flatten_set_variable_args, guc_funcs.c).
func settingText(args []*pg.Node) (string, bool) {
	words := make([]string, len(args))
	for i, n := range args {
		c := n.GetAConst()
		switch {
		case c.GetSval() != nil:
			words[i] = c.GetSval().Sval
		case c.GetIval() != nil:
			words[i] = itoa(int(c.GetIval().Ival))
		case c.GetFval() != nil:
			words[i] = c.GetFval().Fval
		default:
			return "", false
		}
	}
	return strings.Join(words, ", "), len(words) > 0
}

// setInterval handles SET TIME ZONE INTERVAL '...', whose argument is a cast of a constant.
func (p *planner) setInterval(stmt *pg.Node, x *pg.VariableSetStmt, name string) (*Plan, error) {
	if name != "timezone" || len(x.Args) != 1 || x.Args[0].GetTypeCast().GetArg().GetAConst().GetSval() == nil {
		return nil, refused("forbidden-setting", "cordon: this form of SET is not admitted", "Use SET name TO value.")
	}
	return p.simple(stmt, KindSet, "", effect{})
}

// setTransaction handles SET TRANSACTION and SET SESSION CHARACTERISTICS.
func (p *planner) setTransaction(stmt *pg.Node, x *pg.VariableSetStmt, name string) (*Plan, error) {
	if name != "transaction" && name != "session characteristics" {
		return nil, refused("forbidden-transaction-mode", "cordon: SET TRANSACTION SNAPSHOT is not admitted", "Leave it out.")
	}
	options, err := transactionModes(x.Args)
	if err != nil {
		return nil, err
	}
	if len(options) == 0 { // only READ WRITE was asked for: any harmless SET has the same answer
		return nothing(false), nil
	}
	x.Args = options
	return p.simple(stmt, KindSet, "", effect{})
}

// show rewrites SHOW.
func (p *planner) show(stmt *pg.Node, x *pg.VariableShowStmt) (*Plan, error) {
	name := strings.ToLower(x.Name)
	switch name {
	case "all":
		sql := newBinder(p.env).expandSets(builtin.ShowAll())
		return &Plan{SQL: sql, Kind: KindQuery, Tag: "SHOW", Columns: []Origin{{}, {}, {}}}, nil
	case "search_path":
		return &Plan{SQL: "SELECT " + quoteLiteral(p.env.setting) + "::pg_catalog.text AS search_path", Kind: KindQuery, Tag: "SHOW", Columns: []Origin{{}}}, nil
	}
	if sql := builtin.Stated(name); sql != "" {
		return &Plan{SQL: "SELECT " + sql + " AS " + name, Kind: KindQuery, Tag: "SHOW", Columns: []Origin{{}}}, nil
	}
	if server, ok := p.env.custom(name); ok {
		return showCustom(name, server), nil
	}
	if !builtin.SettingExists(name) {
		return nil, unknownSetting(x.Name)
	}
	if !builtin.Showable(name) {
		return nil, refused("forbidden-setting", fmt.Sprintf("cordon: SHOW %q is not admitted in a masked session", name), "docs/refusals.md lists what may be shown.")
	}
	plan, err := p.simple(stmt, KindQuery, "", effect{})
	if err != nil {
		return nil, err
	}
	plan.Columns = []Origin{{}}
	return plan, nil
}
