package catalog

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

var (
	sampleOnce sync.Once
	sampleSnap *Snapshot
)

// sample loads the snapshot of testdata/schema.sql, once for all tests.
func sample(t *testing.T) *Snapshot {
	t.Helper()
	sampleOnce.Do(func() {
		conn := database(t, "facts", "", string(must(os.ReadFile("testdata/schema.sql"))))
		snap, err := Load(t.Context(), conn)
		if err != nil {
			t.Error(err)
		}
		sampleSnap = snap
	})
	if sampleSnap == nil {
		t.Fatal("the sample schema was not loaded")
	}
	return sampleSnap
}

// relation fetches a relation of schema app.
func relation(t *testing.T, name string) *Relation {
	t.Helper()
	r, ok := sample(t).Relation("app", name)
	if !ok {
		t.Fatalf("no relation app.%s", name)
	}
	return r
}

func TestRelationKinds(t *testing.T) {
	for name, kind := range map[string]byte{
		"users": 'r', "events": 'p', "events_2024": 'r', "plain": 'v', "walled": 'v', "stored": 'm', "counter": 'S', "far": 'f',
		"users_expr": 'i', "events_pkey": 'I', "pair": 'c',
	} {
		if got := relation(t, name).Kind; got != kind {
			t.Errorf("app.%s: kind %c, want %c", name, got, kind)
		}
	}
	for _, r := range sample(t).Relations() {
		if strings.HasPrefix(r.Schema, "pg_toast") || r.Kind == 't' {
			t.Errorf("TOAST relation %s.%s", r.Schema, r.Name)
		}
	}
	if !relation(t, "users").RowSecurity || relation(t, "late").RowSecurity {
		t.Error("row security is wrong")
	}
}

