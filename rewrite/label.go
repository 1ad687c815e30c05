package rewrite

// label says whether a value is clear or carries an identifier of a domain. In a plan whose ciphers are all in SQL form
// a sealed label means "the pseudonym of this domain"; the label is derived all the same, since a value that merges
// two labels must never be taken for either.
type label struct {
	domain string // empty: clear
	mixed  bool   // values of different labels meet here: never left raw
}

// joinLabels is the label of a value that is one of several: CASE, COALESCE, set operations, USING.
func joinLabels(a, b label) label {
	if a == b {
		return a
	}
	return label{mixed: true}
}
