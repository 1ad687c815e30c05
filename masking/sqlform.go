package masking

import (
	"fmt"
	"strings"
)

// PseudonymSQL is the pseudonym of a column as an SQL expression, made of pg_catalog's functions only, that agrees with
// Pseudonym.Encrypt. It reads the key from the setting named by Setting, and raises where that is absent. NULL stays
// NULL. The result has the column's type; of varchar(n) it has no length, since a token may not fit.
//
// The expression is a chain of subqueries, one a step of the cipher, in which every step names the results of the
// one before. OFFSET 0 keeps the planner from flattening them: each step uses a result more than once, so a flattened
// chain would grow exponentially. Steps carry only what later steps need, under one-letter names: their number and
// length is what planning costs.
func PseudonymSQL(domain string, typ Type, column string) (string, error) {
	if err := CheckDomain(domain); err != nil {
		return "", err
	}
	if err := CheckPseudonym(typ); err != nil {
		return "", err
	}
	setting := "pg_catalog.current_setting('" + Setting(domain) + "')"
	key := fmt.Sprintf("pg_catalog.decode(pg_catalog.left(%s,%d),'hex')", setting, 2*keySize)
	switch typ.OID {
	case oidInt4:
		return int4SQL(key, column), nil
	case oidInt8:
		return int8SQL("pg_catalog.decode("+setting+",'hex')", column), nil
	case oidUUID:
		return uuidSQL(key, column), nil
	case oidVarchar:
		return typ.collate(textSQL(key, column) + "::pg_catalog.varchar"), nil
	default:
		return typ.collate(textSQL(key, column)), nil
	}
}

// chain nests steps: each is a select list over the columns of the one before.
type chain string

func (c chain) step(selectList string) chain {
	if c == "" {
		return chain("SELECT " + selectList)
	}
	return chain("SELECT " + selectList + " FROM (" + string(c) + " OFFSET 0) c")
}

func (c chain) expression() string { return "(" + string(c) + ")" }

// int4SQL follows int4Cipher: k is the key with the sign, s the sign, l and q the halves, h the last hash.
func int4SQL(key, column string) string {
	x := "(" + column + ")"
	hash := func(round int, half string) string { return prfIntSQL(tagInt4, round, half) + " AS h" }
	c := chain("").
		step(fmt.Sprintf("%s || pg_catalog.int4send(%s >> 31) AS k, %s >> 31 AS s, %s # (%s >> 31) AS x", key, x, x, x, x)).
		step("k, s, x >> 16 AS l, x & 65535 AS q, " + hash(0, "(x & 65535)"))
	for round := range int4Rounds {
		if round%2 == 0 {
			c = c.step("k, s, l # (" + topBits("h", 0, 2) + " & 32767) AS l, q")
		} else {
			c = c.step("k, s, l, q # " + topBits("h", 0, 2) + " AS q")
		}
		if next := round + 1; next < int4Rounds {
			c = c.step("k, s, l, q, " + hash(next, [2]string{"q", "l"}[next%2]))
		}
	}
	return c.step("s # ((l << 16) | q)").expression()
}

// int8SQL follows int8Cipher; m is the whole setting, with the hashes' keys from byte 32 on.
func int8SQL(setting, column string) string {
	x := "(" + column + ")"
	hash := func(round int, half string) string { return prfIntSQL(tagInt8, round, half) + " AS h" }
	return chain("").
		step(fmt.Sprintf("%s AS m, %s >> 63 AS s, %s # (%s >> 63) AS x", setting, x, x, x)).
		step("m, s, pg_catalog.substring(m,1,32) || pg_catalog.int4send(s::pg_catalog.int4) AS k, x & 2147483647 AS q, " +
			"(x >> 31) # (" + universalSQL(keySize, "x & 2147483647") + " & 4294967295) AS l").
		step("m, s, k, l, q, " + hash(0, "l")).
		step("m, s, k, l, q # (" + topBits("h", 0, 4) + " & 2147483647) AS q").
		step("m, s, l, q, " + hash(1, "q")).
		step("m, s, l # " + topBits("h", 0, 4) + " AS l, q").
		step("s # ((l << 31) | (q # (" + universalSQL(keySize+8, "l") + " & 2147483647)))").
		expression()
}

// universalSQL is the universal hash of a half whose keys begin at a byte of m; prime, not 2^32, bounds it.
func universalSQL(at int, half string) string {
	return fmt.Sprintf("(((%s & 2147483647) * (%s) + %s) %% %d)", topBits("m", at, 4), half, topBits("m", at+4, 4), int64(hashPrime))
}

// prfIntSQL is Key.prfInt of a half, an int4 or int8 without sign.
func prfIntSQL(typ byte, round int, half string) string {
	return fmt.Sprintf("pg_catalog.sha256(k || pg_catalog.int8send(%d | %s))", int64(typ)<<56|int64(round)<<32, half)
}

