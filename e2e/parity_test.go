package e2e

import (
	"bytes"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cordon-db/cordon/internal/pgcluster"
	"github.com/cordon-db/cordon/internal/pgcluster/pgtest"
)

// The parity tests play a transcript at a Postgres and at cordon in front of another one that was made alike, as a user of a
// pass-through zone, and compare every byte that the client gets. The transcripts share two clusters and are played in one
// order, so both sides have the same history; heard says what is not compared.
//
// Proven able to fail by mutations that were run: a relay that does not pass on the client's end of sending fails "the client stops sending",
// one that drops NegotiateProtocolVersion fails "protocol 3.2" and "protocol options". TestParityCanFail keeps a dozen others.

// parityCase is a transcript.
type parityCase struct {
	name string
	want string // what the direct stream has to hold: a transcript that fails before its point would compare nothing
	play func(k *talk)
}

// spoken is a transcript of simple queries in one session.
func spoken(name, want string, sql ...string) parityCase {
	return parityCase{name, want, func(k *talk) { k.begin().query(sql...) }}
}

// pipeline is a transcript of one session in which each element is written at once and answered up to ReadyForQuery.
func pipeline(name, want string, writes ...[]byte) parityCase {
	return parityCase{name, want, func(k *talk) {
		v := k.begin()
		for _, w := range writes {
			v.pipe('Z', w)
		}
	}}
}

func parityCases() []parityCase {
	var all []parityCase
	for _, part := range [][]parityCase{parityStatements(), paritySessions(), parityExtended(), parityCopies(), parityMessages(), parityLogins(), parityEnds()} {
		all = append(all, part...)
	}
	return all
}

// paritySchema is what both clusters hold.
const paritySchema = `
CREATE TABLE copied (a int4, b text);
CREATE TABLE item (id int4 PRIMARY KEY, name text NOT NULL UNIQUE, price numeric(8,2) CONSTRAINT positive CHECK (price > 0), made date);
INSERT INTO item SELECT g, 'item ' || g, g * 1.25, date '2024-01-01' + g FROM generate_series(1, 100) g;
CREATE TABLE part (id int4 PRIMARY KEY, item int4 CONSTRAINT part_of REFERENCES item, note varchar(10));
CREATE FUNCTION fails(int4) RETURNS int4 LANGUAGE plpgsql AS 'BEGIN PERFORM 1 / $1; RETURN $1; END';
CREATE FUNCTION says(text) RETURNS text LANGUAGE plpgsql AS 'BEGIN RAISE NOTICE ''said %'', $1 USING HINT = ''listen'', DETAIL = ''twice''; RETURN $1; END';
CREATE PROCEDURE gives(IN a int4, INOUT b int4) LANGUAGE plpgsql AS 'BEGIN b := a + b; END';
CREATE ROLE eu_poor LOGIN; CREATE ROLE eu_idle NOLOGIN;
CREATE ROLE eu_scram LOGIN PASSWORD 'right'; CREATE ROLE eu_plain LOGIN PASSWORD 'right'; SET password_encryption = 'md5'; CREATE ROLE eu_md5 LOGIN PASSWORD 'right';
CREATE TABLE secret (a int4); REVOKE ALL ON secret FROM PUBLIC;
ANALYZE;`

// parityCluster makes one of the two clusters.
func parityCluster(tb testing.TB) *pgcluster.Cluster {
	tb.Helper()
	c := newCluster(tb)
	hba := filepath.Join(c.Data, "pg_hba.conf")
	old, err := os.ReadFile(hba)
	if err != nil {
		tb.Fatal(err)
	}
	writeFile(tb, hba, "host all eu_plain 127.0.0.1/32 password\nhost all eu_md5 127.0.0.1/32 md5\nhost all eu_scram 127.0.0.1/32 scram-sha-256\n"+string(old))
	conn := pgtest.Superuser(tb, c, database)
	pgtest.Exec(tb, conn, paritySchema)
	pgtest.Exec(tb, conn, "SELECT pg_reload_conf()")
	for range 16 { // each process's schema for temporary tables takes an oid when it is first used: not in the middle of a transcript
		pgtest.Exec(tb, pgtest.Superuser(tb, c, database), "CREATE TEMP TABLE first (a text)")
	}
	return c
}

// playParity plays a transcript and returns what each of its connections heard.
func playParity(k *talk, p parityCase) ([][]byte, error) {
	p.play(k)
	var streams [][]byte
	for _, v := range k.opened {
		v.quit()
		streams = append(streams, v.heard())
	}
	return streams, errors.Join(k.faults...)
}

