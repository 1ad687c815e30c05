package masking

import "fmt"

// UnsealSQL is the value of a pseudonym as an SQL expression, made of pg_catalog's functions only, that agrees with Pseudonym.Unseal: what it is compared
// with can stay a raw column, so the column's index serves. expression is of the type or of one that widens to it; it stands in the result once. The result
// has the type, of varchar(n) without the length, and the collation.
//
// It reads the key as PseudonymSQL does and raises where that is absent; otherwise it raises for no value that a key's holder did not forge (a token of
// bytes that are no UTF-8). NULL stays NULL; a text that is no pseudonym becomes one that nothing stored equals. The database must be in UTF8.
//
// Being a subquery, it must hold no window function, no aggregate without a column (count(*)) and no set-returning function, which would belong to it and not
// to the query around. A volatile expression without a column of that query is computed once a query, not once a row.
func UnsealSQL(domain string, typ Type, expression string) (string, error) {
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
		return unsealInt4SQL(key, expression), nil
	case oidInt8:
		return unsealInt8SQL("pg_catalog.decode("+setting+",'hex')", expression), nil
	case oidUUID:
		return unsealUUIDSQL(key, expression), nil
	case oidVarchar:
		return typ.collate(unsealTextSQL(key, expression) + "::pg_catalog.varchar"), nil
	default:
		return typ.collate(unsealTextSQL(key, expression)), nil
	}
}

// given is the first step: the expression, which later steps name y. Nothing is in scope there that could capture its names.
func given(expression, typ string) chain {
	return chain("").step("(" + expression + ")::pg_catalog." + typ + " AS y")
}

// unsealInt4SQL follows int4Cipher.decrypt, with int4SQL's names.
func unsealInt4SQL(key, expression string) string {
	hash := func(round int, half string) string { return prfIntSQL(tagInt4, round, half) + " AS h" }
	c := given(expression, "int4").
		step(key + " || pg_catalog.int4send(y >> 31) AS k, y >> 31 AS s, y # (y >> 31) AS x").
		step("k, s, x >> 16 AS l, x & 65535 AS q, " + hash(int4Rounds-1, [2]string{"(x & 65535)", "(x >> 16)"}[(int4Rounds-1)%2]))
	for round := int4Rounds - 1; round >= 0; round-- {
		if round%2 == 0 {
			c = c.step("k, s, l # (" + topBits("h", 0, 2) + " & 32767) AS l, q")
		} else {
			c = c.step("k, s, l, q # " + topBits("h", 0, 2) + " AS q")
		}
		if round > 0 {
			c = c.step("k, s, l, q, " + hash(round-1, [2]string{"q", "l"}[(round-1)%2]))
		}
	}
	return c.step("s # ((l << 16) | q)").expression()
}

// unsealInt8SQL follows int8Cipher.decrypt, with int8SQL's names.
func unsealInt8SQL(setting, expression string) string {
	hash := func(round int, half string) string { return prfIntSQL(tagInt8, round, half) + " AS h" }
	return given(expression, "int8").
		step(setting + " AS m, y >> 63 AS s, y # (y >> 63) AS x").
		step("m, s, pg_catalog.substring(m,1,32) || pg_catalog.int4send(s::pg_catalog.int4) AS k, x >> 31 AS l, " +
			"(x & 2147483647) # (" + universalSQL(keySize+8, "x >> 31") + " & 2147483647) AS q").
		step("m, s, k, l, q, " + hash(1, "q")).
		step("m, s, k, l # " + topBits("h", 0, 4) + " AS l, q").
		step("m, s, l, q, " + hash(0, "l")).
		step("m, s, l, q # (" + topBits("h", 0, 4) + " & 2147483647) AS q").
		step("s # (((l # (" + universalSQL(keySize, "q") + " & 4294967295)) << 31) | q)").
		expression()
}

// unsealUUIDSQL follows Key.decryptUUID, with uuidSQL's names.
func unsealUUIDSQL(key, expression string) string {
	c := given(expression, "uuid").
		step(key + " AS k, pg_catalog.uuid_send(y) AS u").
		step("k, " + bits64SQL("pg_catalog.substring(u,1,8)") + " AS l, " + bits64SQL("pg_catalog.substring(u,9,8)") + " AS q")
	for round := uuidRounds - 1; round >= 0; round-- {
		c = c.step("k, q # " + prfUUIDSQL(round, "l") + " AS l, l AS q")
	}
	return c.step("pg_catalog.encode(pg_catalog.substring(pg_catalog.varbit_send(l || q),5),'hex')::pg_catalog.uuid").expression()
}

// unsealTextSQL follows Key.decryptText and Pseudonym.unsealText: c is the token's bytes, v the SIV, b the enciphered text and n its length, p the padded text,
// x that without the padding's zeros, m the text.
//
// Only decode and convert_from raise, and each stands behind a CASE of its own over columns of a fenced subquery, which the planner cannot fold: decode sees hex of even
// length only, convert_from what the SIV has authenticated, without NUL. Of what is no token, c and all after it are NULL.
func unsealTextSQL(key, expression string) string {
	shortest, longest := len(tokenPrefix)+2*(sivSize+textStep), len(tokenPrefix)+2*(sivSize+MaxText+textStep)
	candidate := fmt.Sprintf(`CASE WHEN n BETWEEN %d AND %d AND n %% %d = %d THEN CASE WHEN y COLLATE pg_catalog."C" ~ '^%s[0-9a-f]+$' THEN pg_catalog.substr(y,%d) END END`,
		shortest, longest, 2*textStep, len(tokenPrefix), tokenPrefix, len(tokenPrefix)+1)
	stripped := "pg_catalog.substring(x,1,GREATEST(pg_catalog.length(x) - 1,0))"
	padding := fmt.Sprintf("n - pg_catalog.length(x) < %d AND pg_catalog.substring(x,pg_catalog.length(x)) = pg_catalog.decode('80','hex')", textStep)
	nul := "pg_catalog.decode('00','hex')"
	siv := "pg_catalog.substring(pg_catalog.sha256(" + tagSQL(tagSIV) + "pg_catalog.int8send(pg_catalog.length(m)) || m),1,16)"
	outside := "'none ' || pg_catalog.encode(pg_catalog.sha256(" + tagSQL(tagOutside) + "pg_catalog.convert_to(y,'UTF8')),'hex')"
	return given(expression, "text").
		step("y, pg_catalog.octet_length(y) AS n").
		step("y, " + candidate + " AS t").
		step(key + " AS k, y, CASE WHEN t IS NOT NULL THEN pg_catalog.decode(t,'hex') END AS c").
		step(fmt.Sprintf("k, y, pg_catalog.substring(c,1,%d) AS v, pg_catalog.substring(c,%d) AS b, pg_catalog.length(c) - %d AS n", sivSize, sivSize+1, sivSize)).
		step("k, y, v, b, n, " + streamSQL("n <= 32", "(n - 1) / 32") + " AS w").
		step("k, y, v, n, " + xorSQL("b", "w", "n") + " AS p").
		step("k, y, v, n, pg_catalog.rtrim(p," + nul + ") AS x").
		step("k, y, v, " + stripped + " AS m, " + padding + " AS o").
		step("k, y, m, o AND " + siv + " = v AND pg_catalog.position(m," + nul + ") = 0 AS o").
		step("CASE WHEN o THEN pg_catalog.convert_from(m,'UTF8') ELSE " + outside + " END").
		expression()
}