func TestColumns(t *testing.T) {
	var got []string
	for _, c := range relation(t, "users").Columns {
		got = append(got, fmt.Sprintf("%d %s %s [%s %t] generated=%t reads=%v",
			c.Num, c.Name, c.Type.Name, c.Type.Collation, c.Type.Deterministic, c.Generated, c.Reads))
	}
	want := []string{
		`2 user_id bigint [ true] generated=false reads=[]`,
		`3 username character varying(40) [pg_catalog."default" true] generated=false reads=[]`,
		`4 mail app.email [pg_catalog."default" true] generated=false reads=[]`,
		`5 mood app.mood [ true] generated=false reads=[]`,
		`6 tags text[] [pg_catalog."default" true] generated=false reads=[]`,
		`7 price numeric(10,2) [ true] generated=false reads=[]`,
		`8 seen timestamp(3) with time zone [ true] generated=false reads=[]`,
		`9 nick text [pg_catalog."C" true] generated=false reads=[]`,
		`10 loose text [app.anycase false] generated=false reads=[]`,
		`11 lower_name text [pg_catalog."default" true] generated=true reads=[3 9]`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	odd, ok := sample(t).Relation(`Odd "Schema"`, "Täble")
	if !ok || len(odd.Columns) != 3 || odd.Columns[0].Name != "Sel ect" || odd.Columns[2].Name != "💥" || odd.Columns[2].Type.Name != `"char"` {
		t.Errorf("odd names: %+v", odd)
	}
	if c, ok := relation(t, "users").ColumnByNum(9); !ok || c.Name != "nick" {
		t.Errorf("attribute 9 is %+v", c)
	}
	if c, ok := relation(t, "users").ColumnByNum(1); ok {
		t.Errorf("dropped column found: %+v", c)
	}
}

func TestKeysAndConstraints(t *testing.T) {
	users := relation(t, "users")
	all := []int16{2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	if !slices.Equal(users.PrimaryKey, []int16{2, 3}) || relation(t, "late").PrimaryKey != nil {
		t.Errorf("primary keys %v and %v (deferrable)", users.PrimaryKey, relation(t, "late").PrimaryKey)
	}
	indexes := map[string][]int16{"users_key": {2, 3}, "users_expr": {2, 5, 7, 9}, "users_whole": all}
	for _, i := range users.Indexes {
		r, _ := sample(t).RelationByOID(i.OID)
		if !slices.Equal(i.Reads, indexes[r.Name]) {
			t.Errorf("index %s reads %v, want %v", r.Name, i.Reads, indexes[r.Name])
		}
		delete(indexes, r.Name)
	}
	if len(indexes) != 0 {
		t.Errorf("indexes missing: %v", indexes)
	}
	var checks [][]int16
	for _, c := range users.Constraints {
		if c.Kind == 'c' {
			checks = append(checks, c.Reads)
		}
	}
	if !reflect.DeepEqual(checks, [][]int16{{7, 9}, all}) {
		t.Errorf("checks read %v", checks)
	}
	foreign := relation(t, "late").Constraints
	at := slices.IndexFunc(foreign, func(c Constraint) bool { return c.Kind == 'f' })
	if at < 0 || foreign[at].Foreign != users.OID || !slices.Equal(foreign[at].Reads, []int16{2, 3}) ||
		!slices.Equal(foreign[at].ForeignColumns, []int16{2, 3}) {
		t.Errorf("foreign key %+v", foreign)
	}
	odd, _ := sample(t).Relation(`Odd "Schema"`, "Täble")
	if len(odd.Constraints) != 1 || !slices.Equal(odd.Constraints[0].Reads, []int16{2}) {
		t.Errorf("exclusion constraint %+v", odd.Constraints)
	}
}

func TestInheritance(t *testing.T) {
	child, father, mother := relation(t, "child"), relation(t, "father"), relation(t, "mother")
	if !slices.Equal(child.Parents, []uint32{father.OID, mother.OID}) || !slices.Equal(father.Children, []uint32{child.OID}) {
		t.Errorf("child %v, father %v", child.Parents, father.Children)
	}
	if !slices.Equal(relation(t, "events").Children, []uint32{relation(t, "events_2024").OID}) {
		t.Errorf("partitions %v", relation(t, "events").Children)
	}
}

func TestViews(t *testing.T) {
	// Before 16 a column is qualified even where there is one table only.
	const plain = " SELECT user_id,\n    upper((username)::text) AS name\n   FROM app.users u;"
	if got := strings.ReplaceAll(relation(t, "plain").View, "u.u", "u"); got != plain {
		t.Errorf("definition %q, want %q", got, plain)
	}
	if !relation(t, "walled").SecurityBarrier || relation(t, "plain").SecurityBarrier {
		t.Error("security_barrier is wrong")
	}
	for _, r := range sample(t).Relations() {
		if (r.View != "") != (r.Kind == 'v' || r.Kind == 'm') {
			t.Errorf("%s.%s of kind %c: definition %q", r.Schema, r.Name, r.Kind, r.View)
		}
	}
	columns, ok := sample(t).Relation("information_schema", "columns")
	if !ok || !columns.System() || len(columns.Columns) != 44 {
		t.Errorf("information_schema.columns: %+v", columns)
	}
}

func TestTypesAndRoutines(t *testing.T) {
	s := sample(t)
	email, _ := s.TypeByName("app", "email")
	text, _ := s.TypeByName("pg_catalog", "varchar")
	row, _ := s.TypeByName("app", "users")
	if email.Kind != 'd' || email.Base != text.OID || row.Relation != relation(t, "users").OID || s.Types[text.Array].Elem != text.OID {
		t.Errorf("types %+v %+v %+v", email, text, row)
	}
	twice := s.Functions("app", "twice")
	if len(twice) != 2 || twice[0].Defaults != 1 || !slices.Equal(twice[0].Args, []uint32{23, 23}) || twice[0].Volatility != 'i' ||
		!slices.Equal(twice[0].Names, []string{"x", "y"}) || !slices.Equal(twice[1].Args, []uint32{25}) || twice[1].Names != nil {
		t.Errorf("twice: %+v %+v", twice[0], twice[1])
	}
	rows := s.Functions("app", "rows")[0]
	if !rows.Set || rows.Variadic != 25 || !slices.Equal(rows.Out, []Field{{"a", 23}, {"column2", 25}}) {
		t.Errorf("rows: %+v", rows)
	}
	if s.Functions("app", "act")[0].Kind != 'p' || s.Functions("app", "total")[0].Kind != 'a' {
		t.Error("kinds of routines are wrong")
	}
	if op := s.Operators("%%%"); len(op) != 1 || op[0].Schema != "app" || op[0].Function != twice[0].OID {
		t.Errorf("operator %%%%%%: %+v", op)
	}
}

func TestSettingsOfRoles(t *testing.T) {
	s := sample(t)
	if s.Database != "facts" || s.ServerVersion < oldestServer {
		t.Errorf("database %q, version %d", s.Database, s.ServerVersion)
	}
	if got := s.SearchPathOf("writer"); got != `"$user", public` {
		t.Errorf("path of writer: %s", got)
	}
	if got := ParsePath(s.SearchPathOf("reader"), "reader"); !slices.Equal(got, []string{"app", `Odd "Schema"`}) {
		t.Errorf("path of reader: %q", got)
	}
	for role, mem := range map[string]string{"": "6MB", "writer": "6MB", "reader": "8MB"} {
		got := s.RoleSettings(role)
		if got["work_mem"] != mem || got["timezone"] != "Asia/Tokyo" {
			t.Errorf("settings of %q: %v", role, got)
		}
	}
}

func TestResolve(t *testing.T) {
	s := sample(t)
	for _, c := range []struct {
		path       []string
		name, want string
	}{
		{[]string{"missing", "app"}, "users", "app"},
		{[]string{"app"}, "pg_class", "pg_catalog"},
		{[]string{"app", "information_schema"}, "columns", "information_schema"},
		{[]string{"public"}, "users", ""},
		{nil, "pg_class", "pg_catalog"},
	} {
		got := ""
		if r, ok := s.Resolve(c.path, c.name); ok {
			got = r.Schema
		}
		if got != c.want {
			t.Errorf("%s along %v: schema %q, want %q", c.name, c.path, got, c.want)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	conn := database(t, "latin", "ENCODING 'LATIN1' LOCALE 'C'", "")
	if _, err := Load(t.Context(), conn); err == nil || !strings.Contains(err.Error(), "LATIN1") {
		t.Errorf("LATIN1: %v", err)
	}
	conn = database(t, "own_path", "", "ALTER ROLE postgres IN DATABASE own_path SET search_path = pg_catalog")
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	conn = must(open(t.Context(), "own_path"))
	defer conn.Close(t.Context())
	if _, err := Load(t.Context(), conn); err == nil || !strings.Contains(err.Error(), "search_path") {
		t.Errorf("login with its own search_path: %v", err)
	}
}

// TestLoadLeavesSession: the caller's session is as it was.
func TestLoadLeavesSession(t *testing.T) {
	conn := database(t, "session", "", "SET search_path = public, pg_catalog; SET TimeZone = 'Asia/Tokyo'")
	if _, err := Load(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	var path, zone string
	err := conn.QueryRow(t.Context(), "SELECT current_setting('search_path'), current_setting('TimeZone')").Scan(&path, &zone)
	if err != nil || path != "public, pg_catalog" || zone != "Asia/Tokyo" {
		t.Errorf("path %q, zone %q, %v", path, zone, err)
	}
}

// TestLoadUnprivileged: cordon's catalog login needs no right on any table.
func TestLoadUnprivileged(t *testing.T) {
	s := sample(t)
	conn := must(pgx.Connect(t.Context(), "user=plain_login sslmode=disable dbname=facts host="+clusterDir))
	defer conn.Close(context.Background())
	got, err := Load(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	mine, yours := must(s.hash()), must(got.hash())
	if mine != yours {
		t.Error("a login without rights reads another catalog than the superuser")
	}
	if _, err := fingerprint(t.Context(), conn); err != nil {
		t.Error(err)
	}
}

// TestLoadTime reports how long a reading takes; the bounds are loose, to catch only what became quadratic.
func TestLoadTime(t *testing.T) {
	const tables = `DO $$ BEGIN FOR i IN 1..500 LOOP
		EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, a text, b text, c numeric, d date CHECK (d > ''2000-01-01''))', i);
		IF i % 500 = 0 THEN COMMIT; END IF; END LOOP; END $$`
	for name, script := range map[string]string{"plain": "", "wide": tables} {
		conn := database(t, name, "", script)
		begin := time.Now()
		s, err := Load(t.Context(), conn)
		if err != nil {
			t.Fatal(err)
		}
		load := time.Since(begin)
		begin = time.Now()
		if _, err := fingerprint(t.Context(), conn); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d relations, load %v, fingerprint %v", name, len(s.Relations()), load, time.Since(begin))
		if load > 20*time.Second {
			t.Errorf("%s: load took %v", name, load)
		}
	}
}

func TestCollations(t *testing.T) {
	s := sample(t)
	if c, ok := s.Collation("pg_catalog", "C"); !ok || !c.Deterministic {
		t.Errorf("C is %+v", c)
	}
	if c, ok := s.Collation("app", "anycase"); !ok || c.Deterministic {
		t.Errorf("anycase is %+v", c)
	}
	for name, want := range map[string]string{"shade": "app.anycase", "_shade": "app.anycase", "email": "", "mood": ""} {
		if typ, ok := s.TypeByName("app", name); !ok || typ.Collation != want {
			t.Errorf("%s is %+v", name, typ)
		}
	}
	if _, ok := s.Collation("public", "C"); ok {
		t.Error("C is found in public")
	}
}
