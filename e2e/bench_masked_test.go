package e2e

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/cordon-db/cordon/internal/pgcluster/pgtest"
	"github.com/cordon-db/cordon/masking"
)

var (
	maskedUsers = flag.Int("users", 1_000_000, "how many users the masked benchmark has; videos and settings are three times as many")
	maskedOnly  = flag.String("only", "", "regular expression of the masked benchmark's queries")
)

// maskedSchema has the tables and, for comparison, masking views as one writes them by hand: HMAC-SHA-256 by built-in functions.
const maskedSchema = `
CREATE TABLE users (user_id int8 PRIMARY KEY, username text NOT NULL, phone text, country text NOT NULL, created_at timestamptz NOT NULL);
INSERT INTO users SELECT g, 'user' || lpad(g::text, 8, '0'), '+353' || g, (ARRAY['IE','NO','DE','FR','ES'])[1 + g %% 5], timestamptz '2020-01-01' + make_interval(mins => g)
    FROM generate_series(1, %[1]d) g;
CREATE TABLE videos (video_id int8 PRIMARY KEY, user_id int8 NOT NULL, title text NOT NULL, views int4 NOT NULL, created_at timestamptz NOT NULL);
INSERT INTO videos SELECT g, 1 + (g::int8 * 7919) %% %[1]d, 'film ' || g, (g * 31) %% 10007, timestamptz '2021-01-01' + make_interval(mins => g / 3) FROM generate_series(1, 3 * %[1]d) g;
CREATE INDEX ON videos (user_id);
CREATE TABLE settings (user_id int8, name text, value text, PRIMARY KEY (user_id, name));
INSERT INTO settings SELECT 1 + g / 3, 'setting' || g %% 3, 'value' FROM generate_series(0, 3 * %[1]d - 1) g;
CREATE TABLE films (film_id int8 PRIMARY KEY, user_id int8 NOT NULL, title text NOT NULL, kind text NOT NULL, state text NOT NULL, views int4 NOT NULL);
INSERT INTO films SELECT g, 1 + (g::int8 * 7919) %% %[1]d, 'film ' || g, (ARRAY['short','long'])[1 + g %% 2], CASE WHEN g %% 3 = 0 THEN 'private' ELSE 'public' END, g %% 1000 FROM generate_series(1, 3 * %[1]d) g;
CREATE INDEX ON films (user_id);
CREATE FUNCTION hmac(text) RETURNS text LANGUAGE sql IMMUTABLE AS
    $$SELECT encode(sha256('\x5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c'::bytea || sha256('\x36363636363636363636363636363636'::bytea || convert_to($1, 'UTF8'))), 'hex')$$;
CREATE SCHEMA m;
CREATE VIEW m.users WITH (security_barrier) AS SELECT hmac(user_id::text) AS user_id, hmac(username) AS username, country, created_at FROM users;
CREATE VIEW m.videos WITH (security_barrier) AS SELECT video_id, hmac(user_id::text) AS user_id, title, views, created_at FROM videos;
CREATE VIEW m.films WITH (security_barrier) AS SELECT film_id, hmac(user_id::text) AS user_id, title, kind, state, views FROM films WHERE state = 'public'`

const maskedPolicy = `
[domain.user]
order = "show"
[domain.username]
order = "show"
[database.attacks]
unlisted_tables = "deny"
unlisted_columns = "show"
[database.attacks.table."public.users".columns]
user_id = { pseudonym = "user" }
username = { pseudonym = "username" }
phone = "hide"
[database.attacks.table."public.videos".columns]
user_id = { pseudonym = "user" }
[database.attacks.table."public.settings".columns]
user_id = { pseudonym = "user" }
[database.attacks.table."public.films"]
rows = "state = 'public'"
[database.attacks.table."public.films".columns]
user_id = { pseudonym = "user" }
`

