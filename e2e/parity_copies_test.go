package e2e

import (
	"bytes"
	"fmt"
	"strings"
)

// parityCopies are both directions of COPY.
func parityCopies() []parityCase {
	in := func(name, want, sql string, data ...[]byte) parityCase {
		return parityCase{name, want, func(k *talk) {
			v := k.begin()
			v.query("CREATE TABLE c (id int4 CHECK (id <> 13), t text)")
			v.pipe('G', msg('Q', zero(sql)))
			v.pipe('Z', data...)
			v.query("SELECT count(*), min(t) FROM c", "DROP TABLE c")
		}}
	}
	done := msg('c')
	binary := "PGCOPY\n\xff\r\n\x00" + strings.Repeat("\x00", 8) + "\x00\x02\x00\x00\x00\x04\x00\x00\x00\x05\x00\x00\x00\x03abc\xff\xff"
	var many [][]byte
	for i := range 2000 {
		many = append(many, msgData(fmt.Sprintf("%d\t%s\n", i+100, strings.Repeat("m", 500))))
	}
	many = append(many, done)
	return []parityCase{
		spoken("COPY OUT text", "item 4", `COPY item TO STDOUT`, `COPY (SELECT name, NULL, E'a\tb\\' FROM item WHERE id = 4) TO STDOUT`),
		spoken("COPY OUT csv", "name,price", `COPY (SELECT name, price FROM item ORDER BY id LIMIT 3) TO STDOUT (FORMAT csv, HEADER, FORCE_QUOTE *)`),
		spoken("COPY OUT binary", "PGCOPY", `COPY (SELECT id, name, made FROM item ORDER BY id) TO STDOUT (FORMAT binary)`),
		spoken("COPY OUT of 20 MB", "COPY 20000", `COPY (SELECT repeat('c', 1000) FROM generate_series(1, 20000)) TO STDOUT`),
		spoken("COPY OUT fails", "C22012", `COPY (SELECT 10 / (50 - id) FROM item ORDER BY id) TO STDOUT`, `COPY nowhere TO STDOUT`, `COPY item TO STDOUT (FORMAT nosuch)`),
		spoken("COPY OUT among statements", "between", `SELECT 'before'; COPY (SELECT 'copied') TO STDOUT; SELECT 'between'; COPY (SELECT 1) TO STDOUT; SELECT 'after'`),
		spoken("COPY to files", "C58P01", `COPY item FROM '/nosuch/file'`, `COPY item TO 'relative'`),
		in("COPY IN text", "COPY 3", "COPY c FROM STDIN", msgData("1\ta\n2\t\\N\n"), msgData("3\tc"), msgData("\n"), done),
		in("COPY IN csv", "COPY 2", "COPY c FROM STDIN (FORMAT csv, HEADER)", msgData("id,t\n1,\"a,b\"\n2,\n"), done),
		in("COPY IN binary", "COPY 1", "COPY c FROM STDIN (FORMAT binary)", msgData(binary[:15]), msgData(binary[15:]), done),
		in("COPY IN of 1 MB", "COPY 2000", "COPY c FROM STDIN", many...),
		in("COPY IN given up", "C57014", "COPY c FROM STDIN", msgData("1\ta\n"), msg('f', zero("no more"))),
		in("COPY IN of bad data", "C22P02", "COPY c FROM STDIN", msgData("1\ta\nx\tb\n"), done),
		in("COPY IN against a constraint", "C23514", "COPY c FROM STDIN", append([][]byte{msgData("13\ta\n")}, many...)...),
		in("COPY IN of too many columns", "C22P04", "COPY c FROM STDIN", msgData("1\ta\tb\n"), done),
		in("COPY IN of bad binary", "C22P04", "COPY c FROM STDIN (FORMAT binary)", msgData("nothing of the kind at all"), done),
		in("COPY IN and Flush and Sync", "COPY 1", "COPY c FROM STDIN", msgFlush(), msgData("1\ta\n"), msgSync(), done),
		in("COPY IN interrupted by a Query", "C08P01", "COPY c FROM STDIN", msgData("1\ta\n"), msg('Q', zero("SELECT 1"))),
		{"COPY IN among statements", "after", func(k *talk) {
			v := k.begin()
			v.pipe('G', msg('Q', zero("CREATE TEMP TABLE c (a int4); COPY c FROM STDIN; SELECT 'between', count(*) FROM c; COPY c FROM STDIN; SELECT 'after', count(*) FROM c")))
			v.pipe('G', msgData("1\n"), done)
			v.pipe('Z', msgData("2\n3\n"), done)
		}},
		{"COPY by messages", "COPY 2", func(k *talk) {
			v := k.begin()
			v.query("CREATE TEMP TABLE c (a int4)")
			v.pipe('G', msgParse("", "COPY c FROM STDIN"), msgDescribe('S', ""), msgBind("", "", nil, nil), msgExecute("", 0), msgFlush())
			v.pipe('Z', msgData("1\n2\n"), done, msgSync())
			v.pipe('Z', msgParse("", "COPY c TO STDOUT"), msgBind("", "", nil, nil), msgDescribe('P', ""), msgExecute("", 0), msgSync())
		}},
		{"COPY by messages fails", "C22P02", func(k *talk) {
			v := k.begin()
			v.query("CREATE TEMP TABLE c (a int4)")
			v.pipe('G', msgParse("", "COPY c FROM STDIN"), msgBind("", "", nil, nil), msgExecute("", 0), msgFlush())
			v.pipe('Z', msgData("x\n"), bytes.Repeat(msgData("1\n"), 100), done, msgSync())
			v.query("SELECT count(*) FROM c")
		}},
	}
}
