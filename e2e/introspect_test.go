package e2e

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cordon-db/cordon/e2e/queries"
)

// Clients that tell of a database ask cordon and the twin, and have to print the same. Where they do not, the lines stand in
// introspection/differences/<database>.<client>.txt, each block under a comment that says why; a line that is not there, or no longer differs,
// fails the test.
//
//	go test ./e2e -run TestIntrospection
//	go test ./e2e -run TestIntrospection -args -differences     # writes the files anew; reasons have to be written by hand

var writeDifferences = flag.Bool("differences", false, "write down how introspection differs from the twin")

// inspectors are programs to which "host port database user password" is appended; `make setup` installs what they need.
var inspectors = map[string][]string{
	"psql":       {"sh", "-c", `PGPASSWORD=$5 exec psql -X -q -P pager=off -h "$1" -p "$2" -d "$3" -U "$4" -f introspection/commands.sql 2>&1`, "psql"},
	"jdbc":       {"java", "-cp", "/usr/share/java/postgresql.jar", "introspection/Metadata.java"},
	"sqlalchemy": {"/usr/bin/python3", "introspection/inspector.py"},
}

// introspectionSubject is a database whose catalogs hold a bit of everything, next to what its policy hides.
func introspectionSubject(tb testing.TB) subject {
	return subject{
		database: "shop",
		schema:   corpusFile(tb, os.ReadFile, "introspection/schema.sql"),
		policy:   corpusFile(tb, os.ReadFile, "introspection/policy.toml"),
		master:   worldKeys[0],
	}
}

func TestIntrospection(t *testing.T) {
	t.Parallel()
	for _, s := range []subject{introspectionSubject(t), corpusSubject(t)} {
		p := twins(t, s)
		address := p.serve(t, nil).address
		for name, command := range inspectors {
			t.Run(s.database+"/"+name, func(t *testing.T) {
				got, want := inspect(t, command, address, s.database), inspect(t, command, p.twin.Address(), s.database)
				if s.database == "shop" && secretText.MatchString(got) {
					t.Errorf("%q is shown", secretText.FindString(got))
				}
				compareDifferences(t, "introspection/differences/"+s.database+"."+name+".txt", differingLines(comparableLines(want), comparableLines(got)))
			})
		}
	}
}

// TestIntrospectionStatements plays the catalog queries of other tools, and those that ask for definitions.
func TestIntrospectionStatements(t *testing.T) {
	t.Parallel()
	p := twins(t, introspectionSubject(t))
	p.executions(t, p.playIntrospection)
}

func (p pair) playIntrospection(t *testing.T, g *gateway) {
	all, err := queries.Load(os.DirFS("introspection"))
	if err != nil {
		t.Fatal(err)
	}
	s := newScore()
	for _, q := range all {
		cordon, direct := p.sessions(t, g) // of its own: a query may change settings
		s.play(t, cordon, direct, q)
		cordon.close()
		direct.close()
	}
	s.judge(t)
	if s.refused > 0 {
		t.Errorf("%d are refused: %v", s.refused, s.refusals)
	}
}

// secretText is what introspection/schema.sql writes into everything that must not be shown; what the commands name themselves comes back in
// their own error messages.
var secretText = regexp.MustCompile(`(?m)^.*(70707|\b707\b|1970-07-07).*$|^(.*[^".:]|)zz(phone|name|raw|card|hidden|secret_|argument|note|comment| ).*$`)

// inspect runs a program against an address and returns what it prints.
func inspect(t *testing.T, command []string, address, database string) string {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, command[0], append(append([]string{}, command[1:]...), host, port, database, "analyst", "pw")...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if len(strings.Split(string(out), "\n")) < 300 {
		t.Fatalf("that is too little:\n%s", out)
	}
	return string(out)
}

// What cordon tells of no database, and how wide psql makes a column for it.
var (
	sizes  = regexp.MustCompile(`\| *\d+ (bytes|kB|MB) *`)
	counts = regexp.MustCompile(`(\| (?:A|D|null)) \| -?\d+ \| \d+ \|`) // rows and pages of JDBC's indexes
	toast  = regexp.MustCompile(`\| pg_toast \|`)                       // where long values are stored
	rulers = regexp.MustCompile(`[-+ ]*-[-+ ]*$|  +`)
)

// comparableLines are the lines of an output without sizes, counts of rows and padding.
func comparableLines(out string) []string {
	var lines []string
	for line := range strings.SplitSeq(out, "\n") {
		if !toast.MatchString(line) {
			line = counts.ReplaceAllString(sizes.ReplaceAllString(line, "| "), "$1 |")
			lines = append(lines, strings.TrimSpace(rulers.ReplaceAllString(line, " ")))
		}
	}
	return lines
}

// differingLines are the lines of one text that the other lacks, in order: - those of want alone, + those of got.
func differingLines(want, got []string) []string {
	common := make([][]uint16, len(want)+1) // common[i][j]: length of the longest common subsequence of what follows
	for i := range common {
		common[i] = make([]uint16, len(got)+1)
	}
	for i := len(want) - 1; i >= 0; i-- {
		for j := len(got) - 1; j >= 0; j-- {
			if want[i] == got[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var out []string
	i, j := 0, 0
	for i < len(want) || j < len(got) {
		switch {
		case i < len(want) && j < len(got) && want[i] == got[j]:
			i, j = i+1, j+1
		case j == len(got) || i < len(want) && common[i+1][j] >= common[i][j+1]:
			out, i = append(out, "- "+want[i]), i+1
		default:
			out, j = append(out, "+ "+got[j]), j+1
		}
	}
	return out
}

// compareDifferences holds differences against those that were reviewed.
func compareDifferences(t *testing.T, file string, found []string) {
	t.Helper()
	if *writeDifferences {
		writeFile(t, file, "# reason?\n"+strings.Join(found, "\n")+"\n")
		return
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var reviewed []string
	explained := false
	for line := range strings.Lines(string(text)) {
		switch line = strings.TrimRight(line, "\n"); {
		case strings.HasPrefix(line, "# "):
			explained = !strings.Contains(line, "reason?")
		case line == "":
			explained = false
		case !explained:
			t.Errorf("%s: no reason stands above %q", file, line)
		default:
			reviewed = append(reviewed, line)
		}
	}
	for _, line := range differingLines(reviewed, found) {
		t.Error(fmt.Sprintf("%s: ", file) + map[byte]string{'-': "no longer differs: ", '+': "differs: "}[line[0]] + line[2:])
	}
}