// maskedQueries are asked in three forms. {17} stands for user 17 as the way knows it; @ for the schema.
var maskedQueries = []struct {
	name, sql string
	slow      bool // of the views: one round is enough
}{
	{"Q1 look-up by pseudonym", "SELECT country FROM @.users WHERE user_id = {17}", true},
	{"Q2 one user's videos by join", "SELECT v.video_id, v.title FROM @.users u JOIN @.videos v USING (user_id) WHERE u.user_id = {4711}", true},
	{"Q3 join and group by user, top 100", "SELECT u.user_id, count(*), sum(v.views) FROM @.users u JOIN @.videos v ON v.user_id = u.user_id GROUP BY u.user_id ORDER BY 3 DESC, 2 LIMIT 100", true},
	{"Q4 count(distinct user_id)", "SELECT count(DISTINCT user_id) FROM @.videos", true},
	{"Q5 export of user_id", "SELECT user_id FROM @.users", true},
	{"Q5 export of user_id, username", "SELECT user_id, username FROM @.users", true},
	{"Q5 COPY of user_id", "COPY (SELECT user_id FROM @.users) TO STDOUT", true},
	{"Q5 COPY of user_id, username", "COPY (SELECT user_id, username FROM @.users) TO STDOUT", true},
	{"Q5 COPY in csv", "COPY (SELECT user_id, username FROM @.users) TO STDOUT (FORMAT csv, HEADER)", true},
	{"Q5 COPY in binary", "COPY (SELECT user_id, username FROM @.users) TO STDOUT (FORMAT binary)", true},
	{"Q6 SELECT * LIMIT 100", "SELECT * FROM @.users LIMIT 100", false},
	{"Q6 the columns shown, LIMIT 100", "SELECT user_id, username, country, created_at FROM @.users LIMIT 100", false}, // raw, too, without the hidden column
	{"Q7 IN list of 100", "SELECT user_id, country FROM @.users WHERE user_id IN ({list})", true},
	{"Q8 ORDER BY pseudonym LIMIT 50", "SELECT user_id, country FROM @.users ORDER BY user_id LIMIT 50", true},
	{"Q9 dates without identifiers", "SELECT date_trunc('month', created_at), count(*) FROM @.videos GROUP BY 1 ORDER BY 1", false},
	{"Q10 keyset pagination", "SELECT user_id, country FROM @.users WHERE user_id > {99} ORDER BY user_id LIMIT 50", true},
	{"Q11 nested, as Tableau writes it", `SELECT "t0"."country" AS "country", COUNT(DISTINCT "t0"."user_id") AS "n" FROM (SELECT "u"."user_id" AS "user_id", "u"."country" AS "country" FROM @."users" "u" ` +
		`INNER JOIN @."videos" "v" ON ("u"."user_id" = "v"."user_id") WHERE "v"."views" > 9000) "t0" GROUP BY 1`, true},
	{"Q12 a row filter's fence, by a division", `SELECT u.country, count(*) FROM @.users u JOIN @.films f ON f.user_id = u.user_id AND u.country = 'DE' WHERE f.state = 'public' AND f.kind = 'short' ` +
		`AND f.title LIKE 'film 1%' AND 1000 / (f.views + 1) > 2 GROUP BY 1`, true},
	{"Q13 rows as JSON, as an API asks", "SELECT coalesce(json_agg(t), '[]') FROM (SELECT f.* FROM @.films f WHERE f.state = 'public' AND f.user_id = {17}) t", true},
	{"Q14 behind a fence, by a join's constant", "SELECT f.title FROM @.users u JOIN @.films f ON f.user_id = u.user_id WHERE u.user_id = {17} AND f.state = 'public' AND 1000 / (f.views + 1) > 2", true},
	{"Q15 behind a fence, filtered from outside", "SELECT kind, count(*) FROM (SELECT f.*, 1000 / (f.views + 1) AS q FROM @.films f WHERE f.state = 'public' AND 1000 / (f.views + 1) > 2) AS virtual_table WHERE user_id = {17} GROUP BY 1", true},
	{"Q16 a union with NULL", "SELECT count(*), count(DISTINCT s.id) FROM (SELECT user_id AS id FROM @.films WHERE state = 'public' UNION ALL SELECT NULL) s", true},
	{"Q17 keys in an array, behind a row filter", "SELECT f.film_id, f.title FROM @.films f WHERE f.state = 'public' AND f.film_id = ANY (ARRAY[5, 7, 10, 11]::int8[])", false},
}

