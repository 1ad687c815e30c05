package masking

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func BenchmarkInt4(b *testing.B) {
	p := newPseudonym(b, typeInt4)
	p.EncryptInt4(0) // makes the tables
	b.ReportAllocs()
	for x := int32(0); b.Loop(); x = (x + 7919) & mask31 {
		p.EncryptInt4(x)
	}
}

func BenchmarkInt8(b *testing.B) {
	p := newPseudonym(b, typeInt8)
	p.EncryptInt8(0)
	b.ReportAllocs()
	for x := int64(0); b.Loop(); x = (x + 7919*7919*7919) & (1<<62 - 1) {
		p.EncryptInt8(x)
	}
}

func BenchmarkUUID(b *testing.B) {
	p := newPseudonym(b, typeUUID)
	var u [16]byte
	b.ReportAllocs()
	for b.Loop() {
		u = p.EncryptUUID(u)
	}
}

func BenchmarkText12(b *testing.B) {
	p := newPseudonym(b, typeText)
	var token []byte
	b.ReportAllocs()
	for b.Loop() {
		token, _ = p.EncryptText(token[:0], []byte("alice.wonder"))
	}
}

func BenchmarkTextDecrypt12(b *testing.B) {
	p := newPseudonym(b, typeText)
	token, err := p.EncryptText(nil, []byte("alice.wonder"))
	if err != nil {
		b.Fatal(err)
	}
	var text []byte
	b.ReportAllocs()
	for b.Loop() {
		text, _ = p.DecryptText(text[:0], token)
	}
}

// BenchmarkKeySetup is what the first integer of a domain costs: the tables.
func BenchmarkKeySetup(b *testing.B) {
	for _, typ := range []Type{typeInt4, typeInt8} {
		b.Run(typ.Name, func(b *testing.B) {
			for b.Loop() {
				p := newPseudonym(b, typ)
				if _, err := p.Encrypt(nil, []byte("1")); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// serverTime is the CPU time of the session's server process so far, in steps of 10 ms. Where /proc does not tell, it is the
// clock's time.
func serverTime(b *testing.B, conn *pgx.Conn) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", conn.PgConn().PID()))
	if err != nil {
		return time.Duration(time.Now().UnixNano())
	}
	_, fields, _ := strings.Cut(string(stat), ") ")
	var total int
	for _, field := range strings.Fields(fields)[11:13] { // utime and stime
		ticks, err := strconv.Atoi(field)
		if err != nil {
			b.Fatal(err)
		}
		total += ticks
	}
	return time.Duration(total) * 10 * time.Millisecond
}

// BenchmarkSQL measures the server's CPU time a row, less that of a scan without the expression, and the planning time of one
// column. CORDON_BENCH_ROWS sets the number of rows.
func BenchmarkSQL(b *testing.B) {
	rows := 100_000
	if value, err := strconv.Atoi(os.Getenv("CORDON_BENCH_ROWS")); err == nil {
		rows = value
	}
	for _, c := range []struct {
		typ    Type
		sample string
	}{
		{typeInt4, "i * 7919"}, {typeInt8, "i::int8 * 7919 * 7919"}, {typeUUID, "gen_random_uuid()"}, {typeText, "lpad(i::text, 12, 'alice.wonder')"},
	} {
		b.Run(c.typ.Name, func(b *testing.B) {
			conn := connect(b, map[string]string{"max_parallel_workers_per_gather": "0", "jit": "off"})
			create := fmt.Sprintf("CREATE TEMP TABLE sample AS SELECT (%s)::%s AS x FROM generate_series(1, %d) i", c.sample, c.typ.Name, rows)
			for _, sql := range []string{create, "ANALYZE pg_temp.sample"} {
				if _, err := conn.Exec(b.Context(), sql); err != nil {
					b.Fatal(err)
				}
			}
			expression, err := PseudonymSQL("user", c.typ, "r.x")
			if err != nil {
				b.Fatal(err)
			}
			timed := func(sql string) time.Duration {
				start := serverTime(b, conn)
				query(b, conn, sql)
				return serverTime(b, conn) - start
			}
			clocked := func(sql string) time.Duration {
				start := time.Now()
				query(b, conn, sql)
				return time.Since(start)
			}
			scan, total, bare, planning := time.Duration(1<<62), time.Duration(1<<62), time.Duration(1<<62), time.Duration(1<<62)
			for b.Loop() {
				scan = min(scan, timed("SELECT count(x) FROM pg_temp.sample r"))
				total = min(total, timed("SELECT count("+expression+") FROM pg_temp.sample r"))
				for range 50 { // LIMIT 0: parsed, planned, started, and no row computed
					bare = min(bare, clocked("SELECT x FROM pg_temp.sample r LIMIT 0"))
					planning = min(planning, clocked("SELECT "+expression+" FROM pg_temp.sample r LIMIT 0"))
				}
			}
			b.ReportMetric(float64(total-scan)/float64(rows), "ns/row")
			b.ReportMetric(float64(planning-bare)/1e3, "us/plan")
			b.ReportMetric(float64(len(expression)), "bytes")
			b.ReportMetric(0, "ns/op")
		})
	}
}