// compareParity plays a transcript at both addresses at once and says how they differ; empty: not at all.
func compareParity(direct, through string, p parityCase) (cause string) {
	var a, b [][]byte
	var errA, errB error
	var both sync.WaitGroup
	both.Go(func() { a, errA = playParity(&talk{address: direct}, p) })
	both.Go(func() { b, errB = playParity(&talk{address: through, through: true}, p) })
	both.Wait()
	switch {
	case errA != nil:
		return "direct: " + errA.Error()
	case errB != nil:
		return "through: " + errB.Error()
	case len(a) != len(b):
		return "not the same connections"
	case !bytes.Contains(bytes.Join(a, nil), []byte(p.want)):
		return "direct, " + p.want + " is missing: " + quoted(bytes.Join(a, nil))
	}
	for i := range a {
		if !bytes.Equal(a[i], b[i]) {
			return "the streams differ\ndirect:  " + quoted(difference(a[i], b[i])) + "\nthrough: " + quoted(difference(b[i], a[i]))
		}
	}
	return ""
}

func quoted(stream []byte) string {
	return strings.ToValidUTF8(strings.ReplaceAll(string(stream[max(0, len(stream)-600):]), "\x00", "·"), "?")
}

func TestParity(t *testing.T) {
	t.Parallel()
	cases := parityCases()
	if len(cases) < 60 {
		t.Fatalf("%d transcripts are too few", len(cases))
	}
	direct, behind := parityCluster(t), parityCluster(t)
	g := serve(t, behind, worldKeys[0], nil)
	seen := map[string]bool{}
	for _, p := range cases {
		if seen[p.name] || p.want == "" {
			t.Fatalf("%q: a transcript needs a name of its own and what it wants", p.name)
		}
		seen[p.name] = true
		if cause := compareParity(direct.Address(), g.address, p); cause != "" {
			t.Errorf("%s: %s", p.name, cause)
		}
	}
	t.Logf("%d transcripts", len(cases))
}

// TestParityCanFail puts a man in the middle between client and cordon, who changes one thing: the comparison has to see it.
func TestParityCanFail(t *testing.T) {
	t.Parallel()
	direct, behind := parityCluster(t), parityCluster(t)
	g := serve(t, behind, worldKeys[0], nil)
	cases := map[string]parityCase{}
	for _, p := range parityCases() {
		cases[p.name] = p
	}
	flip := func(typ byte, at int) func([]byte) []byte {
		return func(m []byte) []byte {
			if m[0] == typ && at < len(m) {
				m[at] ^= 1
			}
			return m
		}
	}
	drop := func(typ byte) func([]byte) []byte {
		return func(m []byte) []byte {
			if m[0] == typ {
				return nil
			}
			return m
		}
	}
	for name, change := range map[string]struct {
		transcript string
		edit       func([]byte) []byte
	}{
		"nothing":                         {"notices", nil},
		"a byte of a row":                 {"types", flip('D', 20)},
		"a byte of a description":         {"types", flip('T', 12)},
		"a byte of an error":              {"unique violation", flip('E', 30)},
		"a byte of a parameter":           {"settings are reported", flip('S', 8)},
		"the transaction status":          {"types", flip('Z', 5)},
		"a byte of copied data":           {"COPY OUT binary", flip('d', 6)},
		"a notice is dropped":             {"notices", drop('N')},
		"a notification is dropped":       {"LISTEN and NOTIFY", drop('A')},
		"a reported setting is dropped":   {"settings are reported", drop('S')},
		"the end of a portal is dropped":  {"portal suspended", drop('s')},
		"a byte of the mechanisms":        {"driver with a password", flip('R', 12)},
		"a message is added after an end": {"terminate", func(m []byte) []byte { return append(m, bytes.Repeat([]byte{'N', 0, 0, 0, 4}, int(m[0]&1))...) }},
	} {
		t.Run(name, func(t *testing.T) {
			p, ok := cases[change.transcript]
			if !ok {
				t.Fatalf("there is no transcript %q", change.transcript)
			}
			cause := compareParity(direct.Address(), between(t, g.address, change.edit), p)
			if seen := cause != ""; seen != (change.edit != nil) {
				t.Errorf("seen: %v: %s", seen, cause)
			}
		})
	}
}

// between relays connections to an address and edits each message from the server; nil edits nothing.
func between(tb testing.TB, address string, edit func([]byte) []byte) string {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	var running sync.WaitGroup
	tb.Cleanup(func() {
		_ = ln.Close()
		running.Wait()
	})
	running.Go(func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			running.Go(func() { meddle(client, address, edit) })
		}
	})
	return ln.Addr().String()
}
