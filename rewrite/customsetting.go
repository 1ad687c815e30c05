package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/builtin"
)

// custom gives the server's name of a custom setting. A view's definition reads none: the client would choose what it says.
func (env *environment) custom(name string) (server string, ok bool) {
	if env.definition {
		return "", false
	}
	return env.twin.custom(name)
}

// custom is the server's name of a custom setting. What begins as an extension of the database does is the extension's.
func (tw *twin) custom(name string) (server string, ok bool) {
	prefix, _, _ := strings.Cut(strings.ToLower(name), ".")
	if tw.snapshot.Extensions[prefix] != nil {
		return "", false
	}
	return builtin.Custom(name)
}

// setCustom rewrites SET and RESET of a custom setting; the name is written here since the deparser does not quote its parts.
func setCustom(x *pg.VariableSetStmt, server string) (*Plan, error) {
	parts := strings.Split(server, ".")
	for i, part := range parts {
		parts[i] = quoteIdent(part)
	}
	target, set := strings.Join(parts, "."), "SET "
	if x.IsLocal {
		set = "SET LOCAL "
	}
	switch x.Kind {
	case pg.VariableSetKind_VAR_RESET:
		return &Plan{SQL: "RESET " + target, Kind: KindSet}, nil
	case pg.VariableSetKind_VAR_SET_DEFAULT:
		return &Plan{SQL: set + target + " TO DEFAULT", Kind: KindSet}, nil
	}
	value, ok := settingText(x.Args)
	if !ok || len(x.Args) != 1 {
		return nil, refused("forbidden-setting", "cordon: this form of SET is not admitted", "Use SET name TO value.")
	}
	return &Plan{SQL: set + target + " TO " + quoteLiteral(value), Kind: KindSet}, nil
}

// showCustom answers SHOW of a custom setting under the client's name.
func showCustom(name, server string) *Plan {
	return &Plan{SQL: "SELECT pg_catalog.current_setting(" + quoteLiteral(server) + ") AS " + quoteIdent(name), Kind: KindQuery, Tag: "SHOW", Columns: []Origin{{}}}
}

// ClientMessage is the text of a server's error as the client is to read it: a custom setting that it has not set has the name that it gave.
func ClientMessage(code, message string) string {
	if code != "42704" {
		return message
	}
	return strings.Replace(message, builtin.CustomPrefix, "", 1)
}
