package pgcluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ErrNotFound says that no Postgres server binaries are on this machine.
var ErrNotFound = errors.New("no Postgres server binaries found: install Postgres 14 or newer, or set CORDON_PG_BIN to the folder with initdb and postgres")

// Find returns the folder that holds initdb and postgres: CORDON_PG_BIN, then PATH, then Debian's and Homebrew's places,
// the newest version first.
func Find() (string, error) {
	for _, dir := range candidates() {
		if complete(dir) {
			return filepath.EvalSymlinks(dir)
		}
	}
	return "", ErrNotFound
}

// FindVersion is Find for a server of one major version; further folders are looked at first.
func FindVersion(major int, further ...string) (string, error) {
	for _, dir := range append(further, candidates()...) {
		if complete(dir) && majorVersion(dir) == major {
			return filepath.EvalSymlinks(dir)
		}
	}
	return "", fmt.Errorf("no Postgres %d: %w", major, ErrNotFound)
}

// candidates are folders where a server may be, the one to prefer first.
func candidates() []string {
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
	return candidates
}

func complete(dir string) bool {
	return executable(filepath.Join(dir, "initdb")) && executable(filepath.Join(dir, "postgres"))
}

// majorVersion asks the server in a folder, as CORDON_PG_BIN may have any name; 0 where it does not say.
func majorVersion(dir string) int {
	out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output() // postgres (PostgreSQL) 17.10
	words := strings.Fields(string(out))
	if err != nil || len(words) < 3 {
		return 0
	}
	n, err := strconv.Atoi(words[2][:strings.IndexAny(words[2]+".", ".bdr")]) // 17.10, 18beta1, 18devel, 18rc1
	if err != nil {
		return 0
	}
	return n
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
