package config

import (
	"fmt"
	"strings"
	"testing"
)

// TestPositions: the line of every key, through all the ways in which TOML can write one.
func TestPositions(t *testing.T) {
	text := strings.Join([]string{
		`top = 1 # [not.a.header]`,             // 1
		`a . b."c.d".'e' = { x = 1, y.z = [ 1`, // 2
		`  , {k = "]"} ] }`,                    // 3
		`s = """ [[zone]]`,                     // 4
		`name = 1 \""" """""`,                  // 5
		`l = '''`,                              // 6
		`z = '' '''`,                           // 7
		`[[zone]]`,                             // 8
		`name = "a"`,                           // 9
		`[zone.match]`,                         // 10
		`users = [ "#", # comment ]`,           // 11
		`  'it' ]`,                             // 12
		`[[zone.rule]]`,                        // 13
		`n = 1`,                                // 14
		`[[zone]]`,                             // 15
		`"n\u0061me" = "b\""`,                  // 16
		`[[zone.rule]]`,                        // 17
		`n = 1979-05-27 07:32:00Z`,             // 18
		`[[zone.rule]]`,                        // 19
		`n = 2`,                                // 20
	}, "\r\n")
	got := scanPositions(text)
	for path, line := range map[string]int{
		`top`: 1, `a.b."c.d".e`: 2, `a.b."c.d".e.x`: 2, `a.b."c.d".e.y.z`: 2, `a.b."c.d".e.y.z[1]`: 3, `a.b."c.d".e.y.z[1].k`: 3,
		`s`: 4, `l`: 6, `zone`: 8, `zone[0]`: 8, `zone[0].name`: 9, `zone[0].match`: 10, `zone[0].match.users`: 11,
		`zone[0].match.users[0]`: 11, `zone[0].match.users[1]`: 12, `zone[0].rule[0].n`: 14,
		`zone[1]`: 15, `zone[1].name`: 16, `zone[1].rule[0].n`: 18, `zone[1].rule[1].n`: 20,
	} {
		if got[path] != line {
			t.Errorf("%s: line %d, wanted %d", path, got[path], line)
		}
	}
	if got["name"] != 0 || got["z"] != 0 || got["zone[2]"] != 0 || got["not.a.header"] != 0 {
		t.Error("a string or a comment was read as a key")
	}
	if missing := unplaced(t, text); len(missing) > 0 {
		t.Errorf("no position for %v", missing)
	}
}

// unplaced lists the paths of a decoded text that have no position.
func unplaced(t testing.TB, text string) []string {
	values, err := decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	index := scanPositions(text)
	var missing []string
	eachPath("", values, func(path string) {
		if index[path] == 0 {
			missing = append(missing, path)
		}
	})
	return missing
}

func eachPath(path string, v any, visit func(string)) {
	switch v := v.(type) {
	case map[string]any:
		for key, item := range v {
			visit(keyPath(path, key))
			eachPath(keyPath(path, key), item, visit)
		}
	case []map[string]any:
		for i, item := range v {
			visit(elementPath(path, i))
			eachPath(elementPath(path, i), item, visit)
		}
	case []any:
		for i, item := range v {
			visit(elementPath(path, i))
			eachPath(elementPath(path, i), item, visit)
		}
	}
}

func TestSplitName(t *testing.T) {
	for name, want := range map[string]string{
		`public.users`:                 `["public" "users"]`,
		`"a.b"."c""d"`:                 `["a.b" "c\"d"]`,
		`public.größe_1$`:              `["public" "größe_1$"]`,
		`public`:                       "",
		`public.`:                      "",
		`.a`:                           "",
		`a."".b`:                       "",
		`public.1a`:                    "",
		`public."a"b`:                  "",
		`public.a"b"`:                  "",
		`public.a b`:                   "",
		`a.b.c`:                        "",
		strings.Repeat("x", 64) + ".a": "",
	} {
		got, err := splitName(name, 2)
		if rendered := fmt.Sprintf("%q", got); err == nil && rendered != want || err != nil && want != "" {
			t.Errorf("splitName(%q) = %s, %v; wanted %s", name, rendered, err, want)
		}
	}
}
