package rewrite

import (
	"fmt"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

// The text of a policy is written as its author runs it, where operators and functions of people's own are on the search_path; the server runs it where they are
// not. Of a name that both have, pg_catalog's would be taken without a word: citext <> would be that of texts, and the filter hide nothing. What is meant
// is qualified here where the types decide it (oper in parse_oper.c, func_get_detail in parse_func.c), and is an error of the policy elsewhere.

// ofOwn says that a type is, or is made of, a base type of people's own.
func (j *immutability) ofOwn(typ uint32) bool {
	t, ok := j.snapshot.Types[j.plain(typ)]
	switch {
	case !ok || t.OID < catalog.FirstUserOID:
		return false
	case t.Category == 'A':
		return j.ofOwn(t.Elem)
	case t.Subtype != 0:
		return j.ofOwn(t.Subtype)
	}
	return t.Kind != 'e'
}

// polymorphic are the pseudo-types that take only arrays, ranges, multiranges and enums, with the typcategory or typtype that tells these (pg_type.dat).
var polymorphic = map[uint32]byte{2277: 'A', 5078: 'A', 3831: 'r', 5080: 'r', 4537: 'm', 4538: 'm', 3500: 'e'}

// mayBe says that a value of type typ could be given for a declared one; 0 is a type that is not known here.
func (j *immutability) mayBe(typ, declared uint32) bool {
	of, ok := j.snapshot.Types[declared]
	switch {
	case typ == untyped || typ == declared || !ok:
		return true
	case of.Kind == 'p':
		form, limited := polymorphic[declared]
		given := j.snapshot.Types[typ]
		return !limited || given == nil || given.Kind == form || given.Category == form
	case typ == 0:
		return j.own || !j.ofOwn(declared)
	case slices.Contains(j.snapshot.Implicit, [2]uint32{typ, declared}):
		return true
	}
	return !j.ofOwn(typ) && !j.ofOwn(declared) && of.Category == j.snapshot.Types[typ].Category // pg_catalog casts implicitly within a category (pg_cast.dat), but for texts to regclass
}

// bare is the type under domains, of a value that is perhaps a literal.
func (j *immutability) bare(typ uint32) uint32 {
	if typ == untyped {
		return untyped
	}
	return j.plain(typ)
}

// meaning says what becomes of an operator that both may have: neither field is set where pg_catalog's is taken.
type meaning struct {
	own    *catalog.Operator // what is meant, by the very types of the operands
	schema string            // of what could be meant as well
}

// binary looks for the operator that two operands have.
func (j *immutability) binary(op string, l, r uint32) (m meaning) {
	if l, r = j.bare(l), j.bare(r); l == untyped && r == untyped {
		return m
	}
	left, right := l, r
	if l == untyped {
		left = r
	}
	if r == untyped {
		right = l
	}
	for _, schema := range j.path {
		for _, o := range j.snapshot.Operators(op) {
			exact := left != 0 && o.Left == left && o.Right == right
			switch {
			case o.Schema != schema || o.Left == 0:
			case exact && schema == "pg_catalog":
				return m
			case exact && m.own == nil:
				m.own = o
			case schema != "pg_catalog" && m.schema == "" && j.mayBe(l, o.Left) && j.mayBe(r, o.Right):
				m.schema = schema
			}
		}
	}
	return m
}

// compares judges an operator of a form that cannot name its schema, as IN and CASE are.
func (j *immutability) compares(op string, l, r uint32) error {
	switch f := j.binary(op, l, r); {
	case f.own != nil:
		return j.unclear("operator "+op, "schema "+f.own.Schema)
	case f.schema != "":
		return j.unclear("operator "+op, "schema "+f.schema)
	}
	return nil
}

func (j *immutability) unclear(what, schema string) error {
	return fmt.Errorf("%s of %s could be meant, or pg_catalog's; compare by OPERATOR(schema.name), call by schema.name(...), or cast the values to text", what, schema)
}

// operator judges the operator of an expression, and qualifies one of people's own where the types of the operands decide for it.
func (j *immutability) operator(x *pg.A_Expr, l, r uint32) error {
	op := lastString(x.Name)
	switch x.Kind {
	case pg.A_Expr_Kind_AEXPR_OP, pg.A_Expr_Kind_AEXPR_LIKE, pg.A_Expr_Kind_AEXPR_ILIKE:
	case pg.A_Expr_Kind_AEXPR_OP_ANY, pg.A_Expr_Kind_AEXPR_OP_ALL:
		var err error
		if r, err = j.member(x.Rexpr, r); err != nil {
			return err
		}
	default:
		return j.compares(op, l, r)
	}
	switch {
	case len(x.Name) > 1:
		return nil
	case x.Lexpr.GetRowExpr() != nil:
		return j.comparesRows(op, x.Lexpr, x.Rexpr.GetRowExpr().GetArgs())
	case x.Lexpr == nil:
		return j.prefix(op, r)
	}
	f := j.binary(op, l, r)
	if f.own == nil {
		return j.compares(op, l, r)
	}
	x.Name = nameNodes(f.own.Schema, op)
	if x.Kind == pg.A_Expr_Kind_AEXPR_LIKE || x.Kind == pg.A_Expr_Kind_AEXPR_ILIKE {
		x.Kind = pg.A_Expr_Kind_AEXPR_OP
	}
	return nil
}

// member is the type of the members of an array.
func (j *immutability) member(n *pg.Node, array uint32) (uint32, error) {
	switch {
	case n.GetAArrayExpr() != nil:
		return j.alternatives(n.GetAArrayExpr().Elements)
	case array == untyped:
		return untyped, nil
	}
	return j.snapshot.Elem(j.plain(array)), nil
}

// prefix judges an operator before its only operand.
func (j *immutability) prefix(op string, r uint32) error {
	for _, o := range j.snapshot.Operators(op) {
		if o.Left == 0 && o.Schema != "pg_catalog" && slices.Contains(j.path, o.Schema) && j.mayBe(j.bare(r), o.Right) {
			return j.unclear("operator "+op, "schema "+o.Schema)
		}
	}
	return nil
}

// comparesRows judges the comparison of a row, or of a single value, with what stands at its places.
func (j *immutability) comparesRows(op string, row *pg.Node, with []*pg.Node) error {
	places := []*pg.Node{row}
	if row.GetRowExpr() != nil {
		places = row.GetRowExpr().Args
	}
	for i, n := range places {
		l, err := j.expr(n)
		if err != nil {
			return err
		}
		var r uint32
		if len(with) == len(places) {
			if r, err = j.expr(with[i]); err != nil {
				return err
			}
		}
		if err := j.compares(op, l, r); err != nil {
			return err
		}
	}
	return nil
}

// joins judges the columns that a join compares by their names.
func (j *immutability) joins(x *pg.JoinExpr) error {
	if x.IsNatural && j.own {
		return j.unclear("for a NATURAL JOIN the operator =", "another schema")
	}
	for _, n := range x.UsingClause {
		typ := j.columns[n.GetString_().GetSval()]
		if err := j.compares("=", typ, typ); err != nil {
			return err
		}
	}
	return nil
}

// function finds the overloads that a call may mean, and qualifies the name where these are people's own.
func (j *immutability) function(f *pg.FuncCall, args []uint32) ([]*catalog.Function, error) {
	parts, _ := splitName(f.Funcname)
	name := parts[len(parts)-1]
	if len(parts) > 1 {
		return overloadsOf(j.snapshot, j.path, parts), nil
	}
	schemas := slices.DeleteFunc(slices.Clone(j.path), func(schema string) bool {
		return !slices.ContainsFunc(j.snapshot.Functions(schema, name), func(o *catalog.Function) bool { return j.takes(o, args, schema) })
	})
	switch {
	case len(schemas) == 0 && overloadsOf(j.snapshot, j.path, parts) == nil:
		return nil, fmt.Errorf("function %s does not exist", name)
	case len(schemas) == 0, schemas[0] == "pg_catalog" && len(schemas) == 1:
		return overloadsOf(j.snapshot, []string{"pg_catalog"}, parts), nil
	case len(schemas) == 1:
		f.Funcname = nameNodes(schemas[0], name)
		return j.snapshot.Functions(schemas[0], name), nil
	}
	for _, schema := range schemas { // the very types are looked for first
		if exact := slices.IndexFunc(j.snapshot.Functions(schema, name), func(o *catalog.Function) bool { return j.justTakes(o, args) }); exact >= 0 {
			if schema != "pg_catalog" {
				f.Funcname = nameNodes(schema, name)
			}
			return j.snapshot.Functions(schema, name), nil
		}
	}
	return nil, j.unclear("function "+name, "schema "+schemas[len(schemas)-1])
}

// takes says that a call with these arguments could mean a function.
func (j *immutability) takes(o *catalog.Function, args []uint32, schema string) bool {
	if !acceptsArgs(o, len(args)) {
		return false
	}
	if schema == "pg_catalog" || o.Variadic != 0 {
		return true
	}
	return j.fits(o, args)
}

// fits says that each argument could be of the type that a function without VARIADIC declares.
func (j *immutability) fits(o *catalog.Function, args []uint32) bool {
	for i, typ := range args {
		if i >= len(o.Args) || !j.mayBe(j.bare(typ), o.Args[i]) {
			return false
		}
	}
	return true
}

// justTakes says that the arguments are of a function's very types. A literal may be of any, as long as another argument is not.
func (j *immutability) justTakes(o *catalog.Function, args []uint32) bool {
	typed := false
	for i, typ := range args {
		if len(o.Args) != len(args) || typ != untyped && (typ == 0 || j.bare(typ) != o.Args[i]) {
			return false
		}
		typed = typed || typ != untyped
	}
	return typed && o.Variadic == 0
}
