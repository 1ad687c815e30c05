package builtin

import (
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	pg_query "github.com/pganalyze/pg_query_go/v5"
)

var rewriteGolden = flag.Bool("rewrite", false, "write the golden files anew")

func lines(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	list := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(list) < 500 {
		t.Fatalf("%s has only %d lines", file, len(list))
	}
	return list
}

func splitSignature(s string) (string, []string) {
	name, args, _ := strings.Cut(strings.TrimSuffix(s, ")"), "(")
	if args == "" {
		return name, nil
	}
	return name, strings.Split(args, ", ")
}

// TestEveryFunctionIsOneOfTheServers finds misspelt signatures: each exists on 15 or says since when.
func TestEveryFunctionIsOneOfTheServers(t *testing.T) {
	server := lines(t, "testdata/pg_proc_15.txt")
	for name, list := range functions {
		for _, s := range list {
			exists := slices.Contains(server, name+"("+strings.Join(s.args, ", ")+")")
			if !exists && s.since <= 15 {
				t.Errorf("%s(%s) is not on 15", name, strings.Join(s.args, ", "))
			}
			if exists && s.since > 15 {
				t.Errorf("%s(%s) is on 15 and says since=%d", name, strings.Join(s.args, ", "), s.since)
			}
		}
	}
}

// TestRefusedFunctions keeps the other side of the list for review: what 15 has and a masked session may not call.
func TestRefusedFunctions(t *testing.T) {
	var refused []string
	for _, s := range lines(t, "testdata/pg_proc_15.txt") {
		name, args := splitSignature(s)
		if _, template := templates[templateKey{"pg_catalog", name, len(args)}]; !template && !FunctionArgs("pg_catalog", name, args) {
			refused = append(refused, s)
		}
	}
	got := strings.Join(refused, "\n") + "\n"
	if *rewriteGolden {
		if err := os.WriteFile("testdata/refused_15.txt", []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/refused_15.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Error("testdata/refused_15.txt differs; read the difference, then run with -rewrite")
	}
}

var dangerous = regexp.MustCompile(`^(query_to_xml|cursor_to_xml|table_to_xml|schema_to_xml|database_to_xml|ts_stat$|current_query|current_setting|set_config|` +
	`pg_prepared|pg_cursor|pg_stat_|pg_lock_|pg_blocking|pg_listening|pg_get_backend_mem|pg_log_|pg_terminate|pg_cancel|pg_show_|pg_settings_|pg_hba|pg_ident|pg_config|` +
	`pg_read_|pg_ls_|pg_current_|lo_|loread|lowrite|pg_reload|pg_rotate|pg_logical|pg_create_|pg_copy_|pg_export|txid_|pg_xact|pg_last_|pg_replication|pg_backup|` +
	`pg_switch|pg_promote|pg_sequence_param|currval|lastval|nextval|setval|currtid|pg_relation_file|pg_filenode|pg_mcv|brin_|gin_|pg_describe|pg_identify|to_reg|` +
	`pg_partition_(tree|root|anc)|pg_index_|pg_extension|setseed|pg_notify|pg_advisory|pg_try_adv|pg_sleep|pg_import|binary_upgrade|.*(_in|_out|_recv|_send)$|` +
	`json(b)?_populate|oidvectortypes|pg_snapshot|ts_lexize|ts_parse)`)

// TestDangerousFunctionsAreRefused goes through all of 15 for what must never be on the list.
func TestDangerousFunctionsAreRefused(t *testing.T) {
	seen := 0
	for _, s := range lines(t, "testdata/pg_proc_15.txt") {
		name, args := splitSignature(s)
		computes := strings.HasSuffix(name, "in_range") || strings.HasPrefix(name, "pg_lsn_m")
		if !dangerous.MatchString(name) || computes {
			continue
		}
		seen++
		if FunctionArgs("pg_catalog", name, args) {
			t.Errorf("%s is on the list", s)
		}
	}
	if seen < 500 {
		t.Errorf("only %d dangerous functions seen", seen)
	}
	for _, s := range []string{"age(xid)", "ts_rewrite(tsquery, text)"} {
		if name, args := splitSignature(s); FunctionArgs("pg_catalog", name, args) {
			t.Errorf("%s is on the list", s)
		}
	}
}

// TestOperatorsCallReviewedFunctions holds the operators to the function list.
func TestOperatorsCallReviewedFunctions(t *testing.T) {
	checked := 0
	for _, line := range lines(t, "testdata/pg_operator_15.txt") {
		f := strings.SplitN(line, " ", 4)
		left := strings.TrimPrefix(f[1], "-")
		if !Operator(f[0], left, f[2]) {
			continue
		}
		checked++
		if name, args := splitSignature(f[3]); !FunctionArgs("pg_catalog", name, args) {
			t.Errorf("operator %s calls %s, which is not reviewed", line, f[3])
		}
	}
	listed := 0
	for _, list := range operators {
		listed += len(list)
	}
	if checked != listed || SafeOperator("~~", "text", "text") || SafeOperator("+", "int4", "int4") || !SafeOperator("=", "int4", "int8") || Operator("=", "aclitem", "aclitem") {
		t.Errorf("checked %d of %d operators, or a wrong verdict", checked, listed)
	}
}

// TestSystemColumnsExist finds misspelt and forgotten columns: those of 15 are listed but where a later version renamed.
func TestSystemColumnsExist(t *testing.T) {
	server := lines(t, "testdata/pg_attribute_15.txt")
	later := words("relallfrozen collicurules colllocale conenforced conperiod oid inherit_option set_option daticurules datlocale dathasloginevt")
	for name, rel := range relations {
		for _, c := range rel.Columns {
			if !slices.Contains(server, name+" "+c.Name) && !later[c.Name] {
				t.Errorf("%s.%s is not on 15", name, c.Name)
			}
		}
		for _, line := range server {
			if column, ok := strings.CutPrefix(line, name+" "); ok && !slices.ContainsFunc(rel.Columns, func(c SystemColumn) bool { return c.Name == column }) {
				t.Errorf("%s.%s of 15 is not listed", name, column)
			}
		}
	}
	for _, name := range strings.Fields("pg_statistic pg_stats pg_authid pg_shadow pg_locks pg_cursors pg_prepared_statements pg_stat_activity pg_sequences pg_largeobject pg_hba_file_rules") {
		if _, ok := System("pg_catalog", name); ok {
			t.Errorf("%s is admitted", name)
		}
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
