package masking

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMasterKeySources(t *testing.T) {
	raw := []byte("\x00\x01 a raw key of 32 bytes, or so\n")
	if len(raw) != keySize {
		t.Fatal(len(raw))
	}
	forms := map[string]string{
		"raw": string(raw), "hex": hex.EncodeToString(raw) + "\n", "base64": base64.StdEncoding.EncodeToString(raw) + "\r\n",
		"unpadded": "  " + base64.RawURLEncoding.EncodeToString(raw),
	}
	for name, form := range forms {
		file := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(file, []byte(form), 0o600); err != nil {
			t.Fatal(err)
		}
		sources := []KeySource{{File: file}, {Command: []string{"cat", file}}}
		if name != "raw" { // an environment variable holds no zero byte
			t.Setenv("CORDON_TEST_KEY", form)
			sources = append(sources, KeySource{Env: "CORDON_TEST_KEY"})
		}
		for _, source := range sources {
			if key, err := source.Load(t.Context()); err != nil || string(key) != string(raw) {
				t.Errorf("%s from %+v: %x, %v", name, source, key, err)
			}
		}
	}
}

func TestMasterKeyRefused(t *testing.T) {
	directory := t.TempDir()
	file := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(directory, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := strings.Repeat("ab", keySize)
	for _, c := range []struct {
		source KeySource
		cause  string
	}{
		{KeySource{}, "exactly one"},
		{KeySource{File: "a", Env: "b"}, "exactly one"},
		{KeySource{Command: []string{""}}, "empty"},
		{KeySource{File: filepath.Join(directory, "none")}, "no such file"},
		{KeySource{File: directory}, "not a regular file"},
		{KeySource{File: file("group", good, 0o640)}, "chmod 600"},
		{KeySource{File: file("others", good, 0o604)}, "chmod 600"},
		{KeySource{File: file("short", good[2:], 0o600)}, "is not 32 bytes"},
		{KeySource{File: file("long", good+"ab", 0o600)}, "is not 32 bytes"},
		{KeySource{File: file("empty", "", 0o600)}, "is not 32 bytes"},
		{KeySource{Env: "CORDON_TEST_NOT_SET"}, "not set"},
		{KeySource{Command: []string{"false"}}, "exit status 1"},
		{KeySource{Command: []string{"cat " + file("shell", good, 0o600)}}, "executable file not found"},
	} {
		_, err := c.source.Load(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.cause) && !strings.Contains(err.Error(), "no such file") {
			t.Errorf("%+v: %v, want %q", c.source, err, c.cause)
		} else if strings.Contains(err.Error(), "abab") {
			t.Errorf("the error holds the key: %v", err)
		}
	}
}

func TestDeriveKey(t *testing.T) {
	if _, err := DeriveKey(make([]byte, keySize-1), "user"); err == nil {
		t.Error("a short master key is accepted")
	}
	for _, domain := range []string{"", "User", "1a", "a-b", "a.b", "a'", strings.Repeat("a", 32)} {
		if _, err := DeriveKey(make([]byte, keySize), domain); err == nil {
			t.Errorf("domain %q is accepted", domain)
		}
	}
	if Setting("user") != "cordon_key.user" {
		t.Error(Setting("user"))
	}
}

func TestKeyDoesNotPrintItself(t *testing.T) {
	key := testKey(t, "user")
	secret := hex.EncodeToString(key.bytes[:4])
	encoded, err := json.Marshal(map[string]any{"key": key, "pointer": &key})
	if err != nil {
		t.Fatal(err)
	}
	text := string(encoded)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "%d", "%q"} {
		text += fmt.Sprintf(verb+verb, key, &key) + fmt.Sprintf(verb, struct{ K Key }{key})
	}
	if strings.Contains(strings.ToLower(text), secret) || strings.Contains(text, fmt.Sprint(key.bytes[0], key.bytes[1])) {
		t.Errorf("the key is in %s", text)
	}
	if !strings.Contains(text, "redacted") {
		t.Error(text)
	}
}
