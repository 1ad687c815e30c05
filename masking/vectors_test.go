package masking

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var writeVectors = flag.Bool("write-vectors", false, "write testdata/vectors anew")

// vectors is a file of testdata/vectors; docs/pseudonyms.md describes it.
type vectors struct {
	Type      string     `json:"type"`
	Master    string     `json:"master"`
	Domain    string     `json:"domain"`
	Key       string     `json:"key"`
	Setting   string     `json:"setting"`
	Cases     []vector   `json:"cases"`
	NotTokens []notToken `json:"not_tokens,omitempty"`
}

// vector is a value, written Repeat times one after the other where that is not 0, and its pseudonym.
type vector struct {
	Value     string `json:"value"`
	Repeat    int    `json:"repeat,omitempty"`
	Pseudonym string `json:"pseudonym"`
}

func (v vector) value() string { return strings.Repeat(v.Value, max(v.Repeat, 1)) }

// notToken is a text that no implementation may decipher.
type notToken struct {
	Why   string `json:"why"`
	Token string `json:"token"`
}

var vectorTypes = map[string]Type{"int4": typeInt4, "int8": typeInt8, "uuid": typeUUID, "text": typeText}

func vectorPath(name string) string { return filepath.Join("testdata", "vectors", name+".json") }

func TestVectors(t *testing.T) {
	for name, typ := range vectorTypes {
		t.Run(name, func(t *testing.T) {
			if *writeVectors {
				write(t, name, typ)
			}
			content, err := os.ReadFile(vectorPath(name))
			if err != nil {
				t.Fatal(err)
			}
			var file vectors
			if err := json.Unmarshal(content, &file); err != nil {
				t.Fatal(err)
			}
			if len(file.Cases) < 20 {
				t.Fatalf("only %d cases", len(file.Cases))
			}
			checkVectors(t, file, typ)
		})
	}
}

func checkVectors(t *testing.T, file vectors, typ Type) {
	t.Helper()
	master, err := hex.DecodeString(file.Master)
	if err != nil {
		t.Fatal(err)
	}
	key, err := DeriveKey(master, file.Domain)
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(key.bytes[:]); got != file.Key {
		t.Fatalf("the key is %s, the file has %s", got, file.Key)
	}
	if key.SettingValue() != file.Setting {
		t.Fatalf("the setting is %s, the file has %s", key.SettingValue(), file.Setting)
	}
	p, err := NewPseudonym(key, typ)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range file.Cases {
		got, err := p.Encrypt(nil, []byte(c.value()))
		if err != nil || string(got) != c.Pseudonym {
			t.Errorf("%q: pseudonym %.80s, %v; the file has %.80s", c.Value, got, err, c.Pseudonym)
		}
		back, err := p.Decrypt(nil, []byte(c.Pseudonym))
		if strings.HasPrefix(c.Pseudonym, longPrefix) {
			if !errors.Is(err, ErrDigest) {
				t.Errorf("%s: %v, want ErrDigest", c.Pseudonym, err)
			}
		} else if err != nil || string(back) != c.value() {
			t.Errorf("%.80s: deciphered to %.80q, %v", c.Pseudonym, back, err)
		}
	}
	for _, c := range file.NotTokens {
		if text, err := p.Decrypt(nil, []byte(c.Token)); !errors.Is(err, ErrToken) || len(text) > 0 {
			t.Errorf("%s: %q, %v; want ErrToken and nothing released", c.Why, text, err)
		}
	}
}

// write makes a file of vectors from the code as it is.
func write(t *testing.T, name string, typ Type) {
	t.Helper()
	key := testKey(t, "user")
	file := vectors{
		Type: name, Domain: "user", Key: hex.EncodeToString(key.bytes[:]), Setting: key.SettingValue(),
		Master: "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	}
	p := newPseudonym(t, typ)
	add := func(value string, repeat int) string {
		c := vector{Value: value, Repeat: repeat}
		token, err := p.Encrypt(nil, []byte(c.value()))
		if err != nil {
			t.Fatal(err)
		}
		c.Pseudonym = string(token)
		file.Cases = append(file.Cases, c)
		return c.Pseudonym
	}
	if typ.OID == oidText {
		for _, n := range []int{15, 16, 31, 32, 47, 48, 63, 64, 1000} {
			add("x", n)
		}
		add("a", MaxText+1)
		for _, value := range []string{"", " ", "a", "alice.wonder", "Alice", "px", `a\b'c"d%_`, "\u0001", "é", "e\u0301", "日本語", "🦊", "line\nbreak"} {
			add(value, 0)
		}
		file.NotTokens = notTokens(&p.key, add("alice", 0))
	} else {
		for _, value := range samples(typ, 40) {
			add(value, 0)
		}
	}
	content, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(vectorPath(name)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(vectorPath(name), append(content, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// notTokens lists one text a failure class; token is that of "alice".
func notTokens(key *Key, token string) []notToken {
	flip := func(at int) string {
		changed := []byte(token)
		changed[at] ^= 1 // 0 and 1, 2 and 3, ... a and `, so that it stays hex or stops being it
		return string(changed)
	}
	// sealed is a token whose SIV is right for a text, around a padding of one's choice.
	sealed := func(text, padded string) string {
		siv := key.siv([]byte(text))
		body := []byte(padded)
		key.xorStream(siv, body)
		return tokenPrefix + hex.EncodeToString(append(siv[:], body...))
	}
	return []notToken{
		{"empty", ""},
		{"a raw value", "alice"},
		{"the prefix alone", tokenPrefix},
		{"no prefix", token[2:]},
		{"another prefix", "py" + token[2:]},
		{"upper case", strings.ToUpper(token)},
		{"upper-case digits", tokenPrefix + strings.ToUpper(token[2:])},
		{"not hex", token[:10] + "g" + token[11:]},
		{"a changed SIV", flip(3)},
		{"a changed text", flip(40)},
		{"a digit short", token[:len(token)-1]},
		{"a byte short", token[:len(token)-2]},
		{"a block short", token[:len(token)-32]},
		{"a byte more", token + "00"},
		{"a block more", token + strings.Repeat("00", 16)},
		{"white space", token + "\n"},
		{"a padding without end", sealed("", strings.Repeat("\x00", 16))},
		{"a padding of two blocks", sealed("a", "a\x80"+strings.Repeat("\x00", 30))},
		{"no padding", sealed("abcdefghijklmnop", "abcdefghijklmnop")},
		{"a digest's prefix with a wrong length", longPrefix + "00"},
	}
}

// TestVectorsElsewhere runs the second implementation, which is written from docs/pseudonyms.md with nothing of this package.
func TestVectorsElsewhere(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Fatal("python3 is needed for the independent check of the vectors: ", err)
	}
	output, err := exec.CommandContext(t.Context(), python, filepath.Join("testdata", "check_vectors.py"), filepath.Join("testdata", "vectors")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	if !strings.Contains(string(output), "4 files") {
		t.Errorf("unexpected output: %s", output)
	}
}
