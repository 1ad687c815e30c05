package masking

import "fmt"

// tagOrder is the tag of the seed of order keys.
const tagOrder = 0x31

// OrderKeySQL is an int8 by which rows can be sorted so that their order tells nothing about the raw identifiers: the built-in extended hash of a column
// (hashfunc.c) with a secret seed. The seed is SHA-256(key, tag) cut to 64 bits, from the setting that PseudonymSQL reads; its subquery refers to no
// column, so the server computes it once a query. NULL stays NULL. Different identifiers may share a key (64 bits), and the hash is not a
// cryptographic one: it must be a sort key only and never leave the server.
func OrderKeySQL(domain string, typ Type, column string) (string, error) {
	if err := CheckDomain(domain); err != nil {
		return "", err
	}
	if err := CheckPseudonym(typ); err != nil {
		return "", err
	}
	seed := fmt.Sprintf("(SELECT ('x' || pg_catalog.encode(pg_catalog.substring(pg_catalog.sha256(pg_catalog.decode("+
		"pg_catalog.left(pg_catalog.current_setting('%s'),%d) || '%02x','hex')),1,8),'hex'))::pg_catalog.bit(64)::pg_catalog.int8)",
		Setting(domain), 2*keySize, tagOrder)
	switch typ.OID {
	case oidInt4:
		return "pg_catalog.hashint4extended(" + column + "," + seed + ")", nil
	case oidInt8:
		return "pg_catalog.hashint8extended(" + column + "," + seed + ")", nil
	case oidUUID:
		return "pg_catalog.uuid_hash_extended(" + column + "," + seed + ")", nil
	default: // equality is that of bytes, whatever the column's collation
		return `pg_catalog.hashtextextended((` + column + `) COLLATE pg_catalog."C",` + seed + ")", nil
	}
}
