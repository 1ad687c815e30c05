package main

import (
	"fmt"
	"log/slog"
	"net"
	"os"

	"github.com/spf13/cobra"

	"github.com/cordon-db/cordon/config"
	"github.com/cordon-db/cordon/proxy"
)

func serveCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Accept clients and relay them to the upstream until SIGINT or SIGTERM",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.Load(file)
			if err != nil {
				return err
			}
			log := slog.New(slog.NewTextHandler(os.Stderr, nil))
			server, err := proxy.New(cfg, log)
			if err != nil {
				return err
			}
			ln, err := net.Listen("tcp", cfg.Listen.Address)
			if err != nil {
				return fmt.Errorf("listening: %w", err)
			}
			log.Info("listening", "address", ln.Addr().String(), "upstream", cfg.Upstream.Hosts)
			return server.Serve(cmd.Context(), ln)
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", "cordon.toml", "configuration file")
	return cmd
}
