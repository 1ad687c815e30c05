package rewrite

import (
	"fmt"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// pinned are the settings that every masked session starts with and cannot change, with the value that the server must report.
var pinned = map[string]string{
	"search_path":                   "pg_catalog, pg_temp",
	"default_transaction_read_only": "on",
	"client_encoding":               "UTF8",
	"standard_conforming_strings":   "on",
	"row_security":                  "on",
	"transform_null_equals":         "off",
	"client_min_messages":           "notice",
	"debug_print_parse":             "off",
	"debug_print_rewritten":         "off",
	"debug_print_plan":              "off",
	"synchronize_seqscans":          "off",
	"array_nulls":                   "on",
}

// settable are the settings that a client may set: how values look, and how long it waits.
var settable = set("application_name", "datestyle", "intervalstyle", "timezone", "extra_float_digits", "bytea_output", "statement_timeout",
	"lock_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout", "xmloption", "xmlbinary", "lc_messages", "lc_monetary", "lc_numeric", "lc_time")

// showable are the settings that SHOW answers besides the settable and pinned ones.
var showable = set("server_version", "server_version_num", "server_encoding", "max_identifier_length", "transaction_isolation", "transaction_read_only",
	"transaction_deferrable", "default_transaction_isolation", "default_transaction_deferrable", "integer_datetimes", "is_superuser", "session_authorization", "lc_collate", "lc_ctype", "block_size", "max_index_keys")

func isUTF8(v string) bool {
	v = strings.ToLower(strings.ReplaceAll(strings.Trim(v, `'" `), "-", ""))
	return v == "utf8" || v == "unicode"
}

// admitSetting says whether a client may set name to value, and gives the value to set: a pinned setting's own.
func admitSetting(name, value string) (canonical string, err error) {
	name = strings.ToLower(name)
	if settable[name] {
		return value, nil
	}
	pin, ok := pinned[name]
	switch {
	case name == "client_encoding" && isUTF8(value), ok && strings.EqualFold(pin, value):
		return pin, nil
	case ok:
		return "", refused("forbidden-setting", fmt.Sprintf("cordon: setting %q is fixed to %s in a masked session", name, pin), "Leave it as it is.")
	}
	return "", refused("forbidden-setting", fmt.Sprintf("cordon: setting %q is not admitted in a masked session", name), "Leave it out; docs/refusals.md lists what may be set.")
}

// set rewrites SET and RESET.
func (p *planner) set(stmt *pg.Node, x *pg.VariableSetStmt) (*Plan, error) {
	name := strings.ToLower(x.Name)
	switch x.Kind {
	case pg.VariableSetKind_VAR_RESET_ALL:
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
	reset := x.Kind != pg.VariableSetKind_VAR_SET_VALUE
	if reset {
		if _, ok := pinned[name]; !ok && !settable[name] {
			_, err := admitSetting(name, "")
			return nil, err
		}
		return p.simple(stmt, KindSet, "", effect{})
	}
	if _, err := admitSetting(name, settingText(x.Args)); err != nil {
		return nil, err
	}
	return p.simple(stmt, KindSet, "", effect{})
}

// settingText gives the value of SET with one plain argument; other forms give a text that no pin equals.
func settingText(args []*pg.Node) string {
	if len(args) != 1 {
		return "\x00"
	}
	c := args[0].GetAConst()
	switch {
	case c.GetSval() != nil:
		return c.GetSval().Sval
	case c.GetIval() != nil:
		return itoa(int(c.GetIval().Ival))
	}
	return "\x00"
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
		return &Plan{SQL: `SET cordon.nothing TO ''`, Kind: KindSet}, nil
	}
	x.Args = options
	return p.simple(stmt, KindSet, "", effect{})
}

// show rewrites SHOW.
func (p *planner) show(stmt *pg.Node, x *pg.VariableShowStmt) (*Plan, error) {
	name := strings.ToLower(x.Name)
	if name == "search_path" {
		return &Plan{SQL: "SELECT " + quoteLiteral(p.env.setting) + "::pg_catalog.text AS search_path", Kind: KindQuery, Tag: "SHOW", Columns: []Origin{{}}}, nil
	}
	if _, ok := pinned[name]; !ok && !settable[name] && !showable[name] {
		return nil, refused("forbidden-setting", fmt.Sprintf("cordon: SHOW %q is not admitted in a masked session", name), "docs/refusals.md lists what may be shown.")
	}
	plan, err := p.simple(stmt, KindQuery, "", effect{})
	if err != nil {
		return nil, err
	}
	plan.Columns = []Origin{{}}
	return plan, nil
}
