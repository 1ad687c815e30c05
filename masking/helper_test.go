package masking

import (
	"testing"
)

// testKey is the key of the tests and of the published vectors: the bytes 0 to 31 as master key.
func testKey(t testing.TB, domain string) Key {
	t.Helper()
	master := make([]byte, keySize)
	for i := range master {
		master[i] = byte(i)
	}
	key, err := DeriveKey(master, domain)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// The types of the tests, as the catalog describes them.
var (
	typeInt4    = Type{OID: oidInt4, Mod: -1, Name: "integer"}
	typeInt8    = Type{OID: oidInt8, Mod: -1, Name: "bigint"}
	typeUUID    = Type{OID: oidUUID, Mod: -1, Name: "uuid"}
	typeText    = Type{OID: oidText, Mod: -1, Name: "text", Collation: `pg_catalog."default"`, Deterministic: true}
	typeVarchar = Type{OID: oidVarchar, Mod: 24, Name: "character varying(20)", Collation: `pg_catalog."C"`, Deterministic: true}
)

func newPseudonym(t testing.TB, typ Type) *Pseudonym {
	t.Helper()
	p, err := NewPseudonym(testKey(t, "user"), typ)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
