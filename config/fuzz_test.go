package config

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzParse: any text is an error or a valid configuration; every key of a text that decodes has a position, and
// in no valid configuration does a passthrough zone take everybody.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/good/*.toml", "testdata/bad/*.toml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatalf("no files %s: %v", pattern, err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(data))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		scanPositions(text)
		cfg, err := Parse("fuzz.toml", []byte(text))
		if (cfg == nil) == (err == nil) {
			t.Fatalf("Parse returned %v, %v", cfg, err)
		}
		if _, err := decode([]byte(text)); err == nil {
			if missing := unplaced(t, text); len(missing) > 0 {
				t.Fatalf("no position for %q", missing)
			}
		}
		if cfg == nil {
			return
		}
		for _, zone := range cfg.Zones {
			if zone.Access == AccessPassthrough && zone.everybody() {
				t.Fatalf("zone %q passes everybody", zone.Name)
			}
		}
	})
}
