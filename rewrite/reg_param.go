package rewrite

import pg "github.com/pganalyze/pg_query_go/v5"

// A parameter that is cast to a reg* type is of that type to the client and a text to the server, where its value is looked up as a name.

// namedParams are the reg* types of parameters by number; 0 where one is used as anything else, too: then it is a text to both.
type namedParams map[int32]uint32

func (p *namedParams) use(number int32, reg uint32) {
	if was, used := (*p)[number]; used && was != reg {
		reg = 0
	}
	if *p == nil {
		*p = namedParams{}
	}
	(*p)[number] = reg
}

// nameArgument binds what is cast to a reg* type.
func (b *binder) nameArgument(n *pg.Node, reg string, sc *scope) (info, error) {
	if p := n.GetParamRef(); p != nil && regOIDs[reg] != 0 && b.parameterType(p) == 0 {
		b.named.use(p.Number, regOIDs[reg])
		return info{safe: true, literal: true}, nil
	}
	return b.expr(n, sc)
}

// regParams are the reg* types of which a client is told that its parameters are, from the first on, 0 where the server's answer holds; nil for none.
func (b *binder) regParams() []uint32 {
	var types []uint32
	for number, reg := range b.named {
		if reg == 0 || number < 1 || number > maxParams {
			continue
		}
		for len(types) < int(number) {
			types = append(types, 0)
		}
		types[number-1] = reg
	}
	return types
}

// maxParams is how many parameters a Bind message can have.
const maxParams = 65535

func isNumber(typ uint32) bool { return typ == oidOID || typ == oidInt4 || typ == oidInt8 }
