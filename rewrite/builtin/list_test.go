package builtin

import (
	"cmp"
	"flag"
	"regexp"
	"slices"
	"strings"
	"testing"

	pg_query "github.com/pganalyze/pg_query_go/v5"
)

var rewriteGolden = flag.Bool("rewrite", false, "write the golden files anew")

// TestEveryFunctionIsOneOfTheServers finds misspelt signatures: each is of a server from 14 to 18, of which 15 is one or it says which.
func TestEveryFunctionIsOneOfTheServers(t *testing.T) {
	servers := map[string][]proc{}
	for _, p := range procs(t) {
		if p.schema == "pg_catalog" {
			servers[p.String()] = append(servers[p.String()], p)
		}
	}
	for _, list := range functions {
		for _, s := range list {
			found := servers[s.String()]
			if len(found) == 0 {
				t.Errorf("%v is on no server", s)
				continue
			}
			first, last, notation := 18, 14, false
			for _, p := range found {
				first, last = min(first, p.first), max(last, p.last)
				notation = notation || p.required == s.required && p.variadic == s.variadic
			}
			if first <= 15 {
				first = 0
			}
			if last == 18 {
				last = 0
			}
			if first != s.since || last != s.until || !notation {
				t.Errorf("%v says since=%d until=%d and takes %d arguments or more, the servers since=%d until=%d and %d", s, s.since, s.until, s.required, first, last, found[0].required)
			}
		}
	}
}

// reviewed says that a masked session may call a function, or what a template makes of it.
func (p proc) reviewed() bool {
	_, template := templates[templateKey{p.schema, p.name, len(p.args)}]
	return template || FunctionArgs(p.schema, p.name, p.args)
}

// denied is the reason for which it may not.
func (p proc) denied() string { return Denied(p.name, p.args, strings.TrimPrefix(p.result, "setof ")) }

// TestEveryFunctionIsClassified fails for every function of a server from 14 to 18 that is neither reviewed nor denied for a reason.
func TestEveryFunctionIsClassified(t *testing.T) {
	for _, p := range procs(t) {
		if !p.reviewed() && p.denied() == "" {
			t.Errorf("%d-%d %s: list it in functions.txt or in denied.txt", p.first, p.last, p.words)
		}
	}
}

// TestEveryDenialDenies finds lines of denied.txt that match nothing that is refused.
func TestEveryDenialDenies(t *testing.T) {
	all := procs(t)
	rules := 0
	for _, d := range denials {
		for _, r := range d.rules {
			rules++
			if !slices.ContainsFunc(all, func(p proc) bool {
				return !p.reviewed() && r.matches(p.name, p.args, strings.TrimPrefix(p.result, "setof "))
			}) {
				t.Errorf("%s: %+v matches no function that is refused", d.reason, r)
			}
		}
	}
	if rules < 150 || Denied("pg_read_file", []string{"text"}, "text") == "" || Denied("lower", []string{"text"}, "text") != "" || Denied("age", []string{"timestamp"}, "interval") != "" {
		t.Errorf("%d rules, or a wrong verdict", rules)
	}
}

var dangerous = regexp.MustCompile(`^(query_to_xml|cursor_to_xml|table_to_xml|schema_to_xml|database_to_xml|ts_stat$|current_query|current_setting|set_config|` +
	`pg_prepared|pg_cursor|pg_stat_|pg_lock_|pg_blocking|pg_listening|pg_get_backend_mem|pg_log_|pg_terminate|pg_cancel|pg_show_|pg_settings_|pg_hba|pg_ident|pg_config|` +
	`pg_read_|pg_ls_|pg_current_|lo_|loread|lowrite|pg_reload|pg_rotate|pg_logical|pg_create_|pg_copy_|pg_export|txid_|pg_xact|pg_last_|pg_replication|pg_backup|` +
	`pg_start_backup|pg_stop_backup|pg_restore_|pg_clear_|pg_input_|pg_get_acl|pg_get_aios|pg_get_sequence_data|pg_get_wal_|pg_wal_|pg_sync_|pg_basetype|to_regtypemod|` +
	`pg_switch|pg_promote|pg_sequence_param|currval|lastval|nextval|setval|currtid|pg_relation_file|pg_filenode|pg_mcv|brin_|gin_|pg_describe|pg_identify|to_reg|` +
	`pg_partition_(tree|root|anc)|pg_index_|pg_extension|setseed|pg_notify|pg_advisory|pg_try_adv|pg_sleep|pg_import|binary_upgrade|.*(_in|_out|_recv|_send)$|` +
	`oidvectortypes|pg_snapshot|ts_lexize|ts_parse)`)

