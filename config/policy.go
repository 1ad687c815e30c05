package config

import (
	"errors"
	"fmt"
	"strings"
)

// Table finds the policy of a table by its names as the catalog has them; nil if the policy does not list it.
func (d *Database) Table(schema, name string) *Table {
	t := d.Tables[schema+"."+name]
	if t == nil || t.Schema != schema || t.Name != name { // "a.b"."c" and "a"."b.c" share a map key
		return nil
	}
	return t
}

func readDatabases(root *section, cfg *Config) {
	s := root.table("database")
	if s == nil {
		return
	}
	for name, ds := range s.tables() {
		if err := checkName(name); err != nil {
			ds.fail("", "%v", err)
		}
		cfg.Databases[name] = readDatabase(ds, name, cfg)
	}
	if len(cfg.Databases) > 0 && cfg.Upstream.Catalog.User == "" && len(s.doc.list) == 0 {
		s.fail("", "needs upstream.catalog.user: cordon reads the catalog with a login of its own")
	}
}

func readDatabase(s *section, name string, cfg *Config) *Database {
	defer s.close()
	d := &Database{Name: name, Tables: map[string]*Table{}}
	d.ShowTables = s.choice("unlisted_tables", "deny", "show") == "show"
	d.ShowColumns = s.choice("unlisted_columns", "hide", "show") == "show"
	s.list("functions", func(function string) error {
		if written, ok := strings.CutSuffix(function, ".*"); ok {
			extension, err := splitName(written, 1)
			if err != nil {
				return fmt.Errorf("write extension.*: %w", err)
			}
			d.Extensions = append(d.Extensions, extension[0])
			return nil
		}
		parts, err := splitName(function, 2)
		if err != nil {
			return fmt.Errorf("write schema.function: %w", err)
		}
		if strings.Contains(parts[0]+parts[1], ".") {
			return errors.New("a schema or a function with a dot in its name is not in this version of cordon")
		}
		d.Functions = append(d.Functions, parts[0]+"."+parts[1])
		return nil
	})
	d.Channels = s.list("channels", checkName)
	d.Sealed = s.flag("sealed", true)
	if tables := s.table("table"); tables != nil {
		readTables(tables, d, cfg)
	}
	return d
}

func readTables(s *section, d *Database, cfg *Config) {
	for _, written := range s.keys() {
		ts := s.table(written)
		if ts == nil {
			continue
		}
		parts, err := splitName(written, 2)
		if err != nil {
			ts.fail("", "write schema.table: %v", err)
			continue
		}
		t := &Table{Schema: parts[0], Name: parts[1], Columns: map[string]Treatment{}}
		key := t.Schema + "." + t.Name
		if d.Tables[key] != nil {
			ts.fail("", "the table %s is listed twice", key)
		}
		readTable(ts, t, cfg)
		d.Tables[key] = t
	}
}

func readTable(s *section, t *Table, cfg *Config) {
	defer s.close()
	t.Deny = s.flag("deny", false)
	rows, ok := s.text("rows")
	if ok {
		t.Rows = rows
		switch {
		case t.Deny:
			s.fail("rows", "contradicts deny = true: the table is absent")
		case strings.TrimSpace(rows) == "":
			s.fail("rows", "must not be blank; leave it out for all rows")
		case strings.ContainsRune(rows, 0):
			s.fail("rows", "holds a zero byte")
		}
	}
	columns := s.table("columns")
	if columns == nil {
		return
	}
	if t.Deny {
		s.fail("columns", "contradicts deny = true: the table is absent")
	}
	for _, name := range columns.keys() {
		if err := checkName(name); err != nil {
			columns.fail(name, "%v", err)
		}
		t.Columns[name] = readTreatment(columns, name, cfg)
	}
}
