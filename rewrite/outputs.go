package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

// outputColumns are the columns of a function call in FROM that has output arguments; nil if it returns one value. Overloads that differ
// in this are told apart by the arguments' types: one that names its types must be met exactly, one over any type is what is left.
func (tw *twin) outputColumns(f *pg.FuncCall, types []uint32) []*column {
	if f == nil {
		return nil
	}
	parts, _ := splitName(f.Funcname)
	var columns []*column
	for _, overload := range overloadsOf(tw.snapshot, pinnedPath, parts) {
		if !acceptsArgs(overload, len(f.Args)) {
			continue
		}
		exact := slices.Equal(overload.Args, types)
		if !exact && !tw.polymorphic(overload) && tw.rivals(overload.Schema, overload, len(f.Args)) {
			continue
		}
		columns = nil
		if len(overload.Out) > 1 || len(overload.Out) == 1 && overload.Out[0].Name != "" {
			for _, field := range overload.Out {
				columns = append(columns, &column{name: field.Name})
			}
		}
		if exact {
			break
		}
	}
	return columns
}

// polymorphic says whether a function takes a pseudo-type.
func (tw *twin) polymorphic(f *catalog.Function) bool {
	return slices.ContainsFunc(f.Args, func(oid uint32) bool { t, ok := tw.snapshot.Types[oid]; return ok && t.Kind == 'p' })
}

// rivals says whether another overload of as many arguments is polymorphic.
func (tw *twin) rivals(schema string, f *catalog.Function, args int) bool {
	return slices.ContainsFunc(tw.snapshot.Functions(schema, f.Name), func(o *catalog.Function) bool {
		return o != f && acceptsArgs(o, args) && tw.polymorphic(o)
	})
}