// BenchmarkMasked compares the same queries raw and direct, through pass-through, masked with sealed execution, and on masking views.
func BenchmarkMasked(b *testing.B) {
	c := newCluster(b)
	admin := pgtest.Superuser(b, c, database)
	pgtest.Exec(b, admin, fmt.Sprintf(maskedSchema, *maskedUsers))
	pgtest.Exec(b, admin, "ALTER SYSTEM SET work_mem = '64MB'") // or what is measured of a join is its temporary files
	pgtest.Exec(b, admin, "SELECT pg_reload_conf()")
	pgtest.Exec(b, admin, "VACUUM (FREEZE, ANALYZE)")
	pgtest.Exec(b, admin, "CHECKPOINT")
	address, cordon := benchCordon(b, c, maskedPolicy)
	hidden, hides := benchCordon(b, c, strings.ReplaceAll(maskedPolicy, `order = "show"`, `order = "hide"`))
	ways := []way{{"raw, direct", c.Address(), "eu_anna", 0}, {"raw, pass-through", address, "eu_anna", cordon}, {"masked", address, "analyst", cordon},
		{"masked, order hidden", hidden, "analyst", hides}, {"views, direct", c.Address(), "eu_anna", 0}}
	only := regexp.MustCompile(*maskedOnly)
	for b.Loop() {
		t := table.NewWriter()
		t.SetTitle("%d users, %d videos (%d rounds)", *maskedUsers, 3**maskedUsers, *rounds)
		t.AppendHeader(table.Row{"query", "raw ms", "masked ms", "masked to raw", "to pass-through", "lowest", "highest", "hidden ms", "hidden to pass-through", "views ms", "views to masked"})
		for _, q := range maskedQueries {
			if !only.MatchString(q.name) {
				continue
			}
			times := make([][]float64, len(ways))
			for round := range *rounds {
				var asked []*asking
				for i := range ways {
					i = (i + round) % len(ways)
					if i == viewsWay && q.slow && len(times[i]) > 0 {
						continue
					}
					asked = append(asked, askingOf(b, ways[i], wayForm(b, q.sql, i)))
					asked[len(asked)-1].index = i
				}
				takeTurns(b, asked)
				for _, a := range asked {
					times[a.index] = append(times[a.index], a.seconds())
				}
			}
			share, through, hidden := ratios(times[maskedWay], times[0]), ratios(times[maskedWay], times[1]), ratios(times[hiddenWay], times[1])
			low, high := extremes(through)
			t.AppendRow(table.Row{q.name, milliseconds(median(times[0])), milliseconds(median(times[maskedWay])), fmt.Sprintf("%.2f", median(share)), fmt.Sprintf("%.2f", median(through)),
				fmt.Sprintf("%.2f", low), fmt.Sprintf("%.2f", high), milliseconds(median(times[hiddenWay])), fmt.Sprintf("%.2f", median(hidden)),
				milliseconds(median(times[viewsWay])), fmt.Sprintf("%.1f", median(times[viewsWay])/median(times[maskedWay]))})
		}
		fmt.Printf("\n%s\n\n%s\n", t.Render(), serverTimes(b, c, only.MatchString))
	}
}

// The ways of the masked benchmark that are not raw.
const (
	maskedWay = 2
	hiddenWay = 3
	viewsWay  = 4
)

func milliseconds(seconds float64) string { return fmt.Sprintf("%.2f", 1000*seconds) }

