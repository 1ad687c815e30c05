package rewrite

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/builtin"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

// callKey is what the function rule decides on: no argument types are needed, since every overload that takes as many
// arguments has to be reviewed.
type callKey struct {
	schema, name string
	args         int
}

// callVerdict is the outcome of the function rule.
type callVerdict struct {
	admitted bool
	exists   bool
	rule     builtin.Rule
	result   uint32 // common result type of the overloads; 0 where they differ
	kind     byte   // prokind they share: f, a, w
	own      bool   // of people's own, allowed by the policy
}

// kindOf is the prokind of a function of people's own: an aggregate, or a window function, if one of that name is.
func (tw *twin) kindOf(schema, name string, args int) byte {
	kind := byte('f')
	for _, f := range tw.snapshot.Functions(schema, name) {
		if acceptsArgs(f, args) && f.Kind != 'f' {
			kind = f.Kind
		}
	}
	return kind
}

// takesNames says whether an overload takes a value of a type that looks names up: the server would do so with an untyped literal, or a text, that it is given.
func (tw *twin) takesNames(schema, name string, args int) bool {
	return slices.ContainsFunc(tw.snapshot.Functions(schema, name), func(f *catalog.Function) bool {
		return acceptsArgs(f, args) && slices.ContainsFunc(f.Args, func(oid uint32) bool { return tw.namesObjects(oid, 0) })
	})
}

// accepts says whether an overload takes this many arguments.
func acceptsArgs(f *catalog.Function, args int) bool {
	if f.Variadic != 0 {
		return args >= len(f.Args)-1-f.Defaults
	}
	return args <= len(f.Args) && args >= len(f.Args)-f.Defaults
}

func (tw *twin) accepts(schema, name string, args int) bool {
	return slices.ContainsFunc(tw.snapshot.Functions(schema, name), func(f *catalog.Function) bool { return acceptsArgs(f, args) })
}

// call applies the function rule: a built-in name all of whose overloads of this arity are reviewed and were made by
// initdb (pitfall C8).
func (tw *twin) call(schema, name string, args int) callVerdict {
	key := callKey{schema, name, args}
	if v, ok := tw.calls.Load(key); ok {
		return v.(callVerdict)
	}
	v := tw.judgeCall(key)
	tw.calls.Store(key, v)
	return v
}

func (tw *twin) judgeCall(key callKey) callVerdict {
	var v callVerdict
	var listed bool
	v.rule, listed = builtin.Function(key.schema, key.name, key.args)
	reviewed := true
	for _, f := range tw.snapshot.Functions(key.schema, key.name) {
		if !acceptsArgs(f, key.args) {
			continue
		}
		if !v.exists || v.kind == 0 {
			v.result, v.kind = f.Result, f.Kind
		}
		v.exists = true
		if f.Result != v.result {
			v.result = 0
		}
		if f.Kind == 'a' || f.Kind == 'w' {
			v.kind = f.Kind
		}
		reviewed = reviewed && f.OID < catalog.FirstUserOID && builtin.FunctionArgs(key.schema, key.name, tw.typeNames(f.Args))
	}
	if v.rule.Template == "" {
		v.admitted = listed && v.exists && reviewed
	} else {
		v.admitted = v.exists && reviewedTemplate(tw, key)
	}
	if t, ok := tw.snapshot.Types[v.result]; ok && t.Kind == 'p' {
		v.result = 0 // polymorphic: the type depends on the arguments
	}
	return v
}

// denial is why a built-in function is not admitted, as a phrase without a subject.
func (tw *twin) denial(name string, args int) string {
	for _, f := range tw.snapshot.Functions("pg_catalog", name) {
		types := tw.typeNames(f.Args)
		if !acceptsArgs(f, args) || builtin.FunctionArgs("pg_catalog", name, types) {
			continue
		}
		if f.OID >= catalog.FirstUserOID {
			return "is not one of Postgres' own"
		}
		if reason := builtin.Denied(name, types, tw.typeName(f.Result)); reason != "" {
			return reason
		}
	}
	return "is not on the list of reviewed functions"
}

