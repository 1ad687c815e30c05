package rewrite

import "strings"

// quoteIdent quotes an identifier always: what needs quotes differs between server versions.
func quoteIdent(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// quoteLiteral quotes a string under standard_conforming_strings, which every masked session has pinned.
func quoteLiteral(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
