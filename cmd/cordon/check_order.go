package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/cordon-db/cordon/config"
)

// What the statistics of an identifier say, above which its order tells more than the pseudonym does.
const (
	clustered = 0.1  // the correlation of the rows' positions with the values
	dense     = 0.01 // the share of the values between the least and the greatest that are in use
)

// identifier is what the server's statistics say of a pseudonymised column.
type identifier struct {
	known       bool // ANALYZE has seen it, and the login may read what it found
	correlation float64
	density     float64 // NaN where the values are no numbers
}

// checkOrder writes, for every pseudonymised column, what pg_stats says of its order, and whether that suits the order of its domain. dsn is a
// login that may read the columns, since pg_stats shows no others.
func checkOrder(ctx context.Context, out io.Writer, cfg *config.Config, dsn string) error {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"domain", "order", "column", "correlation", "density", "verdict"})
	for _, name := range slices.Sorted(maps.Keys(cfg.Databases)) {
		if err := checkDatabase(ctx, t, cfg, cfg.Databases[name], dsn); err != nil {
			return fmt.Errorf("database %s: %w", name, err)
		}
	}
	t.SortBy([]table.SortBy{{Name: "domain"}, {Name: "column"}})
	_, err := fmt.Fprintln(out, t.Render())
	return err
}

// connectTo connects to a database of the server that dsn names.
func connectTo(ctx context.Context, dsn, database string) (*pgx.Conn, error) {
	login, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	login.Database = database
	return pgx.ConnectConfig(ctx, login)
}

func checkDatabase(ctx context.Context, t table.Writer, cfg *config.Config, db *config.Database, dsn string) error {
	conn, err := connectTo(ctx, dsn, db.Name)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, tab := range db.Tables {
		for column, treatment := range tab.Columns {
			if treatment.Kind != config.Pseudonym {
				continue
			}
			id, err := statistics(ctx, conn, tab, column)
			if err != nil {
				return fmt.Errorf("reading pg_stats: %w", err)
			}
			order := cfg.Domains[treatment.Domain].Order
			correlation, density := "", ""
			if id.known {
				correlation = fmt.Sprintf("%.2f", id.correlation)
			}
			if id.known && !math.IsNaN(id.density) {
				density = fmt.Sprintf("%.2g", id.density)
			}
			t.AppendRow(table.Row{treatment.Domain, order, db.Name + "." + tab.Schema + "." + tab.Name + "." + column, correlation, density, id.verdict(order)})
		}
	}
	return nil
}

// statistics reads what ANALYZE found of a column (https://www.postgresql.org/docs/current/view-pg-stats.html).
func statistics(ctx context.Context, conn *pgx.Conn, tab *config.Table, column string) (identifier, error) {
	const sql = `SELECT s.correlation::float8, CASE WHEN s.n_distinct < 0 THEN -s.n_distinct * c.reltuples ELSE s.n_distinct END::float8,
	coalesce(s.histogram_bounds, s.most_common_vals)::text::text[]
FROM pg_catalog.pg_stats s
JOIN pg_catalog.pg_namespace n ON n.nspname = s.schemaname
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = s.tablename
WHERE s.schemaname = $1 AND s.tablename = $2 AND s.attname = $3 ORDER BY s.inherited DESC LIMIT 1`
	var correlation, distinct *float64
	var values []string
	err := conn.QueryRow(ctx, sql, tab.Schema, tab.Name, column).Scan(&correlation, &distinct, &values)
	if errors.Is(err, pgx.ErrNoRows) {
		return identifier{}, nil
	}
	if err != nil || correlation == nil || distinct == nil {
		return identifier{}, err
	}
	return identifier{known: true, correlation: *correlation, density: density(*distinct, values)}, nil
}

// density is the share of the numbers from the least to the greatest of values that are in use; NaN where the values are no numbers.
func density(distinct float64, values []string) float64 {
	least, greatest := math.Inf(1), math.Inf(-1)
	for _, text := range values {
		x, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return math.NaN()
		}
		least, greatest = min(least, float64(x)), max(greatest, float64(x))
	}
	if len(values) == 0 {
		return math.NaN()
	}
	return min(1, distinct/(greatest-least+1))
}

// verdict says whether an order suits the identifier.
func (id identifier) verdict(order config.Order) string {
	cause := ""
	switch {
	case !id.known:
		return "no statistics: ANALYZE the table, or connect as who may read it"
	case math.Abs(id.correlation) >= clustered:
		cause = "rows lie in the order of the identifier"
	case id.density >= dense:
		cause = "the identifiers are dense: a rank tells the number"
	}
	switch {
	case order == config.OrderHide && cause != "":
		return "hide is needed: " + cause
	case order == config.OrderHide:
		return `"show" would be enough, and faster`
	case cause != "":
		return `WARNING, "hide" is needed: ` + cause
	}
	return "show is enough"
}
