package cordon

import (
	"os/exec"
	"strings"
	"testing"
)

// arrows are the imports that a package and those below it must not have: dependencies point one way, and one package alone speaks the
// protocol, reads SQL, reads TOML, asks the database. .golangci.yml says the same for editors.
var arrows = map[string][]string{
	"masking": {"cordon/config", "cordon/rewrite", "cordon/proxy", "pg_query_go", "pgproto3", "pgx", "BurntSushi"},
	"config":  {"cordon/rewrite", "cordon/proxy", "pg_query_go", "pgproto3", "pgx"},
	"rewrite": {"cordon/proxy", "cordon/cmd", "pgproto3", "BurntSushi"},
	"proxy":   {"cordon/cmd", "pg_query_go", "pgx", "BurntSushi"},
}

func TestArrows(t *testing.T) {
	const module = "github.com/cordon-db/cordon/"
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		room, _, _ := strings.Cut(strings.TrimPrefix(words[0], module), "/")
		for _, forbidden := range arrows[room] {
			seen++
			for _, imported := range words[1:] {
				if strings.Contains(imported, forbidden) {
					t.Errorf("%s imports %s", words[0], imported)
				}
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d arrows were looked at", seen)
	}
}
