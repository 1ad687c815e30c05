package e2e

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/cordon-db/cordon/e2e/attacks"
	"github.com/cordon-db/cordon/internal/pgcluster/pgtest"
)

// Somebody gives the hidden column phone the name of the shown column username, and back. Both are text, so Postgres notices nothing;
// cordon's snapshot is from before. Every phone holds "zz" and no username does.
const (
	swap     = "ALTER TABLE users RENAME username TO moved; ALTER TABLE users RENAME phone TO username"
	swapBack = "ALTER TABLE users RENAME username TO phone; ALTER TABLE users RENAME moved TO username"
)

// race is a conversation with DDL between before and after.
type race struct {
	name          string
	before, after func(w *wire) (code string, err error)
}

// races are the ways to have a statement planned by cordon and analysed by the server at two times.
func races() []race {
	const shown = "SELECT username FROM users ORDER BY user_id"
	stale := map[string]string{
		"simple": shown, "star": "SELECT * FROM users", "whole subquery": "SELECT s.n FROM (SELECT username AS n FROM users OFFSET 0) s",
		"CTE": "WITH u AS MATERIALIZED (SELECT username FROM users) SELECT * FROM u", "TABLE": "TABLE users",
		"join": "SELECT v.title, u.username FROM videos v LEFT JOIN users u ON u.user_id = v.user_id",
		"view": "SELECT username FROM public_videos", "COPY of a query": "COPY (" + shown + ") TO STDOUT", "COPY of a table": "COPY users (username) TO STDOUT",
		"DECLARE and FETCH": "BEGIN; DECLARE c CURSOR FOR " + shown + "; FETCH ALL FROM c", "PREPARE and EXECUTE": "PREPARE p AS " + shown + "; EXECUTE p",
	}
	var out []race
	for name, sql := range stale {
		out = append(out, race{name + ", stale snapshot", nothing, simply(sql)})
	}
	named := func(w *wire) (string, error) {
		return w.answer(w.send('P', zero("p"), zero(shown), []byte{0, 0}), w.send('S'))
	}
	run := func(w *wire) (string, error) {
		return w.answer(w.send('B', zero(""), zero("p"), make([]byte, 6)), w.send('E', zero(""), make([]byte, 4)), w.send('S'))
	}
	often := func(w *wire) (string, error) { // Postgres goes over to a generic plan
		code, err := named(w)
		for range 7 {
			if err == nil && code == "" {
				code, err = run(w)
			}
		}
		return code, err
	}
	return append(out,
		race{"extended, stale snapshot", nothing, func(w *wire) (string, error) { return w.answer(w.extended(shown, nil, 0)) }},
		race{"extended without Describe, stale snapshot", nothing, func(w *wire) (string, error) {
			return w.answer(w.send('P', zero("p"), zero(shown), []byte{0, 0}), w.send('B', zero(""), zero("p"), make([]byte, 6)), w.send('E', zero(""), make([]byte, 4)), w.send('S'))
		}},
		race{"between Parse and Bind", named, run},
		race{"between two executions", often, run},
		race{"between Parse and Bind of a COPY", func(w *wire) (string, error) {
			return w.answer(w.send('P', zero("p"), zero("COPY ("+shown+") TO STDOUT"), []byte{0, 0}), w.send('S'))
		}, run},
		race{"a cursor with the name of a portal", func(w *wire) (string, error) {
			code, err := simply("BEGIN")(w)
			if code == "" && err == nil {
				code, err = w.answer(w.send('P', zero(""), zero("SELECT title FROM videos"), []byte{0, 0}), w.send('B', zero("c"), zero(""), make([]byte, 6)),
					w.send('E', zero("c"), []byte{0, 0, 0, 1}), w.send('S'))
			}
			if code == "" && err == nil {
				code, err = simply("CLOSE c")(w)
			}
			return code, err
		}, func(w *wire) (string, error) {
			if code, err := simply("DECLARE c CURSOR FOR " + shown)(w); code != "" || err != nil {
				return code, err
			}
			return w.answer(w.send('E', zero("c"), make([]byte, 4)), w.send('S'))
		}},
		race{"between Parse and EXECUTE", named, simply("EXECUTE p")},
		race{"between PREPARE and EXECUTE", simply("PREPARE p AS " + shown), simply("EXECUTE p")},
		race{"between PREPARE and Bind", simply("PREPARE p AS " + shown), run},
	)
}

