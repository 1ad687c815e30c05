package builtin

import "strings"

// templateKey identifies a call as the rewriter sees it: by name and number of arguments, without types.
type templateKey struct {
	schema, name string
	nargs        int
}

// Parts of templates. The names cordon_o and cordon_p cannot clash with what stands in an argument, because the rewriter qualifies
// every column reference with an alias of its own.
const (
	catalogOID = "16384" // first oid of what initdb did not make
	attribute  = "((cordon_o.attrelid::pg_catalog.int8 OPERATOR(pg_catalog.<<) 16) OPERATOR(pg_catalog.+) cordon_o.attnum::pg_catalog.int8)"
)

// templates replace calls that would describe what the twin lacks. Every argument that is an oid is cast to oid here, so
// that no overload by name can be chosen and no text is looked up.
var templates = buildTemplates()

func buildTemplates() map[templateKey]Rule {
	t := templateSet{}
	t.visibility()
	t.definitions()
	t.privileges()
	t.constants()
	t.comments()
	return t
}

type templateSet map[templateKey]Rule

func (t templateSet) add(name string, nargs int, template string, names map[int]Object) {
	schema, base, ok := strings.Cut(name, ".")
	if !ok {
		schema, base = "pg_catalog", name
	}
	t[templateKey{schema, base, nargs}] = Rule{Template: template, Names: names}
}

// oid renders an argument as an oid.
func oid(arg string) string { return "(" + arg + ")::pg_catalog.oid" }

// inSet is true for the server's own objects and those of the marked set of the twin.
func inSet(expr, mark string) string {
	return "(" + expr + " OPERATOR(pg_catalog.<) " + catalogOID + "::pg_catalog.oid OR " + expr + " OPERATOR(pg_catalog.=) ANY (" + mark + "))"
}

// when answers only for an object that the twin has, else NULL, as Postgres answers for an oid that does not exist.
func when(cond, expr string) string { return "(CASE WHEN " + cond + " THEN " + expr + " END)" }

// visibility covers pg_*_is_visible. Relations and types are judged in the twin, so that a hidden one shadows nothing; of other kinds
// only the server's own objects are listed, which are visible where their schema is pg_catalog.
func (t templateSet) visibility() {
	t.add("pg_table_is_visible", 1, isVisible("pg_class", "relname", "relnamespace", MarkRelations), map[int]Object{1: NamesRelation})
	t.add("pg_type_is_visible", 1, isVisible("pg_type", "typname", "typnamespace", MarkTypes), map[int]Object{1: NamesType})
	for name, column := range map[string][2]string{
		"pg_function_is_visible": {"pg_proc", "pronamespace"}, "pg_operator_is_visible": {"pg_operator", "oprnamespace"},
		"pg_opclass_is_visible": {"pg_opclass", "opcnamespace"}, "pg_opfamily_is_visible": {"pg_opfamily", "opfnamespace"},
		"pg_collation_is_visible": {"pg_collation", "collnamespace"}, "pg_conversion_is_visible": {"pg_conversion", "connamespace"},
		"pg_ts_config_is_visible": {"pg_ts_config", "cfgnamespace"}, "pg_ts_dict_is_visible": {"pg_ts_dict", "dictnamespace"},
		"pg_ts_parser_is_visible": {"pg_ts_parser", "prsnamespace"}, "pg_ts_template_is_visible": {"pg_ts_template", "tmplnamespace"},
	} {
		shown := ""
		switch name {
		case "pg_function_is_visible":
			shown = MarkFunctions
		case "pg_collation_is_visible":
			shown = "ARRAY[cordon_o.oid]" // all are listed
		}
		own := "cordon_o.oid OPERATOR(pg_catalog.<) " + catalogOID + "::pg_catalog.oid"
		if shown != "" {
			own = inSet("cordon_o.oid", shown)
		}
		t.add(name, 1, "(SELECT cordon_o."+column[1]+" OPERATOR(pg_catalog.=) ANY ("+MarkPath+") FROM pg_catalog."+column[0]+
			" cordon_o WHERE cordon_o.oid OPERATOR(pg_catalog.=) "+oid("$1")+" AND "+own+")", nil)
	}
	t.add("pg_statistics_obj_is_visible", 1, "(SELECT cordon_o.stxnamespace OPERATOR(pg_catalog.=) ANY ("+MarkPath+") FROM pg_catalog.pg_statistic_ext cordon_o WHERE cordon_o.oid OPERATOR(pg_catalog.=) "+
		oid("$1")+" AND cordon_o.oid OPERATOR(pg_catalog.=) ANY ("+MarkStatistics+"))", nil)
}

func isVisible(relation, name, namespace, mark string) string {
	place := func(alias string) string {
		return "pg_catalog.array_position(" + MarkPath + ", " + alias + "." + namespace + ")"
	}
	return "(SELECT cordon_o." + namespace + " OPERATOR(pg_catalog.=) ANY (" + MarkPath + ") AND NOT EXISTS (SELECT 1 FROM pg_catalog." + relation +
		" cordon_p WHERE cordon_p." + name + " OPERATOR(pg_catalog.=) cordon_o." + name + " AND " + inSet("cordon_p.oid", mark) +
		" AND " + place("cordon_p") + " OPERATOR(pg_catalog.<) " + place("cordon_o") + ") FROM pg_catalog." + relation +
		" cordon_o WHERE cordon_o.oid OPERATOR(pg_catalog.=) " + oid("$1") + " AND " + inSet("cordon_o.oid", mark) + ")"
}

