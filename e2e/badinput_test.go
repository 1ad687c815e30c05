package e2e

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

// TestBadInput gives cordon what no client should send, many clients at once. Each must get a clear error, the log must name its
// session, and two bystanders, one masked and one not, must get their right answers all the while.
func TestBadInput(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	loadWorld(t, c, "1")
	requirePassword(t, c, "locked", "eu_locked")
	records := &journal{}
	cfg := configure(t, c, worldKeys[0], func(text string) string { return text + "\n[database.ghost]\n" })
	g := &gateway{cluster: c, cfg: cfg, address: start(t, cfg, records.logger())}
	end := bystand(t, g)
	t.Run("all", func(t *testing.T) {
		for name, check := range map[string]func(*testing.T, *gateway, *journal){
			"statements": badStatements, "extended statements": badExtended, "messages": badMessages, "settings": badSettings,
			"garbage": badGarbage, "logins": badLogins, "cancel": badCancel, "backends that die": badBackends,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				check(t, g, records)
			})
		}
	})
	if rounds := end(); rounds == 0 {
		t.Error("the bystanders never got an answer")
	}
}

// badCase is one input and what the client that sent it has to read.
type badCase struct {
	name, sql string
	code      string // SQLSTATE
	says      string // part of the message
	logged    string // part of a log line of the session; empty: the SQLSTATE
}

func (b badCase) log() string {
	if b.logged != "" {
		return b.logged
	}
	return b.code
}

// statementCases are refused one by one; the session goes on behind each. Valid SQL of these sizes is meant: only the size is bad.
func statementCases() []badCase {
	repeated := func(n int, before, middle, after string) string {
		return "SELECT " + strings.Repeat(before, n) + middle + strings.Repeat(after, n)
	}
	const deep = 100_000
	return []badCase{
		{"10 MB", "SELECT '" + strings.Repeat("x", 10<<20) + "'", "54000", "at most", ""},
		{"200,000 operators", repeated(200_000, "", "1", "+1"), "54001", "too complex", ""},
		{"200,000 set operations", repeated(200_000, "", "1", " UNION SELECT 1"), "54000", "at most", ""},
		{"60,000 set operations", repeated(60_000, "", "1", " UNION SELECT 1"), "54001", "too complex", ""},
		{"parentheses", repeated(deep, "(", "1", ")"), "54001", "too complex", ""},
		{"CASE", repeated(deep, "CASE WHEN true THEN ", "1", " END"), "54000", "at most", ""},
		{"shorter CASE", repeated(40_000, "CASE WHEN true THEN ", "1", " END"), "54001", "too complex", ""},
		{"subselects", repeated(deep, "(SELECT ", "1", ")"), "54001", "too complex", ""},
		{"arrays", repeated(deep, "ARRAY[", "1", "]"), "54001", "too complex", ""},
		{"NOT", repeated(deep, "NOT ", "true", ""), "54001", "too complex", ""},
		{"casts", repeated(deep, "", "1", "::int"), "54001", "too complex", ""},
		{"open parentheses", "SELECT " + strings.Repeat("(", deep), "54001", "too complex", ""},
		{"invalid UTF-8", "SELECT 'a\xffb'", "22021", "UTF-8", ""},
		{"half a character", "SELECT 'a\xc3", "22021", "UTF-8", ""},
		{"a surrogate", "SELECT '\xed\xa0\x80'", "22021", "UTF-8", ""},
		{"COPY from the client", "COPY users FROM STDIN", "42501", "COPY", ""},
		{"COPY from a file", "COPY users FROM '/etc/passwd'", "42501", "COPY", ""},
		{"COPY from a program", "COPY users FROM PROGRAM 'id'", "42501", "COPY", ""},
		{"COPY to a program", "COPY users TO PROGRAM 'cat'", "42501", "COPY", ""},
	}
}

func badStatements(t *testing.T, g *gateway, records *journal) {
	for _, b := range statementCases() {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			w := login(t, g, "analyst", nil)
			if err := w.send('Q', zero(b.sql)); err != nil {
				t.Fatal(err)
			}
			b.check(t, g, records, w, "ERROR")
		})
	}
}