func nothing(*wire) (string, error) { return "", nil }

func simply(sql string) func(*wire) (string, error) {
	return func(w *wire) (string, error) { return w.answer(w.send('Q', zero(sql))) }
}

// answer reads the answer to what was sent, if it could be sent.
func (w *wire) answer(sent ...error) (string, error) {
	if err := errors.Join(sent...); err != nil {
		return "", err
	}
	return w.until('Z')
}

// TestEgressDDL renames a shown column away and a hidden one to its name, at every moment between cordon's planning and
// the server's execution. No phone may reach the client: the statement fails or the session ends.
//
// Proven able to fail: TestEgressCanFail plays the same without cordon; with the comparison in proxy.checkRow taken out 19 of the races
// leak, and with portals not described, or a COPY described at Parse only, those between Parse and Bind.
func TestEgressDDL(t *testing.T) {
	t.Parallel()
	g, admin := staleGateway(t)
	for _, r := range races() {
		t.Run(r.name, func(t *testing.T) {
			w := login(t, g, "analyst", nil)
			w.stream = nil
			if code, err := r.before(w); code != "" || err != nil {
				t.Fatalf("before the DDL: %s, %v, %q", code, err, w.stream)
			}
			pgtest.Exec(t, admin, swap)
			code, err := r.after(w)
			_ = w.conn.Close() // a transaction that is still open would hold its lock
			pgtest.Exec(t, admin, swapBack)
			if leaked := bytes.Index(w.stream, []byte("zz")); leaked >= 0 {
				t.Errorf("a phone reached the client: %q", w.stream[max(0, leaked-20):leaked+20])
			}
			if code == "" && !errors.Is(err, io.EOF) {
				t.Errorf("neither an error nor the end of the session: %v, %d bytes", err, len(w.stream))
			}
		})
	}
}

// TestEgressCanFail shows what the races would give away: the same conversations with the database directly hand over phones.
func TestEgressCanFail(t *testing.T) {
	t.Parallel()
	g, admin := staleGateway(t)
	direct := &gateway{address: g.cluster.Address()}
	for _, r := range races() {
		w := login(t, direct, "eu_anna", nil)
		if _, err := r.before(w); err != nil {
			t.Fatal(err)
		}
		pgtest.Exec(t, admin, swap)
		if _, err := r.after(w); err != nil {
			t.Fatal(err)
		}
		_ = w.conn.Close()
		pgtest.Exec(t, admin, swapBack)
		if !bytes.Contains(w.stream, []byte("zz")) && !strings.HasPrefix(r.name, "view") { // a view follows its columns
			t.Errorf("%s: no phone even without cordon, so this race proves nothing", r.name)
		}
	}
}

