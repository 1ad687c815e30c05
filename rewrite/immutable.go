package rewrite

import (
	"fmt"
	"maps"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

// A row filter and a `sql` mask are functions of the row alone: with TimeZone, DateStyle and the like, which every client sets, they
// would be evaluated differently for each session and tell about the raw value (pitfall C3). immutability derives just enough types
// to prove that nothing in such a text depends on them; what it cannot prove is an error of the policy.
type immutability struct {
	snapshot *catalog.Snapshot
	path     []string
	columns  map[string]uint32 // type by name; 0 where relations of the text disagree
	own      bool              // base types of people's own occur; see filter_own.go
}

// checkImmutable proves that an expression over rel's columns, subqueries included, reads no setting.
func checkImmutable(snapshot *catalog.Snapshot, path []string, rel *catalog.Relation, expr *pg.Node) error {
	j := &immutability{snapshot: snapshot, path: path, columns: map[string]uint32{}}
	j.know(rel)
	walkNodes(expr, func(n *pg.Node) {
		switch x := n.GetNode().(type) {
		case *pg.Node_RangeVar:
			if read, ok := snapshot.Relation(x.RangeVar.Schemaname, x.RangeVar.Relname); ok {
				j.know(read)
			}
		case *pg.Node_TypeCast:
			typ, _ := typeOf(snapshot, path, x.TypeCast.TypeName)
			j.own = j.own || j.ofOwn(typ)
		case *pg.Node_FuncCall:
			parts, _ := splitName(x.FuncCall.Funcname)
			for _, o := range slices.Concat(overloadsOf(snapshot, path[1:], parts), overloadsOf(snapshot, path, parts)) {
				j.own = j.own || j.ofOwn(o.Result)
			}
		}
	})
	_, err := j.expr(expr)
	return err
}

func (j *immutability) know(rel *catalog.Relation) {
	for _, c := range rel.Columns {
		own := j.plain(c.Type.OID)
		j.own = j.own || j.ofOwn(own)
		if typ, known := j.columns[c.Name]; known && typ != own {
			own = 0
		}
		j.columns[c.Name] = own
	}
}

// expr derives a type; 0 where it is not known.
func (j *immutability) expr(n *pg.Node) (uint32, error) {
	switch x := n.GetNode().(type) {
	case *pg.Node_ColumnRef:
		parts, _ := splitName(x.ColumnRef.Fields)
		if len(parts) == 0 {
			return 0, nil
		}
		return j.columns[parts[len(parts)-1]], nil
	case *pg.Node_AConst:
		if in := constant(x.AConst); !in.literal {
			return in.typ, nil
		}
		return untyped, nil
	case *pg.Node_TypeCast:
		return j.cast(x.TypeCast)
	case *pg.Node_FuncCall:
		return j.call(x.FuncCall)
	case *pg.Node_AExpr:
		return j.operation(x.AExpr)
	case *pg.Node_CoalesceExpr:
		return j.alternatives(x.CoalesceExpr.Args)
	case *pg.Node_MinMaxExpr:
		return j.alternatives(x.MinMaxExpr.Args)
	case *pg.Node_CaseExpr:
		return j.caseExpr(x.CaseExpr)
	case *pg.Node_CollateClause:
		return j.expr(x.CollateClause.Arg)
	case *pg.Node_BoolExpr, *pg.Node_NullTest, *pg.Node_BooleanTest:
		return oidBool, j.children(n)
	case *pg.Node_SubLink:
		if x.SubLink.SubLinkType == pg.SubLinkType_EXISTS_SUBLINK {
			return oidBool, j.children(n)
		}
		return j.subLink(n, x.SubLink)
	case *pg.Node_JoinExpr:
		if err := j.joins(x.JoinExpr); err != nil {
			return 0, err
		}
	case *pg.Node_SortBy:
		if len(x.SortBy.UseOp) == 1 && j.own {
			return 0, j.unclear("for ORDER BY the operator "+lastString(x.SortBy.UseOp), "another schema")
		}
	case *pg.Node_SqlvalueFunction:
		return 0, fmt.Errorf("it depends on the time or the session (%s); only the row may decide", valueFunctionNames[x.SqlvalueFunction.Op])
	}
	return 0, j.children(n)
}

// children judges every node below n.
func (j *immutability) children(n *pg.Node) error {
	var failed error
	var visit func(protoreflect.Message)
	visit = func(m protoreflect.Message) {
		m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
			if f.Kind() != protoreflect.MessageKind || failed != nil {
				return failed == nil
			}
			messages := []protoreflect.Message{}
			if f.IsList() {
				for i := range v.List().Len() {
					messages = append(messages, v.List().Get(i).Message())
				}
			} else {
				messages = append(messages, v.Message())
			}
			for _, child := range messages {
				if node, ok := child.Interface().(*pg.Node); ok {
					if _, failed = j.expr(node); failed != nil {
						return false
					}
					continue
				}
				visit(child)
			}
			return true
		})
	}
	visit(n.ProtoReflect())
	return failed
}

