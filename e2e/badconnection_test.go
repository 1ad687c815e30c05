package e2e

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/cordon-db/cordon/internal/pgcluster/pgtest"
)

// badMessages are messages that a masked session may not send. What Postgres would ignore is ignored.
func badMessages(t *testing.T, g *gateway, records *journal) {
	call := append(binary.BigEndian.AppendUint32(nil, 1598), 0, 0, 0, 0, 0, 0) // random()
	for _, m := range []struct {
		name     string
		bytes    []byte
		severity string
		badCase
	}{
		{"FunctionCall", framed('F', call), "ERROR", badCase{code: "0A000", says: "FunctionCall"}},
		{"unknown type", framed('y', nil), "FATAL", badCase{code: "08P01", says: "message type", logged: "message type"}},
		{"a second startup", startupPacket("eu_anna"), "FATAL", badCase{code: "08P01", says: "message", logged: "message"}},
		{"TLS in the middle", []byte(packetOf(8, "\x04\xd2\x16\x2f")), "FATAL", badCase{code: "08P01", says: "message", logged: "message"}},
		{"a password", framed('p', zero("secret")), "FATAL", badCase{code: "08P01", says: "message type", logged: "message type"}},
		{"1 GB", append([]byte{'Q'}, 0x40, 0, 0, 0), "FATAL", badCase{code: "54000", says: "longer than the limit", logged: "too long"}},
		{"a negative length", append([]byte{'Q'}, 0xff, 0xff, 0xff, 0xff), "FATAL", badCase{code: "08P01", says: "message", logged: "protocol violation"}},
		{"a short length", []byte{'Q', 0, 0, 0, 3}, "FATAL", badCase{code: "08P01", says: "message", logged: "protocol violation"}},
		{"NUL in a Query", framed('Q', []byte("SELECT 1\x00; SELECT 2\x00")), "FATAL", badCase{code: "08P01", says: "Query", logged: "Query"}},
		{"no end of a Query", framed('Q', []byte("SELECT 1")), "FATAL", badCase{code: "08P01", says: "Query", logged: "Query"}},
		{"a cut Parse", framed('P', []byte("\x00SELECT 1\x00\x00")), "FATAL", badCase{code: "08P01", says: "Parse", logged: "Parse"}},
		{"a cut Bind", framed('B', []byte("x")), "FATAL", badCase{code: "08P01", says: "Bind", logged: "Bind"}},
	} {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			w := login(t, g, "analyst", nil)
			if _, err := w.conn.Write(m.bytes); err != nil {
				t.Fatal(err)
			}
			m.check(t, g, records, w, m.severity)
		})
	}
	t.Run("COPY data that nothing asked for", func(t *testing.T) {
		t.Parallel()
		w := login(t, g, "analyst", nil)
		if err := errors.Join(w.send('d', []byte("1\tx\n")), w.send('c'), w.send('f', zero("no"))); err != nil {
			t.Fatal(err)
		}
		goesOn(t, w)
	})
}

// badSettings ask for another encoding, through each door. UTF8 itself is admitted, and SQL_ASCII, which stands for it.
func badSettings(t *testing.T, g *gateway, records *journal) {
	for _, encoding := range []string{"LATIN1", "EUC_JP", "no such"} {
		for door, sql := range map[string]string{
			"SET": "SET client_encoding = '%s'", "SET NAMES": "SET NAMES '%s'", "SET LOCAL": "BEGIN; SET LOCAL client_encoding TO '%s'",
			"set_config": "SELECT set_config('client_encoding', '%s', false)",
		} {
			t.Run(door+" "+encoding, func(t *testing.T) {
				t.Parallel()
				w := login(t, g, "analyst", nil)
				if err := w.send('Q', zero(fmt.Sprintf(sql, encoding))); err != nil {
					t.Fatal(err)
				}
				b := badCase{code: "42501", says: "client_encoding"}
				b.answered(t, w, "ERROR", true)
				records.expect(t, w.client(), b.code)
			})
		}
		for door, startup := range map[string][2]string{"startup": {"client_encoding", encoding}, "options": {"options", "-c client_encoding=" + strings.ReplaceAll(encoding, " ", `\ `)}} {
			t.Run(door+" "+encoding, func(t *testing.T) {
				t.Parallel()
				refusedLogin(t, g, records, "analyst", [][2]string{startup}, badCase{code: "42501", says: "client_encoding"}, true)
			})
		}
	}
	w := login(t, g, "analyst", [][2]string{{"client_encoding", "SQL_ASCII"}})
	if err := w.send('Q', zero("SET client_encoding TO 'utf-8'; SET NAMES 'UTF8'; SET NAMES 'SQL_ASCII'")); err != nil {
		t.Fatal(err)
	}
	if code, err := w.until('Z'); code != "" || err != nil {
		t.Errorf("UTF8 itself: %s, %v", code, err)
	}
}

