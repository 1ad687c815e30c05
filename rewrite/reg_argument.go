package rewrite

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// An undeclared parameter of a describing function is of the type that Postgres would give it, though a template stands in the place of the call: a text where
// an overload takes the object's name, else what the overloads take.

// undeclared says that an argument is a parameter whose type is to be found.
func (b *binder) undeclared(n *pg.Node) bool {
	return n.GetParamRef() != nil && b.parameterType(n.GetParamRef()) == 0
}

// takes is the type that an undeclared parameter has as an argument of a built-in function: of several, text is preferred (func_select_candidate in parse_func.c).
func (tw *twin) takes(name string, args, position int) uint32 {
	var types []uint32
	for _, f := range tw.snapshot.Functions("pg_catalog", name) {
		if len(f.Args) == args {
			types = append(types, f.Args[position])
		}
	}
	switch {
	case slices.Contains(types, oidText), slices.Contains(types, oidName):
		return oidText
	case len(types) > 0:
		return types[0]
	}
	return 0
}

// numberParameters casts parameters to the reg* types that a describing function takes.
func (b *binder) numberParameters(f *pg.FuncCall, name string) {
	for i, arg := range f.Args {
		if !b.undeclared(arg) {
			continue
		}
		if reg := b.typeNameOf(b.env.twin.takes(name, len(f.Args), i)); regLookups[reg] != "" {
			f.Args[i] = castTo(castTo(arg, reg), "oid")
		}
	}
}

// keepParameters mentions the parameters of arguments that a template leaves out: the server would not know that there are any.
func (b *binder) keepParameters(f *pg.FuncCall, name, template string) string {
	for i, arg := range f.Args {
		place := "$" + itoa(i+1)
		if strings.Contains(template, place) || !hasParameter(arg) {
			continue
		}
		if typ := b.typeNameOf(b.env.twin.takes(name, len(f.Args), i)); b.undeclared(arg) && typ != "" {
			f.Args[i] = castTo(arg, typ)
		}
		template = "(CASE WHEN (" + place + ") IS NULL THEN " + template + " ELSE " + template + " END)"
	}
	return template
}
