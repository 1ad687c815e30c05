package builtin

// SealedUse is what a use makes of a sealed value, a raw identifier that must not leave as it is.
type SealedUse byte

// The uses that may leave a sealed value raw.
const (
	Takes    SealedUse = iota + 1 // the value is taken raw, and what comes of it is no identifier: a comparison, a count
	Passes                        // what comes of it is the value itself, or NULL: still sealed
	Collects                      // what comes of it is an array of the values, each still sealed
)

// SealedUses is the closed table of the uses that may leave a sealed value raw. A pseudonym is a bijection within its domain, so equality
// of raw identifiers is equality of pseudonyms, and what only moves or drops values commutes with it. Every use that is not here gets the pseudonym,
// computed in SQL. Nothing changes the table but the test that breaks it entry by entry.
var SealedUses = map[string]SealedUse{
	"operator =":  Takes, // IN, = ANY, IS DISTINCT FROM, NULLIF and CASE's too
	"operator <>": Takes,
	"operator !=": Takes,
	"IS NULL":     Takes,

	"GROUP BY":     Takes,
	"GROUPING":     Takes,
	"DISTINCT ON":  Takes,
	"PARTITION BY": Takes,

	"select item":          Passes, // of a subquery, a CTE, a view; the outermost are sealed by the proxy
	"CASE":                 Passes, // and COALESCE: one of several values of one seal
	"NULLIF":               Passes,
	"USING":                Passes,
	"set operation":        Passes,
	"scalar subquery":      Passes,
	"cast to its own type": Passes,

	"function count":       Takes,
	"function lag":         Passes, // without a default
	"function lead":        Passes,
	"function first_value": Passes,
	"function last_value":  Passes,
	"function nth_value":   Passes,
	"function array_agg":   Collects, // without DISTINCT, which sorts
}