// refusedLogin expects that a login ends in one fatal error and a record.
func refusedLogin(t *testing.T, g *gateway, records *journal, user string, startup [][2]string, b badCase, hint bool) {
	t.Helper()
	w, err := dialWire(g.address, user, startup)
	if w == nil {
		t.Fatal(err)
	}
	defer w.conn.Close()
	if !errors.Is(err, io.EOF) {
		t.Fatalf("the login ended with %v", err)
	}
	b.said(t, w.stream, hint)
	records.expect(t, w.client(), b.log())
}

// said expects that a stream holds one error, a fatal one.
func (b badCase) said(t *testing.T, stream []byte, hint bool) {
	t.Helper()
	got := reports(stream)
	if len(got) != 1 {
		t.Fatalf("%d errors, want one: %v of %q", len(got), got, stream)
	}
	if e := got[0]; e.severity != "FATAL" || e.code != b.code || !strings.Contains(e.message, b.says) || hint && e.hint == "" {
		t.Errorf("%s %s %q, hint %q; want FATAL %s with %q", e.severity, e.code, e.message, e.hint, b.code, b.says)
	}
}

// badGarbage is what other programs, or nobody, would send to the port.
func badGarbage(t *testing.T, g *gateway, records *journal) {
	random := make([]byte, 4096)
	chacha := rand.NewChaCha8([32]byte{1})
	_, _ = chacha.Read(random)
	for name, text := range map[string]string{
		"HTTP":              "GET / HTTP/1.1\r\nHost: cordon\r\n\r\n",
		"TLS":               "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("r", 500),
		"SSH":               "SSH-2.0-OpenSSH_9.2\r\n",
		"random":            string(random),
		"zeros":             strings.Repeat("\x00", 64),
		"1 GB":              packetOf(1<<30, "\x00\x03\x00\x00"),
		"4 GB":              packetOf(1<<32-1, "\x00\x03\x00\x00"),
		"empty":             packetOf(4, ""),
		"protocol 2":        packetOf(8, "\x00\x02\x00\x00"),
		"no user":           packetOf(9, "\x00\x03\x00\x00\x00"),
		"cut parameters":    packetOf(14, "\x00\x03\x00\x00user\x00x"),
		"bytes behind":      packetOf(17, "\x00\x03\x00\x00user\x00x\x00\x00y"),
		"SSL asked twice":   packetOf(8, "\x04\xd2\x16\x2f") + packetOf(8, "\x04\xd2\x16\x2f"),
		"a message instead": string(framed('Q', zero("SELECT 1"))),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, g)
			if _, err := conn.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
			said := closes(t, conn)
			badCase{code: "08P01", says: "protocol"}.said(t, []byte(strings.TrimLeft(string(said), "N")), false)
			records.expect(t, conn.LocalAddr().String(), "protocol violation")
		})
	}
	t.Run("nothing", func(t *testing.T) {
		t.Parallel()
		if err := dial(t, g).Close(); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("too slow", func(t *testing.T) {
		t.Parallel()
		cfg := *g.cfg
		cfg.Listen.StartupTimeout = 500 * time.Millisecond
		records := &journal{}
		conn := dial(t, &gateway{address: start(t, &cfg, records.logger())})
		begun := time.Now()
		for _, b := range startupPacket("analyst") { // a byte each 100 ms would take seconds
			if _, err := conn.Write([]byte{b}); err != nil {
				break
			}
			if time.Sleep(100 * time.Millisecond); time.Since(begun) > time.Second {
				break
			}
		}
		badCase{code: "57014", says: "time"}.said(t, closes(t, conn), true)
		records.expect(t, conn.LocalAddr().String(), "timeout")
	})
}

// badLogins name databases and passwords that are not right.
func badLogins(t *testing.T, g *gateway, records *journal) {
	for name, l := range map[string]struct {
		user, database string
		hint           bool // cordon's own refusals have one
		badCase
	}{
		"masked, no such database":           {"analyst", "nosuch", true, badCase{code: "42501", says: `"nosuch" has no policy`, logged: "no policy"}},
		"masked, database without a section": {"analyst", "postgres", true, badCase{code: "42501", says: `"postgres" has no policy`, logged: "no policy"}},
		"masked, section without a database": {"analyst", "ghost", true, badCase{code: "57P03", says: "catalog", logged: "ghost"}},
		"EU, no such database":               {"eu_anna", "nosuch", false, badCase{code: "3D000", says: `"nosuch" does not exist`}},
		"masked, wrong password":             {"locked", database, false, badCase{code: "28P01", says: "password authentication failed"}},
		"EU, wrong password":                 {"eu_locked", database, false, badCase{code: "28P01", says: "password authentication failed"}},
		"masked, no such user":               {"nobody_at_all", database, false, badCase{code: "28000", says: "does not exist"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			cfg, err := pgconn.ParseConfig(fmt.Sprintf("postgres://%s:wrong@%s/%s?sslmode=disable", l.user, g.address, l.database))
			if err != nil {
				t.Fatal(err)
			}
			var client string
			cfg.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
				if err == nil {
					client = conn.LocalAddr().String()
				}
				return conn, err
			}
			conn, err := pgconn.ConnectConfig(ctx, cfg)
			if err == nil {
				_ = conn.Close(ctx)
				t.Fatal("logged in")
			}
			var e *pgconn.PgError
			if !errors.As(err, &e) {
				t.Fatalf("no answer: %v", err)
			}
			if e.Severity != "FATAL" || e.Code != l.code || !strings.Contains(e.Message, l.says) || l.hint && e.Hint == "" {
				t.Errorf("%s %s %q, hint %q; want FATAL %s with %q", e.Severity, e.Code, e.Message, e.Hint, l.code, l.says)
			}
			records.expect(t, client, l.log())
		})
	}
}

