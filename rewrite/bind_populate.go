package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// populates are the functions that read JSON as the row type of their first argument, and give it.
var populates = map[string]bool{"json_populate_record": true, "json_populate_recordset": true, "jsonb_populate_record": true, "jsonb_populate_recordset": true}

// populated holds a call that reads JSON as a row type to the type rule: the input functions of the type's fields, and of theirs, are run on the client's texts. Nobody
// knows here what fields an anonymous row has, nor in which order the server puts arguments with names.
func (b *binder) populated(f *pg.FuncCall, name string) error {
	if !populates[name] && name != "jsonb_populate_record_valid" {
		return nil
	}
	named := slices.ContainsFunc(f.Args, func(n *pg.Node) bool { return n.GetNamedArgExpr() != nil })
	if typ := b.argTypes[f][0]; !named && b.env.twin.admitsType(typ) && b.env.twin.fields(typ) != nil {
		return nil
	}
	return refused("forbidden-type", "cordon: the row type of "+name+" is not known here, or could name hidden objects",
		"Cast the first argument to a composite type, as in "+name+"(NULL::name_of_the_type, ...), or use jsonb_to_record with a column definition list.")
}
