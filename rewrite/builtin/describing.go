package builtin

// texts covers the functions that print definitions. The server prints its own objects; those of people's own come from the texts that the rewriter
// has judged (markers of texts), never from the server: what is shown is what was read, whatever DDL has done since.
func (t templateSet) texts(relation map[int]Object) {
	own := oid("$1") + " OPERATOR(pg_catalog.<) " + catalogOID + "::pg_catalog.oid"
	// print answers for the server's own objects by the function itself, for others by key; pretty is the argument that says so, empty for none.
	print := func(call, mark, key, pretty string) string {
		return "(CASE WHEN " + own + " THEN " + call + " ELSE " + textOf(mark, key, pretty) + " END)"
	}
	number := "(" + oid("$1") + ")::pg_catalog.text"
	// The keys of expressions stand where Postgres has trees (relations.txt).
	t.add("pg_get_expr", 2, textOf(MarkExpressions, "($1)::pg_catalog.text", ""), nil)
	t.add("pg_get_expr", 3, textOf(MarkExpressions, "($1)::pg_catalog.text", "$3"), nil)
	t.add("pg_get_viewdef", 1, print("pg_catalog.pg_get_viewdef("+oid("$1")+")", MarkViewTexts, number, ""), relation)
	t.add("pg_get_viewdef", 2, print("pg_catalog.pg_get_viewdef("+oid("$1")+", $2)", MarkViewTexts, number, "(($2)::pg_catalog.text OPERATOR(pg_catalog.<>) 'false'::pg_catalog.text)"), relation)
	t.add("pg_get_indexdef", 1, print("pg_catalog.pg_get_indexdef("+oid("$1")+")", MarkIndexTexts, number, ""), relation)
	part := "(" + number + " OPERATOR(pg_catalog.||) (CASE WHEN ($2) OPERATOR(pg_catalog.=) 0 THEN ''::pg_catalog.text ELSE '.'::pg_catalog.text OPERATOR(pg_catalog.||) ($2)::pg_catalog.text END))"
	t.add("pg_get_indexdef", 3, "COALESCE("+print("pg_catalog.pg_get_indexdef("+oid("$1")+", $2, $3)", MarkIndexTexts, part, "$3")+
		", CASE WHEN ($2) OPERATOR(pg_catalog.>) 0 AND "+oid("$1")+" OPERATOR(pg_catalog.=) ANY ("+MarkHollow+") THEN ''::pg_catalog.text END)", relation)
	t.add("pg_get_constraintdef", 1, print("pg_catalog.pg_get_constraintdef("+oid("$1")+")", MarkConstraintTexts, number, ""), nil)
	t.add("pg_get_constraintdef", 2, print("pg_catalog.pg_get_constraintdef("+oid("$1")+", $2)", MarkConstraintTexts, number, "$2"), nil)
	// Arguments with defaults, which are not shown, are printed without.
	t.add("pg_get_function_arguments", 1, "COALESCE("+print("pg_catalog.pg_get_function_arguments("+oid("$1")+")", MarkRoutineTexts, keyed("a", number), "")+", "+
		textOf(MarkRoutineTexts, keyed("i", number), "")+")", map[int]Object{1: NamesFunction})
	for name, letter := range map[string]string{"pg_get_function_identity_arguments": "i", "pg_get_function_result": "r"} {
		t.add(name, 1, print("pg_catalog."+name+"("+oid("$1")+")", MarkRoutineTexts, keyed(letter, number), ""), map[int]Object{1: NamesFunction})
	}
	t.add("pg_get_functiondef", 1, when(own, "pg_catalog.pg_get_functiondef("+oid("$1")+")"), nil)
	t.add("pg_get_partkeydef", 1, textOf(MarkOtherTexts, keyed("k", number), ""), relation)
	t.add("pg_get_partition_constraintdef", 1, textOf(MarkOtherTexts, keyed("q", number), ""), relation)
	t.add("pg_get_statisticsobjdef", 1, textOf(MarkOtherTexts, keyed("s", number), ""), nil)
	t.add("pg_get_statisticsobjdef_columns", 1, textOf(MarkOtherTexts, keyed("t", number), ""), nil)
	t.add("pg_get_triggerdef", 1, textOf(MarkOtherTexts, keyed("g", number), ""), nil)
	t.add("pg_get_triggerdef", 2, textOf(MarkOtherTexts, keyed("g", number), "$2"), nil)
	// What functions and rules do may name anything.
	t.add("pg_get_function_arg_default", 2, "NULL::pg_catalog.text", nil)
	t.add("pg_get_function_sqlbody", 1, "NULL::pg_catalog.text", nil)
	t.add("pg_get_ruledef", 1, "NULL::pg_catalog.text", nil)
	t.add("pg_get_ruledef", 2, "NULL::pg_catalog.text", nil)
}

