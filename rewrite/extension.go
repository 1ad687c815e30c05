package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

// The policy lists functions of people's own by name, or by the extension that they belong to. An extension's operators come with it. What belongs to it the catalog
// says (pg_depend), not the schema, which may hold anybody's functions.

// findMembers notes what belongs to the extensions that the policy lists. What lies in pg_catalog is judged by the lists of package builtin alone.
func (tw *twin) findMembers() {
	tw.memberFunctions, tw.memberOperators = map[uint32]bool{}, map[uint32]bool{}
	for _, name := range tw.policy.Extensions {
		e := tw.snapshot.Extensions[name]
		if e == nil {
			tw.absentExtensions = append(tw.absentExtensions, name)
			continue
		}
		for _, oid := range e.Functions {
			tw.memberFunctions[oid] = tw.memberFunctions[oid] || oid >= catalog.FirstUserOID
		}
		for _, oid := range e.Operators {
			tw.memberOperators[oid] = tw.memberOperators[oid] || oid >= catalog.FirstUserOID
		}
	}
}

// lists says that the policy allows a function of people's own.
func (tw *twin) lists(f *catalog.Function) bool {
	return tw.memberFunctions[f.OID] || slices.Contains(tw.policy.Functions, f.Schema+"."+f.Name)
}

// listsCall says that the policy allows every function that a call with so many arguments may choose: somebody may have added an overload to an extension's.
func (tw *twin) listsCall(schema, name string, args int) bool {
	found := false
	for _, f := range tw.snapshot.Functions(schema, name) {
		if !acceptsArgs(f, args) {
			continue
		}
		if found = true; !tw.lists(f) {
			return false
		}
	}
	return found
}

// listsName says that the policy allows every function of a name.
func (tw *twin) listsName(schema, name string) bool {
	functions := tw.snapshot.Functions(schema, name)
	return len(functions) > 0 && !slices.ContainsFunc(functions, func(f *catalog.Function) bool { return !tw.lists(f) })
}

// memberOperator finds the operators of a listed extension that an expression means, and their schema; nil if it is another's. The name is looked up along the
// client's search_path. Where pg_catalog has operators of that name, types that are known have to decide for the extension's: the server's path has no others.
func (b *binder) memberOperator(x *pg.A_Expr, sc *scope) (schema string, operators []*catalog.Operator, err error) {
	tw := b.env.twin
	parts, _ := splitName(x.Name)
	if len(tw.memberOperators) == 0 || len(parts) == 0 {
		return "", nil, nil
	}
	switch x.Kind {
	case pg.A_Expr_Kind_AEXPR_OP, pg.A_Expr_Kind_AEXPR_OP_ANY, pg.A_Expr_Kind_AEXPR_OP_ALL:
	default: // whose operator cannot be qualified
		return "", nil, nil
	}
	op := parts[len(parts)-1]
	if len(parts) > 1 {
		schema = parts[len(parts)-2]
		return schema, tw.membersOf(schema, op, x), nil
	}
	if !slices.ContainsFunc(b.env.path, func(s string) bool { return tw.membersOf(s, op, x) != nil }) {
		return "", nil, nil
	}
	return b.memberTaking(x, b.guessed(x.Lexpr, sc), b.guessed(x.Rexpr, sc))
}

// memberTaking is memberOperator for operands of these types, of a name along the path.
func (b *binder) memberTaking(x *pg.A_Expr, l, r info) (schema string, operators []*catalog.Operator, err error) {
	tw, op := b.env.twin, lastString(x.Name)
	shared := slices.ContainsFunc(tw.snapshot.Operators(op), func(o *catalog.Operator) bool { return o.Schema == "pg_catalog" && fitsArity(o, x) })
	if x.Kind != pg.A_Expr_Kind_AEXPR_OP {
		r = info{typ: tw.snapshot.Elem(r.typ), literal: r.literal}
	}
	for _, s := range b.env.path {
		members := tw.membersOf(s, op, x)
		if members == nil {
			continue
		}
		if exact := tw.matching(members, l, r); len(exact) > 0 && (!shared || !tw.builtinTakes(x, l, r)) {
			return s, exact, b.rivals(tw.matching(tw.strangers(b.env.path, op, x), l, r))
		}
		if !shared {
			return s, members, b.rivals(tw.strangers(b.env.path, op, x))
		}
	}
	return "", nil, nil
}

func fitsArity(o *catalog.Operator, x *pg.A_Expr) bool { return (o.Left == 0) == (x.Lexpr == nil) }

