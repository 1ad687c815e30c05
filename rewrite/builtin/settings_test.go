package builtin

import "testing"

func TestSettable(t *testing.T) {
	for _, c := range []struct {
		name, value, canonical string
		verdict                Verdict
	}{
		{"TimeZone", "Europe/Dublin", "Europe/Dublin", Applied},
		{"timezone", "<X>+05:30", "<X>+05:30", Applied},
		{"timezone", "../../etc/passwd", "", Refused},
		{"client_encoding", "'utf-8'", "", Ignored},
		{"client_encoding", "SQL_ASCII", "", Ignored},
		{"client_encoding", "LATIN1", "", Refused},
		{"standard_conforming_strings", "on", "", Ignored},
		{"standard_conforming_strings", "off", "", Refused},
		{"transaction_isolation", "SERIALIZABLE", "repeatable read", Applied},
		{"transaction_read_only", "off", "", Ignored},
		{"default_transaction_read_only", "off", "", Ignored},
		{"default_transaction_read_only", "perhaps", "", Refused},
		{"client_min_messages", "debug1", "notice", Applied},
		{"client_min_messages", "LOG", "notice", Applied},
		{"client_min_messages", "panic", "", Refused},
		{"client_min_messages", "warning", "warning", Applied},
		{"debug_print_plan", "on", "", Refused},
		{"extra_float_digits", "3", "3", Applied},
		{"extra_float_digits", "4", "", Refused},
		{"statement_timeout", "5s", "5s", Applied},
		{"statement_timeout", "-1", "", Refused},
		{"statement_timeout", " 1.5 min ", "1.5 min", Applied},
		{"statement_timeout", "1e3", "1e3", Applied},
		{"statement_timeout", "010", "010", Applied},
		{"statement_timeout", "5e", "", Refused},
		{"statement_timeout", "1.5; x", "", Refused},
		{"datestyle", "ISO, DEFAULT", "ISO, DEFAULT", Applied},
		{"quote_all_identifiers", "on", "", Refused},
		{"debug_parallel_query", "on", "", Ignored},
		{"gin_fuzzy_search_limit", "10", "", Ignored},
		{"search_path", "public", "public", Virtual},
		{"role", "postgres", "", Refused},
		{"role", "none", "", Ignored},
		{"session_authorization", "postgres", "", Refused},
		{"row_security", "off", "", Refused},
		{"enable_seqscan", "off", "", Ignored},
		{"jit", "off", "", Ignored},
		{"transaction_timeout", "0", "0", Applied},
		{"lc_time", "C", "", Refused},
		{"escape_string_warning", "0", "off", Applied},
		{"geqo", "off", "", Ignored},
		{"cordon_key.user", "x", "", Refused},
		{"work_mem", "1GB", "", Ignored},
	} {
		canonical, verdict := Settable(c.name, c.value)
		if canonical != c.canonical || verdict != c.verdict {
			t.Errorf("Settable(%q, %q) = %q, %d", c.name, c.value, canonical, verdict)
		}
		if verdict == Refused && SettingHint(c.name) == "" {
			t.Errorf("no hint for %s", c.name)
		}
	}
}

func TestShowable(t *testing.T) {
	for name, want := range map[string]bool{"server_version": true, "TimeZone": true, "cordon_key.user": false, "all": false, "data_directory": false, "config_file": false,
		"vacuum_cost_delay": true, "work_mem": true, "enable_seqscan": true, "log_statement": false, "log_directory": false, "primary_conninfo": false, "ssl_key_file": false, "role": true} {
		if Showable(name) != want {
			t.Errorf("Showable(%q) is not %v", name, want)
		}
	}
	if ReportedParameter("search_path") || !ReportedParameter("server_version") {
		t.Error("wrong parameters are reported")
	}
}

// TestEverySettingIsKnown: of a setting that some server has no session is told that there is none.
func TestEverySettingIsKnown(t *testing.T) {
	for _, d := range readDump(t, "pg_settings", 350) {
		if !SettingExists(d.words) {
			t.Errorf("%d-%d %s is not in setting_names.txt", d.first, d.last, d.words)
		}
	}
	for _, list := range []map[string]bool{showable, tuning, ignored, ofRole} {
		for name := range list {
			if !SettingExists(name) {
				t.Errorf("%s is no setting", name)
			}
		}
	}
	for name, want := range map[string]bool{"Role": true, "data_directory": true, "app.user": true, "crdb_version": false, "cordon_key": false, "--": false, "": false} {
		if SettingExists(name) != want {
			t.Errorf("SettingExists(%q) is not %v", name, want)
		}
	}
}

func TestWordsAndTypes(t *testing.T) {
	for _, word := range []string{"select", "SYSTEM_USER", "json_value", "merge_action"} {
		if !KeywordAnyVersion(word) {
			t.Errorf("%s is no keyword", word)
		}
	}
	for name, want := range map[string]bool{"int4": true, "_int4": true, "regclass": false, "_regclass": false, "aclitem": false, "pg_class": false, "cstring": false, "": false, "_": false} {
		if Type(name) != want {
			t.Errorf("Type(%q) is not %v", name, want)
		}
	}
	if KeywordAnyVersion("username") || !RegType("_regclass") || RegType("text") || TextSearchConfig("public.mine") || !TextSearchConfig("pg_catalog.english") {
		t.Error("wrong words")
	}
}
