package rewrite

import (
	"errors"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// castsName makes of to_regclass and its relatives the cast that they are in a masked session, where a name of nothing gives NULL. It says false, and changes
// nothing, of any other expression.
func (b *binder) castsName(n *pg.Node) bool {
	f := n.GetFuncCall()
	parts, _ := splitName(f.GetFuncname())
	if len(parts) == 0 || len(parts) > 1 && parts[len(parts)-2] != "pg_catalog" || len(f.Args) != 1 || !plainCall(f) {
		return false
	}
	reg, is := strings.CutPrefix(parts[len(parts)-1], "to_")
	if !is || regLookups[reg] == "" {
		return false
	}
	n.Node = castTo(b.nameGiven(f.Args[0], reg), reg).Node
	return true
}

// plainCall says that a call has arguments alone.
func plainCall(f *pg.FuncCall) bool {
	return !f.AggStar && !f.AggDistinct && !f.AggWithinGroup && !f.FuncVariadic && f.Over == nil && f.AggFilter == nil && len(f.AggOrder) == 0 &&
		f.Args[0].GetNamedArgExpr() == nil
}

// nameGiven is what a name is cast from: the oid of a literal, or NULL, where the snapshot knows it, or else a text.
func (b *binder) nameGiven(arg *pg.Node, reg string) *pg.Node {
	name := stringLiteral(arg)
	if name == "" || reg == "regrole" || reg == "regproc" {
		return castTo(&pg.Node{Node: arg.Node}, "text")
	}
	oid, err := b.resolveReg(reg, name)
	var e *Error
	switch {
	case err == nil:
		return castNode(itoa(int(oid)), "oid", false)
	case errors.As(err, &e) && e.Reason != "": // one of the server's own that may not be read
		return castTo(&pg.Node{Node: arg.Node}, "text")
	}
	return &pg.Node{Node: &pg.Node_AConst{AConst: &pg.A_Const{Isnull: true}}}
}
