// Package cordon holds the sample that the demo, the tests and docker-compose share: a configuration and a database.
package cordon

import _ "embed"

// SampleConfig is the sample configuration, cordon.toml.
//
//go:embed cordon.toml
var SampleConfig []byte

// SampleSQL makes the sample's tables and their rows, SampleRoles its logins.
var (
	//go:embed sample/sample.sql
	SampleSQL string
	//go:embed sample/roles.sql
	SampleRoles string
)
