package pgcluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	embedded "github.com/fergusstrange/embedded-postgres"
)

// FindOrFetch is Find, and where the machine has no Postgres it fetches one into the user's cache folder, which needs the internet.
// As root the folder has to be readable by the account that the server runs as.
func FindOrFetch(ctx context.Context) (string, error) {
	dir, err := Find()
	if err == nil || ctx.Err() != nil {
		return dir, err
	}
	cache, cacheErr := os.UserCacheDir()
	if cacheErr != nil {
		return "", errors.Join(err, cacheErr)
	}
	home := filepath.Join(cache, "cordon", "postgres")
	scratch := embedded.NewDatabase(embedded.DefaultConfig().BinariesPath(home).RuntimePath(filepath.Join(home, "run")).Port(0))
	if fetchErr := scratch.Start(); fetchErr != nil {
		if _, statErr := os.Stat(filepath.Join(home, "bin", "initdb")); statErr != nil {
			return "", fmt.Errorf("%w; fetching it failed too: %w", err, fetchErr)
		}
	} else if stopErr := scratch.Stop(); stopErr != nil {
		return "", fmt.Errorf("stopping the fetched server: %w", stopErr)
	}
	return filepath.Join(home, "bin"), nil
}
