// Command cordon is a proxy in front of Postgres: sessions of pass-through zones pass unchanged, every other session
// reads the twin of the database.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := root().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "cordon:", err)
		os.Exit(1)
	}
}

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cordon",
		Short: "A Postgres proxy that shows sessions outside the EU a database without its restricted data",
		Long: `cordon stands between Postgres and its clients. Sessions of a pass-through zone get what they would get without it. Every
other session sees the database as if the restricted data were not in it, and identifiers as pseudonyms that still join.`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cmd.AddCommand(serveCommand(), checkCommand(), demoCommand())
	return cmd
}
