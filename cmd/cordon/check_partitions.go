package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/cordon-db/cordon/config"
	"github.com/cordon-db/cordon/rewrite"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

// checkPartitions warns of partitions that the policy gives a name by listing them, though the name tells of what it does not show.
func checkPartitions(ctx context.Context, out io.Writer, cfg *config.Config, dsn string) error {
	for _, name := range slices.Sorted(maps.Keys(cfg.Databases)) {
		names, err := tellingPartitions(ctx, cfg, cfg.Databases[name], dsn)
		if err != nil {
			return fmt.Errorf("database %s: %w", name, err)
		}
		for _, partition := range names {
			if _, err := fmt.Fprintf(out, "WARNING: database.%s.table.%q: the name of this partition tells where the partition key of its rows lies, which the policy does not show as it is: leave the entry out, so that its rows are read by the parent's name only\n",
				name, partition); err != nil {
				return err
			}
		}
	}
	return nil
}

func tellingPartitions(ctx context.Context, cfg *config.Config, db *config.Database, dsn string) ([]string, error) {
	conn, err := connectTo(ctx, dsn, db.Name)
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	snapshot, err := catalog.Load(ctx, conn)
	if err != nil {
		return nil, err
	}
	return rewrite.TellingPartitions(db, cfg.Domains, snapshot)
}
