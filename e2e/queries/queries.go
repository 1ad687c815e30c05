// Package queries is the corpus of analyst queries by which "ordinary SQL just works" is judged: what Tableau, Metabase,
// Superset, Power BI, Looker, Grafana, dbt, DBeaver, psql and people who write by hand send. schema.sql, policy.toml and
// MasterKey are the database, the policy and the key that the queries are written for.
//
// A file holds queries. Each starts with its name, then directives, then the SQL up to the next name:
//
//	-- name: users of one country
//	-- order: total
//	-- params: DE | \N
//	-- refused: why cordon refuses it, and what the analyst does instead
//	SELECT username FROM users WHERE country = $1 ORDER BY username
//
// order says that ORDER BY fixes the place of every row; without it the rows are a set. params are the values of $1 and
// so on in text format, \N is NULL. refused is for what cordon refuses by design; a query that is refused for any other
// reason stays in the corpus without it. Lines of -- before the first name are about the file. Every query has one
// answer: none depends on the clock, or on an order that it does not state.
package queries

import (
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

// Files holds the corpus, schema.sql and policy.toml.
//
//go:embed *.txt schema.sql policy.toml
var Files embed.FS

// MasterKey is the master key, in hex, under which the pseudonyms that stand as literals in the corpus exist.
const MasterKey = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

// Database is the one that policy.toml describes.
const Database = "social"

// Null stands for NULL in Query.Params.
const Null = `\N`

// Query is one query of the corpus.
type Query struct {
	File    string
	Line    int // of its name
	Name    string
	SQL     string
	Params  []string // text format; Null is NULL
	Ordered bool     // ORDER BY fixes the place of every row
	Refused string   // why cordon refuses it by design; empty where it must answer
}

// Load reads every *.txt of a directory, in the order of names.
func Load(dir fs.FS) ([]Query, error) {
	files, err := fs.Glob(dir, "*.txt")
	if err != nil {
		return nil, err
	}
	var all []Query
	names := map[string]string{}
	for _, file := range files {
		data, err := fs.ReadFile(dir, file)
		if err != nil {
			return nil, fmt.Errorf("reading the corpus: %w", err)
		}
		found, err := parse(file, string(data))
		if err != nil {
			return nil, err
		}
		for _, q := range found {
			place := fmt.Sprintf("%s:%d", q.File, q.Line)
			if first, twice := names[q.Name]; twice {
				return nil, fmt.Errorf("%s: the name %q stands at %s already", place, q.Name, first)
			}
			names[q.Name] = place
		}
		all = append(all, found...)
	}
	return all, nil
}

// reader collects the queries of one file.
type reader struct {
	queries []Query
	sql     []string        // lines of the query that is being read
	seen    map[string]bool // its directives
}

// directive is a line that could be one; which words there are is judged later, so that a misspelt one is an error.
var directive = regexp.MustCompile(`^-- ?([a-z]+):(?: (.*))?$`)

func parse(file, text string) ([]Query, error) {
	r := &reader{}
	for i, line := range strings.Split(text, "\n") {
		if err := r.line(file, i+1, line); err != nil {
			return nil, err
		}
	}
	if len(r.queries) == 0 {
		return nil, fmt.Errorf("%s: no query", file)
	}
	if err := r.finish(); err != nil {
		return nil, err
	}
	return r.queries, nil
}

func (r *reader) line(file string, n int, line string) error {
	match := directive.FindStringSubmatch(line)
	var err error
	switch {
	case match != nil && match[1] == "name":
		if err := r.finish(); err != nil {
			return err
		}
		err = r.begin(file, n, strings.TrimSpace(match[2]))
	case len(r.queries) == 0:
		if line != "" && !strings.HasPrefix(line, "--") || match != nil {
			err = fmt.Errorf("%q stands before the first name", line)
		}
	case match != nil:
		err = r.directive(match[1], strings.TrimSpace(match[2]))
	case len(r.sql) > 0 || strings.TrimSpace(line) != "":
		r.sql = append(r.sql, line)
	}
	if err != nil {
		return fmt.Errorf("%s:%d: %w", file, n, err)
	}
	return nil
}

func (r *reader) begin(file string, n int, name string) error {
	if name == "" {
		return fmt.Errorf("a query without a name")
	}
	r.queries = append(r.queries, Query{File: file, Line: n, Name: name})
	r.sql, r.seen = nil, map[string]bool{}
	return nil
}

func (r *reader) directive(word, value string) error {
	q := &r.queries[len(r.queries)-1]
	if len(r.sql) > 0 {
		return fmt.Errorf("the directive %q stands inside the SQL", word)
	}
	if r.seen[word] {
		return fmt.Errorf("%q stands twice", word)
	}
	r.seen[word] = true
	switch word {
	case "order":
		if value != "total" {
			return fmt.Errorf("order is %q; it can only be total", value)
		}
		q.Ordered = true
	case "params":
		if value == "" {
			return fmt.Errorf("params without a value")
		}
		for _, param := range strings.Split(value, " | ") {
			q.Params = append(q.Params, strings.TrimSpace(param))
		}
	case "refused":
		if value == "" {
			return fmt.Errorf("refused without a reason")
		}
		q.Refused = value
	default:
		return fmt.Errorf("unknown directive %q", word)
	}
	return nil
}

// finish completes the query that was being read; its errors name the query's own line.
func (r *reader) finish() error {
	if len(r.queries) == 0 {
		return nil
	}
	q := &r.queries[len(r.queries)-1]
	q.SQL = strings.TrimSpace(strings.Join(r.sql, "\n"))
	fail := func(format string, args ...any) error {
		return fmt.Errorf("%s:%d: %q %s", q.File, q.Line, q.Name, fmt.Sprintf(format, args...))
	}
	if q.SQL == "" {
		return fail("has no SQL")
	}
	if len(q.Params) == 0 && uses(q.SQL, 1) {
		return fail("uses $1 and has no params")
	}
	for n := range q.Params {
		if !uses(q.SQL, n+1) {
			return fail("never uses $%d", n+1)
		}
	}
	return nil
}

// uses says whether a text has the parameter $n.
func uses(sql string, n int) bool {
	return regexp.MustCompile(fmt.Sprintf(`\$%d\b`, n)).MatchString(sql)
}
