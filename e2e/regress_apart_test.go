package e2e

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/cordon-db/cordon/rewrite/builtin"
)

// What the query tree does not say of a statement: names in its texts, and what the rows are about that a masked session does not have. Each reason stands in
// docs/functions.md or docs/refusals.md.

// ownRows are catalogs that also list what people made and the policy does not list: rows of that are missing, and no row is another.
var ownRows = map[string]string{
	"pg_proc": "functions and aggregates of people's own, which are not listed", "pg_aggregate": "functions and aggregates of people's own, which are not listed",
	"pg_operator": "operators of people's own, which are not listed", "pg_trigger": "triggers that call functions of people's own, which are not listed",
	"pg_rules": "rules, which are not shown", "pg_rewrite": "rules, which are not shown", "pg_views": "views that call functions of people's own",
	"pg_ts_template": "text search objects of people's own, which are not listed", "pg_ts_parser": "text search objects of people's own, which are not listed",
	"pg_ts_dict": "text search objects of people's own, which are not listed", "pg_sequence": "sequences that belong to no column, which are not listed",
	"pg_sequences": "sequences that belong to no column, which are not listed", "sequences": "sequences that belong to no column, which are not listed",
	"routines": "functions and aggregates of people's own, which are not listed", "parameters": "functions and aggregates of people's own, which are not listed",
}

// withheldWords are columns that hold what a masked session is not told.
var withheldWords = map[string]*regexp.Regexp{
	"TOAST tables, which are not listed":                    regexp.MustCompile(`(?i)\breltoastrelid\b`),
	"values that rows stored before their column have":      regexp.MustCompile(`(?i)\batt(has)?missing(val)?\b`),
	"bodies and default arguments of functions":             regexp.MustCompile(`(?i)\b(probin|prosqlbody|proargdefaults)\b`),
	"values of sequences, which are NULL":                   regexp.MustCompile(`(?i)\blast_value\b`),
	"schemas in which nothing of the twin lies":             regexp.MustCompile(`(?i)\bcurrent_schemas\(`),
	"options of text search dictionaries":                   regexp.MustCompile(`(?i)\bdictinitoption\b`),
	"activity of the server, whose counters are NULL":       regexp.MustCompile(`(?i)\bpg_stat(io)?_(all|sys|user)_`),
	"comments on what is not of the twin, as roles are not": regexp.MustCompile(`(?i)\bshobj_description\b`),
}

// nullTexts are functions that give NULL where a text may not be read.
var nullTexts = regexp.MustCompile(`(?i)\bpg_get_(viewdef|ruledef)\b`)

var (
	settingAsked   = regexp.MustCompile(`(?i)\bshow\s+(\w+)|\bcurrent_setting\('(\w+)'`)
	functionLacked = regexp.MustCompile(`^(?:cordon: )?function "?(.+?)"? (?:does not exist|is not allowed by the policy)`)
	relationLacked = regexp.MustCompile(`^relation "(.+)" does not exist`)
	relationDenied = regexp.MustCompile(`^cordon: ((?:pg_catalog|information_schema)\.\w+) is not available`)
	viewRefused    = regexp.MustCompile(`^cordon: the definition of view "(.+)" is not admitted`)
)

// explain completes the nature of a statement that cordon answers in another way.
func (r *regression) explain(p place, is *nature, got, want answer) {
	if m := functionLacked.FindStringSubmatch(got.message); m != nil {
		is.users = is.users || r.holds("SELECT FROM pg_proc WHERE proname = $1 AND oid >= 16384", baseName(m[1]))
	}
	if m := viewRefused.FindStringSubmatch(got.message); m != nil {
		is.users = is.users || r.holds(`SELECT FROM pg_class c JOIN pg_rewrite w ON w.ev_class = c.oid JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
			WHERE c.relname = $1 AND d.refobjid >= 16384 AND d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass)`, m[1])
	}
	if m := relationDenied.FindStringSubmatch(got.message); m != nil {
		is.unreviewed = cmp.Or(is.unreviewed, m[1])
	}
	if m := relationLacked.FindStringSubmatch(got.message); m != nil {
		if r.holds("SELECT FROM pg_class WHERE relname = $1 AND relkind = 'S' AND oid >= 16384", baseName(m[1])) {
			is.withheld = "sequences that belong to no column, which are not listed, and values of sequences"
		}
	}
	if got.code == "3F000" {
		is.withheld = "schemas in which nothing of the twin lies"
	}
	if got.code != "" || len(got.results) != 1 || len(want.results) != 1 {
		return
	}
	a, b := got.results[0].Rows, want.results[0].Rows
	lost := lostRows(a, b)
	is.temporary = r.temporary(p, lost)
	for _, reason := range slices.Sorted(maps.Keys(withheldWords)) {
		if withheldWords[reason].MatchString(p.sql) {
			is.withheld = cmp.Or(is.withheld, reason)
		}
	}
	if m := settingAsked.FindStringSubmatch(p.sql); m != nil {
		if _, verdict := builtin.Settable(cmp.Or(m[1], m[2]), "1"); verdict == builtin.Ignored {
			is.withheld = cmp.Or(is.withheld, "settings that are accepted without effect")
		}
	}
	switch {
	case len(lost) == len(b)-len(a) && len(a) < len(b), len(b) == 1 && len(b[0]) == 1 && strings.Contains(strings.ToLower(p.sql), "count("): // nothing but what is missing
		is.withheld = cmp.Or(is.withheld, is.lists)
	case nullTexts.MatchString(p.sql) && onlyNulls(a, b):
		is.withheld = cmp.Or(is.withheld, "texts of views that hold what is not judged, which are not shown")
	}
}

// temporary says that rows that are missing name temporary relations, or that the statement asks for their schema.
func (r *regression) temporary(p place, lost [][][]byte) bool {
	if strings.Contains(p.sql, "pg_temp") {
		return true
	}
	for _, row := range lost {
		if !slices.ContainsFunc(row, func(value []byte) bool {
			return r.holds(`SELECT FROM pg_class c WHERE relpersistence = 't' AND relname = $1
				UNION ALL SELECT FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid WHERE c.relpersistence = 't' AND o.conname = $1`, string(value))
		}) {
			return false
		}
	}
	return len(lost) > 0
}

func (r *regression) holds(query, name string) (found bool) {
	if err := r.natures.conn.QueryRow(context.Background(), "SELECT EXISTS ("+query+")", name).Scan(&found); err != nil {
		r.tb.Fatalf("%s: %v", query, err)
	}
	return found
}

// baseName is a function's or relation's name without schema and argument types.
func baseName(text string) string {
	name, _, _ := strings.Cut(text, "(")
	if i := strings.LastIndex(name, "."); i >= 0 {
		name = name[i+1:]
	}
	return strings.Trim(name, `"`)
}

// lostRows are the rows of b, in their number, that a lacks.
func lostRows(a, b [][][]byte) (lost [][][]byte) {
	has := map[string]int{}
	for _, row := range a {
		has[fmt.Sprintf("%q", row)]++
	}
	for _, row := range b {
		if key := fmt.Sprintf("%q", row); has[key] > 0 {
			has[key]--
			continue
		}
		lost = append(lost, row)
	}
	return lost
}

// onlyNulls says that a differs from b in values that are NULL, and has all rows.
func onlyNulls(a, b [][][]byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		for j := range a[i] {
			if a[i][j] != nil && !bytes.Equal(a[i][j], b[i][j]) {
				return false
			}
		}
	}
	return true
}
