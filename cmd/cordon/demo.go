package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/cordon-db/cordon"
	"github.com/cordon-db/cordon/config"
	"github.com/cordon-db/cordon/internal/pgcluster"
	"github.com/cordon-db/cordon/proxy"
)

// The demo's database and logins, those of sample/roles.sql.
const (
	demoDatabase = "social"
	demoEU       = "eu_analyst"
	demoMasked   = "analyst_apac"
)

// demoGrant takes the third wall of sample/roles.sql down: what the masked login does not see in the demo, cordon alone hides.
const demoGrant = "GRANT SELECT ON ALL TABLES IN SCHEMA public TO " + demoMasked

func demoCommand() *cobra.Command {
	var once bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Start a throw-away Postgres with sample data, put cordon in front, and compare both kinds of session",
		Long: `demo finds the Postgres binaries of this machine (CORDON_PG_BIN, PATH, Debian's and Homebrew's places; otherwise it fetches them),
starts a cluster that ends with it, loads about 100,000 rows of a social-video sample, starts the proxy with the sample
configuration, runs six queries as a session inside and one outside the EU, and stays up.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runDemo(cmd.Context(), cmd.OutOrStdout(), once) },
	}
	cmd.Flags().BoolVar(&once, "once", false, "compare, then exit: with 0 only if every expectation held")
	return cmd
}

// demo is a running demo.
type demo struct {
	cluster *pgcluster.Cluster
	dir     string
	cfg     *config.Config
	address string // of the proxy
}

func runDemo(ctx context.Context, out io.Writer, once bool) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	d := &demo{}
	defer func() { err = errors.Join(err, d.stop()) }()
	fmt.Fprintln(out, "Starting Postgres and loading the sample ...")
	if err := d.startDatabase(ctx); err != nil {
		return err
	}
	ended, err := d.startProxy(ctx)
	if err != nil {
		return err
	}
	failed, err := d.compare(ctx, out)
	if err != nil {
		return err
	}
	if len(failed) > 0 {
		err = fmt.Errorf("%d expectations did not hold:\n  %s", len(failed), strings.Join(failed, "\n  "))
	}
	if !once && err == nil {
		fmt.Fprintf(out, "\nTry it yourself; Ctrl-C ends the demo:\n  psql %q\n  psql %q\n", d.dsn(demoEU), d.dsn(demoMasked))
		<-ctx.Done()
	}
	cancel()
	return errors.Join(err, <-ended)
}

func (d *demo) dsn(user string) string {
	return fmt.Sprintf("postgres://%s:%s@%s/%s?sslmode=disable", user, user, d.address, demoDatabase)
}

// startDatabase starts a cluster and loads the sample.
func (d *demo) startDatabase(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "cordon-demo-")
	if err != nil {
		return fmt.Errorf("making the demo's folder: %w", err)
	}
	d.dir = dir
	bin, err := pgcluster.FindOrFetch(ctx)
	if err != nil {
		return err
	}
	if d.cluster, err = pgcluster.Start(ctx, pgcluster.Options{BinDir: bin}); err != nil {
		return err
	}
	admin := func(database string, statements ...string) error {
		conn, err := pgx.Connect(ctx, d.cluster.DSN(database, pgcluster.Superuser, pgcluster.Password))
		if err != nil {
			return fmt.Errorf("connecting to the demo's database: %w", err)
		}
		defer conn.Close(context.WithoutCancel(ctx))
		for _, sql := range statements {
			if _, err := conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
				return fmt.Errorf("loading the sample: %w", err)
			}
		}
		return nil
	}
	if err := admin("postgres", "CREATE DATABASE "+demoDatabase); err != nil {
		return err
	}
	return admin(demoDatabase, cordon.SampleSQL, cordon.SampleRoles, demoGrant)
}

// startProxy runs the proxy with the sample configuration, its addresses and secrets replaced by the demo's own.
func (d *demo) startProxy(ctx context.Context) (<-chan error, error) {
	cfg, err := config.Parse("cordon.toml", cordon.SampleConfig)
	if err != nil {
		return nil, err
	}
	key, password := filepath.Join(d.dir, "master.key"), filepath.Join(d.dir, "catalog.password")
	for file, text := range map[string]string{key: strings.Repeat("c0ffee42", 8), password: "cordon"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return nil, fmt.Errorf("writing the demo's secrets: %w", err)
		}
	}
	cfg.Upstream.Hosts = []string{d.cluster.Address()}
	cfg.Upstream.Catalog.PasswordFile = password
	cfg.Keys.Master.File = key
	server, err := proxy.New(cfg, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	if err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", cfg.Listen.Address)
	if err != nil { // the port is taken: any other will do
		if ln, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return nil, fmt.Errorf("listening: %w", err)
		}
	}
	d.cfg, d.address = cfg, ln.Addr().String()
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, ln) }() // runDemo waits for it
	return ended, nil
}

func (d *demo) stop() error {
	var errs []error
	if d.cluster != nil {
		errs = append(errs, d.cluster.Stop())
	}
	if d.dir != "" {
		errs = append(errs, os.RemoveAll(d.dir))
	}
	return errors.Join(errs...)
}
