package e2e

import (
	"bytes"
	"strings"
)

// parityExtended are conversations of the extended protocol.
func parityExtended() []parityCase {
	join := func(m ...[]byte) []byte { return bytes.Join(m, nil) }
	one, two := []byte{0, 0, 0, 1}, []byte{0, 0, 0, 2}
	return []parityCase{
		pipeline("unnamed", "item 5", oneShot("SELECT id, name, price FROM item WHERE id = $1", "5")),
		pipeline("named, used twice", "item 9", join(msgParse("s", "SELECT name FROM item WHERE id = $1", 23), msgDescribe('S', "s"), msgSync()),
			join(msgBind("", "s", nil, textValues("8")), msgExecute("", 0), msgSync()), join(msgBind("", "s", []int{1}, [][]byte{{0, 0, 0, 9}}), msgExecute("", 0), msgSync()),
			join(msgClose('S', "s"), msgSync()), join(msgBind("", "s", nil, textValues("8")), msgSync())),
		pipeline("binary in and out", "B", join(msgParse("", "SELECT $1::int4, $2::text, $3::float8, $4::bytea, NULL::int4, $5::numeric, now() IS NULL", 23, 25, 701, 17, 1700),
			msgBind("", "", []int{1, 0, 1, 1, 0}, [][]byte{one, []byte("B"), {64, 9, 0, 0, 0, 0, 0, 0}, {0, 255}, []byte("1.50")}, 1), msgDescribe('P', ""), msgExecute("", 0), msgSync())),
		pipeline("text and binary mixed", "2024-01-02", join(msgParse("", "SELECT id, made, id FROM item WHERE id = 1"), msgBind("", "", nil, nil, 1, 0, 1), msgDescribe('P', ""), msgExecute("", 0), msgSync())),
		pipeline("NULL as a parameter", "none", join(msgParse("", "SELECT coalesce($1::text, 'none')"), msgBind("", "", nil, [][]byte{nil}), msgExecute("", 0), msgSync())),
		pipeline("portal suspended", "item 5", join(msgParse("", "SELECT name FROM item ORDER BY id LIMIT 5"), msgBind("p", "", nil, nil), msgExecute("p", 2), msgExecute("p", 2), msgExecute("p", 2), msgExecute("p", 2), msgSync())),
		pipeline("portals in turn", "item 52", msg('Q', zero("BEGIN")), join(msgParse("s", "SELECT name FROM item WHERE id > $1 ORDER BY id"), msgBind("a", "s", nil, textValues("0")), msgBind("b", "s", nil, textValues("50")),
			msgExecute("a", 1), msgExecute("b", 2), msgExecute("a", 1), msgClose('P', "a"), msgExecute("a", 1), msgSync()), msg('Q', zero("ROLLBACK")), join(msgExecute("b", 1), msgSync())),
		{"pipeline of three Syncs", "item 3", func(k *talk) {
			v := k.begin()
			v.pipe(0, oneShot("SELECT name FROM item WHERE id = $1", "1"), oneShot("SELECT name FROM item WHERE id = $1", "2"), oneShot("SELECT name FROM item WHERE id = $1", "3"))
			v.await('Z', 'Z', 'Z')
		}},
		{"an error in a pipeline", "C22012", func(k *talk) {
			v := k.begin()
			v.pipe(0, msgParse("", "INSERT INTO part VALUES (50)"), msgBind("", "", nil, nil), msgExecute("", 0),
				msgParse("", "SELECT 1/$1::int4"), msgBind("", "", nil, textValues("0")), msgExecute("", 0), msgParse("", "SELECT 'skipped'"), msgBind("", "", nil, nil), msgExecute("", 0), msgSync(),
				oneShot("SELECT count(*) FROM part WHERE id = 50"))
			v.await('Z', 'Z')
		}},
		{"simple and extended in a pipeline", "item 2", func(k *talk) {
			v := k.begin()
			v.pipe(0, oneShot("SELECT name FROM item WHERE id = 1"), msg('Q', zero("SELECT name FROM item WHERE id = 2")), msgBind("", "", nil, nil), msgExecute("", 0), msgSync())
			v.await('Z', 'Z', 'Z')
		}},
		{"Flush", "item 4", func(k *talk) {
			v := k.begin()
			v.pipe('1', msgParse("", "SELECT name FROM item WHERE id = $1"), msgFlush())
			v.pipe('T', msgDescribe('S', ""), msgFlush())
			v.pipe('2', msgBind("", "", nil, textValues("4")), msgFlush())
			v.pipe('C', msgExecute("", 0), msgFlush())
			v.pipe('Z', msgSync())
		}},
		{"Flush after an error", "C42P01", func(k *talk) {
			v := k.begin()
			v.pipe('E', msgParse("", "SELECT * FROM nowhere"), msgFlush())
			v.pipe('Z', msgBind("", "", nil, nil), msgFlush(), msgSync())
		}},
		pipeline("Describe", "int4", join(msgParse("", "SELECT $1::int4 + $2, $3 || 'x', 'int4'"), msgDescribe('S', ""), msgSync()), join(msgParse("", "DELETE FROM part WHERE id = $1"), msgDescribe('S', ""), msgSync()),
			join(msgParse("", "SELECT 'int4'"), msgBind("q", "", nil, nil, 1), msgDescribe('P', "q"), msgExecute("q", 0), msgSync()), join(msgDescribe('S', "none"), msgSync()), join(msgDescribe('P', "none"), msgSync())),
		pipeline("names taken and missing", "C42P05", join(msgParse("s", "SELECT 1"), msgSync()), join(msgParse("s", "SELECT 2"), msgSync()), join(msgBind("", "missing", nil, nil), msgSync()), join(msgExecute("missing", 0), msgSync()),
			join(msgBind("p", "s", nil, nil), msgBind("p", "s", nil, nil), msgSync()), join(msgClose('S', "missing"), msgClose('P', "missing"), msgSync())),
		pipeline("a portal ends with its transaction", "C34000", join(msgParse("", "SELECT 1"), msgBind("p", "", nil, nil), msgSync()), join(msgExecute("p", 0), msgSync())),
		pipeline("several statements in a Parse", "C42601", join(msgParse("", "SELECT 1; SELECT 2"), msgSync())),
		pipeline("empty statement", "I", oneShot(""), oneShot(";")),
		pipeline("wrong number of parameters", "C08P01", oneShot("SELECT $1::int4"), oneShot("SELECT 1", "2"), join(msgParse("", "SELECT $1::int4, $2::int4"), msgBind("", "", []int{0, 0, 0}, textValues("1", "2")), msgSync())),
		pipeline("invalid parameters", "C22P02", oneShot("SELECT $1::int4", "one"), join(msgParse("", "SELECT $1::int4"), msgBind("", "", []int{1}, [][]byte{{1, 2}}), msgSync()), oneShot("SELECT $1::text", "\xff"), oneShot("SELECT $1::text", "a\x00b")),
		pipeline("invalid formats and types", "C22023", join(msgParse("", "SELECT $1::int4"), msgBind("", "", []int{7}, [][]byte{two}), msgSync()), join(msgParse("", "SELECT 1"), msgBind("", "", nil, nil, 7), msgExecute("", 0), msgSync()),
			join(msgParse("", "SELECT $1", 999999), msgSync()), join(msgParse("", "SELECT $1"), msgDescribe('S', ""), msgSync()), join(msgParse("", "SELECT $1 + $3"), msgSync())),
		pipeline("transaction by messages", "ROLLBACK", oneShot("BEGIN"), oneShot("SELECT 1/0"), oneShot("SELECT 1"), oneShot("ROLLBACK")),
		pipeline("changes by messages", "INSERT 0 2", oneShot("INSERT INTO part VALUES ($1), ($2) RETURNING id", "61", "62"), oneShot("DELETE FROM part WHERE id > $1", "60"), oneShot("CREATE TEMP TABLE e (a int4)"), oneShot("SET TimeZone = 'UTC'"), oneShot("SHOW TimeZone"), oneShot("EXPLAIN SELECT 1")),
		pipeline("notices by messages", "said once", oneShot("SELECT says($1)", "once")),
		pipeline("20,000 parameters", "20000", oneShot("SELECT count(*) FROM unnest(ARRAY["+parameters(20000)+"]::int4[])", strings.Split(strings.TrimSuffix(strings.Repeat("1,", 20000), ","), ",")...)),
		pipeline("a parameter of 5 MB", "5242880", oneShot("SELECT length($1::text)", strings.Repeat("z", 5<<20)), oneShot("SELECT $1::text", strings.Repeat("z", 5<<20))),
		{"1,000 statements in a pipeline", "item 99", func(k *talk) {
			v := k.begin()
			v.pipe(0, bytes.Repeat(oneShot("SELECT name FROM item WHERE id = $1", "99"), 1000))
			for range 1000 {
				v.await('Z')
			}
		}},
	}
}

func parameters(n int) string {
	list := strings.Split(numbers(n+1), ",")[1:]
	return "$" + strings.Join(list, ",$")
}
