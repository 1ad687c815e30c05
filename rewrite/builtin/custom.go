package builtin

import (
	"regexp"
	"strings"
)

// customNames are names that Postgres takes for settings of people's own.
var customNames = regexp.MustCompile(`^[a-z_][a-z0-9_$]*(\.[a-z_][a-z0-9_$]*)+$`)

// customPrefixes are what the settings of modules begin with that are no extensions; those of extensions are known by the catalog.
var customPrefixes = words(`auto_explain auth_delay basebackup_to_shell basic_archive isn passwordcheck plperl plpgsql plpython plpython3u pltcl pltclu sepgsql supautils
	anon citus age hnsw ivfflat vectorscale timescaledb_telemetry online_advisor system_stats set_user session_variable`)

// CustomPrefix stands before a custom setting's name on the server.
const CustomPrefix = "cordon_custom."

// Custom gives the name by which the server keeps a custom setting of a masked session, as app.user; false for what is none. Behind cordon's own prefix no
// module, function or policy of the database reads it: it is the client's note to itself.
func Custom(name string) (server string, ok bool) {
	name = strings.ToLower(name)
	prefix, _, _ := strings.Cut(name, ".")
	if !customNames.MatchString(name) || strings.HasPrefix(prefix, "pg") || strings.HasPrefix(prefix, "cordon") || customPrefixes[prefix] {
		return "", false
	}
	return CustomPrefix + name, true
}
