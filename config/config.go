// Package config reads cordon's one TOML file into a validated configuration. Every error names file, line and key,
// and all of them are reported at once: a misspelt key of a policy would otherwise show what it was meant to hide.
//
//	cfg, err := config.Load("cordon.toml")
//	zone := cfg.Zone(user, addr)                          // passthrough or masked
//	policy := cfg.Effective(database, user, time.Now())   // treatments, with the grants in force lifted
//
// How it works: the TOML library decodes into plain maps (load.go); a scanner of cordon's own notes the line of every
// key (position.go); sections read typed values out of the maps, and a key that nobody read is an unknown key
// (section.go). What each key means stands beside the type it fills: server.go, zone.go, policy.go, treatment.go,
// grant.go. The reference for people is docs/configuration.md.
package config

import (
	"net/netip"
	"time"

	"github.com/cordon-db/cordon/masking"
)

// Config is a validated configuration. It is immutable after Load.
type Config struct {
	Listen    Listen
	Upstream  Upstream
	Auth      Auth
	Keys      Keys
	Domains   map[string]Domain
	Zones     []Zone
	Databases map[string]*Database // by database name
	Grants    []Grant

	version   string      // names the text of the file
	effective *effectives // see Effective
}

// Listen is where clients connect.
type Listen struct {
	Address        string        // host:port
	StartupTimeout time.Duration // from accept to the end of authentication
	MaxMessage     int           // bytes of one message from a client of a masked session
}

// Upstream is the Postgres server behind cordon.
type Upstream struct {
	Hosts   []string // host:port, or a directory of a unix socket with :port
	Target  string   // what a host has to be: "any", "primary" or "standby"
	Catalog CatalogLogin
	Refresh time.Duration // of the catalog snapshot
	// LoadGap is the least time between two readings of the whole catalog: a second, and no file can ask for less. Tests whose catalog changes all the time do.
	LoadGap time.Duration
}

// CatalogLogin is cordon's own login, used to read the catalog.
type CatalogLogin struct {
	User         string
	PasswordFile string
}

// Auth says who judges a password.
type Auth struct{ Method string } // "passthrough"

// Keys says where the master key is.
type Keys struct{ Master masking.KeySource }

// Domain is a set of identifiers that share one pseudonym key.
type Domain struct {
	Name  string
	Order Order
}

// Order says what may be seen of the order of a domain's raw identifiers, and of the rows that hold them.
type Order string

// The orders of a domain. OrderExact hides order as OrderHide does, but sorts by the pseudonym itself instead of a hash of the identifier: slow, and no
// file can ask for it. Tests put it in the place of OrderHide, so that two databases with other raw identifiers choose the same rows.
const (
	OrderHide  Order = "hide"
	OrderShow  Order = "show"
	OrderExact Order = "exact"
)

// Access is what a zone's sessions get.
type Access string

// The two kinds of zones.
const (
	AccessPassthrough Access = "passthrough"
	AccessMasked      Access = "masked"
)

// Zone is a class of sessions.
type Zone struct {
	Name     string
	Access   Access
	Users    []string       // patterns with *, any may hold; empty: no condition
	Networks []netip.Prefix // any may hold; empty: no condition
}

// Database is the policy of one database.
type Database struct {
	Name        string
	ShowTables  bool              // unlisted_tables = "show"
	ShowColumns bool              // unlisted_columns = "show"
	Tables      map[string]*Table // by schema + "." + table, as the catalog has them; look up with Table
	Functions   []string          // allowed by name: schema + "." + name, as the catalog has them; neither holds a dot
	Extensions  []string          // whose functions and operators are allowed
	Channels    []string          // LISTEN
	Sealed      bool              // identifiers stay raw inside the server where only equality matters; sealed = false: nowhere
}

// Table is the policy of one table, or of a view that the policy treats as one.
type Table struct {
	Schema, Name string
	Deny         bool   // deny = true
	Rows         string // row filter; empty: all rows
	Columns      map[string]Treatment
}

// TreatmentKind says what the policy does to a column.
type TreatmentKind string

// The treatments.
const (
	Show      TreatmentKind = "show"
	Hide      TreatmentKind = "hide"
	Null      TreatmentKind = "null"
	Mask      TreatmentKind = "mask"
	Pseudonym TreatmentKind = "pseudonym"
)

// Treatment is what the policy does to one column.
type Treatment struct {
	Kind   TreatmentKind
	Domain string       // of a pseudonym
	Mask   masking.Mask // of a mask
}

// Grant lifts treatments for named users until a time.
type Grant struct {
	Users   []string
	Columns []string // database.schema.table.column, as written in the file
	Lifts   []GrantColumn
	Until   time.Time
	Reason  string
}
