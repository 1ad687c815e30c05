package e2e

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cordon-db/cordon/internal/pgcluster"
)

// psql is a session of the superuser, which reads a script from a pipe.
type psql struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines chan string
	marks int
}

func startPsql(tb testing.TB, c *pgcluster.Cluster) *psql {
	tb.Helper()
	source, err := filepath.Abs(*regressSource)
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command("psql", "-X", "-q", "-f", "-", c.DSN("regression", pgcluster.Superuser, pgcluster.Password))
	cmd.Env = append(os.Environ(), "PGTZ=PST8PDT", "PGDATESTYLE=Postgres, MDY", "PG_ABS_SRCDIR="+source, "PG_ABS_BUILDDIR="+tb.TempDir(), "PG_LIBDIR=/nonexistent", "PG_DLSUFFIX=.so",
		"PGOPTIONS=-c intervalstyle=postgres_verbose")
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	p := &psql{cmd: cmd, in: in, lines: make(chan string)}
	go func() { // ends with psql
		defer close(p.lines)
		for reader := bufio.NewReader(out); ; {
			line, err := reader.ReadString('\n')
			if strings.HasPrefix(line, mark) {
				p.lines <- strings.TrimSpace(line)
			}
			if err != nil {
				return
			}
		}
	}()
	return p
}

const mark = "=====cordon====="

// run runs a chunk, waits for its end and gives the SQLSTATE of the last statement.
func (p *psql) run(text string) (state string, err error) {
	p.marks++
	end := fmt.Sprintf("%s%d ", mark, p.marks)
	if _, err := fmt.Fprintf(p.in, "%s\n\\echo %s :SQLSTATE\n", text, strings.TrimSpace(end)); err != nil {
		return "", err
	}
	select {
	case line, ok := <-p.lines:
		state, found := strings.CutPrefix(line, end)
		if !ok || !found {
			return "", fmt.Errorf("said %q, expected %q", line, end)
		}
		return state, nil
	case <-time.After(30 * time.Second):
		return "", fmt.Errorf("no end of %.60q", text)
	}
}

func (p *psql) close() {
	_ = p.in.Close()
	ended := time.AfterFunc(5*time.Second, func() { _ = p.cmd.Process.Kill() })
	for range p.lines {
	}
	_ = p.cmd.Wait() // its status is the script's
	ended.Stop()
}
