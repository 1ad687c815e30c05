package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// The server gives a parameter of no declared type the one that its first use asks for (variable_paramref_hook in parse_param.c), and reads the value as that wherever else it stands.

// paramUse is the first use of a parameter that has no declared type.
type paramUse struct {
	at  int32  // where it stands in the text
	typ uint32 // the type that it asks for, 0 where that was not derived
}

// asks notes the type that the place of a parameter asks for, if that is its first use.
func (b *binder) asks(p *pg.ParamRef, typ uint32) {
	if p != nil {
		if use, ok := b.firstUse[p.Number]; ok && use.at == p.Location && use.typ == 0 {
			b.firstUse[p.Number] = paramUse{use.at, asText(b.env.twin.base(typ))}
		}
	}
}

// readAs is the type that an earlier use gives to a parameter; ok says that the operand is no such parameter, or of a type that the cipher takes.
func (b *binder) readAs(n *pg.Node, seal Seal, array bool) (typ uint32, ok bool) {
	p := n.GetParamRef()
	use, read := b.firstUse[p.GetNumber()]
	if p == nil || !read || use.at == p.Location {
		return 0, true
	}
	if array {
		return use.typ, use.typ == sealedArrays[seal.Type]
	}
	return use.typ, slices.Contains(takesParam[seal.Type][1:], use.typ)
}

// castBefore notes the casts of a select list that are their parameters' first uses: the server has analysed it when it comes to WHERE, which is bound first here.
func (b *binder) castBefore(targets []*pg.Node) {
	for _, target := range targets {
		walkNodes(target, func(n *pg.Node) {
			if p := n.GetTypeCast().GetArg().GetParamRef(); p != nil && b.parameterType(p) == 0 {
				if _, read := b.firstUse[p.Number]; read {
					return
				}
				if typ, err := newBinder(b.env).typeName(n.GetTypeCast().TypeName); err == nil {
					b.firstUse[p.Number] = paramUse{at: p.Location}
					b.asks(p, typ)
				}
			}
		})
	}
}
