package rewrite

import "github.com/cordon-db/cordon/config"

// SessionParams is what a session logs in with.
type SessionParams struct {
	User     string
	Database string
	Zone     config.Zone
	Startup  map[string]string // the client's startup parameters
}
