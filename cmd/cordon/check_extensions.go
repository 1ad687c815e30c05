package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/cordon-db/cordon/config"
	"github.com/cordon-db/cordon/rewrite/builtin"
)

// warnExtensions names the listed extensions whose functions are known to reach past the policy.
func warnExtensions(out io.Writer, cfg *config.Config) error {
	for _, name := range slices.Sorted(maps.Keys(cfg.Databases)) {
		for _, extension := range cfg.Databases[name].Extensions {
			risk := builtin.RiskyExtension(extension)
			if risk == "" {
				continue
			}
			if _, err := fmt.Fprintf(out, "WARNING: database.%s.functions: %q: its functions %s, which no policy governs\n", name, extension+".*", risk); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkExtensions warns of listed extensions that a database lacks, and of schemas of the same name that hold what does not belong to them.
func checkExtensions(ctx context.Context, out io.Writer, cfg *config.Config, dsn string) error {
	for _, name := range slices.Sorted(maps.Keys(cfg.Databases)) {
		db := cfg.Databases[name]
		if len(db.Extensions) == 0 {
			continue
		}
		if err := checkExtensionsOf(ctx, out, db, dsn); err != nil {
			return fmt.Errorf("database %s: %w", name, err)
		}
	}
	return nil
}

func checkExtensionsOf(ctx context.Context, out io.Writer, db *config.Database, dsn string) error {
	conn, err := connectTo(ctx, dsn, db.Name)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	const sql = `SELECT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = $1),
	EXISTS (SELECT FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = $1 AND NOT EXISTS (
		SELECT FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
		WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e' AND e.extname = $1))`
	for _, extension := range db.Extensions {
		var installed, others bool
		if err := conn.QueryRow(ctx, sql, extension).Scan(&installed, &others); err != nil {
			return fmt.Errorf("reading pg_extension: %w", err)
		}
		warning := ""
		switch {
		case !installed && others:
			warning = "there is a schema of that name, but no extension, and an extension is meant: list the functions of the schema one by one"
		case !installed:
			warning = "the extension is not installed"
		case others:
			warning = "the schema of that name has functions that do not belong to the extension: they are not admitted"
		default:
			continue
		}
		if _, err := fmt.Fprintf(out, "WARNING: database.%s.functions: %q: %s\n", db.Name, extension+".*", warning); err != nil {
			return err
		}
	}
	return nil
}
