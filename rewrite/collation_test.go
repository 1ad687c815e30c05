package rewrite

import "testing"

// TestJoinCollations: the database's own collation yields, two others conflict for good, and only some match patterns.
func TestJoinCollations(t *testing.T) {
	const c, posix, own = `pg_catalog."C"`, `pg_catalog."POSIX"`, `public.own`
	for _, test := range [][3]string{
		{"", "", ""}, {`pg_catalog."default"`, "", ""}, {c, `pg_catalog."default"`, c}, {"", own, own}, {c, c, c},
		{c, posix, conflicting}, {own, c, conflicting}, {conflicting, c, conflicting}, {"", conflicting, conflicting},
	} {
		if got := joinCollations(test[0], test[1]); got != test[2] {
			t.Errorf("%q with %q: %q, wanted %q", test[0], test[1], got, test[2])
		}
		if got := joinCollations(test[1], test[0]); got != test[2] {
			t.Errorf("%q with %q: %q, wanted %q", test[1], test[0], got, test[2])
		}
	}
	for collation, plain := range map[string]bool{"": true, c: true, posix: true, own: false, conflicting: false} {
		if plainCollations[collation] != plain {
			t.Errorf("%q matches patterns: %v", collation, !plain)
		}
	}
}
