package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

// setsPath finds the call of a SELECT that is SET search_path in other words: `SELECT set_config('search_path', 'value', false)`, as pg_dump and vacuumdb send
// it. Beside it only other calls of set_config may stand: what else a statement holds would be bound under the path that it is about to leave.
func setsPath(x *pg.SelectStmt) *pg.FuncCall {
	plain := &pg.SelectStmt{TargetList: x.TargetList, LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE}
	if len(x.TargetList) == 0 || !proto.Equal(x, plain) {
		return nil
	}
	var found *pg.FuncCall
	for _, n := range x.TargetList {
		f := n.GetResTarget().GetVal().GetFuncCall()
		if !isSetConfig(f) {
			return nil
		}
		if strings.EqualFold(stringLiteral(f.Args[0]), "search_path") {
			if _, ok := isLocal(f.Args[2]); found != nil || !ok || !wholeText(f.Args[1]) {
				return nil
			}
			found = f
		}
	}
	return found
}

// isSetConfig says that a call is the server's set_config, of three literals and with nothing around it.
func isSetConfig(f *pg.FuncCall) bool {
	if f == nil || len(f.Args) != 3 || !proto.Equal(f, &pg.FuncCall{Funcname: f.Funcname, Args: f.Args, Funcformat: f.Funcformat, Location: f.Location}) {
		return false
	}
	parts, _ := splitName(f.Funcname)
	if parts[len(parts)-1] != "set_config" || len(parts) > 1 && parts[0] != "pg_catalog" {
		return false
	}
	_, valued := textLiteral(f.Args[1])
	_, scoped := booleanLiteral(f.Args[2])
	return valued && scoped && stringLiteral(f.Args[0]) != ""
}

// isLocal reads the last argument of set_config as the server does; false, of the two, where that is not certain.
func isLocal(n *pg.Node) (local, ok bool) {
	c := n.GetAConst()
	switch s := c.GetSval().GetSval(); {
	case c.GetBoolval() != nil:
		return c.GetBoolval().Boolval, true
	case s == "t" || s == "true":
		return true, true
	default:
		return false, s == "f" || s == "false"
	}
}

// wholeText says that a literal reaches the server as it stands: varchar(3) and name would cut it.
func wholeText(n *pg.Node) bool {
	return n.GetAConst() != nil || ownTypeName(n.GetTypeCast().GetTypeName()) == "text"
}

// pathEffect is what a call that setsPath has found does. In the call a setting of cordon's own takes the place of search_path, as in setPath.
func (p *planner) pathEffect(f *pg.FuncCall) (effect, error) {
	if err := p.outsideSavepoint(); err != nil {
		return effect{}, at(err, f.Location)
	}
	value, _ := textLiteral(f.Args[1])
	local, _ := isLocal(f.Args[2])
	if _, err := catalog.SplitPath(value); err != nil {
		return effect{}, &Error{Code: "22023", Message: "invalid value for parameter \"search_path\": " + quoted(value)}
	}
	p.env.pathCall = f
	return effect{kind: effectPath, local: local, path: value}, nil
}