// exactResult is the result type of the built-in function with just these argument types; 0 if there is none, or it depends on more.
func (tw *twin) exactResult(name string, types []uint32) uint32 {
	if len(types) == 0 || slices.Contains(types, 0) {
		return 0
	}
	for _, f := range tw.snapshot.Functions("pg_catalog", name) {
		if t, ok := tw.snapshot.Types[f.Result]; slices.Equal(f.Args, types) && f.Variadic == 0 && ok && t.Kind != 'p' {
			return f.Result
		}
	}
	return 0
}

// reviewedTemplate says that nobody added an overload to a function that a template replaces.
func reviewedTemplate(tw *twin, key callKey) bool {
	for _, f := range tw.snapshot.Functions(key.schema, key.name) {
		if acceptsArgs(f, key.args) && f.OID >= catalog.FirstUserOID {
			return false
		}
	}
	return true
}

func (tw *twin) typeNames(oids []uint32) []string {
	names := make([]string, len(oids))
	for i, oid := range oids {
		if t, ok := tw.snapshot.Types[oid]; ok {
			names[i] = t.Name
		}
	}
	return names
}

// funcCall binds a function, aggregate or window function call.
func (b *binder) funcCall(n *pg.Node, f *pg.FuncCall, sc *scope) (info, error) {
	parts, _ := splitName(f.Funcname)
	name := parts[len(parts)-1]
	if in, done, err := b.rowField(n, f, parts, sc); done || err != nil {
		return in, err
	}
	if in, done, err := b.specialCall(n, f, parts, sc); done || err != nil {
		return in, err
	}
	args := len(f.Args)
	if f.AggWithinGroup {
		args += len(f.AggOrder)
	}
	v, err := b.admitCall(f, parts, args, sc)
	var unknown *Error
	if errors.As(err, &unknown) && (unknown.Reason == "" || unknown.Reason == "functional-notation") && b.castAsCall(n, f, parts) {
		return b.value(n, sc)
	}
	if err != nil {
		return info{}, b.at(err, f.Location)
	}
	numberNames(f, v.rule)
	if v.rule.Template != "" {
		b.numberParameters(f, name)
	}
	if v.own { // nothing is known of it by its name
		name = dotted(f.Funcname[0].GetString_().Sval, name)
	}
	in, err := b.callArguments(n, f, v, name, sc)
	if err != nil {
		return info{}, err
	}
	if err := b.configArgument(f, name); err != nil {
		return info{}, err
	}
	if err := b.populated(f, name); err != nil {
		return info{}, err
	}
	arguments := in.safe
	in.safe = in.safe && v.rule.Safe && f.Over == nil
	if in.typ = v.result; in.typ == 0 && v.rule.Template == "" {
		in.typ = b.env.twin.exactResult(name, b.argTypes[f])
	}
	switch {
	case in.label.seal.Array && builtin.SealedUses["function "+name] == builtin.Collects:
		in.typ = b.env.twin.snapshot.Types[b.argTypes[f][0]].Array
	case in.label.sealed():
		in.typ = b.argTypes[f][0]
	case name == "unnest" && args == 1: // of a list of pseudonyms, which may meet identifiers
		in.typ = b.env.twin.snapshot.Elem(b.argTypes[f][0])
	}
	if populates[name] {
		in.typ = b.argTypes[f][0]
	}
	if in.moment = momentOf(f, name, in.moment); in.moment > 0 {
		in.safe, in.typ = true, momentType(b.argTypes[f])
	}
	if v.rule.Template != "" {
		if f.Over != nil || f.AggFilter != nil || f.AggDistinct || f.FuncVariadic || len(f.AggOrder) > 0 {
			return info{}, undefinedFunction(name)
		}
		if err := b.resolveNames(f, name, v.rule); err != nil {
			return info{}, err
		}
		if name == "age" && args == 1 && b.argTypes[f][0] == oidXID {
			return info{filtered: in.filtered, typ: oidInt4, safe: arguments}, b.applyTemplate(n, builtin.AgeOfXID, f.Args)
		}
		template := v.rule.Template
		if byNumber := builtin.ByNumber(name, args); byNumber != "" && b.argTypes[f][args-2] == oidInt2 {
			template = byNumber
		}
		constant := !strings.Contains(template, "$")
		if kept := b.keepParameters(f, name, template); kept != template {
			template, constant = kept, false
		}
		safe := arguments && (constant || quietTemplates[name] && b.takesNumbers(f) || name == "pg_get_expr" && args == 2 && b.argTypes[f][0] == oidText)
		return info{filtered: in.filtered, typ: v.result, safe: safe}, b.applyTemplate(n, template, f.Args)
	}
	return in, nil
}

