package rewrite

import (
	"errors"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

// castsName makes of to_regclass and its relatives the cast that they are in a masked session, where a name of nothing gives NULL, of regclass('name') the cast
// that it is on any server, and of pg_typeof one of its number. It says false, and changes nothing, of any other expression.
func (b *binder) castsName(n *pg.Node) bool {
	f := n.GetFuncCall()
	parts, _ := splitName(f.GetFuncname())
	if len(parts) == 0 || len(parts) > 1 && parts[len(parts)-2] != "pg_catalog" || len(f.Args) != 1 || !plainCall(f) {
		return false
	}
	if parts[len(parts)-1] == "pg_typeof" && b.env.twin.call("pg_catalog", "pg_typeof", 1).admitted {
		n.Node = castTo(&pg.Node{Node: n.Node}, "regtype").Node
		return true
	}
	if name := parts[len(parts)-1]; regTemplates[name] != "" { // regproc('now') is a cast in another form
		n.Node = castTo(&pg.Node{Node: f.Args[0].Node}, name).Node
		return true
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

// typeNumber binds what pg_typeof is a cast of: the call, as the number of the type. of is the argument's type, 0 where it is not derived.
func (b *binder) typeNumber(x *pg.TypeCast, sc *scope) (in info, of uint32, err error) {
	call := x.Arg.GetFuncCall()
	arg, err := b.expr(call.Args[0], sc)
	if err != nil {
		return info{}, 0, err
	}
	call.Funcname = nameNodes("pg_catalog", "pg_typeof")
	x.Arg = castTo(x.Arg, "oid")
	return info{typ: oidOID, filtered: arg.filtered}, arg.typ, nil
}

// typeShown lowers a cast of pg_typeof to regtype, the text of which asks the catalogs, in a subquery. The name of a type of the server's own is had without: the argument may be an
// aggregate, or a column that a join merged, which means the same only where it stands.
func (b *binder) typeShown(n *pg.Node, x *pg.TypeCast, sc *scope) (info, error) {
	in, of, err := b.typeNumber(x, sc)
	if err != nil {
		return info{}, err
	}
	in.typ = oidText
	if of == 0 || of >= catalog.FirstUserOID || b.returnsSet(x.Arg) {
		return in, b.applyTemplate(n, regShown["regtype"], []*pg.Node{x.Arg})
	}
	own := &pg.MinMaxExpr{Op: pg.MinMaxOp_IS_LEAST, Args: []*pg.Node{x.Arg, castNode(itoa(catalog.FirstUserOID-1), "oid", false)}}
	n.Node = pg.MakeFuncCallNode(nameNodes("pg_catalog", "format_type"), []*pg.Node{{Node: &pg.Node_MinMaxExpr{MinMaxExpr: own}}, nullOf("int4")}, 0).Node
	return in, nil
}

// isTypeCall says that a node is a call of pg_typeof that castsName made a cast of.
func (b *binder) isTypeCall(n *pg.Node, reg string) bool {
	cast := &pg.Node{Node: n.GetNode()}
	return reg == "regtype" && lastString(n.GetFuncCall().GetFuncname()) == "pg_typeof" && b.castsName(cast)
}

// showsName says that an expression is a reg* value that is a text, as all are but literals.
func (b *binder) showsName(n *pg.Node) bool {
	if n != nil {
		b.castsName(n)
	}
	return comparedReg(n) != "" && shownReg(n) == ""
}
