package catalog

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// The major versions whose catalogs Load has been written for.
const (
	oldestServer = 140000
	newestServer = 189999
)

// facts is what one reading finds, before it is indexed.
type facts struct {
	Schemas   []*Schema
	Types     []*Type
	Relations []*Relation
	Functions []*Function
	Operators []*Operator
	Casts     []*Cast
	Settings  map[string]map[string]string

	Definitions []*Definition
	Collations  []*Collation
	Implicit    [][2]uint32
	Extensions  []*Extension
}

// Load reads the catalog of the database that conn is connected to. It leaves the connection as it found it.
func Load(ctx context.Context, conn *pgx.Conn) (*Snapshot, error) {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, fmt.Errorf("catalog: begin: %w", err)
	}
	// Nothing was written, so that a failing rollback loses nothing; a broken connection shows at its next use.
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	s, err := read(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("catalog: %w", err)
	}
	return s, nil
}

// read takes the snapshot inside the transaction.
func read(ctx context.Context, tx pgx.Tx) (*Snapshot, error) {
	// Under an empty search_path definitions and type names come out qualified, unless they are of pg_catalog, and nobody's operator
	// stands in for a built-in one. Constants in definitions must not depend on how cordon's own login is set up either.
	const neutral = `SELECT pg_catalog.set_config(name, value, true) FROM (VALUES
		('search_path', ''), ('DateStyle', 'ISO, MDY'), ('IntervalStyle', 'postgres'), ('TimeZone', 'UTC'),
		('extra_float_digits', '1'), ('bytea_output', 'hex'), ('quote_all_identifiers', 'off')) AS s (name, value)`
	if _, err := tx.Exec(ctx, neutral); err != nil {
		return nil, fmt.Errorf("set up the session: %w", err)
	}
	s := &Snapshot{}
	if err := readServer(ctx, tx, s); err != nil {
		return nil, err
	}
	settings, err := readSettings(ctx, tx)
	if err != nil {
		return nil, err
	}
	if s.SearchPath, err = readSearchPath(ctx, tx, settings); err != nil {
		return nil, err
	}
	f := &facts{Settings: settings}
	for _, step := range []struct {
		what string
		read func(context.Context, pgx.Tx, *facts) error
	}{
		{"schemas", readSchemas},
		{"types", readTypes},
		{"relations", readRelations},
		{"functions", readFunctions},
		{"operators", readOperators},
		{"casts", readCasts},
		{"implicit casts", readImplicit},
		{"definitions", readDefinitions},
		{"collations", readCollations},
		{"extensions", readExtensions},
	} {
		if err := step.read(ctx, tx, f); err != nil {
			return nil, fmt.Errorf("read %s: %w", step.what, err)
		}
	}
	s.index(f)
	return s, nil
}

// readServer reads the facts about the server and refuses one that cordon cannot answer for.
func readServer(ctx context.Context, tx pgx.Tx, s *Snapshot) error {
	var encoding string
	err := tx.QueryRow(ctx, `SELECT pg_catalog.current_database()::text, pg_catalog.current_setting('server_version_num')::int4,
		pg_catalog.current_setting('server_encoding')`).Scan(&s.Database, &s.ServerVersion, &encoding)
	if err != nil {
		return fmt.Errorf("read the server's version: %w", err)
	}
	if s.ServerVersion < oldestServer || s.ServerVersion > newestServer {
		return fmt.Errorf("server version %d is not supported: cordon knows the catalogs of Postgres 14 to 18", s.ServerVersion/10000)
	}
	if encoding != "UTF8" {
		return fmt.Errorf("database %q has encoding %s: cordon works with UTF8 only", s.Database, encoding)
	}
	return nil
}

// readSearchPath finds with which search_path a session starts: for everybody (""), and for the roles that have their own.
func readSearchPath(ctx context.Context, tx pgx.Tx, settings map[string]map[string]string) (map[string]string, error) {
	paths := make(map[string]string)
	for role, values := range settings {
		if path, ok := values["search_path"]; ok {
			paths[role] = path
		}
	}
	if _, ok := paths[""]; ok {
		return paths, nil
	}
	// TO DEFAULT makes the setting's source that of the value with which this session started.
	if _, err := tx.Exec(ctx, `SET LOCAL search_path TO DEFAULT`); err != nil {
		return nil, fmt.Errorf("reset search_path: %w", err)
	}
	var value, source string
	const query = `SELECT setting, source FROM pg_catalog.pg_settings WHERE name OPERATOR(pg_catalog.=) 'search_path'`
	if err := tx.QueryRow(ctx, query).Scan(&value, &source); err != nil {
		return nil, fmt.Errorf("read search_path: %w", err)
	}
	if _, err := tx.Exec(ctx, `SET LOCAL search_path = ''`); err != nil {
		return nil, fmt.Errorf("empty search_path: %w", err)
	}
	switch source {
	case "default", "environment variable", "configuration file", "command line":
	default: // of the login, or of a database whose setting was reset after this session began
		return nil, fmt.Errorf("cordon's own catalog session has its search_path from %q, which hides the server's default: "+
			"take it from the login (ALTER ROLE ... RESET search_path) or from its connection parameters", source)
	}
	paths[""] = value
	return paths, nil
}