// wayForm writes a query as a way takes it: raw, with pseudonyms, or over the views.
func wayForm(b *testing.B, sql string, i int) string {
	b.Helper()
	var list []string
	for id := int64(1000); id < 1100; id++ {
		list = append(list, fmt.Sprintf("{%d}", id*7))
	}
	sql = strings.ReplaceAll(sql, "{list}", strings.Join(list, ", "))
	schema := "public"
	if i == viewsWay {
		schema = "m"
	}
	sql = strings.ReplaceAll(sql, "@", schema)
	for {
		begin := strings.IndexByte(sql, '{')
		if begin < 0 {
			return sql
		}
		end := begin + strings.IndexByte(sql[begin:], '}')
		id, err := strconv.ParseInt(sql[begin+1:end], 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		text := strconv.FormatInt(id, 10)
		switch i {
		case maskedWay, hiddenWay:
			text = strconv.FormatInt(benchCipher(b).EncryptInt8(id), 10)
		case viewsWay:
			text = "hmac('" + text + "')"
		}
		sql = sql[:begin] + text + sql[end+1:]
	}
}

func benchCipher(b *testing.B) *masking.Pseudonym {
	b.Helper()
	key, err := masking.DeriveKey([]byte(masterOf(b, worldKeys[0])), "user")
	if err != nil {
		b.Fatal(err)
	}
	p, err := masking.NewPseudonym(key, masking.Type{OID: 20})
	if err != nil {
		b.Fatal(err)
	}
	return p
}

// asking is a statement that is executed again and again one way.
type asking struct {
	way       way
	index     int // of the way
	client    *wire
	in        *bufio.Reader
	execution []byte
	took      []float64 // seconds of each execution
	spent     float64   // seconds of all
}

func askingOf(b *testing.B, w way, sql string) *asking {
	b.Helper()
	client, err := dialWire(w.address, w.user, nil)
	if err != nil {
		b.Fatalf("%s: %v", w.name, err)
	}
	_ = client.conn.SetReadDeadline(time.Now().Add(30 * time.Minute))
	a := &asking{way: w, client: client, in: bufio.NewReaderSize(client.conn, 256<<10)}
	if strings.HasPrefix(sql, "COPY") {
		a.execution = msg('Q', zero(sql))
		return a
	}
	a.ask(b, bytes.Join([][]byte{msgParse("s", sql), msgSync()}, nil))
	a.execution = bytes.Join([][]byte{msgBind("", "s", nil, nil), msgDescribe('P', ""), msgExecute("", 0), msgSync()}, nil)
	return a
}

// ask sends messages at once, as drivers do: seconds up to ReadyForQuery.
func (a *asking) ask(b *testing.B, messages []byte) float64 {
	b.Helper()
	begun := time.Now()
	if _, err := a.client.conn.Write(messages); err != nil {
		b.Fatal(err)
	}
	answerOf(b, a.way, a.in)
	return time.Since(begun).Seconds()
}

// turnLength is how long a way asks before the next one does, in seconds: short, so that what disturbs the machine disturbs all.
const turnLength = 0.01

// enough says that a way has asked often enough: for half a second, or three times where one time takes long.
func (a *asking) enough() bool {
	return len(a.took) >= 2000 || a.spent >= 3 || a.spent >= 0.5 && len(a.took) >= 3
}

// takeTurns executes each statement again and again, a few times before the next one's turn, and closes the connections.
func takeTurns(b *testing.B, asked []*asking) {
	b.Helper()
	for busy := true; busy; {
		busy = false
		for _, a := range asked {
			for spent := 0.0; spent < turnLength && !a.enough(); {
				took := a.ask(b, a.execution)
				a.took, a.spent, spent, busy = append(a.took, took), a.spent+took, spent+took, true
			}
		}
	}
	for _, a := range asked {
		_ = a.client.conn.Close()
	}
}

// seconds are those of the median execution, of the fastest where one takes so long that there are few.
func (a *asking) seconds() float64 {
	if len(a.took) < 10 {
		return slices.Min(a.took)
	}
	return median(a.took)
}

// answerOf reads up to ReadyForQuery.
func answerOf(b *testing.B, w way, in *bufio.Reader) {
	b.Helper()
	for {
		var head [5]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			b.Fatalf("%s: %v", w.name, err)
		}
		size := int(binary.BigEndian.Uint32(head[1:])) - 4
		if head[0] == 'E' {
			body := make([]byte, size)
			_, _ = io.ReadFull(in, body)
			b.Fatalf("%s: %s", w.name, field(body, 'M'))
		}
		if _, err := in.Discard(size); err != nil {
			b.Fatalf("%s: %v", w.name, err)
		}
		if head[0] == 'Z' {
			return
		}
	}
}