// TestDangerousFunctionsAreRefused goes through all versions for what must never be on the list.
func TestDangerousFunctionsAreRefused(t *testing.T) {
	seen := 0
	for _, p := range procs(t) {
		computes := strings.HasSuffix(p.name, "in_range") || strings.HasPrefix(p.name, "pg_lsn_m") || p.name == "pg_advisory_unlock_all"
		if !dangerous.MatchString(p.name) || computes {
			continue
		}
		seen++
		if FunctionArgs("pg_catalog", p.name, p.args) {
			t.Errorf("%v is on the list", p.signature)
		}
	}
	if seen < 600 {
		t.Errorf("only %d dangerous functions seen", seen)
	}
	if FunctionArgs("pg_catalog", "age", []string{"xid"}) || FunctionArgs("pg_catalog", "ts_rewrite", []string{"tsquery", "text"}) {
		t.Error("age(xid) or ts_rewrite(tsquery, text) is on the list")
	}
}

// callOf reads name(type, type).
func callOf(s string) (string, []string) {
	name, args, _ := strings.Cut(strings.TrimSuffix(s, ")"), "(")
	return name, strings.Split(args, ", ")
}

// TestOperatorsCallReviewedFunctions holds the operators to the function list, on every version.
func TestOperatorsCallReviewedFunctions(t *testing.T) {
	servers := map[string]bool{}
	for _, d := range readDump(t, "pg_operator", 700) {
		f := strings.SplitN(d.words, " ", 4)
		left := strings.TrimPrefix(f[1], "-")
		if !Operator(f[0], left, f[2]) {
			// The rewriter judges by the name: one overload that values can reach and that is not reviewed, and all of them are refused.
			if len(operators[f[0]]) > 0 && (left == "" || Type(left)) && Type(f[2]) {
				t.Errorf("%d-%d %s: not reviewed, so that %s is refused for every type", d.first, d.last, d.words, f[0])
			}
			continue
		}
		servers[f[0]+" "+f[1]+" "+f[2]] = true
		if name, args := callOf(f[3]); !FunctionArgs("pg_catalog", name, args) {
			t.Errorf("operator %s calls %s, which is not reviewed", d.words, f[3])
		}
	}
	for name, list := range operators {
		for _, o := range list {
			if !servers[name+" "+cmp.Or(o.left, "-")+" "+o.right] {
				t.Errorf("%s %+v is on no server", name, o)
			}
		}
	}
	if SafeOperator("~~", "text", "text") || SafeOperator("+", "int4", "int4") || !SafeOperator("=", "int4", "int8") || Operator("=", "aclitem", "aclitem") {
		t.Error("a wrong verdict")
	}
}

// TestCastsCallReviewedFunctions holds the casts between types that a masked session may name to the function list.
func TestCastsCallReviewedFunctions(t *testing.T) {
	checked := 0
	for _, d := range readDump(t, "pg_cast", 200) {
		f := strings.SplitN(d.words, " ", 4)
		if !Type(f[0]) || !Type(f[1]) || !strings.Contains(f[3], "(") {
			continue
		}
		checked++
		if name, args := callOf(f[3]); !FunctionArgs("pg_catalog", name, args) {
			t.Errorf("%d-%d: the cast of %s to %s calls %s, which is not reviewed", d.first, d.last, f[0], f[1], f[3])
		}
	}
	if checked < 100 {
		t.Errorf("only %d casts checked", checked)
	}
}

