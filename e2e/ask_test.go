package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/cordon-db/cordon/e2e/queries"
)

// mode is one way to send a statement.
type mode string

const (
	simple         mode = "simple"
	extendedText   mode = "extended, text"
	extendedBinary mode = "extended, binary"
	prepared       mode = "PREPARE"
	executed       mode = "EXECUTE" // of a statement of the protocol
	cursor         mode = "cursor"
)

// modes are the ways in which a query can be sent: a simple one has no parameters. Every fourth is kept by the server, too.
func modes(q queries.Query) []mode {
	switch {
	case len(q.Params) > 0:
		return []mode{extendedText, extendedBinary, executed}
	case q.Line%4 == 0 && keepable(q.SQL):
		return []mode{simple, extendedText, extendedBinary, prepared, cursor}
	}
	return []mode{simple, extendedText, extendedBinary}
}

// keepable says that a statement can be prepared and read by a cursor. set_config of search_path is a statement of its own.
func keepable(sql string) bool {
	return !strings.Contains(sql, "set_config('search_path'") && slices.ContainsFunc([]string{"SELECT", "WITH", "VALUES", "TABLE", "("}, func(word string) bool { return strings.HasPrefix(sql, word) })
}

// asker is a session that plays statements and keeps the whole answers.
type asker struct {
	conn   *pgconn.PgConn
	notice func(*pgconn.Notice) // nil: notices are dropped
}

// connect logs in at an address, without a password.
func connect(tb testing.TB, address, user, database string, settings map[string]string) *asker {
	tb.Helper()
	cfg, err := pgconn.ParseConfig(fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable", user, address, database))
	if err != nil {
		tb.Fatal(err)
	}
	for name, value := range settings {
		cfg.RuntimeParams[name] = value
	}
	a := &asker{}
	cfg.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		if a.notice != nil {
			a.notice(n)
		}
	}
	if a.conn, err = pgconn.ConnectConfig(context.Background(), cfg); err != nil {
		tb.Fatalf("logging in as %s at %s: %v", user, database, err)
	}
	return a
}

func (a *asker) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = a.conn.Close(ctx) // the server ends the session anyway when the socket goes
}

// answer is all that a session said to one message.
type answer struct {
	results []*pgconn.Result
	params  []uint32 // types of parameters, where the query was described
	code    string   // SQLSTATE of the error that ended it
	message string
	place   int32 // of the error, in characters of the statement; 0 where it has none
}

// refused says that cordon refused the statement, instead of answering as the twin.
func (a answer) refused() bool {
	return (a.code == "42501" || a.code == "0A000") && strings.HasPrefix(a.message, "cordon")
}

// ask plays a query. Its error is one of the connection.
func (a *asker) ask(q queries.Query, m mode) (answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var out answer
	var err error
	switch m {
	case simple:
		out.results, err = a.conn.Exec(ctx, q.SQL).ReadAll()
	case extendedText:
		out.results, err = one(a.conn.ExecParams(ctx, q.SQL, params(q), nil, nil, nil).Read())
	case extendedBinary:
		out.params, out.results, err = a.binary(ctx, q)
	case prepared:
		out.results, err = a.conn.Exec(ctx, "PREPARE kept AS "+q.SQL+"; EXECUTE kept; EXECUTE kept; DEALLOCATE kept").ReadAll()
	case executed:
		out.results, err = a.executed(ctx, q)
	case cursor:
		binary := map[bool]string{true: "BINARY "}[q.Line%8 == 0]
		out.results, err = a.conn.Exec(ctx, "BEGIN; DECLARE kept "+binary+"CURSOR FOR "+q.SQL+"; FETCH ALL FROM kept; COMMIT").ReadAll()
		_, _ = a.conn.Exec(ctx, "ROLLBACK").ReadAll() // where the statement failed
	}
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Severity != "FATAL" {
		return answer{code: refused.Code, message: refused.Message, place: refused.Position}, nil
	}
	return out, err
}

func one(r *pgconn.Result) ([]*pgconn.Result, error) { return []*pgconn.Result{r}, r.Err }

// executed prepares a query by the protocol and runs it by SQL.
func (a *asker) executed(ctx context.Context, q queries.Query) ([]*pgconn.Result, error) {
	if _, err := a.conn.Prepare(ctx, "kept", q.SQL, nil); err != nil {
		return nil, err
	}
	results, err := a.conn.Exec(ctx, "EXECUTE kept"+given(q)).ReadAll()
	return results, errors.Join(err, a.conn.Deallocate(ctx, "kept"))
}

// given are a query's parameters as the constants of an EXECUTE.
func given(q queries.Query) string {
	values := make([]string, len(q.Params))
	for i, p := range q.Params {
		values[i] = "'" + strings.ReplaceAll(p, "'", "''") + "'"
		if p == queries.Null {
			values[i] = "NULL"
		}
	}
	return "(" + strings.Join(values, ", ") + ")"
}

