package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// check runs `cordon check` on a file of this text.
func check(t *testing.T, text string) (stdout, stderr string, err error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "cordon.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, complaints bytes.Buffer
	cmd := root()
	cmd.SetArgs([]string{"check", "-c", file})
	cmd.SetOut(&out)
	cmd.SetErr(&complaints)
	err = cmd.Execute()
	return out.String(), complaints.String(), err
}

// TestCheckPasses: a valid file is said to be so.
func TestCheckPasses(t *testing.T) {
	out, complaints, err := check(t, "[upstream]\nhosts = [\"db:5432\"]\n[keys]\nmaster = { env = \"K\" }\n[domain.user]\n")
	if err != nil || complaints != "" || !strings.Contains(out, "is valid: 0 zones, 0 databases, 0 grants") {
		t.Errorf("%v, %q, %q", err, out, complaints)
	}
}

// TestCheckFails: every mistake is named with file, line and key.
func TestCheckFails(t *testing.T) {
	_, _, err := check(t, "[upstream]\nhosts = [\"db:5432\"]\ntarget = \"primary\"\n[[zone]]\nnamed = \"eu\"\n")
	if err == nil {
		t.Fatal("valid")
	}
	for _, want := range []string{"cordon.toml:3: upstream.target: ", "cordon.toml:5: zone[0].named: unknown key", "cordon.toml:4: zone[0].name: is missing"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}
