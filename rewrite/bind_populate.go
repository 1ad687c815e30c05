package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// populates are the functions that read JSON as the row type of their first argument, and give it.
var populates = map[string]bool{"json_populate_record": true, "json_populate_recordset": true, "jsonb_populate_record": true, "jsonb_populate_recordset": true}

// populated holds a call that reads JSON as a row type to the type rule: the input functions of the type's fields, and of theirs, are run on the client's texts. Nobody
// knows here in which order the server puts arguments with names.
func (b *binder) populated(f *pg.FuncCall, name string) error {
	if !populates[name] && name != "jsonb_populate_record_valid" {
		return nil
	}
	named := slices.ContainsFunc(f.Args, func(n *pg.Node) bool { return n.GetNamedArgExpr() != nil })
	if !named && (b.admitsRow(b.argTypes[f][0]) || b.nullRecord(f.Args[0].GetTypeCast()) || b.knownRow(f.Args[0].GetRowExpr())) {
		return nil
	}
	return refused("forbidden-type", "cordon: the row type of "+name+" is not known here, or could name hidden objects",
		"Cast the first argument to a composite type, as in "+name+"(NULL::name_of_the_type, ...), or use jsonb_to_record with a column definition list.")
}

func (b *binder) admitsRow(typ uint32) bool {
	return b.env.twin.admitsType(typ) && b.env.twin.fields(typ) != nil
}

// nullRecord says that a cast is NULL::record: the row type is then that of the column definition list, if there is one.
func (b *binder) nullRecord(x *pg.TypeCast) bool {
	if x == nil || !x.Arg.GetAConst().GetIsnull() || len(x.TypeName.ArrayBounds) > 0 || x.TypeName.Setof {
		return false
	}
	parts, _ := splitName(x.TypeName.Names)
	t, err := b.findType(parts)
	return err == nil && t != nil && t.OID == oidRecord
}

// knownRow says that a row that is written out holds constants and columns of admitted types.
func (b *binder) knownRow(row *pg.RowExpr) bool {
	return plainRow(row, len(row.GetArgs())) && !slices.ContainsFunc(row.Args, func(n *pg.Node) bool {
		c := b.refs[n.GetColumnRef()]
		return n.GetAConst() == nil && (c == nil || !b.env.twin.admitsType(c.typ))
	})
}