// TestEveryTypeIsClassified fails for every type of a server that is neither admitted nor denied for a reason.
func TestEveryTypeIsClassified(t *testing.T) {
	servers := map[string]bool{}
	for _, d := range readDump(t, "pg_type", 90) {
		f := strings.Fields(d.words)
		servers[f[0]] = true
		classes := 0
		for _, is := range []bool{Type(f[0]), RegType(f[0]), f[1] == "p", DeniedType(f[0]) != ""} {
			if is {
				classes++
			}
		}
		if classes != 1 {
			t.Errorf("%d-%d type %s is of %d classes", d.first, d.last, d.words, classes)
		}
	}
	for name := range types {
		if !servers[name] {
			t.Errorf("type %s is on no server", name)
		}
	}
}

// TestSystemColumnsExist finds misspelt and forgotten columns, of every version.
func TestSystemColumnsExist(t *testing.T) {
	servers := map[[2]string]bool{}
	for _, d := range readDump(t, "pg_attribute", 1000) {
		f := strings.Fields(d.words)
		servers[[2]string{f[0], f[2]}] = true
		rel, ok := relations[f[0]]
		if ok && !slices.ContainsFunc(rel.Columns, func(c SystemColumn) bool { return c.Name == f[2] }) {
			t.Errorf("%d-%d %s is not listed", d.first, d.last, d.words)
		}
	}
	for name, rel := range relations {
		if strings.HasPrefix(name, "information_schema.") { // not in the dump
			continue
		}
		for _, c := range rel.Columns {
			if !servers[[2]string{name, c.Name}] {
				t.Errorf("%s.%s is on no server", name, c.Name)
			}
		}
	}
	for _, name := range strings.Fields("pg_statistic pg_authid pg_shadow pg_sequences pg_largeobject pg_hba_file_rules pg_stat_xact_all_tables " +
		"pg_aios pg_wait_events pg_shmem_allocations_numa") {
		if _, ok := System("pg_catalog", name); ok {
			t.Errorf("%s is admitted", name)
		}
	}
}

// statistical are relations that count, or tell about sessions, values or transactions: of these a masked session reads what is in shownStatistics.
var statistical = regexp.MustCompile(`^pg_(stat|statio)_|^pg_(stats|locks|prepared_xacts|cursors|prepared_statements)$`)

// oneRow are relations of one row on every server, of which no condition chooses.
var oneRow = strings.Fields("pg_stat_archiver pg_stat_bgwriter pg_stat_checkpointer pg_stat_wal")

var shownStatistics = strings.Fields("relid indexrelid schemaname relname indexrelname datid datname pid usesysid usename application_name backend_start xact_start query_start state_change")

// TestStatisticsAreConstants holds what is listed of relations that count to NULL and constants, unless they have no rows at all.
func TestStatisticsAreConstants(t *testing.T) {
	seen := 0
	for name, rel := range relations {
		if !statistical.MatchString(name) {
			continue
		}
		seen++
		session := strings.Contains(rel.Where, "pg_backend_pid()") || strings.Contains(rel.Where, "current_database()")
		if rel.Where == "" && !slices.Contains(oneRow, name) || rel.Where != "" && !session && rel.Where != "false" && !strings.Contains(rel.Where, MarkRelations) {
			t.Errorf("%s shows rows where %q", name, rel.Where)
		}
		for _, c := range rel.Columns {
			if strings.Contains(c.Expr, "r.") || c.Expr == "" && rel.Where != "false" && !slices.Contains(shownStatistics, c.Name) {
				t.Errorf("%s.%s is %q", name, c.Name, c.Expr)
			}
		}
	}
	if seen < 12 {
		t.Errorf("only %d relations seen", seen)
	}
}

// TestExpressionsParse parses every template and every substituted relation.
func TestExpressionsParse(t *testing.T) {
	for key, rule := range templates {
		if _, err := pg_query.Parse("SELECT " + rule.Template); err != nil {
			t.Errorf("%v: %v", key, err)
		}
	}
	for name, rel := range relations {
		for _, c := range rel.Columns {
			if _, err := pg_query.Parse("SELECT " + c.Expr + " FROM x r"); err != nil {
				t.Errorf("%s.%s: %v", name, c.Name, err)
			}
		}
		if rel.Where == "" {
			continue
		}
		if _, err := pg_query.Parse("SELECT FROM x r WHERE " + rel.Where); err != nil || strings.Contains(rel.Where, "@") {
			t.Errorf("%s: %v in %s", name, err, rel.Where)
		}
	}
}