func keyed(letter, key string) string {
	return "('" + letter + "'::pg_catalog.text OPERATOR(pg_catalog.||) " + key + ")"
}

// textOf is the text of a key, NULL where there is none.
func textOf(mark, key, pretty string) string {
	plain := "(" + mark + " OPERATOR(pg_catalog.->>) " + key + ")"
	if pretty == "" {
		return plain
	}
	return "COALESCE(CASE WHEN " + pretty + " THEN (" + mark + " OPERATOR(pg_catalog.->>) " + keyed("p", key) + ") END, " + plain + ")"
}

// serialSequence is the sequence of a column that is shown as it is, under its full name, as Postgres writes it.
const serialSequence = `(SELECT pg_catalog.quote_ident(cordon_n.nspname::pg_catalog.text) OPERATOR(pg_catalog.||) '.'::pg_catalog.text OPERATOR(pg_catalog.||) pg_catalog.quote_ident(cordon_c.relname::pg_catalog.text)
	FROM pg_catalog.pg_depend cordon_o JOIN pg_catalog.pg_class cordon_c ON cordon_c.oid OPERATOR(pg_catalog.=) cordon_o.objid
	JOIN pg_catalog.pg_namespace cordon_n ON cordon_n.oid OPERATOR(pg_catalog.=) cordon_c.relnamespace
	JOIN pg_catalog.pg_attribute cordon_p ON cordon_p.attrelid OPERATOR(pg_catalog.=) cordon_o.refobjid AND cordon_p.attnum OPERATOR(pg_catalog.=) cordon_o.refobjsubid
	WHERE cordon_o.classid OPERATOR(pg_catalog.=) 1259::pg_catalog.oid AND cordon_o.refclassid OPERATOR(pg_catalog.=) 1259::pg_catalog.oid
		AND cordon_o.refobjid OPERATOR(pg_catalog.=) ($1)::pg_catalog.oid AND cordon_p.attname::pg_catalog.text OPERATOR(pg_catalog.=) ($2)::pg_catalog.text
		AND cordon_c.relkind OPERATOR(pg_catalog.=) 'S'::pg_catalog."char" AND cordon_c.oid OPERATOR(pg_catalog.=) ANY (cordon_hollow) LIMIT 1)`

// Partitioned is the condition that the relation $1 is one of the twin's, and partitioned there or a partition of what the twin has.
const Partitioned = `EXISTS (SELECT 1 FROM pg_catalog.pg_class cordon_p WHERE cordon_p.oid OPERATOR(pg_catalog.=) ($1)::pg_catalog.oid AND cordon_p.oid OPERATOR(pg_catalog.=) ANY (cordon_relations)
	AND (cordon_p.relkind OPERATOR(pg_catalog.=) ANY ('{p,I}'::pg_catalog."char"[]) OR cordon_p.relispartition AND EXISTS (SELECT 1 FROM pg_catalog.pg_inherits cordon_i
		WHERE cordon_i.inhrelid OPERATOR(pg_catalog.=) cordon_p.oid AND cordon_i.inhparent OPERATOR(pg_catalog.=) ANY (cordon_relations))))`

// partitionAncestors is the call in a select list, as psql writes it.
const partitionAncestors = `pg_catalog.unnest(ARRAY(SELECT cordon_o.relid::pg_catalog.oid FROM pg_catalog.pg_partition_ancestors(($1)::pg_catalog.oid::pg_catalog.regclass) cordon_o
	WHERE cordon_o.relid::pg_catalog.oid OPERATOR(pg_catalog.=) ANY (cordon_relations) AND ` + Partitioned + `))`
