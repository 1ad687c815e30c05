package rewrite

import (
	"testing"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

// Types of people's own may have the names of the server's: nothing is known of their operators.
func TestOwnTypesOfBuiltinNames(t *testing.T) {
	snapshot := storedSnapshot(t)
	builtin := map[string]uint32{"jsonb": 3802, "money": 790, "date": oidDate}
	b := newBinder(&environment{twin: &twin{snapshot: snapshot}})
	literal := info{safe: true, literal: true}
	for name, oid := range builtin {
		own := catalog.FirstUserOID + 900_000 + oid
		snapshot.Types[own] = &catalog.Type{OID: own, Schema: "public", Name: name, Kind: 'c'}
		if name != "jsonb" && !b.comparable("=", info{typ: oid}, literal) || b.comparable("=", info{typ: own}, literal) || b.comparable("=", info{typ: own}, info{typ: own}) {
			t.Errorf("%s: a type of people's own is compared as the server's", name)
		}
	}
	if !b.quiet("->", info{typ: builtin["jsonb"]}, literal) || b.quiet("->", info{typ: catalog.FirstUserOID + 900_000 + builtin["jsonb"]}, literal) {
		t.Error("a jsonb of people's own has the server's operators")
	}
}
