package rewrite

import (
	"testing"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

// TestOwnFunctionOfNames: a function of the policy's that takes a reg* type would have the server look up what it is given.
func TestOwnFunctionOfNames(t *testing.T) {
	for oid, want := range map[uint32]string{oidInt4: "", oidText: "", 2205: "42501", 2210: "42501", oidRegConfig: "42501"} {
		snapshot := storedSnapshot(t)
		for _, f := range snapshot.Functions("public", "allowed") {
			if f.OID >= catalog.FirstUserOID {
				f.Args = []uint32{oid}
			}
		}
		s := newTestSession(t, newTestRewriter(t, parsedPolicy(t, nil), "app", &storedCatalog{current: snapshot}))
		if _, err := s.Query(t.Context(), "SELECT public.allowed('1')"); (err == nil) != (want == "") || err != nil && codeOf(err) != want {
			t.Errorf("of an argument of type %d: %v", oid, err)
		}
	}
}