// TestEgressLocks: where cordon cannot look again, between the DECLARE and the FETCH of a cursor and between Bind and Execute of a portal,
// the lock of the transaction keeps DDL out. A cursor that outlives its transaction holds its rows.
func TestEgressLocks(t *testing.T) {
	t.Parallel()
	g, admin := staleGateway(t)
	pgtest.Exec(t, admin, "SET lock_timeout = '100ms'")
	const shown = "SELECT username FROM users ORDER BY user_id"
	portal := func(w *wire) (string, error) {
		if code, err := simply("BEGIN")(w); code != "" || err != nil {
			return code, err
		}
		return w.answer(w.send('P', zero(""), zero(shown), []byte{0, 0}), w.send('B', zero("p"), zero(""), make([]byte, 6)), w.send('E', zero("p"), []byte{0, 0, 0, 1}), w.send('S'))
	}
	for _, r := range []race{
		{"cursor", simply("BEGIN; DECLARE c CURSOR FOR " + shown), simply("FETCH ALL FROM c")},
		{"portal", portal, func(w *wire) (string, error) { return w.answer(w.send('E', zero("p"), make([]byte, 4)), w.send('S')) }},
	} {
		w := login(t, g, "analyst", nil)
		if code, err := r.before(w); code != "" || err != nil {
			t.Fatalf("%s: %s, %v", r.name, code, err)
		}
		var e *pgconn.PgError
		if _, err := admin.Exec(context.Background(), swap, pgx.QueryExecModeSimpleProtocol); !errors.As(err, &e) || e.Code != "55P03" {
			t.Errorf("%s: DDL ended with %v, want 55P03", r.name, err)
		}
		if code, err := r.after(w); code != "" || err != nil || bytes.Contains(w.stream, []byte("zz")) {
			t.Errorf("%s: %s, %v", r.name, code, err)
		}
		_ = w.conn.Close()
	}
	w := login(t, g, "analyst", nil)
	if code, err := simply("BEGIN; DECLARE c CURSOR WITH HOLD FOR " + shown + "; COMMIT")(w); code != "" || err != nil {
		t.Fatalf("WITH HOLD: %s, %v", code, err)
	}
	pgtest.Exec(t, admin, swap)
	if _, err := simply("FETCH ALL FROM c")(w); err != nil && !errors.Is(err, io.EOF) || bytes.Contains(w.stream, []byte("zz")) {
		t.Errorf("WITH HOLD: %v, %q", err, w.stream)
	}
}

// TestThirdWall: an expression has no origin that the server would name. There the database's own rights, which follow the column
// and not its name, keep a phone in.
func TestThirdWall(t *testing.T) {
	t.Parallel()
	g, admin := staleGateway(t)
	pgtest.Exec(t, admin, `CREATE ROLE narrow LOGIN; GRANT SELECT (user_id, username, email, birth, country, score, profile, last_ip, joined, deleted_at) ON users TO narrow;
		GRANT SELECT ON videos TO narrow`)
	for i, sql := range []string{
		"SELECT upper(username) FROM users", "SELECT max(username) FROM users", "SELECT username FROM users UNION SELECT title FROM videos",
		"SELECT (SELECT username FROM users LIMIT 1)", "SELECT count(*) FROM users WHERE username LIKE '+%'", "COPY (SELECT username || '' FROM users) TO STDOUT",
	} {
		w := login(t, g, "narrow", nil)
		if code, err := w.play(attacks.Step{Verb: attacks.Simple, SQL: sql}); code != "" || err != nil {
			t.Fatalf("%s: %s, %v", sql, code, err)
		}
		pgtest.Exec(t, admin, swap)
		w.stream = nil
		code, err := simply(sql)(w)
		if code != "42501" || err != nil || bytes.Contains(w.stream, []byte("zz")) {
			t.Errorf("%d %s: %q, %v: %q", i, sql, code, err, w.stream)
		}
		pgtest.Exec(t, admin, swapBack)
		_ = w.conn.Close()
	}
}

// staleGateway is a cordon that reads the catalog once, and a superuser beside it.
func staleGateway(t *testing.T) (*gateway, *pgx.Conn) {
	t.Helper()
	c := newCluster(t)
	admin := loadWorld(t, c, "1")
	pgtest.Exec(t, admin, "SET lock_timeout = '10s'")
	return serve(t, c, worldKeys[0], func(text string) string {
		changed := strings.Replace(text, "[upstream]\n", "[upstream]\nrefresh = \"1h\"\n", 1)
		if changed == text {
			t.Fatal("the configuration has no [upstream]")
		}
		return changed
	}), admin
}
