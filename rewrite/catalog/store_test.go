package catalog

import (
	"bytes"
	"compress/gzip"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"
)

// dump writes the snapshot of testdata/schema.sql to a file: go test ./rewrite/catalog -run TestDump -args -dump file.
// dumpSchema takes another script instead, run in a fresh database.
var (
	dump       = flag.String("dump", "", "write the snapshot to this file")
	dumpSchema = flag.String("dump-schema", "", "the SQL script of the schema to dump, instead of testdata/schema.sql")
)

func TestStore(t *testing.T) {
	s := sample(t)
	var first, second bytes.Buffer
	if err := s.Write(&first); err != nil {
		t.Fatal(err)
	}
	size := first.Len()
	packed := bytes.Clone(first.Bytes())
	got, err := Read(&first)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, s) {
		t.Error("the snapshot that was read differs from the one that was written")
	}
	if err := got.Write(&second); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(packed, second.Bytes()) {
		t.Error("equal snapshots give different bytes")
	}
	if size > 400_000 {
		t.Errorf("%d bytes stored", size)
	}
	t.Logf("%d bytes", size)
}

// TestDump writes a snapshot for golden tests when it is asked to.
func TestDump(t *testing.T) {
	if *dump == "" {
		return
	}
	s := sample(t)
	if *dumpSchema != "" {
		script, err := os.ReadFile(*dumpSchema)
		if err != nil {
			t.Fatal(err)
		}
		if s, err = Load(t.Context(), database(t, "app", "", string(script))); err != nil {
			t.Fatal(err)
		}
	}
	var file bytes.Buffer
	if err := s.Write(&file); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(*dump, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestReadRefuses(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"format":  {`{"Format": 99}`, "format 99"},
		"unknown": {`{"Format": 1, "Secret": true}`, "Secret"},
		"json":    {`{"Format"`, "unexpected EOF"},
	} {
		var b bytes.Buffer
		zip := gzip.NewWriter(&b)
		if _, err := zip.Write([]byte(c.text)); err != nil {
			t.Fatal(err)
		}
		if err := zip.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(&b); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Read(strings.NewReader("plain text")); err == nil {
		t.Error("a file that is not packed was read")
	}
}