// topBits is the number in some bytes of a bytea: an int4 of two bytes, an int8 of four.
func topBits(bytea string, at, size int) string {
	parts := make([]string, size)
	for i := range parts {
		parts[i] = fmt.Sprintf("pg_catalog.get_byte(%s,%d)", bytea, at+i)
		if shift := 8 * (size - 1 - i); shift >= 24 {
			parts[i] += fmt.Sprintf("::pg_catalog.int8 << %d", shift)
		} else if shift > 0 {
			parts[i] += fmt.Sprintf(" << %d", shift)
		}
	}
	if size == 4 { // the lower three bytes fit an int4, whose operators need no conversion
		return "((" + parts[0] + ") | ((" + parts[1] + ") | (" + parts[2] + ") | " + parts[3] + "))"
	}
	return "((" + strings.Join(parts, ") | (") + "))"
}

// uuidSQL follows Key.encryptUUID on bit strings. bit_send puts the length, four bytes, before the bits.
func uuidSQL(key, column string) string {
	c := chain("").
		step(key + " AS k, pg_catalog.uuid_send(" + column + ") AS u").
		step("k, " + bits64SQL("pg_catalog.substring(u,1,8)") + " AS l, " + bits64SQL("pg_catalog.substring(u,9,8)") + " AS q")
	for round := range uuidRounds {
		c = c.step("k, q AS l, l # " + prfUUIDSQL(round, "q") + " AS q")
	}
	return c.step("pg_catalog.encode(pg_catalog.substring(pg_catalog.varbit_send(l || q),5),'hex')::pg_catalog.uuid").expression()
}

// prfUUIDSQL is Key.prfUUID of a half, a bit(64).
func prfUUIDSQL(round int, half string) string {
	message := tagSQL(byte(tagUUID+round)) + "pg_catalog.substring(pg_catalog.bit_send(" + half + "),5)"
	return bits64SQL("pg_catalog.substring(pg_catalog.sha256(" + message + "),1,8)")
}

// bits64SQL is a bytea of eight bytes as a bit string.
func bits64SQL(bytea string) string {
	return "('x' || pg_catalog.encode(" + bytea + ",'hex'))::pg_catalog.bit(64)"
}

// textSQL follows Key.encryptText: m is the text, n its length, v the SIV, p the padded text, w the key stream.
func textSQL(key, column string) string {
	token := chain("").
		step("pg_catalog.substring(pg_catalog.sha256(" + tagSQL(tagSIV) + "pg_catalog.int8send(n) || m),1,16) AS v, " +
			"m || pg_catalog.substring(pg_catalog.decode('80" + strings.Repeat("00", textStep-1) + "','hex'),1,16 - n % 16) AS p").
		step("v, p, " + streamSQL("n < 32", "n / 32") + " AS w").
		step("'" + tokenPrefix + "' || pg_catalog.encode(v || " + xorSQL("p", "w", "pg_catalog.length(p)") + ",'hex')")
	digest := "'" + longPrefix + "' || pg_catalog.encode(pg_catalog.sha256(" + tagSQL(tagLong) + "pg_catalog.sha256(m)),'hex')"
	return chain("").
		step(key + " AS k, pg_catalog.convert_to(" + column + ",'UTF8') AS m").
		step("k, m, pg_catalog.length(m) AS n").
		step(fmt.Sprintf("CASE WHEN n > %d THEN %s ELSE %s END", MaxText, digest, token.expression())).
		expression()
}

// tagSQL begins a message: the key and a tag.
func tagSQL(tag byte) string { return fmt.Sprintf("k || pg_catalog.decode('%02x','hex') || ", tag) }

// streamSQL follows Key.xorStream: the blocks 0 to last of the SIV v's key stream, without a subquery where the condition one says that the first is all.
func streamSQL(one, last string) string {
	block := func(counter string) string {
		return "pg_catalog.sha256(" + tagSQL(tagStream) + "v || pg_catalog.int4send(" + counter + "))"
	}
	return "CASE WHEN " + one + " THEN " + block("0") + " ELSE (SELECT pg_catalog.string_agg(" + block("g") +
		",''::pg_catalog.bytea ORDER BY g) FROM pg_catalog.generate_series(0," + last + ") g) END"
}

// xorSQL adds the first bytes of a key stream to a bytea of that length. A bytea has no exclusive or, so they meet as bit strings.
func xorSQL(data, stream, length string) string {
	bits := func(bytea string) string { return "('x' || pg_catalog.encode(" + bytea + ",'hex'))::pg_catalog.varbit" }
	return "pg_catalog.substring(pg_catalog.varbit_send(" + bits(data) + " # " + bits("pg_catalog.substring("+stream+",1,"+length+")") + "),5)"
}