// FormatType is the template of format_type for the type whose oid is $1: the name as the session's own search_path shows it, without
// the schema that the server's pinned path makes it write; NULL where the twin lacks the type.
func FormatType(typmod string) string {
	name := "pg_catalog.format_type(" + oid("$1") + ", " + typmod + ")"
	prefix := "(SELECT pg_catalog.quote_ident(cordon_n.nspname::pg_catalog.text) OPERATOR(pg_catalog.||) '.'::pg_catalog.text FROM pg_catalog.pg_type cordon_o JOIN pg_catalog.pg_namespace cordon_n" +
		" ON cordon_n.oid OPERATOR(pg_catalog.=) cordon_o.typnamespace WHERE cordon_o.oid OPERATOR(pg_catalog.=) " + oid("$1") + ")"
	own := oid("$1") + " OPERATOR(pg_catalog.>=) " + catalogOID + "::pg_catalog.oid"
	short := "CASE WHEN " + own + " AND " + isVisible("pg_type", "typname", "typnamespace", MarkTypes) + " AND pg_catalog.starts_with(" + name + ", " + prefix + ")" +
		" THEN pg_catalog.substr(" + name + ", pg_catalog.length(" + prefix + ") OPERATOR(pg_catalog.+) 1) ELSE " + name + " END"
	return when(inSet(oid("$1"), MarkTypes), short)
}

// formatType is FormatType as the function answers it of a type that is not there.
func formatType() string {
	return "(CASE WHEN " + oid("$1") + " IS NOT NULL THEN COALESCE(" + FormatType("$2") + ", '???'::pg_catalog.text) END)"
}

// definitions covers pg_get_* and format_type.
func (t templateSet) definitions() {
	relation := map[int]Object{1: NamesRelation}
	inTwin := inSet(oid("$1"), MarkRelations)
	regclass := oid("$1") + "::pg_catalog.regclass"
	t.add("pg_index_has_property", 2, when(inTwin, "pg_catalog.pg_index_has_property("+regclass+", $2)"), relation)
	t.add("pg_index_column_has_property", 3, when(inTwin, "pg_catalog.pg_index_column_has_property("+regclass+", $2, $3)"), relation)
	t.add("pg_get_serial_sequence", 2, serialSequence, relation)
	t.add("pg_partition_ancestors", 1, partitionAncestors, relation)
	t.add("pg_describe_object", 3, when(oid("$2")+" OPERATOR(pg_catalog.<) "+catalogOID+"::pg_catalog.oid", "pg_catalog.pg_describe_object("+oid("$1")+", "+oid("$2")+", $3)"), nil)
	t.add("format_type", 2, formatType(), map[int]Object{1: NamesType})
	t.texts(relation)
	t.add("pg_get_userbyid", 1, "pg_catalog.pg_get_userbyid("+oid("$1")+")", map[int]Object{1: NamesRole})
	t.add("information_schema._pg_index_position", 2, when(inTwin, "information_schema._pg_index_position("+oid("$1")+", $2)"), nil)
	t.add("information_schema._pg_truetypid", 2, "(CASE WHEN ($2).typtype OPERATOR(pg_catalog.=) 'd'::pg_catalog.\"char\" THEN ($2).typbasetype ELSE ($1).atttypid END)", nil)
	t.add("information_schema._pg_truetypmod", 2, "(CASE WHEN ($2).typtype OPERATOR(pg_catalog.=) 'd'::pg_catalog.\"char\" THEN ($2).typtypmod ELSE ($1).atttypmod END)", nil)
}

// comments covers *_description.
func (t templateSet) comments() {
	text := func(relation, where string) string {
		return "(SELECT cordon_o.description FROM pg_catalog." + relation + " cordon_o WHERE " + where + ")"
	}
	object := "cordon_o.objoid OPERATOR(pg_catalog.=) " + oid("$1")
	class := "cordon_o.classoid OPERATOR(pg_catalog.=) (SELECT cordon_p.oid FROM pg_catalog.pg_class cordon_p WHERE cordon_p.relnamespace OPERATOR(pg_catalog.=) 11::pg_catalog.oid AND cordon_p.relname OPERATOR(pg_catalog.=) ($2)::pg_catalog.name)"
	shown := strings.ReplaceAll(descriptionShown, "r.", "cordon_o.")
	t.add("obj_description", 2, text("pg_description", object+" AND cordon_o.objsubid OPERATOR(pg_catalog.=) 0 AND "+class+" AND "+shown), map[int]Object{1: NamesRelation})
	t.add("obj_description", 1, text("pg_description", object+" AND cordon_o.objsubid OPERATOR(pg_catalog.=) 0 AND "+shown+" LIMIT 1"), map[int]Object{1: NamesRelation})
	t.add("col_description", 2, text("pg_description", object+" AND cordon_o.classoid OPERATOR(pg_catalog.=) 1259::pg_catalog.oid AND cordon_o.objsubid OPERATOR(pg_catalog.=) ($2)::pg_catalog.int4 AND "+shown), map[int]Object{1: NamesRelation})
	t.add("shobj_description", 2, text("pg_shdescription", object+" AND "+class+" AND "+strings.ReplaceAll(sharedDescriptionShown, "r.", "cordon_o.")), nil)
}

