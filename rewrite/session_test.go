package rewrite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cordon-db/cordon/rewrite/builtin"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

func reasonOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

// login logs a user in to database app.
func login(t *testing.T, rw *Rewriter, user string) *Session {
	t.Helper()
	s, err := rw.NewSession(SessionParams{User: user, Database: "app"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// mustPlay runs a message whose statements are all planned and gives the last plan.
func mustPlay(t *testing.T, s *Session, text string) *Plan {
	t.Helper()
	plans, err := play(s, text)
	if err != nil || len(plans) == 0 {
		t.Fatalf("%s: %d plans, %v", text, len(plans), err)
	}
	return plans[len(plans)-1]
}

func wantCode(t *testing.T, what string, err error, code string) {
	t.Helper()
	if codeOf(err) != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

// TestC9CacheKey: a plan is shared by sessions that see the same, and by no others.
func TestC9CacheKey(t *testing.T) {
	source := &storedCatalog{current: storedSnapshot(t)}
	rw := newTestRewriter(t, parsedPolicy(t, nil), "app", source)
	anna, bert, granted := login(t, rw, "anna"), login(t, rw, "bert"), login(t, rw, "li.wei")
	const text = "SELECT phone FROM users"
	if p := mustPlay(t, granted, text); !strings.Contains(p.SQL, `"users"."phone"`) {
		t.Fatalf("the grant does not show phone: %s", p.SQL)
	}
	_, err := play(anna, text)
	wantCode(t, "the granted user's plan for another user", err, "42703")

	const shown = "SELECT id FROM users"
	_, err = play(anna, shown)
	wantCode(t, "id under the default search_path", err, "42703")
	mustPlay(t, anna, "SET search_path TO app")
	first := mustPlay(t, anna, shown)
	if mustPlay(t, anna, shown) != first {
		t.Error("the second plan of one text in one state is not the first")
	}
	_, err = play(bert, shown)
	wantCode(t, "another session's search_path", err, "42703")

	a, err := anna.Parse(t.Context(), "SELECT $1", []uint32{23})
	if err != nil {
		t.Fatal(err)
	}
	if b, err := anna.Parse(t.Context(), "SELECT $1", []uint32{25}); err != nil || a == b {
		t.Errorf("plans of other parameter types are one: %v", err)
	}
	if mustPlay(t, anna, "BEGIN") == mustPlay(t, bert, "BEGIN") {
		t.Error("a statement that changes state was cached")
	}
}

// untilSoon makes the grant end in a moment.
func untilSoon(t *testing.T, end time.Time) *Rewriter {
	t.Helper()
	cfg := parsedPolicy(t, func(text string) string {
		return strings.Replace(text, "2999-12-31T00:00:00Z", end.UTC().Format("2006-01-02T15:04:05.000Z"), 1)
	})
	return newTestRewriter(t, cfg, "app", &storedCatalog{current: storedSnapshot(t)})
}

// TestC9GrantEnds: what was planned under a grant is not run after its end, through any door.
func TestC9GrantEnds(t *testing.T) {
	end := time.Now().Add(700 * time.Millisecond)
	rw := untilSoon(t, end)
	s := login(t, rw, "li.wei")
	const text = "SELECT phone FROM users"
	mustPlay(t, s, text)
	kept, err := s.Parse(t.Context(), text, nil)
	if err != nil {
		t.Fatal(err)
	}
	same, err := s.Parse(t.Context(), "SELECT username FROM users", nil)
	if err != nil {
		t.Fatal(err)
	}
	s.Named("proto", kept)
	mustPlay(t, s, "PREPARE p AS "+text)
	mustPlay(t, s, "PREPARE q AS SELECT username FROM users")
	mustPlay(t, s, "DECLARE c CURSOR WITH HOLD FOR "+text)
	if err := s.Current(t.Context(), kept); err != nil {
		t.Errorf("before the end: %v", err)
	}
	rel, _ := rw.options.Catalog.Current().Relation("public", "users")
	phone, _ := rel.Column("phone")
	if !s.ShowsOrigin(rel.OID, phone.Num, Seal{}) {
		t.Error("before the end: the second wall stops phone")
	}
	time.Sleep(time.Until(end) + 20*time.Millisecond)

	if s.ShowsOrigin(rel.OID, phone.Num, Seal{}) {
		t.Error("after the end: the second wall lets phone pass")
	}
	_, err = play(s, text)
	wantCode(t, "after the end: the text again", err, "42703")
	wantCode(t, "after the end: Execute of a kept plan", s.Current(t.Context(), kept), "42703")
	if err := s.Current(t.Context(), same); err != nil {
		t.Errorf("a plan that the grant did not change: %v", err)
	}
	for _, text := range []string{"EXECUTE p", "EXECUTE proto", "FETCH c"} {
		_, err = play(s, text)
		wantCode(t, "after the end: "+text, err, "0A000")
	}
	mustPlay(t, s, "EXECUTE q")
}

// changed is a snapshot of a later version in which a column has another name.
func changed(t *testing.T, column, name string) *catalog.Snapshot {
	t.Helper()
	next := storedSnapshot(t)
	next.Version++
	rel, ok := next.Relation("public", "users")
	if !ok {
		t.Fatal("no table users")
	}
	for i := range rel.Columns {
		if rel.Columns[i].Name == column {
			rel.Columns[i].Name = name
			return next
		}
	}
	t.Fatalf("no column %s", column)
	return nil
}

// TestC9CatalogChanges: a plan does not outlive the catalog that it was made from.
func TestC9CatalogChanges(t *testing.T) {
	source := &storedCatalog{current: storedSnapshot(t)}
	rw := newTestRewriter(t, parsedPolicy(t, nil), "app", source)
	s := login(t, rw, "analyst")
	country := mustPlay(t, s, "SELECT country FROM users")
	views := mustPlay(t, s, "SELECT views FROM users")
	mustPlay(t, s, "PREPARE p AS SELECT country FROM users")
	source.current = changed(t, "country", "land")
	wantCode(t, "a column that is gone", s.Current(t.Context(), country), "42703")
	if err := s.Current(t.Context(), views); err != nil {
		t.Errorf("a plan that the change does not touch: %v", err)
	}
	_, err := play(s, "SELECT country FROM users")
	wantCode(t, "the cached text", err, "42703")
	_, err = play(s, "EXECUTE p")
	wantCode(t, "EXECUTE", err, "0A000")
	_, err = play(s, "SELECT land FROM users")
	wantCode(t, "the new name, which the policy does not list", err, "42703")
}

// TestC9Swap (pitfall S1): where the names of a shown and a hidden column are exchanged the plan's text stays, its origin does not.
func TestC9Swap(t *testing.T) {
	source := &storedCatalog{current: storedSnapshot(t)}
	rw := newTestRewriter(t, parsedPolicy(t, nil), "app", source)
	s := login(t, rw, "analyst")
	plan := mustPlay(t, s, "SELECT country FROM users")
	next := changed(t, "country", "x")
	rel, _ := next.Relation("public", "users")
	for i := range rel.Columns {
		switch rel.Columns[i].Name {
		case "phone":
			rel.Columns[i].Name = "country"
		case "x":
			rel.Columns[i].Name = "phone"
		}
	}
	source.current = next
	if err := s.Current(t.Context(), plan); reasonOf(err) != "stale-plan" {
		t.Errorf("a plan whose column is another one now: %v", err)
	}
}

// TestUnknownNameRefreshes: a name that the snapshot lacks is looked up once more in a newer one.
func TestUnknownNameRefreshes(t *testing.T) {
	source := &storedCatalog{current: changed(t, "country", "gone"), refreshed: nil}
	rw := newTestRewriter(t, parsedPolicy(t, nil), "app", source)
	s := login(t, rw, "analyst")
	_, err := play(s, "SELECT country FROM users")
	wantCode(t, "no newer snapshot", err, "42703")
	newer := storedSnapshot(t)
	newer.Version += 2
	source.refreshed = newer
	mustPlay(t, s, "SELECT country FROM users")
	before := source.refreshes
	mustPlay(t, s, "SELECT username FROM users")
	_, err = play(s, "DELETE FROM users")
	wantCode(t, "a refusal", err, "42501")
	if source.refreshes != before {
		t.Errorf("%d refreshes for statements whose names are known", source.refreshes-before)
	}
}

// TestNoCatalog: before the first reading nothing is planned.
func TestNoCatalog(t *testing.T) {
	rw := newTestRewriter(t, parsedPolicy(t, nil), "app", &storedCatalog{})
	_, err := rw.NewSession(SessionParams{User: "analyst", Database: "app"})
	wantCode(t, "login without a catalog", err, "57P03")
	rw = newTestRewriter(t, parsedPolicy(t, nil), "other", &storedCatalog{current: storedSnapshot(t)})
	_, err = rw.NewSession(SessionParams{User: "analyst", Database: "other"})
	wantCode(t, "login to a database without a policy", err, "42501")
}

// TestStartupParameters: the server gets cordon's pins and keys over everything else.
func TestStartupParameters(t *testing.T) {
	rw := newTestRewriter(t, parsedPolicy(t, nil), "app", &storedCatalog{current: storedSnapshot(t)})
	params := login(t, rw, "analyst").StartupParameters()
	for name, want := range map[string]string{"user": "analyst", "database": "app", "search_path": "pg_catalog, pg_temp", "default_transaction_read_only": "on",
		"standard_conforming_strings": "on", "client_encoding": "UTF8", "row_security": "on"} {
		if params[name] != want {
			t.Errorf("startup parameter %s is %q, want %q", name, params[name], want)
		}
	}
	for _, domain := range []string{"user", "device", "nick"} {
		if params["cordon_key."+domain] == "" {
			t.Errorf("no key of domain %s", domain)
		}
	}
}

// TestRoleSettings (pitfall C5): what ALTER ROLE sets is held to the list of settings; search_path is where names are found.
func TestRoleSettings(t *testing.T) {
	rw := newTestRewriter(t, parsedPolicy(t, nil), "app", &storedCatalog{current: storedSnapshot(t)})
	login(t, rw, "tuned")
	_, err := rw.NewSession(SessionParams{User: "pried", Database: "app"})
	wantCode(t, "a role with exit_on_error", err, "42501")
	mustPlay(t, login(t, rw, "pathed"), "SELECT id, label FROM users")
}

// TestStartupDoor (pitfall C5): the startup packet is held to the list of settings, and cannot give cordon's own.
func TestStartupDoor(t *testing.T) {
	rw := newTestRewriter(t, parsedPolicy(t, nil), "app", &storedCatalog{current: storedSnapshot(t)})
	for name, value := range map[string]string{"cordon_key.user": "00", "cordon.search_path": "x", "default_transaction_read_only": "off"} {
		s, err := rw.NewSession(SessionParams{User: "analyst", Database: "app", Startup: map[string]string{name: value}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := s.StartupParameters()[name]; got == value {
			t.Errorf("%s = %s passes", name, value)
		}
	}
	for _, startup := range []map[string]string{{"options": "-c debug_print_plan=on"}, {"row_security": "off"}, {"replication": "database"}, {"session_preload_libraries": "x"}} {
		_, err := rw.NewSession(SessionParams{User: "analyst", Database: "app", Startup: startup})
		wantCode(t, fmt.Sprint(startup), err, "42501")
	}
}

// TestVerify (pitfall S13): a server that did not take the settings is not used.
func TestVerify(t *testing.T) {
	rw := newTestRewriter(t, parsedPolicy(t, nil), "app", &storedCatalog{current: storedSnapshot(t)})
	s := login(t, rw, "analyst")
	sql, check := s.Verify()
	params := s.StartupParameters()
	var values []string
	for _, term := range strings.Split(strings.TrimPrefix(sql, "SELECT "), ", ") {
		values = append(values, params[strings.Split(term, "'")[1]])
	}
	checked := len(values) - len(builtin.Fixed)
	if err := check(values); err != nil {
		t.Errorf("settings that took effect: %v", err)
	}
	for i := range checked {
		wrong := append([]string{}, values...)
		wrong[i] = "other"
		if err := check(wrong); err == nil {
			t.Errorf("setting %d of another value passes", i)
		} else if strings.Contains(err.Error(), values[i]) && len(values[i]) > 20 {
			t.Errorf("the error shows a key: %v", err)
		}
	}
	if check(values[1:]) == nil {
		t.Error("an answer of too few settings passes")
	}
}

// TestFixedSettings: what the server keeps may be set to the value that it said at login, and nothing is sent.
func TestFixedSettings(t *testing.T) {
	rw := newTestRewriter(t, parsedPolicy(t, nil), "app", &storedCatalog{current: storedSnapshot(t)})
	s := login(t, rw, "analyst")
	_, err := play(s, "SET lc_time = 'C'")
	wantCode(t, "before the server said it", err, "42501")
	sql, check := s.Verify()
	params := s.StartupParameters()
	var values []string
	for _, term := range strings.Split(strings.TrimPrefix(sql, "SELECT "), ", ") {
		name := strings.Split(term, "'")[1]
		values = append(values, cmp.Or(params[name], map[string]string{"default_text_search_config": "pg_catalog.english", "lc_time": "C.UTF-8"}[name]))
	}
	if err := check(values); err != nil {
		t.Fatal(err)
	}
	for text, code := range map[string]string{"SET default_text_search_config = 'pg_catalog.english'": "", "SET default_text_search_config TO english": "", "SET LOCAL lc_time = 'C.UTF-8'": "",
		"SELECT set_config('LC_TIME', 'C.UTF-8', false)": "", "SET lc_time = 'C'": "42501", "SET default_text_search_config = 'german'": "42501"} {
		plans, err := play(s, text)
		wantCode(t, text, err, code)
		if err == nil && !strings.Contains(plans[0].SQL, "cordon.nothing") {
			t.Errorf("%s is sent as %s", text, plans[0].SQL)
		}
	}
}

// TestImplicitTransaction: what a failed message had set is undone, as its implicit transaction is.
func TestImplicitTransaction(t *testing.T) {
	rw := newTestRewriter(t, parsedPolicy(t, nil), "app", &storedCatalog{current: storedSnapshot(t)})
	s := login(t, rw, "analyst")
	plans, err := s.Query(t.Context(), "SET search_path TO app; SELECT 1 / 0")
	if err != nil {
		t.Fatal(err)
	}
	s.Completed(plans[0]) // the second statement fails on the server
	s.Failed()
	s.Ready('I')
	if got := s.state.setting(); got != `"$user", public` {
		t.Errorf("search_path after a failed message: %s", got)
	}
	_, err = play(s, "SET search_path TO app; DELETE FROM users")
	wantCode(t, "a refused statement", err, "42501")
	if got := s.state.setting(); got != `"$user", public` {
		t.Errorf("search_path after a refused message: %s", got)
	}
}

// TestTracks: what changes state has to be waited for, what does not must not be.
func TestTracks(t *testing.T) {
	rw := newTestRewriter(t, parsedPolicy(t, nil), "app", &storedCatalog{current: storedSnapshot(t)})
	s := login(t, rw, "analyst")
	if _, err := play(s, "PREPARE p AS SELECT 1; DECLARE c CURSOR WITH HOLD FOR SELECT 1"); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{"SELECT 1": false, "SET timezone = 'UTC'": false, "SHOW timezone": false, "SET search_path TO app": true, "BEGIN": true,
		"PREPARE p AS SELECT 1": true, "DEALLOCATE p": true, "DECLARE c CURSOR FOR SELECT 1": true, "CLOSE c": true, "DISCARD ALL": true, "RESET ALL": true,
		"SELECT set_config('search_path', '', false)": true, "SELECT set_config('timezone', 'UTC', false)": false,
		"EXECUTE p": false, "FETCH c": false, "COPY countries TO STDOUT": false} {
		plan, err := s.Parse(context.Background(), text, nil)
		if err != nil || s.Tracks(plan) != want {
			t.Errorf("%s: tracked %t, %v", text, !want, err)
		}
	}
}

// TestParameterTypes (pitfall C7): a parameter of a type that looks names up is refused.
func TestParameterTypes(t *testing.T) {
	rw := newTestRewriter(t, parsedPolicy(t, nil), "app", &storedCatalog{current: storedSnapshot(t)})
	s := login(t, rw, "analyst")
	users, _ := rw.options.Catalog.Current().Relation("public", "users")
	for oid, admitted := range map[uint32]bool{0: true, 23: true, 25: true, 1007: true, 2205: false, 2210: false, 4089: false, users.Type: false, 999999: false, 2275: false} {
		if _, err := s.Parse(t.Context(), "SELECT $1", []uint32{oid}); (err == nil) != admitted {
			t.Errorf("type %d: %v", oid, err)
		}
	}
}

// TestShowsOrigin is the second wall: computed from policy and catalog alone.
func TestShowsOrigin(t *testing.T) {
	rw := newTestRewriter(t, parsedPolicy(t, nil), "app", &storedCatalog{current: storedSnapshot(t)})
	s := login(t, rw, "analyst")
	snapshot := rw.options.Catalog.Current()
	for name, want := range map[string]bool{
		"public.users.username": true, "public.users.country": true, "public.users.phone": false, "public.users.phone_tail": false, "public.users.email": false,
		"public.users.user_id": false, "public.users.birth": false, "public.users.deleted_at": false, "public.hidden_messages.body": false,
		"public.events_2024.what": true, "public.events_2024.phone": false, "shadow.videos.video_id": false, "public.listed.phone": false, "public.listed.username": true,
		"public.phones.user_id": false, "public.totals.n": true, "public.hidden_totals.p": false, "public.typed.rel": false,
		"pg_catalog.pg_class.relname": true, "pg_catalog.pg_class.reltuples": false, "pg_catalog.pg_statistic.stavalues1": false, "pg_catalog.pg_authid.rolpassword": false,
	} {
		parts := strings.Split(name, ".")
		rel, ok := snapshot.Relation(parts[0], parts[1])
		if !ok {
			t.Errorf("no relation %s", name)
			continue
		}
		c, ok := rel.Column(parts[2])
		if got := s.ShowsOrigin(rel.OID, c.Num, Seal{}); !ok || got != want {
			t.Errorf("%s: %t", name, got)
		}
	}
	if s.ShowsOrigin(999999, 1, Seal{}) || s.ShowsOrigin(0, 0, Seal{}) {
		t.Error("an origin that the catalog does not know passes")
	}
}

// TestUnsealedStatementsStayTheProtocols: a statement whose parameters the proxy unseals can be run neither by an EXECUTE that the server
// evaluates, which would give it raw values, nor as a simple Query of the same text.
func TestUnsealedStatementsStayTheProtocols(t *testing.T) {
	rw := newTestRewriter(t, parsedPolicy(t, sealedPolicy), "app", &storedCatalog{current: storedSnapshot(t)})
	s := login(t, rw, "analyst")
	const text = "SELECT username FROM users WHERE user_id = $1"
	_, err := play(s, "EXECUTE s(5)")
	wantCode(t, "EXECUTE of what is not known yet", err, "26000")
	plan, err := s.Parse(t.Context(), text, nil)
	if err != nil || len(plan.Params) != 1 {
		t.Fatalf("%+v, %v", plan, err)
	}
	s.Named("s", plan)
	for _, text := range []string{"EXECUTE s(1 + 1)", "EXECUTE s((SELECT 5))", "EXECUTE s('5'::varchar(3))", "EXECUTE s(B'1')", "EXECUTE s(5); SELECT 1", "SELECT 1; EXECUTE s(5)"} {
		_, err = play(s, text)
		wantCode(t, text, err, "0A000")
	}
	_, err = s.Parse(t.Context(), "EXECUTE s(5)", nil)
	wantCode(t, "EXECUTE that the protocol prepares", err, "0A000")
	_, err = play(s, "EXECUTE s(5, 6)")
	wantCode(t, "two values for one parameter", err, "42601")
	plans, err := play(s, text)
	if err != nil || plans[0].Params != nil {
		t.Errorf("a simple Query of a text that was parsed has %v, %v", plans[0].Params, err)
	}
	if err := s.Current(t.Context(), plan); err != nil {
		t.Errorf("a simple Query of the same text made the plan stale: %v", err)
	}
}
