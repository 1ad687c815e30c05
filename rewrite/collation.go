package rewrite

// plainCollations are those by which text is compared byte by byte, or the database's own, which is deterministic.
var plainCollations = map[string]bool{"": true, `pg_catalog."C"`: true, `pg_catalog."POSIX"`: true}

// conflicting stands for the collation of an expression whose operands have two: the server raises when it comes to compare it.
const conflicting = "?"

// joinCollations is the collation of an expression made of two operands (merge_collation_state in parse_collate.c).
func joinCollations(l, r string) string {
	if l == `pg_catalog."default"` {
		l = ""
	}
	if r == `pg_catalog."default"` {
		r = ""
	}
	switch {
	case l == r, r == "":
		return l
	case l == "":
		return r
	}
	return conflicting
}
