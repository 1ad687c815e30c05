package e2e

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// copies are COPYs of what the treatments' database has: every type of identifier, in every format.
var copies = []string{
	"COPY people TO STDOUT", "COPY people (id, code, device) TO STDOUT", "COPY orders TO STDOUT (FORMAT text)", "COPY orders TO STDOUT WITH CSV HEADER", "COPY orders TO STDOUT (FORMAT binary)",
	"COPY orders TO STDOUT (DELIMITER '|', NULL 'none')", `COPY "Odd"."select" TO STDOUT`, "COPY (SELECT code, count(*) FROM orders GROUP BY code) TO STDOUT", "COPY (SELECT * FROM people ORDER BY code LIMIT 20) TO STDOUT",
	"COPY (SELECT p.id, o.person, p.code || 'x', CASE WHEN p.flag THEN p.code END FROM people p LEFT JOIN orders o ON o.person = p.id) TO STDOUT", "COPY (SELECT id FROM people WHERE device IS NULL) TO STDOUT (FORMAT csv)",
	"COPY (SELECT NULL, id FROM people WHERE id > 0 UNION ALL SELECT 'a', person FROM orders) TO STDOUT",
}

// TestTwinCopies compares what COPY sends with the twin's.
func TestTwinCopies(t *testing.T) {
	t.Parallel()
	p := twins(t, subject{database: "treatments", schema: treatmentsSchema + awkwardCodes, policy: treatmentsPolicy, master: worldKeys[0]})
	p.executions(t, func(t *testing.T, g *gateway) {
		for _, sql := range copies {
			got, want := copied(t, g.address, sql), copied(t, p.twin.Address(), sql)
			if !slices.Equal(got, want) {
				t.Errorf("%s:\n%q\nthe twin\n%q", sql, got, want)
			}
			if len(want) < 2 && !strings.Contains(sql, "binary") {
				t.Errorf("%s: only %q", sql, want)
			}
		}
	})
}

// awkwardCodes are identifiers that COPY has to escape.
const awkwardCodes = `UPDATE people SET code = E'a\tb\\c\nd' WHERE id = 3; UPDATE people SET code = '' WHERE id = 4; UPDATE people SET code = E'\\N' WHERE id = 8;
UPDATE orders SET code = E'a\tb\\c\nd' WHERE id = 3;`

// copied is what a COPY sends, its rows sorted.
func copied(t *testing.T, address, sql string) []string {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), fmt.Sprintf("host=%s port=%s user=analyst dbname=treatments", host, port))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var out bytes.Buffer
	if _, err := conn.PgConn().CopyTo(t.Context(), &out, sql); err != nil {
		t.Errorf("%s: %v", sql, err)
	}
	lines := strings.SplitAfter(out.String(), "\n")
	if strings.Contains(sql, "binary") {
		lines = tuples(out.String())
	}
	slices.Sort(lines)
	return lines
}

// tuples are the header, the rows and the trailer of COPY's binary format.
func tuples(copied string) []string {
	const header = 19
	parts, rest := []string{copied[:header]}, copied[header:]
	for len(rest) > 2 {
		end := 2
		for range binary.BigEndian.Uint16([]byte(rest)) {
			size := int32(binary.BigEndian.Uint32([]byte(rest[end:])))
			end += 4 + int(max(size, 0))
		}
		parts, rest = append(parts, rest[:end]), rest[end:]
	}
	return append(parts, rest)
}
