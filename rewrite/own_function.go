package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

// undecided stands for the schema of a function that only the server would know.
const undecided = "?"

// chosen decides, by the types of its arguments as far as they are plain, between a built-in function and those of people's own on the path: empty for the built-in one, and else
// the schema (func_get_detail in parse_func.c).
func (b *binder) chosen(f *pg.FuncCall, name, elsewhere string, args int, sc *scope) string {
	if f.FuncVariadic || f.AggWithinGroup || len(f.Args) != args || slices.ContainsFunc(f.Args, func(n *pg.Node) bool { return n.GetNamedArgExpr() != nil }) {
		return undecided
	}
	types := make([]info, args)
	for i, n := range f.Args {
		types[i] = b.guessed(n, sc)
	}
	tw := b.env.twin
	var own []*catalog.Function
	for _, s := range b.env.path {
		if s == "pg_catalog" || s == "information_schema" {
			continue
		}
		for _, f := range tw.snapshot.Functions(s, name) {
			if acceptsArgs(f, args) && tw.mayCall(f, types) {
				own = append(own, f)
			}
		}
	}
	switch {
	case len(own) == 0:
		return ""
	case len(own) == 1 && own[0].Schema == elsewhere && tw.justTakes(own[0], types):
		return elsewhere
	}
	return undecided
}

// mayCall says that a function could take arguments of these types. It could not where an argument that has a type would have to become a base type of
// people's own without an implicit cast to it.
func (tw *twin) mayCall(f *catalog.Function, args []info) bool {
	if f.Variadic != 0 || len(f.Args) < len(args) {
		return true
	}
	for i, in := range args {
		own := tw.ownBase(f.Args[i])
		if own == nil || own.OID != f.Args[i] || in.literal || in.typ == 0 || in.typ >= catalog.FirstUserOID {
			continue
		}
		if !slices.Contains(tw.snapshot.Implicit, [2]uint32{in.typ, own.OID}) {
			return false
		}
	}
	return true
}

// justTakes says that a function takes arguments of these very types, or untyped literals, and that one is of a type that no built-in function declares.
func (tw *twin) justTakes(f *catalog.Function, args []info) bool {
	if f.Variadic != 0 || len(f.Args) != len(args) {
		return false
	}
	ofOwn := false
	for i, in := range args {
		if !in.literal && in.typ != f.Args[i] {
			return false
		}
		ofOwn = ofOwn || !in.literal && tw.ownBase(in.typ) != nil
	}
	return ofOwn
}
