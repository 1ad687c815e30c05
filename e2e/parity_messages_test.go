package e2e

import (
	"bytes"
	"strings"
)

// parityMessages are FunctionCall, and messages that should not come or are not well made.
func parityMessages() []parityCase {
	// last is a message after which the server ends the session.
	last := func(name, want string, m []byte) parityCase {
		return parityCase{name, want, func(k *talk) {
			v := k.begin()
			v.query("SELECT 'alive'")
			v.pipe(0, m)
			v.drain()
		}}
	}
	const int4pl, concat, nosuch = 177, 1258, 999999
	return []parityCase{
		pipeline("FunctionCall", "shout", msgCall(concat, 0, textValues("sh", "out")), msgCall(int4pl, 1, [][]byte{{0, 0, 0, 2}, {0, 0, 0, 3}}), msgCall(int4pl, 0, textValues("2", "3")), msgCall(int4pl, 0, [][]byte{nil, []byte("3")})),
		pipeline("FunctionCall fails", "C42883", msgCall(nosuch, 0, nil), msgCall(int4pl, 0, textValues("2")), msgCall(int4pl, 0, textValues("2", "x")), msgCall(int4pl, 1, [][]byte{{1}, {2}}), msg('F', int32of(concat))),
		pipeline("FunctionCall in a transaction", "C25P02", msg('Q', zero("BEGIN")), msgCall(concat, 0, textValues("x", "y")), msgCall(int4pl, 0, textValues("1", "x")), msgCall(concat, 0, textValues("x", "y")), msg('Q', zero("ROLLBACK"))),
		pipeline("Sync alone", "alive", msgSync(), msgSync(), msg('Q', zero("SELECT 'alive'"))),
		pipeline("COPY data that nothing asked for", "alive", bytes.Join([][]byte{msgData("x\n"), msg('c'), msg('f', zero("no")), msg('Q', zero("SELECT 'alive'"))}, nil)),
		pipeline("a cut Bind", "C08P01", bytes.Join([][]byte{msg('B', []byte("x")), msgSync()}, nil), msg('Q', zero("SELECT 1"))),
		pipeline("a cut Parse", "C08P01", bytes.Join([][]byte{msg('P', zero("s"), zero("SELECT 1"), []byte{0}), msgSync()}, nil)),
		pipeline("a Query of no end", "C08P01", msg('Q', []byte("SELECT 1"))),
		pipeline("bytes behind a Query", "C08P01", msg('Q', zero("SELECT 1"), zero("SELECT 2"))),
		pipeline("bytes behind a Sync", "C08P01", msg('S', []byte("more")), msgSync()),
		pipeline("Describe of neither", "C08P01", bytes.Join([][]byte{msgDescribe('X', ""), msgSync()}, nil), bytes.Join([][]byte{msgClose('X', ""), msgSync()}, nil)),
		pipeline("a negative count", "C08P01", bytes.Join([][]byte{msgParse("", "SELECT 1"), msg('B', zero(""), zero(""), []byte{0xff, 0xff}), msgSync()}, nil)),
		pipeline("Execute of a negative limit", "SELECT 1", bytes.Join([][]byte{msgParse("", "SELECT 1"), msgBind("", "", nil, nil), msg('E', zero(""), int32of(-1)), msgSync()}, nil)),
		last("unknown message", "C08P01", msg('y', []byte("what"))),
		last("a password again", "C08P01", msg('p', zero("secret"))),
		last("a backend's message", "C08P01", msg('Z', []byte("I"))),
		last("a second startup", "C08P01", append([]byte{0, 0, 0, 9, 0, 3, 0, 0}, 0)),
		last("a message of 2 GB", "alive", []byte{'Q', 0x7f, 0xff, 0xff, 0xff}),
		last("a short length", "alive", []byte{'Q', 0, 0, 0, 3}),
		last("a negative length", "alive", []byte{'Q', 0xff, 0xff, 0xff, 0xff}),
		last("a long Sync", "alive", []byte{'S', 0, 0x10, 0, 0}),
		last("HTTP", "alive", []byte("GET / HTTP/1.1\r\n"+strings.Repeat("x", 20))),
	}
}
