package config

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/cordon-db/cordon/masking"
)

// readTreatment reads one column's treatment: a word, or a table that starts with the kind.
func readTreatment(columns *section, name string, cfg *Config) Treatment {
	v, _ := columns.get(name)
	switch v := v.(type) {
	case string:
		return readWord(columns, name, v)
	case map[string]any:
		return readArguments(columns.doc.section(keyPath(columns.path, name), columns.line, v), cfg)
	default:
		columns.fail(name, `must be "show", "hide", "null", { mask = ... } or { pseudonym = ... }`)
		return Treatment{Kind: Hide}
	}
}

func readWord(columns *section, name, word string) Treatment {
	switch kind := TreatmentKind(word); kind {
	case Show, Hide, Null:
		return Treatment{Kind: kind}
	case Mask:
		columns.fail(name, `write which mask, as in { mask = "email" }`)
	case Pseudonym:
		columns.fail(name, `write the domain, as in { pseudonym = "user" }`)
	default:
		columns.fail(name, `unknown treatment %q; the words are "show", "hide", "null"`, word)
	}
	return Treatment{Kind: Hide}
}

func readArguments(s *section, cfg *Config) Treatment {
	defer s.close()
	_, mask := s.values[string(Mask)]
	_, pseudonym := s.values[string(Pseudonym)]
	if mask == pseudonym {
		s.fail("", `needs either mask or pseudonym`)
		s.known[string(Mask)], s.known[string(Pseudonym)] = true, true
		return Treatment{Kind: Hide}
	}
	if mask {
		return Treatment{Kind: Mask, Mask: readMask(s)}
	}
	domain, ok := s.text(string(Pseudonym))
	if _, declared := cfg.Domains[domain]; ok && !declared {
		s.fail(string(Pseudonym), "the domain %q is not declared: write [domain.%s]", domain, domain)
	}
	return Treatment{Kind: Pseudonym, Domain: domain}
}

// readMask reads a mask and its arguments. Arguments that the mask does not take stay unread, and are thereby
// unknown keys.
func readMask(s *section) masking.Mask {
	kind, ok := s.text(string(Mask))
	m := masking.Mask{Kind: masking.MaskKind(kind)}
	if !ok {
		return m
	}
	switch m.Kind {
	case masking.MaskEmail, masking.MaskYear, masking.MaskMonth, masking.MaskDay:
	case masking.MaskConstant:
		if _, present := s.values["value"]; !present {
			s.fail("value", "is missing")
		}
		m.Value, _ = read[string](s, "value", "a string, whatever the column's type")
	case masking.MaskPartial:
		m.KeepFirst, _ = s.integer("keep_first", 0, 1000)
		m.KeepLast, _ = s.integer("keep_last", 0, 1000)
		need(s, "keep_first", "keep_last")
	case masking.MaskBucket:
		m.Size = readSize(s)
	case masking.MaskIPPrefix:
		m.V4, _ = s.integer("v4", 0, 32)
		m.V6, _ = s.integer("v6", 0, 128)
		need(s, "v4", "v6")
	case masking.MaskRemoveKeys:
		need(s, "keys")
		m.Keys = s.list("keys", noZero)
	case masking.MaskSQL:
		need(s, "expression")
		m.Expression, ok = s.text("expression")
		if ok && (strings.TrimSpace(m.Expression) == "" || strings.ContainsRune(m.Expression, 0)) {
			s.fail("expression", "must be an SQL expression")
		}
	default:
		s.fail(string(Mask), "unknown mask %q; the masks are %s", kind, quoteList(maskNames))
		for key := range s.values { // whether the arguments are right depends on the mask
			s.known[key] = true
		}
	}
	return m
}

var maskNames = []string{
	string(masking.MaskConstant), string(masking.MaskPartial), string(masking.MaskEmail), string(masking.MaskYear),
	string(masking.MaskMonth), string(masking.MaskDay), string(masking.MaskBucket), string(masking.MaskIPPrefix),
	string(masking.MaskRemoveKeys), string(masking.MaskSQL),
}

// need reports arguments that are missing.
func need(s *section, keys ...string) {
	for _, key := range keys {
		if _, ok := s.values[key]; !ok {
			s.fail(key, "is missing")
		}
	}
}

var decimal = regexp.MustCompile(`^[0-9]{1,30}(\.[0-9]{1,30})?$`)

// readSize reads the width of a bucket, a positive decimal number. A TOML float is refused, because what it stands
// for in binary is not what was written.
func readSize(s *section) string {
	need(s, "size")
	v, ok := s.get("size")
	if !ok {
		return ""
	}
	size := ""
	switch v := v.(type) {
	case string:
		size = v
	case int64:
		size = strconv.FormatInt(v, 10)
	}
	if !decimal.MatchString(size) || strings.Trim(size, "0.") == "" {
		s.fail("size", `must be a positive integer, or a positive decimal number in a string, such as "0.5"`)
	}
	return size
}
