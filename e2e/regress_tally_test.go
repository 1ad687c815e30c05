package e2e

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// finding is a statement that cordon answers in another way than the server, and how.
type finding struct {
	place
	cause string
}

// figures are of statements that succeed directly and call only reviewed built-ins.
type figures struct {
	alike   int
	refused map[string][]finding // by message
	differ  []finding
}

func (f *figures) all() int { return f.alike + count(f.refused) + len(f.differ) }

func (f *figures) share() float64 { return 100 * float64(f.alike) / float64(max(1, f.all())) }

// tally counts what became of the statements.
type tally struct {
	data, catalog figures
	apart         map[string]int
	unreviewed    map[string][]finding // by function or relation
	withheld      map[string][]finding // by what is not told
}

func newTally() *tally {
	return &tally{data: figures{refused: map[string][]finding{}}, catalog: figures{refused: map[string][]finding{}}, apart: map[string]int{}, unreviewed: map[string][]finding{}, withheld: map[string][]finding{}}
}

// ofSession are statements that only the session of the script answers as it does.
const ofSession = "answered only in the script's own session: temporary objects, open transactions, its role and settings"

// note files the outcome of a statement.
func (t *tally) note(p place, is nature, got answer, cause string) {
	of := &t.data
	if is.catalog {
		of = &t.catalog
	}
	unlisted := got.refused() || got.code == "42703" || got.code == "42883" // (p).f is a call of f, too, and to cordon a column that is missing
	if i := slices.IndexFunc(is.denied, func(name string) bool { return strings.Contains(got.message, name) }); i >= 0 {
		is.unreviewed = is.denied[i]
	}
	switch {
	case cause != "" && is.temporary:
		t.apart[ofSession]++
	case is.users && (cause == "" || unlisted):
		t.apart["call or name functions, operators or aggregates of people's own"]++
	case cause == "":
		of.alike++
	case got.code == "connection":
		of.differ = append(of.differ, finding{p, "the session ended: " + got.message})
	case !got.refused() && is.withheld != "":
		t.withheld[is.withheld] = append(t.withheld[is.withheld], finding{p, cause})
	case !got.refused():
		of.differ = append(of.differ, finding{p, cause})
	case is.unreviewed != "":
		t.unreviewed[is.unreviewed] = append(t.unreviewed[is.unreviewed], finding{p, got.message})
	default:
		of.refused[got.message] = append(of.refused[got.message], finding{p, got.message})
	}
}

func count(m map[string][]finding) (n int) {
	for _, list := range m {
		n += len(list)
	}
	return n
}

// String is the figures in a sentence.
func (t *tally) String() string {
	return fmt.Sprintf("about data: %d statements, %d answered alike (%.2f%%), %d refused, %d differ; about the catalog: %d statements, %d answered alike (%.2f%%), %d refused, %d differ; together %.2f%%",
		t.data.all(), t.data.alike, t.data.share(), count(t.data.refused), len(t.data.differ),
		t.catalog.all(), t.catalog.alike, t.catalog.share(), count(t.catalog.refused), len(t.catalog.differ),
		100*float64(t.data.alike+t.catalog.alike)/float64(max(1, t.data.all()+t.catalog.all())))
}

const regressHead = `# Postgres' own regression tests

Written by ` + "`make regress`" + `: the scripts of Debian's source package postgresql-15 (src/test/regress) are run by psql as a superuser; every statement of them that
only reads (SELECT, VALUES, TABLE, SHOW, EXECUTE) is then asked twice as an analyst, directly and in a masked session whose policy shows everything, and compared:
names and types of columns, rows, their order where ORDER BY is written, command tags. Only statements that succeed directly count. The server's own query tree says
what a statement calls, views included. Three types are documented differences and count as alike: reg* and pg_node_tree are text, and a whole row of a table is a record.

`

func (t *tally) write(tb testing.TB, file string) {
	tb.Helper()
	if file == "" {
		return
	}
	var out strings.Builder
	out.WriteString(regressHead)
	fmt.Fprintf(&out, "| statements that call only reviewed built-ins | succeed directly | answered alike | refused | differ |\n|---|---|---|---|---|\n")
	for _, row := range []struct {
		name string
		of   *figures
	}{{"about data", &t.data}, {"about the catalog: its relations, describing functions, reg* types", &t.catalog}} {
		fmt.Fprintf(&out, "| %s | %d | %d (%.2f%%) | %d | %d |\n", row.name, row.of.all(), row.of.alike, row.of.share(), count(row.of.refused), len(row.of.differ))
	}
	out.WriteString("\nCounted apart:\n\n| statements | |\n|---|---|\n")
	t.apart["refused, have built-in functions or relations that are not reviewed or denied (listed below)"] = count(t.unreviewed)
	t.apart["differ as docs/functions.md and docs/refusals.md say, ask for what a masked session is not told (listed below)"] = count(t.withheld)
	for _, what := range slices.Sorted(maps.Keys(t.apart)) {
		fmt.Fprintf(&out, "| %d | %s |\n", t.apart[what], what)
	}
	refusals(&out, "Refused, about data", t.data.refused)
	differences(&out, "Different, about data", t.data.differ)
	refusals(&out, "Refused, about the catalog", t.catalog.refused)
	differences(&out, "Different, about the catalog", t.catalog.differ)
	refusals(&out, "Refused for a built-in function or relation that is not reviewed or denied", t.unreviewed)
	refusals(&out, "Different as documented", t.withheld)
	if err := os.WriteFile(file, []byte(out.String()), 0o600); err != nil {
		tb.Fatal(err)
	}
}

// refusals lists refusals by reason, the most frequent first, with examples.
func refusals(out *strings.Builder, title string, by map[string][]finding) {
	fmt.Fprintf(out, "\n## %s: %d\n\n", title, count(by))
	causes := slices.SortedFunc(maps.Keys(by), func(a, b string) int {
		if n := len(by[b]) - len(by[a]); n != 0 {
			return n
		}
		return strings.Compare(a, b)
	})
	for _, cause := range causes {
		fmt.Fprintf(out, "- %d: %s\n", len(by[cause]), cause)
		for _, f := range by[cause][:min(3, len(by[cause]))] {
			fmt.Fprintf(out, "  - %s `%s`\n", f.place, oneLine(f.sql, 160))
		}
	}
}

func differences(out *strings.Builder, title string, list []finding) {
	fmt.Fprintf(out, "\n## %s: %d\n\n", title, len(list))
	for _, f := range list {
		fmt.Fprintf(out, "- %s `%s`: %s\n", f.place, oneLine(f.sql, 160), oneLine(f.cause, 200))
	}
}

func oneLine(text string, most int) string {
	text = strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "`", "'")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "..."
	}
	return text
}
