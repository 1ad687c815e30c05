package config

import (
	"errors"
	"fmt"
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
	g := Grant{Users: s.list("users", checkGrantee), Until: readUntil(s)}
	g.Reason, _ = s.text("reason")
	g.Columns = s.list("columns", func(column string) error {
		parts, err := splitName(column, 4)
		if err != nil {
			return fmt.Errorf("write database.schema.table.column: %w", err)
		}
		lifted := GrantColumn{Database: parts[0], Schema: parts[1], Table: parts[2], Column: parts[3]}
		g.Lifts = append(g.Lifts, lifted)
		return cfg.checkLift(lifted)
	})
	return g
}

func checkGrantee(user string) error {
	if strings.Contains(user, "*") {
		return errors.New("a grant names users one by one, patterns are not allowed")
	}
	return checkName(user)
}

// checkLift says why a grant cannot lift a column; nil if it can. Only listed columns can be lifted: a
// misspelt name would otherwise wait unnoticed until somebody creates such a column.
func (c *Config) checkLift(g GrantColumn) error {
	d := c.Databases[g.Database]
	if d == nil {
		return fmt.Errorf("the database %s has no section", g.Database)
	}
	t := d.Table(g.Schema, g.Table)
	switch {
	case t == nil:
		return fmt.Errorf("the table %s.%s is not listed in database.%s", g.Schema, g.Table, g.Database)
	case t.Deny:
		return fmt.Errorf("the table %s.%s has deny = true, so its columns cannot be granted", g.Schema, g.Table)
	}
	if _, ok := t.Columns[g.Column]; !ok {
		return fmt.Errorf("the column %s is not listed in %s.%s", g.Column, g.Schema, g.Table)
	}
	return nil
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
