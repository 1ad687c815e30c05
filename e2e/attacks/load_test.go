package attacks

import (
	"strings"
	"testing"
	"testing/fstest"
)

// TestCorpus: the corpus loads, is as large as promised, and every transcript has a name of its own.
func TestCorpus(t *testing.T) {
	all, err := Load(Files)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 170 {
		t.Errorf("only %d transcripts", len(all))
	}
	seen := map[string]bool{}
	classes := map[string]int{}
	for _, a := range all {
		if key := a.Class + "/" + a.Name; seen[key] {
			t.Errorf("%s:%d: the name %q is used twice", a.File, a.Line, a.Name)
		} else {
			seen[key] = true
		}
		classes[a.Class]++
	}
	for class, n := range classes {
		if n < 5 {
			t.Errorf("class %s has only %d transcripts", class, n)
		}
	}
	t.Logf("%d transcripts in %d classes", len(all), len(classes))
}

// TestStrict: what the format does not know is an error with its line.
func TestStrict(t *testing.T) {
	for text, want := range map[string]string{
		"simple SELECT 1\n=> any":                              "x.txt:1: a directive before the first name",
		"-- name: a\nsmple SELECT 1\n=> any":                   `x.txt:2: unknown directive "smple"`,
		"-- name: a\n-- nam: b":                                `x.txt:2: unknown directive "--"`,
		"-- name: a\nsimple SELECT 1\n=> refuzed":              `x.txt:3: unknown answer "refuzed"`,
		"-- name: a\nsimple SELECT 1\n=> error":                "x.txt:3: error needs a SQLSTATE",
		"-- name: a\nsimple SELECT 1\n=> any 42501":            "x.txt:3: any takes no SQLSTATE",
		"-- name: a\nsimple SELECT 1\nsimple SELECT 2\n=> any": "x.txt:3: the step before has no =>",
		"-- name: a\nsimple SELECT 1":                          `x.txt: "a" has no step, or its last step no =>`,
		"-- name: a\n\n-- name: b\nsimple SELECT 1\n=> any":    `x.txt:3: "a" has no step, or its last step no =>`,
		"-- name: a\n=> any":                                   "x.txt:2: => without a step",
		"-- name: a\nsimple SELECT 1\nbind 1\n=> any":          "x.txt:3: bind belongs to an extended step",
		"-- name: a\nsimple SELECT 1\ntypes 26\n=> any":        "x.txt:3: types belongs to an extended step",
		"-- name: a\nextended SELECT $1\ntypes oid\n=> any":    `x.txt:3: types: strconv.ParseUint: parsing "oid": invalid syntax`,
		"-- name: a\ncall lo_import x\n=> any":                 "x.txt:2: call needs OID and ARGUMENT",
		"-- name: a\nsimple SELECT 1\n=> any\nstartup a=b":     "x.txt:4: startup needs KEY=VALUE and stands before the first step",
		"# nothing": "x.txt: no transcript",
		"-- name: a\nsimple SELECT 1\n  , 2\n=> error 42703\nother x": `x.txt:5: unknown directive "other"`,
	} {
		_, err := Load(fstest.MapFS{"x.txt": {Data: []byte(text)}})
		if err == nil || err.Error() != want {
			t.Errorf("%q: error %v, wanted %s", text, err, want)
		}
	}
}

// TestSteps: a transcript becomes the steps that it says.
func TestSteps(t *testing.T) {
	text := "-- name: a\nstartup options=-c a=b\nextended SELECT $1,\n  $2\nbind x y\nbind \\N\n=> error 42703\ncall 764 /etc/x\n=> refused\n"
	all, err := Load(fstest.MapFS{"01-x.txt": {Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	a := all[0]
	if a.Class != "01-x" || a.Startup[0] != [2]string{"options", "-c a=b"} || len(a.Steps) != 2 {
		t.Fatalf("read %+v", a)
	}
	query, call := a.Steps[0], a.Steps[1]
	if query.SQL != "SELECT $1,\n  $2" || *query.Binds[0] != "x y" || query.Binds[1] != nil || query.Want != (Want{Error, "42703"}) {
		t.Errorf("query %+v", query)
	}
	if call.Function != 764 || *call.Binds[0] != "/etc/x" || call.Want.Outcome != Refused {
		t.Errorf("call %+v", call)
	}
}

// TestMarker: the schema hides only what bears the marker, so that a stream can be searched for it.
func TestMarker(t *testing.T) {
	schema, err := Files.ReadFile("schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(schema), "zz"); n < 10 {
		t.Errorf("only %d marked texts in schema.sql", n)
	}
}
