package masking

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/cordon-db/cordon/internal/pgcluster"
)

// connect opens a session with a search_path and a key as masked sessions have them.
func connect(t testing.TB, settings map[string]string) *pgx.Conn {
	t.Helper()
	config, err := pgx.ParseConfig(server.DSN("postgres", pgcluster.Superuser, pgcluster.Password))
	if err != nil {
		t.Fatal(err)
	}
	config.RuntimeParams["search_path"] = "pg_catalog, pg_temp"
	config.RuntimeParams[Setting("user")] = testKey(t, "user").SettingValue()
	for name, value := range settings {
		config.RuntimeParams[name] = value
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec // the tables change under the same text
	conn, err := pgx.ConnectConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// hostile is what a masked session may set; no result may depend on it.
var hostile = map[string]string{
	"TimeZone": "Asia/Tokyo", "DateStyle": "SQL, DMY", "IntervalStyle": "sql_standard",
	"bytea_output": "escape", "extra_float_digits": "-15",
}

// sampleTable fills a temporary table with values of a type, as column x.
func sampleTable(t testing.TB, conn *pgx.Conn, typ Type, values []string) {
	t.Helper()
	for _, sql := range []string{
		"DROP TABLE IF EXISTS pg_temp.sample",
		"CREATE TEMP TABLE sample (n int8, x " + typ.Name + ")",
	} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	// The settings under which values are read are the plain ones; only the expression meets the session's.
	insert := "INSERT INTO pg_temp.sample SELECT o, v::" + typ.Name + " FROM unnest($1::text[]) WITH ORDINALITY u(v, o)"
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "SET LOCAL DateStyle = 'ISO, YMD'"); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), insert, values); err != nil {
		t.Fatalf("%s: %v", insert, err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// query returns the first column of a query's rows as the server writes them.
func query(t testing.TB, conn *pgx.Conn, sql string) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql, pgx.QueryResultFormats{pgx.TextFormatCode})
	if err != nil {
		t.Fatalf("%.2000s: %v", sql, err)
	}
	defer rows.Close()
	var results []string
	for rows.Next() {
		results = append(results, string(rows.RawValues()[0]))
	}
	if rows.Err() != nil {
		t.Fatalf("%.2000s: %v", sql, rows.Err())
	}
	return results
}

// evaluate applies an expression over column r.x to values of a type and returns the results as the server writes them.
func evaluate(t testing.TB, conn *pgx.Conn, typ Type, expression string, values []string) []string {
	t.Helper()
	sampleTable(t, conn, typ, values)
	return query(t, conn, "SELECT "+expression+" FROM pg_temp.sample r ORDER BY n")
}

// evaluateUnder computes the expression under the session's settings, and writes the results under plain ones.
func evaluateUnder(t testing.TB, conn *pgx.Conn, typ Type, expression string, values []string) []string {
	t.Helper()
	sampleTable(t, conn, typ, values)
	if _, err := conn.Exec(t.Context(), "CREATE TEMP TABLE result AS SELECT n, "+expression+" AS y FROM pg_temp.sample r"); err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"DateStyle": "ISO", "TimeZone": "UTC", "bytea_output": "hex", "extra_float_digits": "1"} {
		if _, err := tx.Exec(t.Context(), "SET LOCAL "+name+" = '"+value+"'"); err != nil {
			t.Fatal(err)
		}
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	results := query(t, conn, "SELECT y FROM pg_temp.result ORDER BY n")
	if _, err := tx.Exec(t.Context(), "DROP TABLE pg_temp.result"); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	return results
}

// checkMaskShape requires the column's own type, modifier and collation of a mask, and NULL for NULL.
func checkMaskShape(t testing.TB, conn *pgx.Conn, typ Type, expression string) {
	t.Helper()
	sampleTable(t, conn, typ, nil)
	for _, sql := range []string{
		"INSERT INTO pg_temp.sample VALUES (1, NULL)",
		"CREATE TEMP TABLE shape AS SELECT " + expression + " AS y FROM pg_temp.sample r",
	} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	described := query(t, conn, `SELECT format_type(atttypid, atttypmod) || ' ' || attcollation::oid FROM pg_attribute WHERE attrelid = 'pg_temp.shape'::regclass AND attname = 'y'`)
	want := query(t, conn, "SELECT '"+typ.Name+" ' || "+collationOID(typ))
	if described[0] != want[0] {
		t.Errorf("the mask has type and collation %s, the column %s", described[0], want[0])
	}
	if null := query(t, conn, "SELECT y IS NULL FROM pg_temp.shape"); null[0] != "t" {
		t.Error("NULL does not stay NULL")
	}
	if _, err := conn.Exec(t.Context(), "DROP TABLE pg_temp.shape"); err != nil {
		t.Fatal(err)
	}
}

func collationOID(typ Type) string {
	if typ.Collation == "" {
		return "'0'"
	}
	return "'" + typ.Collation + "'::regcollation::oid"
}
