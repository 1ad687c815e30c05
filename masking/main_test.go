package masking

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// server is the directory of the unix socket of the cluster that the tests of this package share.
var server string

// TestMain starts a throw-away cluster and stops it at the end.
func TestMain(m *testing.M) { os.Exit(runWithServer(m)) }

func runWithServer(m *testing.M) int {
	stop, err := startServer()
	if err != nil {
		fmt.Fprintln(os.Stderr, "starting Postgres for the tests:", err)
		return 1
	}
	defer stop()
	return m.Run()
}

// startServer makes a cluster that listens on a unix socket only. Postgres refuses to run as root; then it runs as nobody.
func startServer() (stop func(), err error) {
	directory, err := os.MkdirTemp("/tmp", "cordon-masking-") // short: a socket's path is at most 107 bytes
	if err != nil {
		return nil, fmt.Errorf("making a directory: %w", err)
	}
	remove := func() { _ = os.RemoveAll(directory) }
	credential, err := unprivileged(directory)
	if err != nil {
		remove()
		return nil, err
	}
	run := func(program string, arguments ...string) error {
		command := exec.Command(postgresProgram(program), arguments...)
		command.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
		command.Dir = directory
		if output, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", program, err, output)
		}
		return nil
	}
	data := filepath.Join(directory, "data")
	if err := run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"); err != nil {
		remove()
		return nil, err
	}
	options := "-c listen_addresses='' -c fsync=off -k " + directory
	if err := run("pg_ctl", "-D", data, "-w", "-l", filepath.Join(directory, "log"), "-o", options, "start"); err != nil {
		remove()
		return nil, err
	}
	server = directory
	return func() {
		_ = run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
		remove()
	}, nil
}

// unprivileged is whom the server runs as, and hands the directory over; nil is the present user.
func unprivileged(directory string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // no credential is a value here
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return nil, fmt.Errorf("looking for a user to run Postgres as: %w", err)
	}
	uid, errU := strconv.ParseUint(nobody.Uid, 10, 32)
	gid, errG := strconv.ParseUint(nobody.Gid, 10, 32)
	if errU != nil || errG != nil {
		return nil, fmt.Errorf("nobody has ids %s and %s", nobody.Uid, nobody.Gid)
	}
	if err := os.Chown(directory, int(uid), int(gid)); err != nil {
		return nil, fmt.Errorf("handing over the directory: %w", err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// postgresProgram finds a program on the PATH or where Debian keeps the newest version.
func postgresProgram(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err != nil || len(found) == 0 {
		return name
	}
	return found[len(found)-1]
}