// meet checks two values that are compared, or of which one is chosen.
func (j *immutability) meet(left, right *pg.Node, l, r uint32) error {
	switch {
	case l == r && l != 0:
		return nil
	case l == untyped:
		return j.literal(left, r)
	case r == untyped:
		return j.literal(right, l)
	case isSession(l) || isSession(r):
		return fmt.Errorf("values of type %s and %s meet, which may depend on the session's settings; cast one of them to the other's type", j.name(l), j.name(r))
	}
	return nil
}

func (j *immutability) name(typ uint32) string {
	if t, ok := j.snapshot.Types[typ]; ok {
		return t.Name
	}
	return "unknown"
}

// operation checks an operator: on session types just the built-in one of these operand types, if its function is immutable.
func (j *immutability) operation(x *pg.A_Expr) (uint32, error) {
	var l uint32
	var err error
	if x.Lexpr != nil {
		if l, err = j.expr(x.Lexpr); err != nil {
			return 0, err
		}
	}
	op := lastString(x.Name)
	if list := x.Rexpr.GetList(); list != nil {
		return oidBool, j.listed(x, list.Items, l)
	}
	r, err := j.expr(x.Rexpr)
	if err == nil {
		err = j.operator(x, l, r)
	}
	if err != nil {
		return 0, err
	}
	if !isSession(l) && !isSession(r) || l == untyped && r == untyped {
		if (l == untyped) != (r == untyped) && (l == 0 || r == 0) {
			return 0, j.meet(x.Lexpr, x.Rexpr, l, r)
		}
		return j.result(op, l, r, x.Kind), nil
	}
	if l == untyped || r == untyped || l == r {
		if op == "+" || op == "-" && (l == untyped || r == untyped) || op == "||" {
			return 0, fmt.Errorf("the operand types of %s are not clear; write them with a cast", op)
		}
		return j.result(op, max(l, r), max(l, r), x.Kind), j.meet(x.Lexpr, x.Rexpr, l, r)
	}
	for _, o := range j.snapshot.Operators(op) {
		if o.Schema == "pg_catalog" && o.Left == l && o.Right == r && j.volatility(o.Function) == 'i' {
			return o.Result, nil
		}
	}
	return 0, fmt.Errorf("%s %s %s depends on the session's settings", j.name(l), op, j.name(r))
}

