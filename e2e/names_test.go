package e2e

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// reuse is a conversation in which a name that cordon knows as one statement or cursor comes to mean another one on the server, by the
// protocol and by SQL. Each turn is written at once; the answers are read up to as many ReadyForQuery as it asks for.
type reuse struct {
	name  string
	turns [][][]byte
}

// reuses have the plan of harmless, whose column no plan seals, stand for rows of identifiers, whose column no relation is announced of.
func reuses() []reuse {
	const (
		harmless    = "SELECT 1::int8"
		compared    = "SELECT username, user_id FROM users WHERE user_id = $1"
		identifiers = "SELECT coalesce(user_id, user_id) FROM users WHERE username = 'user17'"
	)
	long := strings.Repeat("n", 63)
	q := func(sql string) []byte { return msg('Q', zero(sql)) }
	bound := func(portal, statement string) []byte { return msgBind(portal, statement, nil, nil) }
	declared := func(name, sql string) []byte { return q("DECLARE " + name + " CURSOR FOR " + sql) }
	return []reuse{
		{"FETCH of a portal that took a closed cursor's name", [][][]byte{{q("BEGIN")}, {declared("c", harmless)},
			{msgClose('P', "c"), msgParse("s", identifiers), bound("c", "s"), msgSync()}, {q("FETCH ALL FROM c")}}},
		{"FETCH of a portal that took a closed cursor's name, at once", [][][]byte{{q("BEGIN")}, {declared("c", harmless)},
			{msgClose('P', "c"), msgParse("", identifiers), bound("c", ""), msgFlush(), q("FETCH ALL FROM c")}}},
		{"FETCH of a portal that took the name of a cursor of another transaction", [][][]byte{{q("BEGIN")}, {declared("c", harmless)}, {q("COMMIT")}, {q("BEGIN")},
			{msgParse("s", identifiers), bound("c", "s"), msgSync()}, {q("FETCH ALL FROM c")}}},
		{"Execute of a cursor that took a closed portal's name", [][][]byte{{q("BEGIN")}, {msgParse("s", harmless), bound("c", "s"), msgSync()}, {q("CLOSE c")},
			{declared("c", identifiers)}, {msgExecute("c", 0), msgSync()}}},
		{"Execute of a cursor that took a closed portal's name, by CLOSE ALL", [][][]byte{{q("BEGIN")}, {msgParse("s", harmless), bound("c", "s"), msgSync()}, {q("CLOSE ALL")},
			{declared("c", identifiers)}, {msgExecute("c", 0), msgSync()}}},
		{"Execute of a FETCH whose cursor changed", [][][]byte{{q("BEGIN")}, {declared("c", harmless)}, {msgParse("f", "FETCH ALL FROM c"), msgSync()}, {q("CLOSE c")},
			{declared("c", identifiers)}, {bound("", "f"), msgExecute("", 0), msgSync()}}},
		{"Execute of an EXECUTE whose statement changed", [][][]byte{{q("PREPARE p AS " + harmless)}, {msgParse("e", "EXECUTE p"), msgSync()}, {q("DEALLOCATE p")},
			{q("PREPARE p AS " + identifiers)}, {bound("", "e"), msgExecute("", 0), msgSync()}}},
		{"Execute of an EXECUTE whose statement changes before it", [][][]byte{{msgParse("p", harmless), msgSync()}, {msgParse("e", "EXECUTE p"), msgSync()},
			{msgClose('S', "p"), msgParse("p", identifiers), bound("", "e"), msgExecute("", 0), msgSync()}}},
		{"EXECUTE of a statement that changes before it", [][][]byte{{msgParse("p", harmless), msgSync()},
			{msgClose('S', "p"), msgParse("p", identifiers), msgFlush(), q("EXECUTE p")}}},
		{"Parse of an EXECUTE of a statement that changes before it", [][][]byte{{msgParse("p", harmless), msgSync()},
			{msgClose('S', "p"), msgParse("p", identifiers), msgParse("", "EXECUTE p"), bound("", ""), msgExecute("", 0), msgSync()}}},
		{"EXECUTE of a FETCH whose cursor changed", [][][]byte{{q("BEGIN")}, {declared("c", harmless)}, {msgParse("f", "FETCH ALL FROM c"), msgSync()}, {q("CLOSE c")},
			{declared("c", identifiers)}, {q("EXECUTE f")}}},
		{"EXECUTE of an EXECUTE whose statement changed", [][][]byte{{q("PREPARE p AS " + harmless)}, {msgParse("e", "EXECUTE p"), msgSync()}, {q("DEALLOCATE p")},
			{q("PREPARE p AS " + identifiers)}, {q("EXECUTE e")}}},
		{"EXECUTE of a DECLARE", [][][]byte{{q("BEGIN")}, {declared("c", harmless)}, {msgParse("d", "DECLARE c CURSOR FOR "+identifiers), msgParse("x", "CLOSE c"), msgSync()},
			{q("EXECUTE x")}, {q("EXECUTE d")}, {q("FETCH ALL FROM c")}}},
		{"EXECUTE of a PREPARE", [][][]byte{{q("PREPARE p AS " + harmless)}, {msgParse("d", "PREPARE p AS "+identifiers), msgParse("x", "DEALLOCATE p"), msgSync()},
			{q("EXECUTE x")}, {q("EXECUTE d")}, {q("EXECUTE p")}}},
		{"a portal of FETCH whose cursor changes between its parts", [][][]byte{{q("BEGIN")}, {declared("c", harmless)}, {msgParse("f", "FETCH 1 FROM c"), bound("g", "f"), msgSync()},
			{q("CLOSE c")}, {declared("c", identifiers)}, {msgExecute("g", 0), msgSync()}}},
		{"a statement that DISCARD ALL dropped", [][][]byte{{msgParse("p", harmless), msgSync()}, {q("DISCARD ALL")}, {q("PREPARE p AS " + identifiers)},
			{bound("", "p"), msgExecute("", 0), msgSync()}}},
		{"EXECUTE with raw identifiers", [][][]byte{{msgParse("p", compared), msgSync()}, {q("EXECUTE p(1000017)")}, {q("EXECUTE p('1000017')")}, {q("EXECUTE p(1000018::int8)")},
			{q("EXECUTE p(1000017 + 0)")}, {q("SELECT 1; EXECUTE p(1000017)")}, {msgParse("", "EXECUTE p(1000017)"), bound("", ""), msgExecute("", 0), msgSync()}}},
		{"EXECUTE with raw identifiers for two uses", [][][]byte{{msgParse("p", "SELECT username FROM users WHERE user_id = $1 OR score = $1"), msgSync()}, {q("EXECUTE p(1000017)")}, {q("EXECUTE p('17')")}}},
		{"EXECUTE with a raw identifier of a statement with constants", [][][]byte{{msgParse("p", "SELECT username FROM users WHERE user_id IN (1000018, $1)"), msgSync()}, {q("EXECUTE p(1000017)")}}},
		{"EXECUTE with an array of raw identifiers", [][][]byte{{msgParse("p", "SELECT username FROM users WHERE user_id = ANY ($1)"), msgSync()}, {q("EXECUTE p('{1000017,1000018}')")}}},
		{"EXECUTE whose statement the protocol made anew", [][][]byte{{msgParse("p", compared), msgSync()}, {q("EXECUTE p(5)")},
			{msgClose('S', "p"), msgParse("p", identifiers), msgFlush(), q("EXECUTE p(1000017)")}, {q("EXECUTE p")}, {msgClose('S', "p"), msgParse("p", compared), q("EXECUTE p(1000017)")}}},
		{"EXECUTE whose statement SQL made anew", [][][]byte{{msgParse("p", compared), msgSync()}, {q("DEALLOCATE p; PREPARE p (int8) AS " + compared)}, {q("EXECUTE p(1000017)")},
			{q("DEALLOCATE p")}, {msgParse("p", compared), q("EXECUTE p(1000017)")}}},
		{"EXECUTE behind DEALLOCATE in its transaction", [][][]byte{{msgParse("p", compared), msgSync()}, {q("BEGIN")}, {q("EXECUTE p(1000017)")}, {q("DEALLOCATE p")},
			{q("EXECUTE p(1000017)")}, {q("EXECUTE p(1000017)")}, {q("ROLLBACK")}, {q("EXECUTE p(1000017)")}}},
		{"EXECUTE of cordon's own statement behind another", [][][]byte{{msgParse("p", compared), msgSync()}, {q("BEGIN")}, {q("EXECUTE p('x')")}, {q("EXECUTE \"cordon.query\"(1000017)")},
			{q("ROLLBACK")}, {q("EXECUTE \"cordon.query\"(1000017)")}, {bound("", "cordon.query"), msgExecute("", 0), msgSync()}, {q("FETCH ALL FROM \"cordon.query\"")}}},
		{"EXECUTE that looks a name up", [][][]byte{{msgParse("p", "SELECT $1::regclass, username FROM users WHERE user_id = $2"), msgSync()}, {q("EXECUTE p('messages', 5)")},
			{msgParse("p", "SELECT $1, username FROM users WHERE user_id = $2", 2205), msgSync()}, {q("EXECUTE p('messages', 5)")},
			{msgParse("p", "SELECT $1, username FROM users WHERE user_id = $2", 26), msgSync()}, {q("EXECUTE p('messages'::regclass, 5)")}, {q("EXECUTE p('users'::regclass, 5)")}}},
		// The server cuts names to 63 bytes.
		{"a statement of a name that is longer than the server keeps", [][][]byte{{msgParse(long+"x", harmless), msgSync()}, {msgClose('S', long+"y"), msgSync()},
			{q("PREPARE " + long + " AS " + identifiers)}, {bound("", long+"x"), msgExecute("", 0), msgSync()}}},
		{"a statement of a name that is longer than the server keeps, by the protocol", [][][]byte{{msgParse(long+"x", harmless), msgSync()},
			{msgClose('S', long+"y"), msgParse(long+"z", identifiers), msgSync()}, {bound("", long+"x"), msgExecute("", 0), msgSync()}, {q("EXECUTE " + long + "x")}}},
		{"an EXECUTE of a name that is longer than the server keeps", [][][]byte{{msgParse(long, harmless), msgSync()}, {msgClose('S', long+"y"), msgParse(long+"z", identifiers), msgSync()},
			{q("EXECUTE " + long)}}},
		{"a portal of a name that is longer than the server keeps", [][][]byte{{q("BEGIN")}, {msgParse("s", harmless), bound(long+"x", "s"), msgSync()}, {q("CLOSE " + long)},
			{declared(long, identifiers)}, {msgExecute(long+"x", 0), msgSync()}}},
		{"a FETCH of a portal of a name that is longer than the server keeps", [][][]byte{{q("BEGIN")}, {declared(long, harmless)},
			{msgClose('P', long+"x"), msgParse("s", identifiers), bound(long+"y", "s"), msgSync()}, {q("FETCH ALL FROM " + long)}}},
		{"a name that ends within a letter where the server cuts it", [][][]byte{{msgParse(long[1:]+"é", harmless), msgSync()}, {q("PREPARE " + long[1:] + " AS " + identifiers)},
			{q("EXECUTE " + long[1:] + "é")}, {q("DEALLOCATE " + long[1:] + "é")}, {bound("", long[1:]+"é"), msgExecute("", 0), msgSync()}, {bound("", long[1:]), msgExecute("", 0), msgSync()}}},
		{"a held cursor", [][][]byte{{q("DECLARE c CURSOR WITH HOLD FOR " + harmless)}, {q("BEGIN")}, {msgClose('P', "c"), msgParse("s", identifiers), bound("c", "s"), msgSync()},
			{q("FETCH ALL FROM c")}}},
	}
}

// TestReusedNames plays them in two worlds: not one byte may tell a raw identifier.
func TestReusedNames(t *testing.T) {
	t.Parallel()
	g := executedWorlds(t, *server, orderShown)
	for _, r := range reuses() {
		t.Run(r.name, func(t *testing.T) {
			var streams [2][]byte
			for i := range g {
				w := login(t, g[i], "analyst", nil)
				w.stream = nil
				for _, turn := range r.turns {
					ready := 0
					for _, m := range turn {
						if m[0] == 'Q' || m[0] == 'S' {
							ready++
						}
					}
					if _, err := w.conn.Write(bytes.Join(turn, nil)); err != nil {
						break // the session was ended
					}
					for range ready {
						if _, err := w.until('Z'); err != nil {
							w.stream = fmt.Appendf(w.stream, "ended")
							break
						}
					}
				}
				streams[i] = w.stream
			}
			if !bytes.Equal(streams[0], streams[1]) {
				t.Errorf("the worlds differ\n%q\n%q", streams[0], streams[1])
			}
		})
	}
}