// quietTemplates are describing functions whose templates answer for every number without an error.
var quietTemplates = map[string]bool{"format_type": true, "pg_table_is_visible": true, "pg_type_is_visible": true, "pg_function_is_visible": true,
	"pg_operator_is_visible": true, "pg_opclass_is_visible": true, "pg_collation_is_visible": true, "pg_get_expr": true, "pg_get_userbyid": true,
	"pg_tablespace_location": true, "obj_description": true, "col_description": true, "shobj_description": true}

// takesNumbers says that a call's first argument is an oid or of a type that is one without a conversion, and the others numbers or literals.
func (b *binder) takesNumbers(f *pg.FuncCall) bool {
	for i, typ := range b.argTypes[f] {
		literal := f.Args[i].GetAConst() != nil
		switch {
		case typ == oidOID, typ == oidInt4:
		case i > 0 && (typ == oidInt2 || literal):
		default:
			return false
		}
	}
	return len(f.Args) > 0
}

// resolveNames turns the names that describing functions take into oids of the twin: literals here, other texts on the server.
func (b *binder) resolveNames(f *pg.FuncCall, name string, rule builtin.Rule) error {
	reg := map[builtin.Object]string{builtin.NamesRelation: "regclass", builtin.NamesType: "regtype", builtin.NamesSchema: "regnamespace", builtin.NamesFunction: "regprocedure"}
	for position, object := range rule.Names {
		if position > len(f.Args) {
			continue
		}
		arg, typ := f.Args[position-1], b.argTypes[f][position-1]
		if text := stringLiteral(arg); text != "" && reg[object] != "" {
			oid, err := b.resolveReg(reg[object], text)
			if err != nil {
				return b.at(err, placeOf(arg))
			}
			f.Args[position-1] = castNode(strconv.FormatUint(uint64(oid), 10), "oid", false)
			continue
		}
		lookup := nameLookups[object]
		if lookup == "" || isNumber(typ) || b.undeclared(arg) && b.env.twin.takes(name, len(f.Args), position-1) != oidText {
			continue
		}
		found := &pg.Node{}
		if err := b.applyTemplate(found, lookup, []*pg.Node{arg}); err != nil {
			return err
		}
		f.Args[position-1] = found
	}
	return nil
}

// numberNames takes oid::regclass::text, where a describing function takes the name of a relation, for the oid that it is.
func numberNames(f *pg.FuncCall, rule builtin.Rule) {
	for position, object := range rule.Names {
		if object != builtin.NamesRelation || position > len(f.Args) {
			continue
		}
		outer := f.Args[position-1].GetTypeCast()
		inner := outer.GetArg().GetTypeCast()
		if inner.GetArg().GetColumnRef() != nil && lastString(outer.TypeName.GetNames()) == "text" && lastString(inner.TypeName.GetNames()) == "regclass" &&
			len(outer.TypeName.ArrayBounds)+len(inner.TypeName.ArrayBounds) == 0 {
			outer.TypeName.Names = nameNodes("pg_catalog", "oid")
		}
	}
}

// rowField binds f(row) where the row has a column f and no function f takes a row: functional notation for the column (pitfall S12, ParseFuncOrColumn in parse_func.c).
func (b *binder) rowField(n *pg.Node, f *pg.FuncCall, parts []string, sc *scope) (info, bool, error) {
	if len(parts) != 1 || len(f.Args) != 1 || f.AggStar || f.Over != nil || f.AggFilter != nil || f.AggDistinct || f.FuncVariadic || len(f.AggOrder) > 0 {
		return info{}, false, nil
	}
	it := b.rowItem(f.Args[0], sc)
	if it == nil || b.takesRow(parts[0]) {
		return info{}, false, nil
	}
	c, err := it.column(parts[0])
	if err != nil || c == nil {
		return info{}, false, err
	}
	ref := &pg.ColumnRef{Fields: nameNodes(it.emit, parts[0])}
	n.Node = &pg.Node_ColumnRef{ColumnRef: ref}
	return b.useColumn(ref, it, c, sc), true, nil
}

