package masking

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
)

// connect opens a session with a search_path and a key as masked sessions have them.
func connect(t testing.TB, settings map[string]string) *pgx.Conn {
	t.Helper()
	config, err := pgx.ParseConfig(os.Getenv("MASKPG"))
	if err != nil {
		t.Fatal(err)
	}
	config.RuntimeParams["search_path"] = "pg_catalog, pg_temp"
	config.RuntimeParams[Setting("user")] = testKey(t, "user").SettingValue()
	for name, value := range settings {
		config.RuntimeParams[name] = value
	}
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

// evaluate applies an expression over column r.x to values of a type and returns the results as the server writes them.
func evaluate(t testing.TB, conn *pgx.Conn, typ Type, expression string, values []string) []string {
	t.Helper()
	ctx := context.Background()
	run := func(sql string, args ...any) {
		t.Helper()
		if _, err := conn.Exec(ctx, sql, args...); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	run("DROP TABLE IF EXISTS pg_temp.sample")
	run("CREATE TEMP TABLE sample (n int8, x " + typ.Name + ")")
	run("INSERT INTO pg_temp.sample SELECT o, v::"+typ.Name+" FROM unnest($1::text[]) WITH ORDINALITY u(v, o)", values)
	rows, err := conn.Query(ctx, "SELECT "+expression+" FROM pg_temp.sample r ORDER BY n", pgx.QueryResultFormats{pgx.TextFormatCode})
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	defer rows.Close()
	results := make([]string, 0, len(values))
	for rows.Next() {
		results = append(results, string(rows.RawValues()[0]))
	}
	if rows.Err() != nil {
		t.Fatalf("%s: %v", expression, rows.Err())
	}
	return results
}
