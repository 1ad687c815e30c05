package queries

import (
	"reflect"
	"testing"
	"testing/fstest"
)

// TestCorpus: the corpus loads, is as large as promised, and few of its queries are refused by design.
func TestCorpus(t *testing.T) {
	all, err := Load(Files)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 220 {
		t.Errorf("only %d queries", len(all))
	}
	names := map[string]bool{}
	refused := 0
	for _, q := range all {
		names[q.Name] = true
		if q.Refused != "" {
			refused++
		}
	}
	if len(names) != len(all) {
		t.Errorf("%d names for %d queries", len(names), len(all))
	}
	if refused*50 > len(all) {
		t.Errorf("%d of %d queries are refused: more than 2%%", refused, len(all))
	}
}

// TestQuery: a query becomes what its directives say.
func TestQuery(t *testing.T) {
	text := "-- about the file\n\n-- name: one two\n-- order: total\n-- params: DE | \\N |  | 5\n-- refused: no\n\n-- of a tool\n" +
		"SELECT $1,\n\n  $2, $3 -- name: here\n, $4\n\n-- name: b\nSELECT '$2 a'\n"
	all, err := Load(fstest.MapFS{"x.txt": {Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	want := []Query{
		{File: "x.txt", Line: 3, Name: "one two", SQL: "-- of a tool\nSELECT $1,\n\n  $2, $3 -- name: here\n, $4",
			Params: []string{"DE", Null, "", "5"}, Ordered: true, Refused: "no"},
		{File: "x.txt", Line: 14, Name: "b", SQL: "SELECT '$2 a'"},
	}
	if !reflect.DeepEqual(all, want) {
		t.Errorf("read %+v\nwanted %+v", all, want)
	}
}

// TestStrict: what the format does not know is an error with its line.
func TestStrict(t *testing.T) {
	for text, want := range map[string]string{
		"":                                                 "x.txt: no query",
		"-- about":                                         "x.txt: no query",
		"SELECT 1":                                         `x.txt:1: "SELECT 1" stands before the first name`,
		"-- order: total\n-- name: a\nSELECT 1":            `x.txt:1: "-- order: total" stands before the first name`,
		"-- name:\nSELECT 1":                               "x.txt:1: a query without a name",
		"-- name: a\n\n-- name: b\nSELECT 1":               `x.txt:1: "a" has no SQL`,
		"-- name: a\n":                                     `x.txt:1: "a" has no SQL`,
		"-- name: a\n-- ordr: total\nSELECT 1":             `x.txt:2: unknown directive "ordr"`,
		"-- name: a\n--order: by name\nSELECT 1":           `x.txt:2: order is "by name"; it can only be total`,
		"-- name: a\n-- order:\nSELECT 1":                  `x.txt:2: order is ""; it can only be total`,
		"-- name: a\n-- params:\nSELECT $1":                "x.txt:2: params without a value",
		"-- name: a\n-- refused:\nSELECT 1":                "x.txt:2: refused without a reason",
		"-- name: a\nSELECT 1\n-- order: total":            `x.txt:3: the directive "order" stands inside the SQL`,
		"-- name: a\n-- params: 1\n-- params: 2\nSELECT 1": `x.txt:3: "params" stands twice`,
		"-- name: a\nSELECT $1":                            `x.txt:1: "a" uses $1 and has no params`,
		"-- name: a\n-- params: 1 | 2\nSELECT $1, $21":     `x.txt:1: "a" never uses $2`,
		"-- name: a\nSELECT 1\n-- name: a\nSELECT 2":       `x.txt:3: the name "a" stands at x.txt:1 already`,
	} {
		_, err := Load(fstest.MapFS{"x.txt": {Data: []byte(text)}})
		if err == nil || err.Error() != want {
			t.Errorf("%q: error %v, wanted %s", text, err, want)
		}
	}
}
