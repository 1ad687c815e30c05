package rewrite

import (
	"reflect"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// plain reads an expression whose value must not be guarded.
func (r *reader) plain(n *pg.Node, sc *readScope) {
	if c := r.value(n, sc); c.guarded() {
		r.fail("%s where it must not stand", c)
	}
}

// value reads an expression. Guarded values may be compared for equality, counted, grouped, moved and chosen from; this is the list of where they may stand.
func (r *reader) value(n *pg.Node, sc *readScope) content {
	if r.spend(1); r.problem != "" || n == nil {
		return content{}
	}
	if c, ok := r.form(n, sc); ok {
		return c
	}
	switch x := n.GetNode().(type) {
	case *pg.Node_ColumnRef:
		return r.reference(x.ColumnRef, sc)
	case *pg.Node_AConst:
		return content{null: x.AConst.Isnull}
	case *pg.Node_ParamRef:
		return r.parameter(x.ParamRef)
	case *pg.Node_TypeCast:
		return r.cast(x.TypeCast, sc)
	case *pg.Node_AExpr:
		return r.operator(n, x.AExpr, sc)
	case *pg.Node_NullTest:
		return r.taken([]*pg.Node{x.NullTest.Arg}, sc)
	case *pg.Node_GroupingFunc:
		return r.taken(x.GroupingFunc.Args, sc)
	case *pg.Node_CaseExpr:
		return r.choice(x.CaseExpr, sc)
	case *pg.Node_CoalesceExpr:
		return r.oneOf(x.CoalesceExpr.Args, sc)
	case *pg.Node_FuncCall:
		return r.call(x.FuncCall, sc)
	case *pg.Node_SubLink:
		return r.subquery(x.SubLink, sc)
	case *pg.Node_SelectStmt:
		return row(r.query(x.SelectStmt, sc))
	case *pg.Node_AIndirection:
		return r.indirection(x.AIndirection, sc)
	case *pg.Node_RowExpr:
		return row(r.fields(x.RowExpr, sc))
	case *pg.Node_SortBy:
		r.sort([]*pg.Node{n}, sc, nil)
		return content{}
	}
	r.below(n, sc)
	return content{}
}

// below reads what an expression of any other kind is made of.
func (r *reader) below(n *pg.Node, sc *readScope) {
	if held := n.GetNode(); held != nil {
		nearestNodes(reflect.ValueOf(held).Elem().Field(0), func(part *pg.Node) { r.plain(part, sc) })
	}
}

// taken reads values of which only whether they are there, or which are the same, is asked.
func (r *reader) taken(args []*pg.Node, sc *readScope) content {
	for _, n := range args {
		if _, ok := r.stars(n, sc, nil); !ok {
			r.noKey(r.value(n, sc))
		}
	}
	return content{}
}

// noKey makes sure that a value is not what rows are only to be sorted by.
func (r *reader) noKey(c content) {
	if c.key {
		r.fail("%s where it must not stand", c)
	}
}

func (r *reader) parameter(p *pg.ParamRef) content {
	if i := int(p.Number) - 1; i >= 0 && i < len(r.params) {
		return content{seal: r.params[i].sealed()}
	}
	return content{}
}

// sealed is what a parameter holds once the proxy has unsealed it.
func (p Param) sealed() Seal {
	if p.Seal == (Seal{}) {
		return Seal{}
	}
	return Seal{Domain: p.Seal.Domain, Type: p.Seal.Type, Array: p.Array}
}

// ownTypes are the types of which a cast leaves an identifier what it is.
var ownTypes = map[uint32][]string{oidInt4: {"int4"}, oidInt8: {"int8"}, oidUUID: {"uuid"}, oidText: {"text", "varchar"}}

func (r *reader) cast(x *pg.TypeCast, sc *readScope) content {
	c := r.value(x.Arg, sc)
	if !c.guarded() {
		return c
	}
	parts, _ := splitName(x.TypeName.Names)
	name, array := strings.CutPrefix(parts[len(parts)-1], "_") // _int8 is int8[]
	if c.seal == (Seal{}) || !slices.Contains(ownTypes[c.seal.Type], name) || !isOwn(parts) || len(x.TypeName.Typmods) > 0 ||
		(array != (len(x.TypeName.ArrayBounds) > 0)) != c.seal.Array {
		return r.fail("a cast of %s to %s", c, name)
	}
	return c
}

// isOwn says that a name is one of pg_catalog.
func isOwn(parts []string) bool {
	return len(parts) == 1 || len(parts) == 2 && parts[0] == "pg_catalog"
}

// isEquality says that an operator tells no more of two values than whether they are the same.
func isEquality(name []*pg.Node) bool {
	parts, _ := splitName(name)
	return isOwn(parts) && slices.Contains([]string{"=", "<>", "!="}, parts[len(parts)-1])
}

// operator reads an operator: equality may compare identifiers of one domain with one another.
func (r *reader) operator(n *pg.Node, x *pg.A_Expr, sc *readScope) content {
	switch {
	case !isEquality(x.Name) || x.Lexpr == nil:
	case x.Kind == pg.A_Expr_Kind_AEXPR_IN:
		for _, item := range x.Rexpr.GetList().GetItems() {
			r.compared(x.Lexpr, item, sc)
		}
		return content{}
	case x.Kind == pg.A_Expr_Kind_AEXPR_OP_ANY || x.Kind == pg.A_Expr_Kind_AEXPR_OP_ALL:
		r.comparedWithAny(x.Lexpr, x.Rexpr, sc)
		return content{}
	case x.Kind == pg.A_Expr_Kind_AEXPR_NULLIF:
		l := r.value(x.Lexpr, sc)
		r.equal(l, r.value(x.Rexpr, sc))
		return l
	case x.Kind == pg.A_Expr_Kind_AEXPR_OP || x.Kind == pg.A_Expr_Kind_AEXPR_DISTINCT || x.Kind == pg.A_Expr_Kind_AEXPR_NOT_DISTINCT:
		r.compared(x.Lexpr, x.Rexpr, sc)
		return content{}
	}
	r.below(n, sc)
	return content{}
}

// compared reads two values that are compared for equality, rows column by column.
func (r *reader) compared(left, right *pg.Node, sc *readScope) {
	if l, with := left.GetRowExpr(), right.GetRowExpr(); l != nil && with != nil {
		r.meetAll(r.fields(l, sc), r.fields(with, sc), "the rows that are compared")
		return
	}
	r.equal(r.value(left, sc), r.value(right, sc))
}

// equal holds two values that are compared against one another.
func (r *reader) equal(a, b content) {
	if a.null && !a.guarded() || b.null && !b.guarded() {
		r.noKey(a)
		r.noKey(b)
		return
	}
	if c := r.meet(a, b, "the values that are compared"); c.key {
		r.fail("a comparison of %s", c)
	}
}

// comparedWithAny reads a value and the array that its members are compared with.
func (r *reader) comparedWithAny(left, right *pg.Node, sc *readScope) {
	l := r.value(left, sc)
	if array := right.GetAArrayExpr(); array != nil {
		for _, n := range array.Elements {
			r.equal(l, r.value(n, sc))
		}
		return
	}
	members := r.value(right, sc)
	if members.seal.Array {
		members.seal.Array = false
	} else if members.guarded() {
		r.fail("%s stand where an array does", members)
	}
	r.equal(l, members)
}

// choice reads CASE, which gives one of its results.
func (r *reader) choice(x *pg.CaseExpr, sc *readScope) content {
	result := content{null: true}
	for _, n := range x.Args {
		when := n.GetCaseWhen()
		if x.Arg != nil {
			r.compared(x.Arg, when.Expr, sc)
		} else {
			r.plain(when.Expr, sc)
		}
		result = r.meet(result, r.value(when.Result, sc), "the results of CASE")
	}
	if x.Defresult != nil {
		result = r.meet(result, r.value(x.Defresult, sc), "the results of CASE")
	}
	return result
}

func (r *reader) oneOf(args []*pg.Node, sc *readScope) content {
	result := content{null: true}
	for _, n := range args {
		result = r.meet(result, r.value(n, sc), "the arguments of COALESCE")
	}
	return result
}

// fields are those of a row that is written out.
func (r *reader) fields(x *pg.RowExpr, sc *readScope) (columns []readColumn) {
	for _, n := range x.Args {
		if stars, ok := r.stars(n, sc, nil); ok {
			columns = append(columns, stars...)
			continue
		}
		columns = append(columns, readColumn{content: r.value(n, sc)})
	}
	return columns
}

// call reads a function call. Those that take identifiers count them, or pass one of them on.
func (r *reader) call(x *pg.FuncCall, sc *readScope) (result content) {
	if c, ok := r.orderKey(x, sc); ok {
		return c
	}
	for _, n := range x.AggOrder {
		if x.AggWithinGroup { // they are arguments
			r.plain(n.GetSortBy().GetNode(), sc)
		}
		r.sort([]*pg.Node{n}, sc, nil)
	}
	if x.AggFilter != nil {
		r.plain(x.AggFilter, sc)
	}
	r.window(x.Over, sc)
	parts, _ := splitName(x.Funcname)
	name := parts[len(parts)-1]
	own := isOwn(parts)
	for i, n := range x.Args {
		switch {
		case own && name == "count":
			r.taken([]*pg.Node{n}, sc)
		case own && i == 0 && passing[name] && len(x.Args) <= 2:
			result = r.value(n, sc)
			r.noKey(result)
			if name == "array_agg" && result.guarded() {
				if result.seal.Array || result.row || x.AggDistinct {
					r.fail("array_agg of %s", result)
				}
				result.seal.Array = true
			}
		default:
			r.plain(n, sc)
		}
	}
	if !result.guarded() {
		result = content{}
	}
	return result
}

// passing are the functions that give one of the values that they are given first, or all of them.
var passing = map[string]bool{"lag": true, "lead": true, "first_value": true, "last_value": true, "nth_value": true, "array_agg": true}

// subquery reads a subquery in an expression.
func (r *reader) subquery(x *pg.SubLink, sc *readScope) content {
	columns := r.query(x.Subselect.GetSelectStmt(), sc)
	switch x.SubLinkType {
	case pg.SubLinkType_EXISTS_SUBLINK:
		return content{}
	case pg.SubLinkType_EXPR_SUBLINK:
		if len(columns) == 1 && !columns[0].open {
			return columns[0].content
		}
	case pg.SubLinkType_ANY_SUBLINK, pg.SubLinkType_ALL_SUBLINK, pg.SubLinkType_ROWCOMPARE_SUBLINK:
		tests := []readColumn{}
		if test := x.Testexpr.GetRowExpr(); test != nil {
			tests = r.fields(test, sc)
		} else {
			tests = append(tests, readColumn{content: r.value(x.Testexpr, sc)})
		}
		if len(x.OperName) == 0 || isEquality(x.OperName) {
			for _, c := range r.meetAll(tests, columns, "the values that a subquery compares") {
				r.noKey(c.content)
			}
			return content{}
		}
		columns = append(columns, tests...)
	}
	if c := row(columns); c.guarded() {
		r.fail("a subquery gives %s", c)
	}
	return content{}
}

// indirection reads subscripts and fields: a field of a whole row is a column.
func (r *reader) indirection(x *pg.A_Indirection, sc *readScope) content {
	c := r.value(x.Arg, sc)
	parts, star := splitName(x.Arg.GetColumnRef().GetFields())
	if field := x.Indirection[0].GetString_(); c.row && field != nil && !star && len(parts) == 1 && len(x.Indirection) == 1 {
		if it := wholeRow(sc, parts[0]); it != nil {
			c, ok := find(it.columns, field.Sval)
			if !ok { // the server would try a function of the row
				return r.fail("%q has no column %q", it.alias, field.Sval)
			}
			return c
		}
	}
	if c.guarded() {
		return r.fail("%s where it must not stand", c)
	}
	for _, n := range x.Indirection {
		r.plain(n, sc)
	}
	return content{}
}
