package rewrite

import (
	"fmt"
	"strings"
	"testing"
)

// One test a pitfall, by its number. What the server does with these texts is shown by the attacks of package e2e; here is what is sent.

// appRewriter is of database app, as it is served.
func appRewriter(t *testing.T) *Rewriter {
	t.Helper()
	return newTestRewriter(t, parsedPolicy(t, nil), "app", &storedCatalog{current: storedSnapshot(t)})
}

// planOne plans a text that is one statement, in a session that begins with it.
func planOne(t *testing.T, rw *Rewriter, text string) (*Plan, error) {
	t.Helper()
	plans, err := newTestSession(t, rw).Query(t.Context(), text)
	if err != nil {
		return nil, err
	}
	if len(plans) != 1 {
		t.Fatalf("%d plans of %q", len(plans), text)
	}
	return plans[0], nil
}

func mustPlan(t *testing.T, rw *Rewriter, text string) *Plan {
	t.Helper()
	p, err := planOne(t, rw, text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return p
}

const fenceMark = "WHERE false OFFSET 0"

func wantFence(t *testing.T, rw *Rewriter, want bool, texts ...string) {
	t.Helper()
	for _, text := range texts {
		p, err := planOne(t, rw, text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := strings.Contains(p.SQL, " UNION ALL SELECT") && strings.Contains(p.SQL, fenceMark); got != want {
			t.Errorf("%s: fenced %t, want %t", text, got, want)
		}
	}
}

func wantRefused(t *testing.T, rw *Rewriter, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if _, err := planOne(t, rw, text); codeOf(err) != "42501" && codeOf(err) != "0A000" {
			t.Errorf("%s: %v, want a refusal", text, err)
		}
	}
}

// TestC1Statistics: the planner calls operators on values of hidden rows in statistics; a set operation keeps it from them.
func TestC1Statistics(t *testing.T) {
	rw := appRewriter(t)
	wantFence(t, rw, true, `SELECT 1 FROM videos WHERE title LIKE 'zoe%\'`, "SELECT 1 FROM videos WHERE title LIKE $1", `SELECT 1 FROM videos WHERE title ILIKE 'z\'`,
		"SELECT 1 FROM videos WHERE title LIKE title", "SELECT 1 FROM videos WHERE title ~ '(a'", "SELECT 1 FROM videos WHERE title SIMILAR TO 'a'",
		"SELECT 1 FROM videos WHERE 1 / views > 0", "SELECT 1 FROM videos WHERE views = (SELECT 1 / v.views FROM videos v LIMIT 1)")
	wantFence(t, rw, false, "SELECT 1 FROM videos WHERE title LIKE 'zoe%'", `SELECT 1 FROM videos WHERE title LIKE 'z\\'`, "SELECT 1 FROM videos WHERE views = $1",
		"SELECT 1 FROM videos WHERE views > 5 AND title IS NOT NULL")
	for _, o := range mustPlan(t, rw, "SELECT title FROM videos WHERE 1 / views > 0").Columns {
		if !o.Unknown {
			t.Error("behind the fence the server reports no origin, and the plan expects one")
		}
	}
}

// TestC2Effects: functions with effects are refused outright, and every clause from which a condition descends is looked at.
func TestC2Effects(t *testing.T) {
	rw := appRewriter(t)
	for _, call := range []string{"setseed(0.5)", "pg_notify('a', 'b')", "pg_advisory_lock(1)", "pg_try_advisory_lock(1)", "pg_terminate_backend(1)", "pg_cancel_backend(1)",
		"pg_export_snapshot()", "pg_logical_emit_message(true, 'a', 'b')", "pg_stat_clear_snapshot()", "nextval('hidden_counter')", "lo_create(0)", "txid_current_if_assigned()"} {
		wantRefused(t, rw, "SELECT "+call, "SELECT 1 FROM videos WHERE "+call+" IS NOT NULL")
	}
	wantFence(t, rw, true, "SELECT views FROM videos GROUP BY views HAVING 1 / views > 0", "SELECT 1 FROM (SELECT DISTINCT views FROM videos) d WHERE 1 / views > 0",
		"SELECT 1 FROM (SELECT views, rank() OVER (PARTITION BY views) FROM videos) w WHERE 1 / views > 0",
		"SELECT 1 FROM (SELECT views FROM videos UNION SELECT 1) u WHERE 1 / views > 0", "SELECT 1 FROM users u JOIN videos v ON 1 / v.views > u.views",
		"SELECT count(*) FILTER (WHERE 1 / views > 0) FROM videos", "SELECT note FROM wards WHERE 1 / length(note) > 0", "SELECT 1 FROM videos WHERE title::int > 0",
		"SELECT 1 FROM users u LEFT JOIN LATERAL (SELECT 1 / u.views) x ON true", "SELECT 1 FROM videos WHERE views + 1 > 0 OR views = 3")
	wantFence(t, rw, false, "SELECT 1 / views FROM videos ORDER BY 1 / views", "SELECT 1 / balance FROM accounts WHERE 1 / balance > 0")
}

// withPolicy plans against a changed policy and gives the error of the login.
func withPolicy(t *testing.T, old, replacement string) error {
	t.Helper()
	cfg := parsedPolicy(t, func(text string) string {
		if !strings.Contains(text, old) {
			t.Fatalf("the policy does not hold %q", old)
		}
		return strings.Replace(text, old, replacement, 1)
	})
	rw := newTestRewriter(t, cfg, "app", &storedCatalog{current: storedSnapshot(t)})
	_, err := rw.NewSession(SessionParams{User: "analyst", Database: "app"})
	return err
}

// TestC3Settings: a row filter or a mask that would depend on the session's settings or the time is no policy.
func TestC3Settings(t *testing.T) {
	const rows, mask = `rows = "visibility = 'public'"`, `expression = "left(iban, 4)"`
	for _, filter := range []string{"created_at < now()", "created_at < current_date", "created_at::text LIKE '2024%'", "to_char(created_at, 'YYYY') = '2024'",
		"current_setting('timezone') = 'UTC'", "date_trunc('day', created_at) > '2024-01-01'", "random() < 0.5", "created_at::date > '2024-01-01'"} {
		if withPolicy(t, rows, fmt.Sprintf("rows = %q", filter)) == nil {
			t.Errorf("row filter %s is accepted", filter)
		}
	}
	for _, filter := range []string{"created_at < '2024-01-01 00:00:00+00'", "views > 5 AND title LIKE 'a%'", "pg_catalog.lower(visibility) = 'public'"} {
		if err := withPolicy(t, rows, fmt.Sprintf("rows = %q", filter)); err != nil {
			t.Errorf("row filter %s: %v", filter, err)
		}
	}
	for _, expression := range []string{"now()::text", "iban || current_user", "to_char(account_id, current_setting('lc_numeric'))", "random()::text"} {
		if withPolicy(t, mask, fmt.Sprintf("expression = %q", expression)) == nil {
			t.Errorf("mask %s is accepted", expression)
		}
	}
}

// TestC4QueryTexts: the texts that cordon sends are not read back, and hold no key.
func TestC4QueryTexts(t *testing.T) {
	rw := appRewriter(t)
	wantRefused(t, rw, "SELECT current_query()", "SELECT pg_stat_get_backend_activity(1)", "SELECT pg_stat_get_activity(NULL)", "SELECT * FROM pg_stat_get_activity(NULL)", "SELECT * FROM pg_prepared_statement()",
		"SELECT * FROM pg_cursor()")
	for text, constant := range map[string]string{"SELECT statement FROM pg_prepared_statements": "WHERE false", "SELECT statement FROM pg_cursors": "WHERE false",
		"SELECT query FROM pg_catalog.pg_stat_activity": `NULL::pg_catalog.text AS "query"`} {
		if p := mustPlan(t, rw, text); !strings.Contains(p.SQL, constant) || strings.Contains(p.SQL, `r."statement"`) || strings.Contains(p.SQL, `r."query"`) {
			t.Errorf("%s: %s", text, p.SQL)
		}
	}
	key := newTestSession(t, rw).StartupParameters()["cordon_key.user"]
	if p := mustPlan(t, rw, "SELECT user_id FROM users"); key == "" || strings.Contains(p.SQL, key) || !strings.Contains(p.SQL, "cordon_key.user") {
		t.Error("a text holds the key, or does not read it")
	}
	for _, text := range []string{"SELECT current_setting('cordon_key.user')", "SELECT current_setting('CORDON_KEY.user')", "SELECT current_setting('cordon_key.user', true)",
		"SELECT current_setting(name) FROM pg_settings", `SHOW "cordon_key.user"`, "SELECT set_config('cordon_key.user', 'x', true)", `SET "cordon_key.user" = 'x'`,
		`RESET "cordon_key.user"`} {
		if _, err := planOne(t, rw, text); codeOf(err) != "42501" {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestC5Settings: every door to a setting is held to one list.
func TestC5Settings(t *testing.T) {
	rw := appRewriter(t)
	for _, setting := range []string{"debug_print_plan=on", "debug_print_parse=on", "debug_print_rewritten=on",
		"log_parameter_max_length_on_error=-1", "auto_explain.log_level=notice", "transform_null_equals=on", "standard_conforming_strings=off", "backslash_quote=on",
		"row_security=off", "client_encoding=LATIN1", "quote_all_identifiers=on", "session_replication_role=replica", "cordon_key.user=x"} {
		name, value, _ := strings.Cut(setting, "=")
		for _, text := range []string{fmt.Sprintf(`SET "%s" TO '%s'`, name, value), fmt.Sprintf(`SET LOCAL "%s" TO '%s'`, name, value),
			fmt.Sprintf("SELECT set_config('%s', '%s', false)", name, value)} {
			if _, err := planOne(t, rw, text); codeOf(err) != "42501" {
				t.Errorf("%s: %v", text, err)
			}
		}
		if strings.HasPrefix(name, "cordon") || name == "default_transaction_read_only" {
			continue // taken out of the startup packet: see TestStartupDoor
		}
		for _, startup := range []map[string]string{{name: value}, {"options": "-c " + setting}, {"options": "--" + setting}} {
			if _, err := rw.NewSession(SessionParams{User: "analyst", Database: "app", Startup: startup}); codeOf(err) != "42501" {
				t.Errorf("startup %v: %v", startup, err)
			}
		}
	}
}

// TestC5Messages: what asks for LOG and DEBUG messages is accepted at every door, and the server is asked for notices.
func TestC5Messages(t *testing.T) {
	rw := appRewriter(t)
	for _, level := range []string{"log", "LOG", "debug", "debug5", "info"} {
		for _, text := range []string{"SET client_min_messages = " + level, "SET LOCAL client_min_messages TO '" + level + "'", "SELECT set_config('client_min_messages', '" + level + "', false)"} {
			if p := mustPlan(t, rw, text); strings.Contains(strings.ToLower(p.SQL), strings.ToLower(level)) || !strings.Contains(p.SQL, "notice") {
				t.Errorf("%s is sent as %s", text, p.SQL)
			}
		}
		s, err := rw.NewSession(SessionParams{User: "analyst", Database: "app", Startup: map[string]string{"client_min_messages": level}})
		if err != nil || s.StartupParameters()["client_min_messages"] != "notice" {
			t.Errorf("startup with %s: %v", level, err)
		}
	}
}

// TestC10Planning: what steers plans is accepted at every door, and reaches the server by none.
func TestC10Planning(t *testing.T) {
	rw := appRewriter(t)
	for _, setting := range []string{"enable_seqscan=off", "work_mem=1MB", "plan_cache_mode=force_generic_plan", "jit=off", "random_page_cost=1.1", "geqo=off",
		"debug_parallel_query=on", "force_parallel_mode=regress", "gin_fuzzy_search_limit=1", "client_connection_check_interval=1s"} {
		name, value, _ := strings.Cut(setting, "=")
		for _, text := range []string{fmt.Sprintf(`SET %s TO "%s"`, name, value), fmt.Sprintf("SET LOCAL %s = '%s'", name, value), fmt.Sprintf("SELECT set_config('%s', '%s', false)", name, value)} {
			if p := mustPlan(t, rw, text); strings.Contains(p.SQL, name) {
				t.Errorf("%s is sent as %s", text, p.SQL)
			}
		}
		for _, startup := range []map[string]string{{name: value}, {"options": "-c " + setting}, {"options": "--" + setting}} {
			s, err := rw.NewSession(SessionParams{User: "analyst", Database: "app", Startup: startup})
			if err != nil {
				t.Errorf("startup %v: %v", startup, err)
				continue
			}
			if sent, ok := s.StartupParameters()[name]; ok {
				t.Errorf("startup %v sends %s", startup, sent)
			}
		}
	}
}

// TestC6Notifications: only channels that the policy lists reach a client.
func TestC6Notifications(t *testing.T) {
	rw := appRewriter(t)
	s := newTestSession(t, rw)
	if !s.ForwardsNotification("news") || s.ForwardsNotification("user_changed") || s.ForwardsNotification("") {
		t.Error("channels are not held to the list")
	}
	wantRefused(t, rw, "LISTEN user_changed", `LISTEN "NEWS"`, "NOTIFY news", "NOTIFY news, 'x'", "SELECT pg_notify('news', 'x')")
	mustPlan(t, rw, "LISTEN News")
}

// TestC7Oracles: whatever takes a name answers for a hidden object as for one that does not exist.
func TestC7Oracles(t *testing.T) {
	rw := appRewriter(t)
	statements := []string{"SELECT * FROM %s", "SELECT * FROM public.%s", "SELECT '%s'::regclass", "SELECT 'public.%s'::regclass", "SELECT '{%s}'::regclass[]",
		"SELECT regclass '%s'", "SELECT to_regclass('%s')", "SELECT to_regclass('public.%s')", "SELECT '%s'::regtype", "SELECT to_regtype('%s')", "SELECT NULL::%s", "SELECT NULL::public.%s",
		"SELECT NULL::%s[]", "SELECT (NULL::%s).body", "SELECT pg_relation_size('%s')", "SELECT pg_table_is_visible('%s'::regclass)", "SELECT has_table_privilege('%s', 'SELECT')",
		"SELECT has_column_privilege('%s', 'body', 'SELECT')", "SELECT obj_description('%s'::regclass)", "SELECT col_description('%s'::regclass, 1)",
		"SELECT json_populate_record(NULL::%s, '{}')", "SELECT * FROM json_to_record('{}') x (a %s)", "SELECT CAST(ROW(1) AS %s)", "COPY %s TO STDOUT", "TABLE %s",
		"PREPARE p (%s) AS SELECT 1", "SELECT 1 FROM users u JOIN %s x ON true", "SELECT pg_get_serial_sequence('%s', 'message_id')", "SELECT row_security_active('%s')",
		"SELECT pg_get_viewdef('%s'::regclass)", "SELECT pg_total_relation_size('%s'::regclass)", "SELECT 1 FROM pg_class WHERE oid = '%s'::regclass"}
	for _, hidden := range []string{"hidden_messages", "hidden_view", "phones", "everyone", "hidden_totals", "hidden_counter"} {
		absent := strings.Repeat("q", len(hidden))
		for _, statement := range statements {
			wantSame(t, rw, fmt.Sprintf(statement, hidden), fmt.Sprintf(statement, absent), hidden, absent)
		}
	}
	for _, statement := range []string{"SELECT %s FROM users", "SELECT u.%s FROM users u", "SELECT (u).%s FROM users u", "SELECT %s(u) FROM users u", "SELECT 1 FROM users ORDER BY %s",
		"SELECT 1 FROM users GROUP BY %s", "SELECT 1 FROM users JOIN users v USING (%s)", "SELECT has_column_privilege('users', '%s', 'SELECT')",
		"SELECT pg_get_serial_sequence('users', '%s')", "COPY users (%s) TO STDOUT", "SELECT public.users.%s FROM public.users"} {
		for _, hidden := range []string{"phone", "deleted_at", "phone_tail"} {
			absent := strings.Repeat("q", len(hidden))
			wantSame(t, rw, fmt.Sprintf(statement, hidden), fmt.Sprintf(statement, absent), hidden, absent)
		}
	}
	for _, statement := range []string{"SELECT * FROM %s.videos", "SELECT '%s'::regnamespace", "SELECT to_regnamespace('%s')", "SELECT has_schema_privilege('%s', 'USAGE')",
		"SET search_path TO %s; SELECT current_schema(), current_schemas(true)", "SELECT '%s.videos'::regclass", "SELECT NULL::%s.videos", "SELECT %s.f(1)"} {
		wantSame(t, rw, fmt.Sprintf(statement, "shadow"), fmt.Sprintf(statement, "qqqqqq"), "shadow", "qqqqqq")
	}
}

// wantSame plans two texts that differ in one name: the answers must differ in that name alone.
func wantSame(t *testing.T, rw *Rewriter, a, b, inA, inB string) {
	t.Helper()
	outcome := func(text string) string {
		plans, err := newTestSession(t, rw).Query(t.Context(), text)
		var out []string
		for _, p := range plans {
			out = append(out, fmt.Sprint(p.SQL, p.Columns))
		}
		return strings.Join(append(out, fmt.Sprint(err)), "\n")
	}
	if x, y := outcome(a), outcome(b); strings.ReplaceAll(x, inA, inB) != y {
		t.Errorf("%s tells that the name exists:\n\t%s\n\t%s", a, x, y)
	}
}

// TestC8Planted: what people put into pg_catalog is not built in, nor is a name of which they made an overload.
func TestC8Planted(t *testing.T) {
	rw := appRewriter(t)
	wantRefused(t, rw, "SELECT planted()", "SELECT pg_catalog.planted()", "SELECT upper('a')", "SELECT pg_catalog.upper('a')", "SELECT 'a' ~~~~ 'b'",
		"SELECT 'a' OPERATOR(pg_catalog.~~~~) 'b'", "SELECT lower('a')", "SELECT unlisted(1)", "SELECT public.unlisted(1)", "SELECT 1 FROM planted()", "SELECT 'a' OPERATOR(public.===) 'b'")
	mustPlan(t, rw, "SELECT pg_catalog.lower('a'), length('a'), allowed(1)")
	for _, f := range rw.options.Catalog.Current().Functions("pg_catalog", "upper") {
		if f.OID >= 16384 {
			return
		}
	}
	t.Error("the schema of the tests plants no overload")
}

// TestS3PrimaryKey: GROUP BY of a primary key covers the table's other columns, as on a table.
func TestS3PrimaryKey(t *testing.T) {
	rw := appRewriter(t)
	for text, want := range map[string]string{
		"SELECT u.user_id, u.username, count(*) FROM users u GROUP BY u.user_id":                                                                "GROUP BY u.user_id, u.username",
		"SELECT username FROM users GROUP BY user_id ORDER BY country":                                                                          "GROUP BY user_id, users.username, users.country",
		"SELECT u.user_id AS k, u.username FROM users u GROUP BY k":                                                                             "GROUP BY k, u.username",
		"SELECT u.user_id, u.username FROM users u GROUP BY 1":                                                                                  "GROUP BY 1, u.username",
		"SELECT f.since FROM friends f GROUP BY f.a, f.b":                                                                                       "GROUP BY f.a, f.b, f.since",
		"SELECT u.username, v.title FROM users u JOIN videos v ON u.user_id = v.user_id GROUP BY u.user_id, v.video_id HAVING max(v.views) > 1": "GROUP BY u.user_id, v.video_id, u.username, v.title",
	} {
		if p := mustPlan(t, rw, text); !strings.Contains(p.SQL, want) {
			t.Errorf("%s: no %q in %s", text, want, p.SQL)
		}
	}
	if p := mustPlan(t, rw, "SELECT f.since FROM friends f GROUP BY f.a"); strings.Contains(p.SQL, "f.a, f.since") {
		t.Errorf("half a primary key covers the rest: %s", p.SQL)
	}
	wantRefused(t, rw, "SELECT to_json(c) FROM countries c GROUP BY c.code") // point has no equality, and a whole row reads it
}

// TestS5Names: three-part names, and same names of two schemas, work on subqueries as they do on tables.
func TestS5Names(t *testing.T) {
	rw := appRewriter(t)
	for _, text := range []string{"SELECT public.users.username FROM public.users", "SELECT app.public.users.username FROM users", "SELECT public.users.username, app.users.label FROM public.users, app.users",
		"SELECT app.users.*, public.users.country FROM app.users JOIN public.users ON app.users.id = public.users.views ORDER BY app.users.label"} {
		p := mustPlan(t, rw, text)
		if problems := sentProblems(newTestSession(t, rw), p.SQL, p); len(problems) > 0 || strings.Contains(p.SQL, "public.users.") || strings.Contains(p.SQL, "app.users.") {
			t.Errorf("%s: %v in %s", text, problems, p.SQL)
		}
	}
	for text, name := range map[string]string{"SELECT pg_get_viewdef(1::oid)": "pg_get_viewdef", "SELECT current_schema": "current_schema", "SELECT 'users'::regclass": "regclass",
		"SELECT username(u) FROM users u": "username", "SELECT (u).username FROM users u": "username", "SELECT current_setting('search_path')": "current_setting",
		"SELECT xmlelement(name a, username) FROM users": "xmlelement", "SELECT xmlserialize(content '<a/>'::xml AS text)": "xmlserialize", "SELECT xmlforest(country) FROM users": "xmlforest",
		"SELECT xmlparse(content username) FROM users": "xmlparse", "SELECT xmlpi(name a, username) FROM users": "xmlpi", "SELECT xmlconcat(xmlcomment(username)) FROM users": "xmlconcat",
		"SELECT xmlroot('<a/>'::xml, version '1.0') IS DOCUMENT": "?column?"} {
		p := mustPlan(t, rw, text)
		stmts, err := parse(p.SQL)
		if err != nil {
			t.Fatal(err)
		}
		if got := outputName(stmts[0].Stmt.GetSelectStmt().TargetList[0].GetResTarget()); got != name {
			t.Errorf("%s: the output is called %s, not %s, in %s", text, got, name, p.SQL)
		}
	}
}

// TestS6ReadOnly: no form makes a transaction writable; those that drivers send are accepted.
func TestS6ReadOnly(t *testing.T) {
	rw := appRewriter(t)
	for _, text := range []string{"BEGIN READ WRITE", "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE", "START TRANSACTION READ WRITE", "SET TRANSACTION READ WRITE",
		"SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE", "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ WRITE"} {
		p := mustPlan(t, rw, text)
		if strings.Contains(strings.ToUpper(p.SQL), "WRITE") || strings.Contains(strings.ToUpper(p.SQL), "SERIALIZABLE") {
			t.Errorf("%s is sent as %s", text, p.SQL)
		}
	}
	for _, text := range []string{"SET transaction_read_only = off", "SET LOCAL transaction_read_only TO false", "SET default_transaction_read_only = off", "SET default_transaction_read_only = 0",
		"SET transaction_read_only TO DEFAULT", "RESET transaction_read_only", "RESET default_transaction_read_only",
		"SELECT set_config('transaction_read_only', 'off', true)", "SELECT set_config('default_transaction_read_only', 'f', false)"} {
		if p := mustPlan(t, rw, text); strings.Contains(p.SQL, "read_only") {
			t.Errorf("%s is sent as %s", text, p.SQL)
		}
	}
}
