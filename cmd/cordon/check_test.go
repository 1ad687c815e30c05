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

// TestCheckWarns: a domain with the default order is valid, and named with its line.
func TestCheckWarns(t *testing.T) {
	out, warned, err := check(t, "[upstream]\nhosts = [\"db:5432\"]\n[keys]\nmaster = { env = \"K\" }\n[domain.user]\n")
	if err != nil || !strings.Contains(out, "is valid") {
		t.Fatalf("%v, %q", err, out)
	}
	if !strings.Contains(warned, "cordon.toml:5: domain.user.order: ") {
		t.Errorf("warned %q", warned)
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