// takesRow says that a function of this name, as count or row_to_json, takes a row of any type.
func (b *binder) takesRow(name string) bool {
	return slices.ContainsFunc(b.env.path, func(schema string) bool {
		if _, shown := b.env.twin.schema(schema); !shown {
			return false
		}
		return slices.ContainsFunc(b.env.twin.snapshot.Functions(schema, name), func(f *catalog.Function) bool {
			return acceptsArgs(f, 1) && (len(f.Args) > 0 && anyRow[f.Args[0]] || len(f.Args) == 1 && anyRow[f.Variadic])
		})
	})
}

// anyRow are the types of arguments that a record, or any row, is taken for.
var anyRow = map[uint32]bool{oidRecord: true, 2276: true, 2283: true, 2776: true, 5077: true, 5079: true} // any, anyelement, anynonarray, anycompatible, anycompatiblenonarray

// admitCall applies the function rule to a name as it is written.
func (b *binder) admitCall(f *pg.FuncCall, parts []string, args int, sc *scope) (callVerdict, error) {
	name := parts[len(parts)-1]
	schemas := b.env.path
	if len(parts) > 1 {
		schemas = parts[len(parts)-2 : len(parts)-1]
	}
	var elsewhere string
	var v callVerdict
	for _, s := range schemas {
		if s == "pg_catalog" || s == "information_schema" {
			if w := b.env.twin.call(s, name, args); w.exists && !v.exists {
				v = w
			}
			continue
		}
		if _, shown := b.env.twin.schema(s); shown && elsewhere == "" && b.env.twin.accepts(s, name, args) {
			elsewhere = s
		}
	}
	rival := elsewhere
	if elsewhere != "" && v.exists {
		elsewhere = b.chosen(f, name, elsewhere, args, sc)
	}
	switch {
	case elsewhere == undecided:
		return v, refused("forbidden-function", fmt.Sprintf("cordon: function %s of schema %s could be chosen instead of the built-in one", name, rival),
			"Write pg_catalog."+name+"(...).")
	case elsewhere != "":
		if !b.env.twin.listsCall(elsewhere, name, args) {
			return v, refused("forbidden-function", fmt.Sprintf("cordon: function %s.%s is not allowed by the policy", elsewhere, name),
				"Ask for it to be listed under functions in the policy, or write the expression without it.")
		}
		if b.env.twin.takesNames(elsewhere, name, args) {
			return v, refused("forbidden-function", fmt.Sprintf("cordon: function %s.%s takes a type that looks names up", elsewhere, name), "Ask for a function that takes text or oid.")
		}
		f.Funcname = nameNodes(elsewhere, name)
		b.opaque = true // what it raises is its own
		b.callsVolatile(slices.DeleteFunc(slices.Clone(b.env.twin.snapshot.Functions(elsewhere, name)), func(f *catalog.Function) bool { return !acceptsArgs(f, args) })...)
		return callVerdict{admitted: true, exists: true, own: true, kind: b.env.twin.kindOf(elsewhere, name, args)}, nil
	case v.admitted:
		return v, nil
	case v.exists:
		return v, refused("forbidden-function", "cordon: function "+name+" is not admitted in a masked session",
			"It "+b.env.twin.denial(name, args)+". Write the expression without it; docs/functions.md says what is admitted.")
	}
	if newerCalls[name] && b.env.twin.snapshot.ServerVersion/10000 > parserVersion {
		return v, newerGrammar(strings.ToUpper(name), newerCallHint)
	}
	if t, err := b.findType(parts); args == 1 && err == nil && t != nil && (b.env.twin.admitsType(t.OID) || b.env.twin.showsType(t)) {
		return v, refused("functional-notation", "cordon: "+name+"(...) would be a cast to the type of that name", "Write CAST(... AS "+name+").")
	}
	return v, undefinedFunction(name)
}

