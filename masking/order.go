package masking

import "fmt"

// Rows with identifiers are sorted, where their order must not tell, by the built-in extended hash of the identifier (hashfunc.c) with a secret seed:
// OrderHash(type)(identifier, OrderSeedSQL). NULL stays NULL. Different identifiers may share a key (64 bits), and the hash is not a cryptographic one:
// it must be a sort key only and never leave the server.

// tagOrder is the tag of the seed of order keys.
const tagOrder = 0x31

// OrderSeedSQL is the seed of a domain's order keys, an int8: SHA-256(key, tag) cut to 64 bits, from the setting that PseudonymSQL reads. It is a subquery
// that refers to no column, so the server computes it once a query. The domain must be a valid name.
func OrderSeedSQL(domain string) string {
	return fmt.Sprintf("(SELECT ('x' || pg_catalog.encode(pg_catalog.substring(pg_catalog.sha256(pg_catalog.decode("+
		"pg_catalog.left(pg_catalog.current_setting('%s'),%d) || '%02x','hex')),1,8),'hex'))::pg_catalog.bit(64)::pg_catalog.int8)",
		Setting(domain), 2*keySize, tagOrder)
}

// OrderHash is the function of pg_catalog that hashes identifiers of a type, by its oid: int4, int8, uuid, or text, whose collation has to be "C", since
// equality of identifiers is that of their bytes.
func OrderHash(typ uint32) string {
	switch typ {
	case oidInt4:
		return "hashint4extended"
	case oidInt8:
		return "hashint8extended"
	case oidUUID:
		return "uuid_hash_extended"
	default:
		return "hashtextextended"
	}
}