// strangers are the operators of a name along the path that belong neither to pg_catalog nor to a listed extension.
func (tw *twin) strangers(path []string, op string, x *pg.A_Expr) (found []*catalog.Operator) {
	for _, o := range tw.snapshot.Operators(op) {
		if o.Schema != "pg_catalog" && !tw.memberOperators[o.OID] && fitsArity(o, x) && slices.Contains(path, o.Schema) {
			found = append(found, o)
		}
	}
	return found
}

// rivals refuses an expression for which Postgres could choose somebody's own operator.
func (b *binder) rivals(operators []*catalog.Operator) error {
	if len(operators) == 0 {
		return nil
	}
	o := operators[0]
	return refused("forbidden-operator", "cordon: operator "+quoted(o.Name)+" of schema "+quoted(o.Schema)+" could be chosen instead of the extension's",
		"Write OPERATOR(schema."+o.Name+") with the schema of the extension.")
}

// membersOf are the operators of a schema and name if they all belong to listed extensions; else nil.
func (tw *twin) membersOf(schema, op string, x *pg.A_Expr) []*catalog.Operator {
	var members []*catalog.Operator
	for _, o := range tw.snapshot.Operators(op) {
		if o.Schema != schema || !fitsArity(o, x) {
			continue
		}
		if !tw.memberOperators[o.OID] || schema == "pg_catalog" {
			return nil
		}
		members = append(members, o)
	}
	return members
}

// matching are the operators that take operands of just these types; an untyped literal takes any.
func (tw *twin) matching(operators []*catalog.Operator, l, r info) []*catalog.Operator {
	if l.literal && r.literal {
		l, r = info{typ: oidText}, info{typ: oidText}
	}
	takes := func(declared uint32, in info) bool {
		return in.literal || declared == 0 || in.typ != 0 && asText(tw.base(in.typ)) == declared
	}
	var found []*catalog.Operator
	for _, o := range operators {
		if takes(o.Left, l) && takes(o.Right, r) {
			found = append(found, o)
		}
	}
	return found
}

// builtinTakes says that pg_catalog has an operator of these types, too, which comes first.
func (tw *twin) builtinTakes(x *pg.A_Expr, l, r info) bool {
	var builtins []*catalog.Operator
	for _, o := range tw.snapshot.Operators(lastString(x.Name)) {
		if o.Schema == "pg_catalog" && fitsArity(o, x) {
			builtins = append(builtins, o)
		}
	}
	return len(tw.matching(builtins, l, r)) > 0
}

// guessed is the type of an operand that is not bound yet, where that is plain to see.
func (b *binder) guessed(n *pg.Node, sc *scope) info {
	b.spend(1) // an operand is looked at once more for every operator around it
	switch x := n.GetNode().(type) {
	case nil:
		return info{literal: true}
	case *pg.Node_ColumnRef:
		return b.guessedColumn(x.ColumnRef, sc)
	case *pg.Node_AConst:
		return constant(x.AConst)
	case *pg.Node_ParamRef:
		return b.parameter(x.ParamRef)
	case *pg.Node_TypeCast:
		typ, _ := b.typeName(x.TypeCast.TypeName)
		return info{typ: typ}
	case *pg.Node_CollateClause:
		return b.guessed(x.CollateClause.Arg, sc)
	case *pg.Node_AArrayExpr:
		in := b.guessedOne(x.AArrayExpr.Elements, sc)
		in.typ = b.arrayOf(in.typ)
		return in
	case *pg.Node_CoalesceExpr:
		return b.guessedOne(x.CoalesceExpr.Args, sc)
	case *pg.Node_MinMaxExpr:
		return b.guessedOne(x.MinMaxExpr.Args, sc)
	case *pg.Node_CaseExpr:
		results := []*pg.Node{x.CaseExpr.Defresult}
		for _, when := range x.CaseExpr.Args {
			results = append(results, when.GetCaseWhen().Result)
		}
		return b.guessedOne(results, sc)
	case *pg.Node_AExpr:
		return b.guessedOperator(x.AExpr, sc)
	case *pg.Node_FuncCall:
		return b.guessedCall(x.FuncCall, sc)
	}
	return info{}
}

// guessedOne is the type of alternatives of which some are untyped literals; unknown where others differ.
func (b *binder) guessedOne(nodes []*pg.Node, sc *scope) info {
	one := info{literal: true}
	for _, n := range nodes {
		in := b.guessed(n, sc)
		switch {
		case in.literal:
		case one.literal:
			one = in
		case asText(in.typ) != asText(one.typ):
			return info{}
		}
	}
	if one.literal {
		return info{typ: oidText}
	}
	return one
}