// binary prepares a query, as drivers do, and sends parameters in binary where it knows how to write their types.
func (a *asker) binary(ctx context.Context, q queries.Query) ([]uint32, []*pgconn.Result, error) {
	described, err := a.conn.Prepare(ctx, "", q.SQL, nil)
	if err != nil {
		return nil, nil, err
	}
	values, formats := params(q), make([]int16, len(q.Params))
	for i, value := range values {
		if i >= len(described.ParamOIDs) || value == nil {
			continue
		}
		if encoded, ok := inBinary(described.ParamOIDs[i], value); ok {
			values[i], formats[i] = encoded, pgtype.BinaryFormatCode
		}
	}
	results, err := one(a.conn.ExecPrepared(ctx, "", values, formats, []int16{pgtype.BinaryFormatCode}).Read())
	return described.ParamOIDs, results, err
}

// analysed is an answer of the twin with the type modifiers of parse analysis where cordon answers with those: a portal is described from its
// plan, in which COALESCE(note, NULL) is note, so Postgres itself says either, as the planner folds constants or not.
func (a *asker) analysed(q queries.Query, got, want answer) answer {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	described, err := a.conn.Prepare(ctx, "", q.SQL, nil)
	if err != nil || len(got.results) != len(want.results) {
		return want
	}
	for i, result := range want.results {
		fields := got.results[i].FieldDescriptions
		if len(fields) != len(described.Fields) || len(fields) != len(result.FieldDescriptions) {
			continue
		}
		for k, f := range fields {
			if f.TypeModifier == described.Fields[k].TypeModifier {
				result.FieldDescriptions[k].TypeModifier = f.TypeModifier
			}
		}
	}
	return want
}

// inBinary translates a value from text to binary format.
func inBinary(oid uint32, text []byte) ([]byte, bool) {
	types := pgtype.NewMap()
	typ, ok := types.TypeForOID(oid)
	if !ok {
		return nil, false
	}
	value, err := typ.Codec.DecodeValue(types, oid, pgtype.TextFormatCode, text)
	if err != nil {
		return nil, false
	}
	encoded, err := types.Encode(oid, pgtype.BinaryFormatCode, value, nil)
	return encoded, err == nil && encoded != nil
}

// params are the values of a query's parameters in text format.
func params(q queries.Query) [][]byte {
	var out [][]byte
	for _, p := range q.Params {
		if p == queries.Null {
			out = append(out, nil)
			continue
		}
		out = append(out, []byte(p))
	}
	return out
}

// differ says how an answer of cordon differs from the twin's, or nothing. Rows without an order are a multiset, of errors the
// class counts, and that one is where the twin's is, or nowhere.
func differ(got, want answer, ordered bool) string {
	if got.place != 0 && got.code == want.code && got.place != want.place {
		return fmt.Sprintf("error %q %s at %d, the twin's %s at %d", got.code, got.message, got.place, want.message, want.place)
	}
	if got.code != "" || want.code != "" {
		if got.code == want.code || got.code != "" && want.code != "" && got.code[:2] == want.code[:2] {
			return ""
		}
		return fmt.Sprintf("error %q %s, the twin's %q %s", got.code, got.message, want.code, want.message)
	}
	if !slices.Equal(got.params, want.params) {
		return fmt.Sprintf("parameters of types %v, on the twin %v", got.params, want.params)
	}
	if len(got.results) != len(want.results) {
		return fmt.Sprintf("%d results, on the twin %d", len(got.results), len(want.results))
	}
	for i := range got.results {
		if cause := differResult(got.results[i], want.results[i], ordered); cause != "" {
			return cause
		}
	}
	return ""
}

func differResult(got, want *pgconn.Result, ordered bool) string {
	if a, b := shape(got), shape(want); a != b {
		return fmt.Sprintf("columns %s, on the twin %s", a, b)
	}
	a, b := lines(got), lines(want)
	if !ordered {
		slices.Sort(a)
		slices.Sort(b)
	}
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("row %d of %d is %q, on the twin %q of %d", i+1, len(a), a[i], b[i], len(b))
		}
	}
	if len(a) != len(b) {
		return fmt.Sprintf("%d rows, on the twin %d", len(a), len(b))
	}
	if got.CommandTag.String() != want.CommandTag.String() {
		return fmt.Sprintf("tag %q, on the twin %q", got.CommandTag, want.CommandTag)
	}
	return ""
}

// shape is what a RowDescription says, but for the origin of columns.
func shape(r *pgconn.Result) string {
	var out []string
	for _, f := range r.FieldDescriptions {
		out = append(out, fmt.Sprintf("%s:%d(%d)/%d", f.Name, f.DataTypeOID, f.TypeModifier, f.Format))
	}
	return strings.Join(out, " ")
}

// lines writes each row so that no two different rows are written alike.
func lines(r *pgconn.Result) []string {
	out := make([]string, len(r.Rows))
	for i, row := range r.Rows {
		var line bytes.Buffer
		for _, value := range row {
			if value == nil {
				line.WriteString("NULL|")
				continue
			}
			fmt.Fprintf(&line, "%d:%s|", len(value), value)
		}
		out[i] = line.String()
	}
	return out
}
