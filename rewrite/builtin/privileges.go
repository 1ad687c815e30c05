package builtin

// privileges covers has_*_privilege and pg_has_role: the server answers for the role, but only about objects of the twin.
// Forms with a role take the role as an oid or as a name, which is no secret of the twin.
func (t templateSet) privileges() {
	type kind struct {
		name, mark string
		object     Object
	}
	for _, k := range []kind{
		{"has_table_privilege", MarkRelations, NamesRelation}, {"has_any_column_privilege", MarkRelations, NamesRelation},
		{"has_sequence_privilege", MarkRelations, NamesRelation}, {"has_type_privilege", MarkTypes, NamesType},
		{"has_function_privilege", "", NamesFunction}, {"has_language_privilege", "", NamesLanguage},
		{"has_database_privilege", "", NamesDatabase}, {"has_schema_privilege", "", NamesSchema},
		{"has_tablespace_privilege", "", NamesTablespace},
	} {
		t.add(k.name, 2, shownPrivilege(k.name, k.object, k.mark, "$1", "", "$2"), map[int]Object{1: k.object})
		t.add(k.name, 3, shownPrivilege(k.name, k.object, k.mark, "$2", "$1, ", "$3"), map[int]Object{2: k.object})
	}
	t.add("has_column_privilege", 3, columnPrivilege("$1", "$2", "", "$3"), map[int]Object{1: NamesRelation})
	t.add("has_column_privilege", 4, columnPrivilege("$2", "$3", "$1, ", "$4"), map[int]Object{2: NamesRelation})
	t.add("pg_has_role", 2, "pg_catalog.pg_has_role("+oid("$1")+", $2)", map[int]Object{1: NamesRole})
	t.add("pg_has_role", 3, "pg_catalog.pg_has_role($1, "+oid("$2")+", $3)", map[int]Object{2: NamesRole})
}

func shownPrivilege(name string, object Object, mark, arg, role, privilege string) string {
	call := "pg_catalog." + name + "(" + role + oid(arg) + ", " + privilege + ")"
	switch {
	case mark != "":
		return when(inSet(oid(arg), mark), call)
	case object == NamesSchema:
		// A schema exists in the twin where something of it does, as in pg_namespace.
		return when("EXISTS (SELECT 1 FROM pg_catalog.pg_namespace cordon_o WHERE cordon_o.oid OPERATOR(pg_catalog.=) "+oid(arg)+" AND "+SchemaShown("cordon_o")+")", call)
	case object == NamesDatabase:
		return when(oid(arg)+" OPERATOR(pg_catalog.=) (SELECT cordon_o.oid FROM pg_catalog.pg_database cordon_o WHERE cordon_o.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())", call)
	default:
		return when(oid(arg)+" OPERATOR(pg_catalog.<) "+catalogOID+"::pg_catalog.oid", call)
	}
}

// columnPrivilege finds the column by name or number among those that the twin has, and asks by number.
func columnPrivilege(relation, column, role, privilege string) string {
	return "(SELECT pg_catalog.has_column_privilege(" + role + "cordon_o.attrelid, cordon_o.attnum, " + privilege +
		") FROM pg_catalog.pg_attribute cordon_o WHERE cordon_o.attrelid OPERATOR(pg_catalog.=) " + oid(relation) +
		" AND (cordon_o.attname::pg_catalog.text OPERATOR(pg_catalog.=) (" + column + ")::pg_catalog.text OR cordon_o.attnum::pg_catalog.text OPERATOR(pg_catalog.=) (" +
		column + ")::pg_catalog.text) AND (cordon_o.attrelid OPERATOR(pg_catalog.<) " + catalogOID + "::pg_catalog.oid OR " + attribute +
		" OPERATOR(pg_catalog.=) ANY (" + MarkAttributes + ")) LIMIT 1)"
}

// ByNumber is the template of has_column_privilege where the column is given by its number, as information_schema gives it: it looks
// nothing up. Empty for any other function.
func ByNumber(name string, nargs int) string {
	switch {
	case name != "has_column_privilege":
		return ""
	case nargs == 3:
		return columnPrivilegeByNumber("$1", "$2", "", "$3")
	case nargs == 4:
		return columnPrivilegeByNumber("$2", "$3", "$1, ", "$4")
	}
	return ""
}

func columnPrivilegeByNumber(relation, column, role, privilege string) string {
	return when(oid(relation)+" OPERATOR(pg_catalog.<) "+catalogOID+"::pg_catalog.oid OR ((("+oid(relation)+")::pg_catalog.int8 OPERATOR(pg_catalog.<<) 16) OPERATOR(pg_catalog.+) ("+
		column+")::pg_catalog.int8) OPERATOR(pg_catalog.=) ANY ("+MarkAttributes+")",
		"pg_catalog.has_column_privilege("+role+oid(relation)+", ("+column+")::pg_catalog.int2, "+privilege+")")
}
