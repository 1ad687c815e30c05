package config

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Effective is the policy of one database for one user at one time: the file's policy with the grants in force
// lifted. It is immutable and shared.
type Effective struct {
	Database *Database
	// ID names the policy and the set of grants in force: equal IDs mean equal treatments, so it can key plans.
	ID string
	// Until is when this stops being current, because a grant ends; zero if it never does.
	Until time.Time

	from time.Time // when it was computed; an earlier clock computes anew
}

// current says whether e still answers for a time.
func (e *Effective) current(now time.Time) bool {
	return !now.Before(e.from) && (e.Until.IsZero() || now.Before(e.Until))
}

// userKey names one user of one database.
type userKey struct{ database, user string }

// effectives answers Effective without looking at the grants again. Only users whom a grant names have entries of
// their own, so it is bounded by the file.
type effectives struct {
	plain  map[string]*Effective // by database, for whom no grant names
	grants map[userKey][]int     // indexes into Config.Grants
	cached sync.Map              // userKey -> *Effective
}

// Effective returns what holds for a user now; nil if the database has no section, which refuses masked sessions.
// It is cheap enough to ask for every statement.
func (c *Config) Effective(database, user string, now time.Time) *Effective {
	x := c.effective
	if x == nil { // built by hand, not by Parse
		x = newEffectives(c)
	}
	key := userKey{database, user}
	granted := x.grants[key]
	if len(granted) == 0 {
		return x.plain[database]
	}
	if e, ok := x.cached.Load(key); ok {
		if e, ok := e.(*Effective); ok && e.current(now) {
			return e
		}
	}
	e := c.lift(x.plain[database], granted, now)
	x.cached.Store(key, e)
	return e
}

func (c *Config) index() { c.effective = newEffectives(c) }

func newEffectives(c *Config) *effectives {
	x := &effectives{plain: map[string]*Effective{}, grants: map[userKey][]int{}}
	version := c.version
	if version == "" {
		version = fmt.Sprintf("%p", c)
	}
	for name, d := range c.Databases {
		x.plain[name] = &Effective{Database: d, ID: version + "/" + strconv.Quote(name)}
	}
	for i, g := range c.Grants {
		for _, user := range g.Users {
			for _, name := range g.databases() {
				if x.plain[name] != nil {
					x.grants[userKey{name, user}] = append(x.grants[userKey{name, user}], i)
				}
			}
		}
	}
	return x
}

// databases lists the databases that a grant touches, each once.
func (g Grant) databases() []string {
	var names []string
	seen := map[string]bool{}
	for _, l := range g.Lifts {
		if !seen[l.Database] {
			seen[l.Database] = true
			names = append(names, l.Database)
		}
	}
	return names
}

// lift computes the policy of a user whom grants name.
func (c *Config) lift(plain *Effective, granted []int, now time.Time) *Effective {
	e := &Effective{Database: plain.Database, ID: plain.ID, from: now}
	var inForce []string
	for _, i := range granted {
		g := c.Grants[i]
		if !now.Before(g.Until) {
			continue
		}
		inForce = append(inForce, strconv.Itoa(i))
		if e.Until.IsZero() || g.Until.Before(e.Until) {
			e.Until = g.Until
		}
		for _, l := range g.Lifts {
			if l.Database == plain.Database.Name {
				e.Database = e.Database.showing(l)
			}
		}
	}
	if len(inForce) > 0 {
		e.ID += "+" + strings.Join(inForce, ",")
	}
	return e
}

// showing returns a copy of the policy with one column shown; the original stays as it is.
func (d *Database) showing(l GrantColumn) *Database {
	t := d.Table(l.Schema, l.Table)
	if t == nil || t.Deny {
		return d
	}
	table, database := *t, *d
	table.Columns = maps.Clone(t.Columns)
	table.Columns[l.Column] = Treatment{Kind: Show}
	database.Tables = maps.Clone(d.Tables)
	database.Tables[l.Schema+"."+l.Table] = &table
	return &database
}
