// Package pgcluster starts throw-away Postgres clusters: for `cordon demo` and for tests.
//
// initdb takes seconds, so it runs once a machine and version; its data directory is the template that each cluster copies.
// As root, the server runs as user postgres or nobody, since Postgres refuses root.
package pgcluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Superuser is the superuser of every cluster; its password is Password.
const (
	Superuser = "postgres"
	Password  = "cordon-demo"
)

// Options of Start; the zero value is fine.
type Options struct {
	BinDir   string            // empty: Find
	Template string            // data directory to copy instead of a fresh one; its server must be stopped
	Settings map[string]string // added to postgresql.conf
}

// Cluster is a running server of its own.
type Cluster struct {
	Host   string // 127.0.0.1: scram-sha-256 for everybody
	Port   int
	BinDir string
	Data   string // data directory

	dir     string
	account *account
	server  *exec.Cmd
	exited  chan struct{}
}

// Start copies the template, starts a server on a free port of 127.0.0.1 and waits until it answers.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	if o.BinDir == "" {
		dir, err := Find()
		if err != nil {
			return nil, err
		}
		o.BinDir = dir
	}
	who, err := serverAccount()
	if err != nil {
		return nil, err
	}
	if o.Template == "" {
		if o.Template, err = template(ctx, o.BinDir, who); err != nil {
			return nil, err
		}
	}
	dir, err := os.MkdirTemp("", "cordon-pg-")
	if err != nil {
		return nil, fmt.Errorf("making a cluster's folder: %w", err)
	}
	c := &Cluster{Host: "127.0.0.1", BinDir: o.BinDir, Data: filepath.Join(dir, "data"), dir: dir, account: who}
	if err := c.start(ctx, o); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context, o Options) error {
	if err := c.account.own(c.dir); err != nil {
		return err
	}
	if out, err := c.account.command(ctx, "cp", "-a", "--reflink=auto", o.Template, c.Data).CombinedOutput(); err != nil {
		return fmt.Errorf("copying the template cluster: %w: %s", err, out)
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	c.Port = port
	conf := fmt.Sprintf("\nport = %d\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '%s'\n", c.Port, c.dir)
	for name, value := range o.Settings {
		conf += fmt.Sprintf("%s = '%s'\n", name, strings.ReplaceAll(value, "'", "''"))
	}
	file, err := os.OpenFile(filepath.Join(c.Data, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("writing the settings: %w", err)
	}
	_, err = file.WriteString(conf)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("writing the settings: %w", err)
	}
	return c.launch(ctx)
}

// launch runs the server and waits until it accepts connections.
func (c *Cluster) launch(ctx context.Context) error {
	log, err := os.Create(filepath.Join(c.dir, "log"))
	if err != nil {
		return fmt.Errorf("making the server's log: %w", err)
	}
	defer log.Close()
	c.server = c.account.command(context.WithoutCancel(ctx), filepath.Join(c.BinDir, "postgres"), "-D", c.Data)
	c.server.Stdout, c.server.Stderr = log, log
	if err := c.server.Start(); err != nil {
		return fmt.Errorf("starting Postgres: %w", err)
	}
	c.exited = make(chan struct{})
	go func() { // ends with the server, which Stop ends and waits for
		_ = c.server.Wait()
		close(c.exited)
	}()
	deadline := time.NewTimer(60 * time.Second)
	defer deadline.Stop()
	for {
		if c.ready(ctx) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.exited:
			return fmt.Errorf("the server ended at start-up: %s", c.Log())
		case <-deadline.C:
			return fmt.Errorf("the server did not come up within a minute: %s", c.Log())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (c *Cluster) ready(ctx context.Context) bool {
	status, err := os.ReadFile(filepath.Join(c.Data, "postmaster.pid"))
	return err == nil && ctx.Err() == nil && bytes.Contains(status, []byte("\nready"))
}

// Log is what the server has logged.
func (c *Cluster) Log() string {
	text, _ := os.ReadFile(filepath.Join(c.dir, "log"))
	return string(text)
}

// Address is host:port.
func (c *Cluster) Address() string { return net.JoinHostPort(c.Host, strconv.Itoa(c.Port)) }

// DSN is a connection URL for a database and a login.
func (c *Cluster) DSN(database, user, password string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(user, password), Host: c.Address(), Path: "/" + database, RawQuery: "sslmode=disable"}
	return u.String()
}

// Halt stops the server fast and keeps its data directory, which can then be the Template of other clusters.
func (c *Cluster) Halt() {
	if c.server == nil || c.server.Process == nil || c.exited == nil {
		return
	}
	_ = c.server.Process.Signal(syscall.SIGINT)
	select {
	case <-c.exited:
	case <-time.After(20 * time.Second):
		_ = c.server.Process.Kill()
		<-c.exited
	}
}

// Stop stops the server and removes everything it had.
func (c *Cluster) Stop() error {
	c.Halt()
	if err := os.RemoveAll(c.dir); err != nil {
		return fmt.Errorf("removing a cluster: %w", err)
	}
	return nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("finding a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