// AgeOfXID is the template of age(xid) and mxid_age: of any transaction it says what Postgres says of the permanent ones (INT_MAX), since it would count.
const AgeOfXID = "(CASE WHEN ($1)::pg_catalog.xid IS NOT NULL THEN 2147483647 END)"

// constants covers what is the same for every masked session: sizes, sequences and temporary schemas are not told.
func (t templateSet) constants() {
	relation := map[int]Object{1: NamesRelation}
	for _, name := range []string{"pg_table_size", "pg_indexes_size", "pg_total_relation_size", "pg_relation_size"} {
		t.add(name, 1, "NULL::pg_catalog.int8", relation)
	}
	t.add("pg_relation_size", 2, "NULL::pg_catalog.int8", relation)
	for _, name := range []string{"pg_database_size", "pg_tablespace_size"} {
		t.add(name, 1, "NULL::pg_catalog.int8", nil)
	}
	t.add("pg_sequence_last_value", 1, "NULL::pg_catalog.int8", nil)
	t.add("pg_tablespace_location", 1, when(oid("$1")+" IS NOT NULL", "''::pg_catalog.text"), nil)
	t.add("pg_my_temp_schema", 0, "0::pg_catalog.oid", nil)
	t.add("pg_is_other_temp_schema", 1, "false", nil)
	t.add("pg_relation_is_publishable", 1, "false", nil)
	t.add("pg_relation_is_updatable", 2, "0::pg_catalog.int4", nil)
	t.add("pg_column_is_updatable", 3, "false", nil)
	t.add("row_security_active", 1, "false", nil)
	// pg_typeof returns regtype, whose input looks names up wherever a literal meets it; its text does not.
	t.add("pg_typeof", 1, "(pg_catalog.pg_typeof($1))::pg_catalog.text", nil)
	// By definition; age(xid) is another, see AgeOfXID.
	t.add("age", 1, "pg_catalog.age(CURRENT_DATE, $1)", nil)
	t.add("mxid_age", 1, AgeOfXID, nil)
	// The first that an ordinary transaction can have: the counter tells of writes that the twin lacks.
	t.add("txid_current", 0, "3::pg_catalog.int8", nil)
	// pg_locks is empty, so nobody waits.
	for _, name := range []string{"pg_blocking_pids", "pg_safe_snapshot_blocking_pids"} {
		t.add(name, 1, when("($1)::pg_catalog.int4 IS NOT NULL", "'{}'::pg_catalog.int4[]"), nil)
	}
	for typ, names := range counters {
		for name := range words(names) {
			t.add("pg_stat_get_"+name, 1, "NULL::pg_catalog."+typ, nil)
		}
	}
}

// counters are the functions pg_stat_get_*(oid) of one number each, by its type: what the statistics views show, NULL as there.
var counters = map[string]string{
	"int8": `analyze_count autoanalyze_count autovacuum_count blocks_fetched blocks_hit dead_tuples function_calls ins_since_vacuum live_tuples mod_since_analyze
		numscans tuples_deleted tuples_fetched tuples_hot_updated tuples_inserted tuples_newpage_updated tuples_returned tuples_updated vacuum_count
		db_blocks_fetched db_blocks_hit db_checksum_failures db_conflict_all db_conflict_bufferpin db_conflict_lock db_conflict_logicalslot db_conflict_snapshot
		db_conflict_startup_deadlock db_conflict_tablespace db_deadlocks db_parallel_workers_launched db_parallel_workers_to_launch db_sessions
		db_sessions_abandoned db_sessions_fatal db_sessions_killed db_temp_bytes db_temp_files db_tuples_deleted db_tuples_fetched db_tuples_inserted
		db_tuples_returned db_tuples_updated db_xact_commit db_xact_rollback
		xact_blocks_fetched xact_blocks_hit xact_function_calls xact_numscans xact_tuples_deleted xact_tuples_fetched xact_tuples_hot_updated
		xact_tuples_inserted xact_tuples_newpage_updated xact_tuples_returned xact_tuples_updated`,
	"int4": `db_numbackends`,
	"float8": `db_active_time db_blk_read_time db_blk_write_time db_idle_in_transaction_time db_session_time function_self_time function_total_time
		total_analyze_time total_autoanalyze_time total_autovacuum_time total_vacuum_time xact_function_self_time xact_function_total_time`,
	"timestamptz": `db_checksum_last_failure db_stat_reset_time last_analyze_time last_autoanalyze_time last_autovacuum_time last_vacuum_time lastscan`,
}
