package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// parityLogins are how sessions begin, or do not. What comes before the authentication is cordon's own and only its outcome is compared,
// but where Postgres would answer alike.
func parityLogins() []parityCase {
	const v30, v32 = 3 << 16, 3<<16 | 2
	login := func(name, want string, version uint32, parameters ...[2]string) parityCase {
		return parityCase{name, want, func(k *talk) {
			v := k.open()
			v.enter(version, parameters...)
			v.query("SELECT current_user, current_database()")
		}}
	}
	anna, here := [2]string{"user", "eu_anna"}, [2]string{"database", database}
	password := func(name, want, user, text string) parityCase {
		return parityCase{name, want, func(k *talk) {
			v := k.open()
			if v.ended {
				return
			}
			v.check(v.hello(v30, [][2]string{{"user", user}, here}))
			v.await('R')
			v.pipe('Z', msg('p', zero(text)))
			v.query("SELECT current_user")
		}}
	}
	return []parityCase{
		login("parameters and options", "Asia/Tokyo", v30, anna, here, [2]string{"TimeZone", "Asia/Tokyo"}, [2]string{"application_name", "named"}, [2]string{"options", "-c work_mem=8MB -c search_path=\"a\\ b\",public"}, [2]string{"extra_float_digits", "2"}),
		login("LATIN1 at startup", "LATIN1", v30, anna, here, [2]string{"client_encoding", "LATIN1"}),
		login("an unknown parameter", "C42704", v30, anna, here, [2]string{"nosuch_setting", "1"}),
		login("a bad value", "C22023", v30, anna, here, [2]string{"work_mem", "much"}),
		login("bad options", "C42601", v30, anna, here, [2]string{"options", "--nosuch"}),
		login("unknown database", "C3D000", v30, anna, [2]string{"database", "nosuch"}),
		login("no database named", "C3D000", v30, anna),
		login("unknown user", "C28000", v30, [2]string{"user", "eu_nobody"}, here),
		login("a user who may not log in", "C28000", v30, [2]string{"user", "eu_idle"}, here),
		login("a database that takes nobody", "C55000", v30, anna, [2]string{"database", "template0"}),
		login("protocol 3.2", "v", v32, anna, here),
		login("protocol options", "_pq_.unheard", v30, anna, here, [2]string{"_pq_.unheard", "1"}),
		{"replication", "on_error_stop", func(k *talk) {
			v := k.begin([2]string{"replication", "database"}, [2]string{"application_name", "on_error_stop"})
			v.query("SHOW wal_level", "READ_REPLICATION_SLOT nosuch", "SELECT 1", "CREATE_REPLICATION_SLOT s LOGICAL test_decoding", "START_REPLICATION SLOT nosuch LOGICAL 0/0", "TIMELINE_HISTORY 1")
			v.pipe('Z', oneShot("SELECT 1"))
		}},
		{"SSLRequest", "eu_anna", func(k *talk) {
			v := k.open()
			v.declined(0x2f)
			v.enter(v30, anna, here)
			v.query("SELECT current_user")
		}},
		{"GSSENCRequest and SSLRequest", "eu_anna", func(k *talk) {
			v := k.open()
			if k.through { // Postgres may well take up GSSAPI, which cordon declines: what follows is what has to agree
				v.declined(0x30, 0x2f)
			}
			v.enter(v30, anna, here)
			v.query("SELECT current_user")
		}},
		password("a password in clear", "eu_plain", "eu_plain", "right"),
		password("a wrong password in clear", "C28P01", "eu_plain", "wrong"),
		password("an empty password", "C28P01", "eu_plain", ""),
		password("a wrong MD5 password", "C28P01", "eu_md5", "md5ffffffffffffffffffffffffffffffff"),
		driver("driver with a password", "SCRAM-SHA-256", "eu_scram", "right", nil),
		driver("driver with a wrong password", "C28P01", "eu_scram", "wrong", nil),
		driver("driver with an MD5 password", "eu_md5", "eu_md5", "right", nil),
		driver("driver: statements, a batch and COPY", "COPY 3", "eu_anna", "", driverWork),
	}
}

// declined asks for encryption, by the last byte of the request's code, and has to be told N each time.
func (v *voice) declined(codes ...byte) {
	for _, code := range codes {
		v.pipe(0, []byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, code})
		if v.ended {
			return
		}
		var answer [1]byte
		_, err := v.conn.Read(answer[:])
		v.check(err)
		if answer[0] != 'N' {
			v.talk.faults = append(v.talk.faults, fmt.Errorf("encryption %x was answered %q", code, answer))
		}
	}
	v.said.Reset()
}

// driver is a transcript of pgx. Without work it asks who it is.
func driver(name, want, user, password string, work func(context.Context, *pgx.Conn) error) parityCase {
	return parityCase{name, want, func(k *talk) {
		v := k.open()
		if v.ended {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		cfg, err := pgx.ParseConfig("postgres://" + user + ":" + password + "@" + k.address + "/" + database + "?sslmode=disable")
		if err != nil {
			k.faults = append(k.faults, err)
			return
		}
		cfg.DialFunc = func(context.Context, string, string) (net.Conn, error) { return v.conn, nil }
		conn, err := pgx.ConnectConfig(ctx, cfg)
		if err == nil {
			var who string
			err = conn.QueryRow(ctx, "SELECT current_user").Scan(&who)
			if err == nil && work != nil {
				err = work(ctx, conn)
			}
			_ = conn.Close(ctx)
		}
		var answered *pgconn.PgError
		if err != nil && !errors.As(err, &answered) {
			k.faults = append(k.faults, err)
		}
		v.ended = true
	}}
}

func driverWork(ctx context.Context, conn *pgx.Conn) error {
	batch := &pgx.Batch{}
	for id := range 20 {
		batch.Queue("SELECT name, price FROM item WHERE id = $1", id)
	}
	if err := conn.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	// No temporary table: its oid, which the description of its rows tells, hangs on which processes of the server had some before.
	if _, err := conn.CopyFrom(ctx, pgx.Identifier{"copied"}, []string{"a", "b"}, pgx.CopyFromRows([][]any{{1, "x"}, {2, nil}, {3, "z"}})); err != nil {
		return err
	}
	rows, err := conn.Query(ctx, "SELECT * FROM copied WHERE a > $1", 1)
	if err != nil {
		return err
	}
	rows.Close()
	return rows.Err()
}
