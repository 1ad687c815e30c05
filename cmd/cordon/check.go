package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cordon-db/cordon/config"
)

func checkCommand() *cobra.Command {
	var file, dsn string
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Read a configuration and say what is wrong with it",
		Long: `Read a configuration and say what is wrong with it, without connecting anywhere.

With --connect, read the server's statistics of every identifier as well, and say whether its domain needs order = "hide": it does
where rows lie in the order of the identifier, or where identifiers are so dense that a rank tells the number. Extensions that the policy
lists under functions are looked up, too, and partitions that it lists by names that tell of what it does not show.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.Load(file)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is valid: %d zones, %d databases, %d grants\n", file, len(cfg.Zones), len(cfg.Databases), len(cfg.Grants))
			if err != nil {
				return err
			}
			if err := warnExtensions(cmd.OutOrStdout(), cfg); err != nil || dsn == "" {
				return err
			}
			if err := checkExtensions(cmd.Context(), cmd.OutOrStdout(), cfg, dsn); err != nil {
				return err
			}
			if err := checkOrder(cmd.Context(), cmd.OutOrStdout(), cfg, dsn); err != nil {
				return err
			}
			return checkPartitions(cmd.Context(), cmd.OutOrStdout(), cfg, dsn)
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", "cordon.toml", "configuration file")
	cmd.Flags().StringVar(&dsn, "connect", "", "connection string, to the server itself, of a login that may read the identifiers (pg_stats shows no others); the databases are those of the configuration")
	return cmd
}