// guessedOperator is the type of an expression with one of pg_catalog's operators, where an operator has just these types.
func (b *binder) guessedOperator(x *pg.A_Expr, sc *scope) info {
	parts, _ := splitName(x.Name)
	if x.Kind == pg.A_Expr_Kind_AEXPR_NULLIF {
		return b.guessed(x.Lexpr, sc)
	}
	if x.Kind != pg.A_Expr_Kind_AEXPR_OP || len(parts) != 1 || x.Lexpr == nil {
		return info{}
	}
	l, r := b.guessed(x.Lexpr, sc), b.guessed(x.Rexpr, sc)
	if _, members, err := b.memberTaking(x, l, r); members != nil && err == nil {
		return info{typ: resultOf(members)}
	}
	if l.literal {
		l.typ = r.typ
	}
	if r.literal {
		r.typ = l.typ
	}
	return info{typ: b.operatorResult(parts[0], asText(b.env.twin.base(l.typ)), asText(b.env.twin.base(r.typ)))}
}

func (b *binder) guessedCall(f *pg.FuncCall, sc *scope) info {
	parts, _ := splitName(f.Funcname)
	if typ := b.guessedMember(parts, len(f.Args)); typ != 0 {
		return info{typ: typ}
	}
	if v := b.env.twin.call("pg_catalog", parts[len(parts)-1], len(f.Args)); len(parts) > 1 || !v.admitted {
		return info{}
	} else if v.result != 0 {
		return info{typ: v.result}
	}
	var types []uint32
	for _, arg := range f.Args {
		in := b.guessed(arg, sc)
		if in.literal {
			in.typ = oidText
		}
		types = append(types, asText(in.typ))
	}
	return info{typ: b.env.twin.exactResult(parts[len(parts)-1], types)}
}

// guessedMember is the type of a call of what the policy lists; 0 if it is of something else.
func (b *binder) guessedMember(parts []string, args int) uint32 {
	tw, schemas := b.env.twin, b.env.path
	if len(parts) > 1 {
		schemas = parts[len(parts)-2 : len(parts)-1]
	}
	for _, s := range schemas {
		if s == "pg_catalog" || !tw.listsCall(s, parts[len(parts)-1], args) {
			continue
		}
		var result uint32
		for _, f := range tw.snapshot.Functions(s, parts[len(parts)-1]) {
			if !acceptsArgs(f, args) {
				continue
			}
			if result != 0 && result != f.Result {
				return 0
			}
			result = f.Result
		}
		return result
	}
	return 0
}

func (b *binder) arrayOf(typ uint32) uint32 {
	if t, ok := b.env.twin.snapshot.Types[typ]; ok {
		return t.Array
	}
	return 0
}

func (b *binder) guessedColumn(ref *pg.ColumnRef, sc *scope) info {
	parts, star := splitName(ref.Fields)
	if star || len(parts) == 0 {
		return info{}
	}
	if len(parts) == 1 {
		if _, c, err := sc.findColumn(parts[0]); c != nil && err == nil {
			return info{typ: c.typ}
		}
		return info{}
	}
	it, err := b.qualifier(parts[:len(parts)-1], sc)
	if err != nil {
		return info{}
	}
	if c, err := it.column(parts[len(parts)-1]); c != nil && err == nil {
		return info{typ: c.typ}
	}
	return info{}
}

// useMember binds an expression with an extension's operator. Nothing is known of it: identifiers are revealed to it, it may raise, and what it raises is its own.
func (b *binder) useMember(x *pg.A_Expr, schema string, operators []*catalog.Operator, sc *scope) (info, error) {
	x.Name = nameNodes(schema, lastString(x.Name))
	b.opaque = true
	for _, o := range operators {
		if f, ok := b.env.twin.snapshot.FunctionByOID(o.Function); ok {
			b.callsVolatile(f)
		}
	}
	in, err := b.exprs([]*pg.Node{x.Lexpr, x.Rexpr}, sc)
	typ := resultOf(operators)
	if x.Kind != pg.A_Expr_Kind_AEXPR_OP {
		typ = oidBool
	}
	return typed(in, err, typ, false)
}

// resultOf is what all of some operators give; 0 where they differ.
func resultOf(operators []*catalog.Operator) uint32 {
	typ := operators[0].Result
	if slices.ContainsFunc(operators, func(o *catalog.Operator) bool { return o.Result != typ }) {
		return 0
	}
	return typ
}