// badExtended sends the same texts in a Parse, and bad values in a Bind.
func badExtended(t *testing.T, g *gateway, records *journal) {
	for _, b := range statementCases() {
		if strings.HasPrefix(b.name, "COPY") {
			continue
		}
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			w := login(t, g, "analyst", nil)
			if err := w.extended(b.sql, nil, 0); err != nil {
				t.Fatal(err)
			}
			b.check(t, g, records, w, "ERROR")
		})
	}
	t.Run("an error before the rest of the pipeline", func(t *testing.T) {
		t.Parallel()
		for _, sql := range []string{"DELETE FROM users", "SELECT nothing FROM users"} {
			w := login(t, g, "analyst", nil)
			if err := w.send('P', zero(""), zero(sql), []byte{0, 0}); err != nil {
				t.Fatal(err)
			}
			if code, err := w.until('E'); code == "" || err != nil {
				t.Fatalf("%s: %q, %v", sql, code, err)
			}
			w.stream = nil
			err := errors.Join(w.send('B', zero(""), zero(""), make([]byte, 6)), w.send('D', []byte("P\x00")), w.send('E', zero(""), make([]byte, 4)),
				w.send('Q', zero("SELECT 1")), w.send('S'))
			if err != nil {
				t.Fatal(err)
			}
			if code, err := w.until('Z'); code != "" || err != nil || len(w.stream) != 6 {
				t.Errorf("%s: behind the error came %q, %v: %q; want ReadyForQuery alone", sql, code, err, w.stream)
			}
			goesOn(t, w)
		}
	})
	for name, value := range map[string]string{"invalid UTF-8": "a\xffb", "NUL": "a\x00b"} {
		t.Run(name+" in a value", func(t *testing.T) {
			t.Parallel()
			w := login(t, g, "analyst", nil)
			if err := w.extended("SELECT username FROM users WHERE username = $1", []*string{&value}, 0); err != nil {
				t.Fatal(err)
			}
			b := badCase{code: "22021", says: "invalid byte sequence"} // Postgres' own error, so not in cordon's log
			b.answered(t, w, "ERROR", false)
			goesOn(t, w)
		})
	}
}

// check expects the error of a refused statement, a record of it, and a session that goes on.
func (b badCase) check(t *testing.T, g *gateway, records *journal, w *wire, severity string) {
	t.Helper()
	b.answered(t, w, severity, b.code != "08P01") // a broken message has no better form to name
	records.expect(t, w.client(), b.log())
	if severity == "ERROR" {
		goesOn(t, w)
	}
}

// answered reads to ReadyForQuery, or to the end where the error is fatal, and judges the one error on the way.
func (b badCase) answered(t *testing.T, w *wire, severity string, hint bool) {
	t.Helper()
	w.stream = nil
	_, err := w.until('Z')
	if fatal := severity == "FATAL"; fatal != errors.Is(err, io.EOF) {
		t.Fatalf("reading the answer: %v; want a %s: %v", err, severity, reports(w.stream))
	}
	got := reports(w.stream)
	if len(got) != 1 {
		t.Fatalf("%d errors, want one: %v", len(got), got)
	}
	e := got[0]
	if e.severity != severity || e.code != b.code || !strings.Contains(e.message, b.says) || hint && e.hint == "" {
		t.Errorf("%s %s %q, hint %q; want %s %s with %q and a hint", e.severity, e.code, e.message, e.hint, severity, b.code, b.says)
	}
}

// goesOn expects that a session still answers.
func goesOn(t *testing.T, w *wire) {
	t.Helper()
	w.stream = nil
	if err := w.send('Q', zero("SELECT count(*) FROM users")); err != nil {
		t.Fatal(err)
	}
	if code, err := w.until('Z'); err != nil || code != "" || !bytes.Contains(w.stream, []byte("180")) {
		t.Errorf("the session does not go on: %q, %v", code, err)
	}
}
