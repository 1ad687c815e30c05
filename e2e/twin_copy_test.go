package e2e

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// copies are COPYs of what the treatments' database has: every type of identifier, in every format.
var copies = []string{
	"COPY people TO STDOUT", "COPY people (id, code, device) TO STDOUT", "COPY orders TO STDOUT (FORMAT text)", "COPY orders TO STDOUT WITH CSV HEADER", "COPY orders TO STDOUT (FORMAT binary)",
	"COPY orders TO STDOUT (DELIMITER '|', NULL 'none')", `COPY "Odd"."select" TO STDOUT`, "COPY (SELECT code, count(*) FROM orders GROUP BY code) TO STDOUT", "COPY (SELECT * FROM people ORDER BY code LIMIT 20) TO STDOUT",
	"COPY (SELECT p.id, o.person, p.code || 'x', CASE WHEN p.flag THEN p.code END FROM people p LEFT JOIN orders o ON o.person = p.id) TO STDOUT", "COPY (SELECT id FROM people WHERE device IS NULL) TO STDOUT (FORMAT csv)",
	"COPY (SELECT NULL, id FROM people WHERE id > 0 UNION ALL SELECT 'a', person FROM orders) TO STDOUT",
}

// copyForms are what is copied with each of copyOptions.
var copyForms = []string{"COPY people", "COPY orders (person, code, id)", "COPY (SELECT code FROM people)",
	"COPY (SELECT code, id, array_agg(person), array_agg(code) FROM orders GROUP BY id, code)",
	`COPY (SELECT p.id AS "a,b", o.person AS "a,b", NULL AS "q""'\", p.device, p.note AS code, o.code AS "\." FROM people p LEFT JOIN orders o ON o.person = p.id)`}

// copyOptions are every option, in forms that the proxy seals by, in forms that are left to the SQL form, and in error.
var copyOptions = []string{"FORMAT text", "FORMAT csv", "FORMAT binary", "HEADER", "FORMAT csv, HEADER", "FORMAT csv, HEADER on", "FORMAT csv, HEADER 0",
	"DELIMITER '|'", "DELIMITER '-', NULL 'none', HEADER", "DELIMITER 'N', NULL 'n'", "DELIMITER ',', NULL ''", `DELIMITER E'\x01'`, "NULL 'a'", `NULL '\'`, "NULL '{}'",
	"FORMAT csv, DELIMITER ';'", `FORMAT csv, DELIMITER E'\t', QUOTE ''''`, "FORMAT csv, DELIMITER '1'", "FORMAT csv, DELIMITER 'a', NULL 'b'", "FORMAT csv, QUOTE '1', HEADER",
	"FORMAT csv, QUOTE 'a', ESCAPE 'b'", `FORMAT csv, ESCAPE '\', HEADER`, "FORMAT csv, ESCAPE ','", "FORMAT csv, ESCAPE '2', QUOTE '-'", "FORMAT csv, NULL 'NULL'",
	`FORMAT csv, NULL '\N', HEADER`, "FORMAT csv, FORCE_QUOTE *", "FORMAT csv, FORCE_QUOTE (code), HEADER", `FORMAT csv, FORCE_QUOTE (code, "a,b")`,
	"FORMAT csv, FORCE_QUOTE *, NULL '3', QUOTE '0', ESCAPE '-'", "FORMAT csv, ENCODING 'UTF8'", "FORMAT binary, ENCODING 'UTF8'",
	"FORMAT binary, HEADER", `FORMAT csv, DELIMITER '"'`, "FORMAT csv, NULL ','", "FORMAT csv, QUOTE 'ab'", "DELIMITER 'a'", `NULL E'a\nb'`, "QUOTE 'x'",
	"FORMAT csv, HEADER match", "FORMAT csv, DELIMITER ',', DELIMITER ','", "FORMAT xml", "FORCE_QUOTE *"}

// TestTwinCopies compares what COPY sends with the twin's.
func TestTwinCopies(t *testing.T) {
	t.Parallel()
	p := twins(t, subject{database: "treatments", schema: treatmentsSchema + awkwardCodes, policy: treatmentsPolicy, master: worldKeys[0]})
	all := slices.Clone(copies)
	for _, form := range copyForms {
		for _, options := range copyOptions {
			all = append(all, form+" TO STDOUT ("+options+")")
		}
	}
	p.executions(t, func(t *testing.T, g *gateway) {
		masked, twin := copyingSession(t, g.address), copyingSession(t, p.twin.Address())
		for _, sql := range all {
			got, want := copied(t, masked, sql), copied(t, twin, sql)
			if got[0] == "ERROR" { // the text may be withheld
				got, want = got[:2], want[:2]
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s:\n%q\nthe twin\n%q", sql, got, want)
			}
			if len(want) < 2 {
				t.Errorf("%s: only %q", sql, want)
			}
		}
	})
}

// awkwardCodes are identifiers that COPY has to escape.
const awkwardCodes = `UPDATE people SET code = E'a\tb\\c\nd' WHERE id = 3; UPDATE people SET code = '' WHERE id = 4; UPDATE people SET code = E'\\N' WHERE id = 8;
UPDATE orders SET code = E'a\tb\\c\nd' WHERE id = 3;`

func copyingSession(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), fmt.Sprintf("host=%s port=%s user=analyst dbname=treatments", host, port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// copied is what a COPY sends, its rows sorted, or its error.
func copied(t *testing.T, conn *pgx.Conn, sql string) []string {
	t.Helper()
	var out bytes.Buffer
	if _, err := conn.PgConn().CopyTo(t.Context(), &out, sql); err != nil {
		var failed *pgconn.PgError
		if !errors.As(err, &failed) {
			t.Errorf("%s: %v", sql, err)
			return []string{""}
		}
		return []string{"ERROR", failed.Code, failed.Message}
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
