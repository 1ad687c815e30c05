package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/cordon-db/cordon/masking"
)

// outcome is what a session got for a query: rows of texts, or an error.
type outcome struct {
	rows [][]string
	code string // SQLSTATE
	text string
}

func (o outcome) String() string {
	if o.code != "" {
		return "ERROR " + o.code + "\n" + o.text
	}
	var lines []string
	for _, row := range o.rows {
		lines = append(lines, strings.Join(row, " | "))
	}
	return strings.Join(lines, "\n")
}

// exhibit is a query of the demo and what both sessions have to get.
type exhibit struct {
	title, sql string
	check      func(d *demo, eu, masked outcome) error
}

var exhibits = []exhibit{
	{"Phone numbers are not there", "SELECT username, phone FROM users ORDER BY created_at LIMIT 2", func(_ *demo, eu, masked outcome) error {
		if len(eu.rows) != 2 || masked.code != "42703" {
			return errors.New("the EU session reads phone numbers, the other one gets 42703")
		}
		return nil
	}},
	{"Nor are private videos", "SELECT visibility, count(*) FROM videos GROUP BY 1 ORDER BY 1", func(_ *demo, eu, masked outcome) error {
		if len(eu.rows) != 3 || len(masked.rows) != 1 || masked.rows[0][0] != "public" || masked.rows[0][1] != eu.rows[0][1] {
			return errors.New("the EU session counts three kinds of videos, the other one the public ones alone")
		}
		return nil
	}},
	{"Emails and birth dates are masked", "SELECT email, birth FROM users WHERE country = 'IE' ORDER BY created_at LIMIT 2", func(_ *demo, eu, masked outcome) error {
		if len(eu.rows) != 2 || len(masked.rows) != 2 || !strings.Contains(masked.rows[0][0], "***@") || masked.rows[0][1] != eu.rows[0][1][:4]+"-01-01" {
			return errors.New("the other session sees a masked email and the first day of the year")
		}
		return nil
	}},
	{"Identifiers are pseudonyms", "SELECT user_id FROM users ORDER BY created_at LIMIT 3", checkPseudonyms},
	{"that still join", "SELECT u.country, count(*) FROM users u JOIN follows f ON f.follower = u.user_id JOIN users w ON w.user_id = f.followee WHERE u.country < 'E' GROUP BY 1 ORDER BY 1", checkJoin},
	{"and catalogs agree with the data", "SELECT count(*) FILTER (WHERE column_name = 'phone'), count(*) FILTER (WHERE column_name = 'email') FROM information_schema.columns WHERE table_schema = 'public'",
		func(_ *demo, eu, masked outcome) error {
			if eu.String() != "1 | 1" || masked.String() != "0 | 1" {
				return errors.New("the EU session finds column phone, the other one does not")
			}
			return nil
		}},
}

// checkJoin expects the same groups, and in the masked session fewer rows, since deleted users are not there.
func checkJoin(_ *demo, eu, masked outcome) error {
	if len(eu.rows) != 2 || len(masked.rows) != 2 {
		return errors.New("both sessions join over identifiers")
	}
	for i := range eu.rows {
		all, errAll := strconv.Atoi(eu.rows[i][1])
		some, errSome := strconv.Atoi(masked.rows[i][1])
		if errAll != nil || errSome != nil || eu.rows[i][0] != masked.rows[i][0] || some <= all*9/10 || some >= all {
			return errors.New("the other session joins the same rows but those of the deleted users")
		}
	}
	return nil
}

// checkPseudonyms decrypts what the masked session got: it has to be what the EU session got.
func checkPseudonyms(d *demo, eu, masked outcome) error {
	want := errors.New("pseudonyms of the same users, none of them the raw identifier")
	master, err := d.cfg.Keys.Master.Load(context.Background())
	if err != nil {
		return err
	}
	key, err := masking.DeriveKey(master, "user")
	if err != nil {
		return err
	}
	cipher, err := masking.NewPseudonym(key, masking.Type{OID: 20, Mod: -1, Name: "bigint"})
	if err != nil {
		return err
	}
	if len(eu.rows) != 3 || len(masked.rows) != 3 {
		return want
	}
	for i := range masked.rows {
		raw, err := cipher.Decrypt(nil, []byte(masked.rows[i][0]))
		if err != nil || string(raw) != eu.rows[i][0] || masked.rows[i][0] == eu.rows[i][0] {
			return want
		}
	}
	return nil
}

// compare runs the exhibits in both sessions, prints them side by side, and returns what did not hold.
func (d *demo) compare(ctx context.Context, out io.Writer) (failed []string, err error) {
	eu, err := pgx.Connect(ctx, d.dsn(demoEU))
	if err != nil {
		return nil, fmt.Errorf("logging in from the EU: %w", err)
	}
	defer eu.Close(context.WithoutCancel(ctx))
	masked, err := pgx.Connect(ctx, d.dsn(demoMasked))
	if err != nil {
		return nil, fmt.Errorf("logging in from elsewhere: %w", err)
	}
	defer masked.Close(context.WithoutCancel(ctx))
	return d.exhibit(ctx, out, eu, masked), nil
}

// exhibit plays the exhibits in two sessions.
func (d *demo) exhibit(ctx context.Context, out io.Writer, eu, masked *pgx.Conn) (failed []string) {
	t := table.NewWriter()
	t.SetOutputMirror(out)
	t.SetStyle(table.StyleLight)
	t.Style().Options.SeparateRows = true
	t.Style().Format.Header = text.FormatDefault
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 1, WidthMax: 46, WidthMaxEnforcer: wrapLines}, {Number: 2, WidthMax: 44}, {Number: 3, WidthMax: 44}})
	t.AppendHeader(table.Row{"query", "inside the EU (" + demoEU + ")", "elsewhere (" + demoMasked + ")"})
	for _, x := range exhibits {
		a, b := ask(ctx, eu, x.sql), ask(ctx, masked, x.sql)
		mark := "✓ "
		if err := x.check(d, a, b); err != nil {
			mark = "✗ "
			failed = append(failed, x.title+": "+err.Error())
		}
		t.AppendRow(table.Row{mark + x.title + "\n" + x.sql, a, b})
	}
	t.Render()
	return failed
}

// wrapLines wraps each line of a cell between words.
func wrapLines(cell string, width int) string {
	lines := strings.Split(cell, "\n")
	for i, line := range lines {
		lines[i] = text.WrapSoft(line, width)
	}
	return strings.Join(lines, "\n")
}

// ask runs a query with text results.
func ask(ctx context.Context, conn *pgx.Conn, sql string) outcome {
	results, err := conn.PgConn().Exec(ctx, sql).ReadAll()
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return outcome{code: refused.Code, text: refused.Message}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "cordon:", err)
		return outcome{code: "?????", text: err.Error()}
	}
	var o outcome
	for _, row := range results[0].Rows {
		var texts []string
		for _, v := range row {
			texts = append(texts, string(v))
		}
		o.rows = append(o.rows, texts)
	}
	return o
}
