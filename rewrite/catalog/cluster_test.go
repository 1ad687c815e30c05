package catalog

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// binEnv names the directory of the Postgres binaries to test with; without it the newest installed ones are.
const binEnv = "CORDON_CATALOG_PGBIN"

// clusterDir is the directory of the cluster that all tests of the package share, with its socket.
var clusterDir string

func TestMain(m *testing.M) {
	stop, err := startCluster()
	if err != nil {
		fmt.Fprintln(os.Stderr, "start cluster:", err)
		os.Exit(1)
	}
	code := m.Run()
	stop()
	os.Exit(code)
}

// startCluster runs a throw-away cluster that listens on a socket in clusterDir only.
func startCluster() (stop func(), err error) {
	bin := os.Getenv(binEnv)
	if bin == "" {
		installed, err := filepath.Glob("/usr/lib/postgresql/*/bin")
		if err != nil || len(installed) == 0 {
			return nil, fmt.Errorf("no Postgres found, set %s", binEnv)
		}
		bin = slices.Max(installed)
	}
	if clusterDir, err = os.MkdirTemp("", "catalog"); err != nil {
		return nil, err
	}
	attr, err := unprivileged(clusterDir)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(clusterDir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-N", "-E", "UTF8", "--locale=C", "-U", "postgres", "-A", "trust")
	initdb.Dir, initdb.SysProcAttr = clusterDir, attr
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	server := exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-k", clusterDir, "-c", "listen_addresses=", "-c", "fsync=off",
		"-c", "shared_buffers=32MB", "-c", "jit=off")
	server.Dir, server.SysProcAttr = clusterDir, attr
	if err := server.Start(); err != nil {
		return nil, err
	}
	stop = func() {
		_ = server.Process.Signal(syscall.SIGQUIT)
		_ = server.Wait() // an immediate shutdown exits with a failure
		_ = os.RemoveAll(clusterDir)
	}
	for range 200 {
		conn, err := open(context.Background(), "postgres")
		if err == nil {
			return stop, conn.Close(context.Background())
		}
		time.Sleep(50 * time.Millisecond)
	}
	stop()
	return nil, fmt.Errorf("the server did not come up")
}

// unprivileged gives the directory to a user who is not root, as whom initdb runs.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if os.Geteuid() != 0 {
		return attr, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return nil, err
		}
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, os.Chown(dir, int(uid), int(gid))
}

// open connects to a database of the cluster as the superuser.
func open(ctx context.Context, database string) (*pgx.Conn, error) {
	return pgx.Connect(ctx, "user=postgres sslmode=disable host="+clusterDir+" dbname="+database)
}

// database makes a database of the test's own and runs the script in it.
func database(t *testing.T, name, options, script string) *pgx.Conn {
	t.Helper()
	admin := must(open(t.Context(), "postgres"))
	defer admin.Close(context.Background())
	if _, err := admin.Exec(t.Context(), "CREATE DATABASE "+name+" TEMPLATE template0 "+options); err != nil {
		t.Fatal(err)
	}
	conn, err := open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	if _, err := conn.Exec(t.Context(), script); err != nil {
		t.Fatal(err)
	}
	return conn
}

// must is for what only fails if the cluster is gone.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