// castAsCall makes a cast of inet(x), where there is no such function, as Postgres does (func_get_detail in parse_func.c).
func (b *binder) castAsCall(n *pg.Node, f *pg.FuncCall, parts []string) bool {
	if len(f.Args) != 1 || f.AggStar || f.AggDistinct || f.AggWithinGroup || f.FuncVariadic || f.Over != nil || f.AggFilter != nil || len(f.AggOrder) > 0 || f.Args[0].GetNamedArgExpr() != nil {
		return false
	}
	t, err := b.findType(parts)
	if err != nil || t == nil || b.env.twin.accepts(t.Schema, t.Name, 1) {
		return false
	}
	n.Node = &pg.Node_TypeCast{TypeCast: &pg.TypeCast{Arg: f.Args[0], TypeName: &pg.TypeName{Names: nameNodes(t.Schema, t.Name), Typemod: -1}}}
	return true
}

// callArgument binds an argument of a call.
func (b *binder) callArgument(n *pg.Node, name string, i, args int, sc *scope) (info, error) {
	if i == 0 {
		if in, is, err := b.config(n, name, args, sc); is {
			return in, b.at(err, placeOf(n))
		}
	}
	if name == "count" {
		return b.presence(n, sc, "function count")
	}
	return b.value(n, sc)
}

// callArguments binds what stands in a call's parentheses and after it.
func (b *binder) callArguments(call *pg.Node, f *pg.FuncCall, v callVerdict, name string, sc *scope) (info, error) {
	aggregate := v.kind == 'a' && f.Over == nil
	if f.Over != nil && sc.owner != nil {
		sc.owner.aggregated = true
	}
	if aggregate && sc.owner != nil {
		sc.owner.aggregates++
		defer func() { sc.owner.aggregates-- }()
		// With a query around it, the arguments may all be that query's, and then so is the aggregate.
		sc.owner.aggregated = sc.owner.aggregated || f.AggStar || !sc.parent.hasItems()
	}
	in := info{safe: true}
	types := make([]uint32, len(f.Args))
	var args []boundExpr
	use := ""
	if v.kind == 'a' || v.kind == 'w' {
		use = "function " + name
	}
	if len(f.Args) > 2 && (name == "lag" || name == "lead") || // the default is a value of its own
		name == "array_agg" && f.AggDistinct {
		use = ""
	}
	for i, n := range f.Args {
		arg, err := b.callArgument(n, name, i, len(f.Args), sc)
		if err != nil {
			return info{}, err
		}
		if i == 0 {
			if arg.label.seal.Array && builtin.SealedUses[use] == builtin.Collects { // an array of more dimensions
				use = ""
			}
			if f.AggDistinct {
				equate(arg.label)
			}
			b.revealAt(n, &arg.label, use)
			in.label = b.passed(arg.label, use)
		} else {
			b.revealAt(n, &arg.label, "further argument")
		}
		in.merge(arg)
		in.moment = arg.moment
		types[i] = arg.typ
		args = append(args, boundExpr{n, arg})
	}
	b.argTypes[f] = types
	for _, o := range f.AggOrder {
		arg, err := b.expr(o.GetSortBy().GetNode(), sc)
		if err != nil {
			return info{}, err
		}
		in.merge(arg)
		if err := b.sortOperator(o.GetSortBy()); err != nil {
			return info{}, err
		}
	}
	if f.AggFilter != nil {
		arg, err := b.rootExpr(f.AggFilter, sc, true)
		if err != nil {
			return info{}, err
		}
		in.merge(arg)
	}
	if err := b.window(f.Over, sc); err != nil {
		return info{}, err
	}
	if v.kind == 'a' || v.kind == 'w' || f.Over != nil {
		b.remember(call, f, name, args, sc)
		for _, it := range sc.items { // the number of rows is derived from every table
			for _, c := range it.columns {
				in.filtered = in.filtered || c.filtered
			}
		}
	}
	return in, nil
}