// badCancel cancels with a wrong key, which does nothing, and with the right one.
func badCancel(t *testing.T, g *gateway, _ *journal) {
	for _, user := range []string{"analyst", "eu_anna"} {
		t.Run(user, func(t *testing.T) {
			t.Parallel()
			a := connect(t, g.address, user, database, nil)
			defer a.close()
			ended := make(chan error, 1)
			go func() {
				_, err := a.conn.Exec(context.Background(), slow).ReadAll()
				ended <- err
			}()
			wrong := dial(t, g)
			request := binary.BigEndian.AppendUint32([]byte("\x04\xd2\x16\x2e"), a.conn.PID())
			if _, err := wrong.Write([]byte(packetOf(16, string(append(request, 1, 2, 3, 4))))); err != nil {
				t.Fatal(err)
			}
			if said := closes(t, wrong); len(said) > 0 {
				t.Errorf("a cancel request is never answered, this one was: %q", said)
			}
			select {
			case err := <-ended:
				t.Fatalf("a wrong key ended the statement: %v", err)
			case <-time.After(300 * time.Millisecond):
			}
			if err := a.conn.CancelRequest(context.Background()); err != nil {
				t.Fatal(err)
			}
			var e *pgconn.PgError
			if err := <-ended; !errors.As(err, &e) || e.Code != "57014" {
				t.Errorf("the statement ended with %v, want 57014", err)
			}
			if _, err := a.conn.Exec(context.Background(), "SELECT 1").ReadAll(); err != nil {
				t.Errorf("the session does not go on: %v", err)
			}
		})
	}
}

// badBackends loses the server's side of a session, between statements and within one, to an administrator.
func badBackends(t *testing.T, g *gateway, records *journal) {
	for name, sql := range map[string]string{"idle": "", "in a statement": slow} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := login(t, g, "analyst", [][2]string{{"application_name", "dies " + name}})
			w.stream = nil
			if sql != "" {
				if err := w.send('Q', zero(sql)); err != nil {
					t.Fatal(err)
				}
				time.Sleep(200 * time.Millisecond)
			}
			pgtest.Exec(t, pgtest.Superuser(t, g.cluster, database), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dies "+name+"'")
			badCase{code: "57P01", says: "terminating connection"}.said(t, closes(t, w.conn), false)
			records.expect(t, w.client(), "session ended")
		})
	}
}
