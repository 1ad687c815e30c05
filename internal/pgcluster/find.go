package pgcluster

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
)

// ErrNotFound says that no Postgres server binaries are on this machine.
var ErrNotFound = errors.New("no Postgres server binaries found: install Postgres 14 or newer, or set CORDON_PG_BIN to the folder with initdb and postgres")

// Find returns the folder that holds initdb and postgres: CORDON_PG_BIN, then PATH, then Debian's and Homebrew's places,
// the newest version first.
func Find() (string, error) {
	var candidates []string
	if dir := os.Getenv("CORDON_PG_BIN"); dir != "" {
		candidates = append(candidates, dir)
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		candidates = append(candidates, filepath.Dir(path))
	}
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin"} {
		found, _ := filepath.Glob(pattern)
		slices.SortFunc(found, func(a, b string) int { return version(b) - version(a) })
		candidates = append(candidates, found...)
	}
	for _, dir := range candidates {
		if executable(filepath.Join(dir, "initdb")) && executable(filepath.Join(dir, "postgres")) {
			return filepath.EvalSymlinks(dir)
		}
	}
	return "", ErrNotFound
}

// version reads the number in .../postgresql/15/bin or .../postgresql@15/bin.
func version(dir string) int {
	name := filepath.Base(filepath.Dir(dir))
	digits := 0
	for i := range len(name) {
		if n, err := strconv.Atoi(name[i:]); err == nil {
			digits = n
			break
		}
	}
	return digits
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir() && info.Mode()&0o111 != 0
}
