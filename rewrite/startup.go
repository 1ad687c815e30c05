package rewrite

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/cordon-db/cordon/masking"
	"github.com/cordon-db/cordon/rewrite/builtin"
)

// admitStartup judges the client's startup parameters and the pairs of its `options`; custom gives the server's name of a custom setting.
func admitStartup(startup map[string]string, custom func(name string) (server string, ok bool)) (admitted map[string]string, path *string, err error) {
	given := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(startup)) {
		switch name {
		case "user", "database", "options", "replication":
		default:
			given[strings.ToLower(name)] = startup[name]
		}
	}
	if r := startup["replication"]; r != "" && r != "false" && r != "off" && r != "no" && r != "0" {
		return nil, nil, refused("forbidden-replication", "cordon: replication is not admitted in a masked session", "Connect without replication.")
	}
	options, err := parseOptions(startup["options"])
	if err != nil {
		return nil, nil, err
	}
	maps.Copy(given, options)
	admitted = map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		value := given[name]
		switch {
		case name == "search_path":
			path = &value
			continue
		case strings.HasPrefix(name, "_pq_."), strings.HasPrefix(name, "cordon."), strings.HasPrefix(name, "cordon_key."), name == "default_transaction_read_only":
			continue
		}
		if server, ok := custom(name); ok && utf8.ValidString(value) { // the server does not check the encoding
			admitted[server] = value
			continue
		}
		canonical, set, err := admitSetting(name, value, nil)
		if err != nil {
			return nil, nil, err
		}
		if set {
			admitted[name] = canonical
		}
	}
	return admitted, path, nil
}

// parseOptions reads the startup parameter `options` as the server does: -c name=value and --name=value, backslash escapes.
func parseOptions(options string) (map[string]string, error) {
	words := splitOptions(options)
	values := map[string]string{}
	for i := 0; i < len(words); i++ {
		w := words[i]
		switch {
		case w == "-c" && i+1 < len(words):
			i++
			w = words[i]
		case strings.HasPrefix(w, "-c"), strings.HasPrefix(w, "--"):
			w = w[2:]
		default:
			return nil, badOption()
		}
		name, value, ok := strings.Cut(w, "=")
		if !ok {
			return nil, badOption()
		}
		values[strings.ToLower(strings.ReplaceAll(name, "-", "_"))] = value
	}
	return values, nil
}

func badOption() *Error {
	return refused("forbidden-option", "cordon: options may only hold -c name=value and --name=value", "Leave out other command-line options.")
}

func splitOptions(options string) []string {
	var words []string
	var w strings.Builder
	in := false
	for i := 0; i < len(options); i++ {
		c := options[i]
		switch {
		case strings.IndexByte(" \t\n\r\f\v", c) >= 0:
			if in {
				words, in = append(words, w.String()), false
				w.Reset()
			}
			continue
		case c == '\\' && i+1 < len(options):
			i++
			c = options[i]
		}
		w.WriteByte(c)
		in = true
	}
	if in {
		words = append(words, w.String())
	}
	return words
}

// StartupParameters are what to send upstream instead of the client's: pins, its admitted settings, and keys.
func (s *Session) StartupParameters() map[string]string {
	params := map[string]string{"user": s.params.User, "database": s.params.Database}
	maps.Copy(params, builtin.Pinned())
	maps.Copy(params, s.admitted)
	for domain, key := range s.keys {
		params[masking.Setting(domain)] = key.SettingValue()
	}
	return params
}

// Verify gives a query for right after login, and the check of its one row of texts: the settings took effect. It learns the values of the fixed ones.
func (s *Session) Verify() (string, func(values []string) error) {
	want := builtin.Pinned()
	for name := range want {
		if value, ok := s.admitted[name]; ok {
			want[name] = value
		}
	}
	for domain, key := range s.keys {
		want[masking.Setting(domain)] = key.SettingValue()
	}
	names := slices.Sorted(maps.Keys(want))
	asked := slices.Concat(names, builtin.Fixed)
	terms := make([]string, len(asked))
	for i, n := range asked {
		terms[i] = "pg_catalog.current_setting(" + quoteLiteral(n) + ")"
	}
	return "SELECT " + strings.Join(terms, ", "), func(values []string) error {
		if len(values) != len(asked) {
			return fmt.Errorf("the upstream answered %d of %d settings", len(values), len(asked))
		}
		for i, n := range names {
			if values[i] != want[n] {
				return fmt.Errorf("setting %s did not take effect upstream; a pooler in between drops settings", n)
			}
		}
		fixed := maps.Clone(s.state.fixed)
		for i, n := range builtin.Fixed {
			fixed[n] = values[len(names)+i]
		}
		s.state.fixed = fixed
		return nil
	}
}