// listed checks IN and BETWEEN.
func (j *immutability) listed(x *pg.A_Expr, items []*pg.Node, l uint32) error {
	ops := []string{lastString(x.Name)}
	if x.Kind != pg.A_Expr_Kind_AEXPR_IN {
		ops = []string{"<", "<=", ">", ">="}
	}
	for _, item := range items {
		r, err := j.expr(item)
		if err == nil {
			err = j.meet(x.Lexpr, item, l, r)
		}
		for _, op := range ops {
			switch {
			case err != nil:
				return err
			case x.Lexpr.GetRowExpr() != nil:
				err = j.comparesRows(op, x.Lexpr, item.GetRowExpr().GetArgs())
			default:
				err = j.compares(op, l, r)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (j *immutability) result(op string, l, r uint32, kind pg.A_Expr_Kind) uint32 {
	if kind != pg.A_Expr_Kind_AEXPR_OP {
		return oidBool
	}
	var result uint32
	for _, o := range j.snapshot.Operators(op) {
		if o.Schema != "pg_catalog" || l != untyped && o.Left != l || r != untyped && o.Right != r {
			continue
		}
		if (l != untyped || o.Left == r) && (r != untyped || o.Right == l) {
			return j.plain(o.Result) // a literal takes the other operand's type
		}
		if result != 0 && result != o.Result {
			return 0
		}
		result = o.Result
	}
	if result == 0 && (quietOperators[op] || op == "!=") {
		return oidBool
	}
	return j.plain(result)
}

func (j *immutability) volatility(function uint32) byte {
	if f, ok := j.snapshot.FunctionByOID(function); ok {
		return f.Volatility
	}
	return 'v'
}

// call checks a function call: the overload of exactly these argument types, or every overload where no session type is involved.
func (j *immutability) call(f *pg.FuncCall) (uint32, error) {
	args := make([]uint32, len(f.Args))
	session := false
	for i, n := range f.Args {
		typ, err := j.expr(n)
		if err != nil {
			return 0, err
		}
		args[i] = typ
		session = session || isSession(typ) || typ == 0
	}
	for _, n := range append(slices.Clone(f.AggOrder), f.AggFilter, &pg.Node{Node: &pg.Node_WindowDef{WindowDef: f.Over}}) {
		if _, err := j.expr(n); err != nil {
			return 0, err
		}
	}
	overloads, err := j.function(f, args)
	if err != nil {
		return 0, err
	}
	var exact []*catalog.Function
	steady, results := true, map[uint32]bool{}
	for _, o := range overloads {
		if !acceptsArgs(o, len(args)) {
			continue
		}
		steady = steady && o.Volatility == 'i'
		if o.Variadic != 0 || j.fits(o, args) {
			results[o.Result] = true
		}
		if slices.EqualFunc(o.Args, args, func(want, got uint32) bool { return want == got || got == untyped && !isSession(want) }) {
			exact = append(exact, o)
		}
	}
	switch {
	case len(exact) == 1 && exact[0].Volatility == 'i':
		return j.plain(exact[0].Result), nil
	case steady && !session && len(results) == 1:
		return j.plain(slices.Collect(maps.Keys(results))[0]), nil
	case steady && !session:
		return 0, nil
	}
	return 0, fmt.Errorf("function %s may depend on the session's settings or the time for these arguments; only the row may decide", lastString(f.Funcname))
}

// alternatives is the type of a value that is one of several; literals alone are text (select_common_type in parse_coerce.c).
func (j *immutability) alternatives(nodes []*pg.Node) (uint32, error) {
	var first *pg.Node
	typ := uint32(untyped)
	for _, n := range nodes {
		if n == nil {
			continue
		}
		t, err := j.expr(n)
		if err != nil {
			return 0, err
		}
		if first == nil || typ == untyped {
			if first != nil {
				if err := j.meet(first, n, typ, t); err != nil {
					return 0, err
				}
			}
			first, typ = n, t
			continue
		}
		if err := j.meet(first, n, typ, t); err != nil {
			return 0, err
		}
	}
	if typ == untyped {
		typ = oidText
	}
	return typ, nil
}

func (j *immutability) caseExpr(x *pg.CaseExpr) (uint32, error) {
	results := []*pg.Node{x.Defresult}
	for _, n := range x.Args {
		when := n.GetCaseWhen()
		typ, err := j.expr(when.GetExpr())
		if err == nil && x.Arg != nil {
			var arg uint32
			if arg, err = j.expr(x.Arg); err == nil {
				err = j.meet(x.Arg, when.Expr, arg, typ)
			}
			if err == nil {
				err = j.compares("=", arg, typ)
			}
		}
		if err != nil {
			return 0, err
		}
		results = append(results, when.Result)
	}
	return j.alternatives(results)
}

// subLink checks x IN (SELECT ...), x = ANY (...) and scalar subqueries.
func (j *immutability) subLink(n *pg.Node, x *pg.SubLink) (uint32, error) {
	if err := j.children(n); err != nil {
		return 0, err
	}
	targets := x.Subselect.GetSelectStmt().GetTargetList()
	var out uint32
	if len(targets) == 1 {
		var err error
		if out, err = j.expr(targets[0].GetResTarget().GetVal()); err != nil {
			return 0, err
		}
	}
	if out == untyped { // a column is never of unknown type
		out = oidText
	}
	if x.SubLinkType == pg.SubLinkType_EXPR_SUBLINK {
		return out, nil
	}
	if x.Testexpr != nil && len(x.OperName) < 2 {
		op, with := "=", []*pg.Node(nil)
		if len(x.OperName) == 1 {
			op = lastString(x.OperName)
		}
		for _, target := range targets {
			with = append(with, target.GetResTarget().GetVal())
		}
		if err := j.comparesRows(op, x.Testexpr, with); err != nil {
			return 0, err
		}
	}
	if x.Testexpr == nil || len(targets) != 1 {
		return oidBool, nil
	}
	test, err := j.expr(x.Testexpr)
	if err != nil {
		return 0, err
	}
	return oidBool, j.meet(x.Testexpr, targets[0].GetResTarget().GetVal(), test, out)
}
