package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// The text of a reg* value is a subquery's, where unnest(proargtypes)::regtype would give one row, or raise. So the members get their texts before they are unnested.

// unnests is the array of a call of unnest; nil of any other expression.
func unnests(n *pg.Node) *pg.Node {
	f := n.GetFuncCall()
	parts, _ := splitName(f.GetFuncname())
	if len(parts) == 0 || len(parts) > 1 && parts[len(parts)-2] != "pg_catalog" || parts[len(parts)-1] != "unnest" || len(f.Args) != 1 || !plainCall(f) {
		return nil
	}
	return f.Args[0]
}

// unnested is the array whose members, or the types of whose members, are cast to reg*; nil where the cast is of something else.
func (b *binder) unnested(n *pg.Node, reg string) *pg.Node {
	if b.isTypeCall(n, reg) {
		n = n.GetFuncCall().Args[0]
	}
	if regTemplates[reg] == "" || !b.env.twin.call("pg_catalog", "unnest", 1).admitted {
		return nil
	}
	return unnests(n)
}

// numbered are the arrays of oids and of numbers.
var numbered = map[uint32]bool{oidOIDArray: true, 30: true, 1007: true, 1016: true}

func (b *binder) regUnnest(n, array *pg.Node, reg string, ofTypes bool, sc *scope) (info, error) {
	in, err := b.expr(array, sc)
	if err != nil {
		return info{}, err
	}
	member, members := "cordon_u.member", "pg_catalog.unnest(($1)::pg_catalog.oid[]) WITH ORDINALITY cordon_u(member, place)"
	switch {
	case ofTypes: // in a select list, since unnest of a tsvector has columns in FROM
		member, members = "cordon_u.oid", "(SELECT pg_catalog.pg_typeof(cordon_m.member)::pg_catalog.oid, pg_catalog.row_number() OVER () FROM (SELECT pg_catalog.unnest($1)) cordon_m(member)) cordon_u(oid, place)"
	case !numbered[in.typ]:
		return info{}, refused("unsteady-argument", "cordon: function unnest cannot be part of an argument of a cast to "+reg, "Compute the argument in a subquery in FROM.")
	}
	text := strings.ReplaceAll(regTemplates[reg], "$1", member)
	err = b.applyTemplate(n, "pg_catalog.unnest(ARRAY(SELECT "+text+" FROM "+members+" ORDER BY cordon_u.place))", []*pg.Node{array})
	return info{typ: oidText, filtered: in.filtered}, err
}
