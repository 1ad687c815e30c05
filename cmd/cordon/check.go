package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cordon-db/cordon/config"
)

func checkCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Read a configuration and say what is wrong with it, without connecting anywhere",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.Load(file)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is valid: %d zones, %d databases, %d grants\n", file, len(cfg.Zones), len(cfg.Databases), len(cfg.Grants))
			return err
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", "cordon.toml", "configuration file")
	return cmd
}
