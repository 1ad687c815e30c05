package rewrite

// The uses that may leave a sealed value raw. A pseudonym is a bijection within its domain, so equality of raw identifiers is equality of
// pseudonyms, and what only moves or drops values commutes with it. Every other use, and every use that is not known, gets the pseudonym:
// binder.expr reveals what binder.value does not.
//
// Beside what is listed here, these stay sealed where they are bound: select items, GROUP BY, DISTINCT and PARTITION BY, the columns of
// subqueries, CTEs, set operations and joins (USING compares by =), IS NULL, the results of CASE and COALESCE, scalar subqueries,
// IN and = ANY of a subquery, and a cast to the value's own type.

// sealedOperators compare two sealed values of one domain as they compare their pseudonyms.
var sealedOperators = map[string]bool{"=": true, "<>": true, "!=": true}

// sealedCalls are the functions whose first argument may stay sealed; true: so does the result, which is one of the values or NULL. Other
// arguments are revealed.
var sealedCalls = map[string]bool{
	"count":       false,
	"lag":         true,
	"lead":        true,
	"first_value": true,
	"last_value":  true,
	"nth_value":   true,
}

// sealedArgument says whether a call's first argument may stay sealed, and whether the result then is.
func sealedArgument(name string, args int) (argument, result bool) {
	result, argument = sealedCalls[name]
	if (name == "lag" || name == "lead") && args > 2 { // the default is a value of its own
		return false, false
	}
	return argument, result
}
