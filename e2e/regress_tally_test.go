package e2e

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// finding is a statement that cordon answers in another way than the server.
type finding struct {
	place
	cause string
}

// tally counts what became of the statements that succeed directly.
type tally struct {
	alike      int
	apart      map[string]int
	refused    map[string][]finding // by cause
	wrong      []finding
	unreviewed map[string][]finding // by the first function
	users      int
}

func newTally() *tally {
	return &tally{apart: map[string]int{}, refused: map[string][]finding{}, unreviewed: map[string][]finding{}}
}

// note files a difference. What calls people's own functions, or built-in ones that are not reviewed, is apart only where it is refused.
func (t *tally) note(p place, got answer, cause string, c calls) {
	switch {
	case !got.refused():
		t.wrong = append(t.wrong, finding{p, cause})
	case len(c.unreviewed) > 0:
		t.unreviewed[c.unreviewed[0]] = append(t.unreviewed[c.unreviewed[0]], finding{p, got.message})
	default:
		t.refused[got.message] = append(t.refused[got.message], finding{p, got.message})
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
	refused := count(t.refused)
	all := t.alike + refused + len(t.wrong)
	return fmt.Sprintf("%d statements succeed directly and call only reviewed built-ins: %d answered alike (%.2f%%), %d refused, %d wrong",
		all, t.alike, 100*float64(t.alike)/float64(max(1, all)), refused, len(t.wrong))
}

func (t *tally) report(tb testing.TB, file string) {
	tb.Helper()
	var out strings.Builder
	fmt.Fprintf(&out, "%v\n\napart:\n", t)
	for _, what := range slices.Sorted(maps.Keys(t.apart)) {
		fmt.Fprintf(&out, "%d %s\n", t.apart[what], what)
	}
	fmt.Fprintf(&out, "%d user functions\n%d unreviewed\n\n", t.users, count(t.unreviewed))
	for _, w := range t.wrong {
		fmt.Fprintf(&out, "WRONG %s %.600s\n%s\n\n", w.place, w.cause, w.sql)
	}
	for _, list := range []map[string][]finding{t.refused, t.unreviewed} {
		causes := slices.SortedFunc(maps.Keys(list), func(a, b string) int { return len(list[b]) - len(list[a]) })
		for _, cause := range causes {
			fmt.Fprintf(&out, "%d %s\n", len(list[cause]), cause)
			for i, f := range list[cause] {
				if i == 6 {
					break
				}
				fmt.Fprintf(&out, "    %s %.300s\n", f.place, strings.Join(strings.Fields(f.sql), " "))
			}
		}
		fmt.Fprintln(&out, "----")
	}
	if file != "" {
		if err := os.WriteFile(file, []byte(out.String()), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
}
