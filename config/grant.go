package config

import (
	"strings"
	"time"
)

// GrantColumn is one column that a grant lifts, by its names as the catalog has them.
type GrantColumn struct{ Database, Schema, Table, Column string }

func readGrants(root *section, cfg *Config) {
	for _, s := range root.array("grant") {
		cfg.Grants = append(cfg.Grants, readGrant(s, cfg))
	}
}

func readGrant(s *section, cfg *Config) Grant {
	defer s.close()
	need(s, "users", "columns", "until", "reason")
	g := Grant{Users: s.list("users"), Until: readUntil(s)}
	for i, user := range g.Users {
		at := elementPath(keyPath(s.path, "users"), i)
		if err := checkName(user); err != nil {
			s.failAt(at, "%v", err)
		} else if strings.Contains(user, "*") {
			s.failAt(at, "a grant names users one by one, patterns are not allowed")
		}
	}
	g.Reason, _ = s.text("reason")
	g.Columns = s.list("columns")
	for i, column := range g.Columns {
		at := elementPath(keyPath(s.path, "columns"), i)
		parts, err := splitName(column, 4)
		if err != nil {
			s.failAt(at, "write database.schema.table.column: %v", err)
			continue
		}
		lifted := GrantColumn{Database: parts[0], Schema: parts[1], Table: parts[2], Column: parts[3]}
		if why := cfg.unknownColumn(lifted); why != "" {
			s.failAt(at, "%s", why)
		}
		g.Lifts = append(g.Lifts, lifted)
	}
	return g
}

// unknownColumn says why a grant cannot lift a column; empty if it can. Only listed columns can be lifted: a
// misspelt name would otherwise wait unnoticed until somebody creates such a column.
func (c *Config) unknownColumn(g GrantColumn) string {
	d := c.Databases[g.Database]
	if d == nil {
		return "the database " + g.Database + " has no section"
	}
	t := d.Table(g.Schema, g.Table)
	switch {
	case t == nil:
		return "the table " + g.Schema + "." + g.Table + " is not listed in database." + g.Database
	case t.Deny:
		return "the table " + g.Schema + "." + g.Table + " has deny = true, so its columns cannot be granted"
	}
	if _, ok := t.Columns[g.Column]; !ok {
		return "the column " + g.Column + " is not listed in " + g.Schema + "." + g.Table
	}
	return ""
}

// readUntil reads the end of a grant, a time with an offset: a local time would end at another moment on
// another machine.
func readUntil(s *section) time.Time {
	v, ok := s.get("until")
	if !ok {
		return time.Time{}
	}
	until, isTime := v.(time.Time)
	if !isTime || strings.HasSuffix(until.Location().String(), "-local") {
		s.fail("until", "must be a time with an offset, such as 2026-12-31T00:00:00Z")
		return time.Time{}
	}
	return until
}
