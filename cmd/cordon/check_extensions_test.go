package main

import (
	"strings"
	"testing"
)

const listedExtensions = checkHead + `[database.app]
functions = ["pg_trgm.*", "dblink.*", "shop.*", "absent.*", "public.f"]
`

// TestCheckWarns: an extension that runs any SQL is admitted, and said to.
func TestCheckWarns(t *testing.T) {
	out, _, err := check(t, listedExtensions)
	if err != nil || strings.Count(out, "WARNING") != 1 || !strings.Contains(out, `WARNING: database.app.functions: "dblink.*": its functions run any SQL`) {
		t.Errorf("%v, %q", err, out)
	}
}

// TestCheckExtensions asks a server what a listed name means.
func TestCheckExtensions(t *testing.T) {
	out := checkConnected(t, `CREATE SCHEMA shop; CREATE FUNCTION shop.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE SCHEMA trgm; CREATE EXTENSION pg_trgm SCHEMA trgm; CREATE SCHEMA dblink; CREATE EXTENSION dblink SCHEMA dblink;
CREATE FUNCTION dblink.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'`, listedExtensions)
	for _, want := range []string{
		`"dblink.*": the schema of that name has functions that do not belong`, `"shop.*": there is a schema of that name, but no extension`, `"absent.*": the extension is not installed`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("nothing says %q in\n%s", want, out)
		}
	}
	if strings.Contains(out, "pg_trgm") {
		t.Errorf("what is well is complained of:\n%s", out)
	}
}
