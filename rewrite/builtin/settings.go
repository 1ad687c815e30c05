package builtin

import (
	_ "embed"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Verdict says what to do with a setting that a masked session asks for.
type Verdict uint8

// The verdicts of Settable.
const (
	Refused Verdict = iota // not on the list, or not to this value
	Applied                // send the canonical value to the server
	Ignored                // the value is the one that cordon pins, or has no meaning here: succeed without sending anything
	Virtual                // search_path: the rewriter keeps it
)

// pinned is what cordon sends at startup over everything that the client, the role or the database say. Every name is a setting
// that any user may set at startup on 14 to 18.
var pinned = map[string]string{
	"standard_conforming_strings":       "on",
	"client_encoding":                   "UTF8",
	"debug_print_parse":                 "off",
	"debug_print_plan":                  "off",
	"debug_print_rewritten":             "off",
	"row_security":                      "on",
	"transform_null_equals":             "off",
	"client_min_messages":               "notice",
	"default_transaction_read_only":     "on",
	"synchronize_seqscans":              "off",
	"search_path":                       "pg_catalog, pg_temp",
	"log_parameter_max_length_on_error": "0",
	"backslash_quote":                   "safe_encoding",
	"quote_all_identifiers":             "off",
	"array_nulls":                       "on",
	"escape_string_warning":             "on",
}

// Pinned returns what cordon itself sends as startup parameters. The map is the caller's.
func Pinned() map[string]string { return maps.Clone(pinned) }

// settable are the settings that a masked session may choose, with the check of the value. None of them changes what a statement may
// see; planner settings and memory are ignored instead, since they steer plans over hidden rows (pitfall C10).
var settable = map[string]func(string) (string, bool){
	"timezone":                            timeZone,
	"datestyle":                           dateStyle,
	"intervalstyle":                       oneOf("postgres", "postgres_verbose", "sql_standard", "iso_8601"),
	"extra_float_digits":                  between(-15, 3),
	"application_name":                    applicationName,
	"bytea_output":                        oneOf("hex", "escape"),
	"statement_timeout":                   duration,
	"lock_timeout":                        duration,
	"idle_in_transaction_session_timeout": duration,
	"idle_session_timeout":                duration,
	"transaction_timeout":                 duration, // of 17 and later
	"client_min_messages":                 messageLevel,
	"default_transaction_isolation":       isolation,
	"transaction_isolation":               isolation,
	"default_transaction_deferrable":      boolean,
	"transaction_deferrable":              boolean,
	"escape_string_warning":               boolean,  // without standard_conforming_strings, which is pinned, there is none
	"check_function_bodies":               boolean,  // no function is created
	"vacuum_cost_delay":                   duration, // as the two below, of what only writes do: sent so that SHOW says it
	"vacuum_cost_limit":                   between(1, 10000),
	"commit_siblings":                     between(0, 1000),
	"xmloption":                           oneOf("content", "document"),
	"xmlbinary":                           oneOf("base64", "hex"),
	"tcp_keepalives_idle":                 between(0, 86400),
	"tcp_keepalives_interval":             between(0, 86400),
	"tcp_keepalives_count":                between(0, 100),
}

// free are those of them whose checks let every value pass that the server takes, and as it is: it may be one that cordon does not know, a parameter's.
var free = words(`datestyle intervalstyle extra_float_digits application_name bytea_output statement_timeout lock_timeout
	idle_in_transaction_session_timeout idle_session_timeout transaction_timeout xmloption xmlbinary`)

// Free says whether a masked session may set a setting to whatever the server takes.
func Free(name string) bool { return free[strings.ToLower(name)] }

// ignored are settings that drivers and dump tools always send and that change nothing for a read-only session here.
var ignored = words("geqo default_tablespace default_table_access_method")

// planning is what any login may set of the planner, memory and durability, on one version or another. It would change no answer, only how the server comes to
// it; over rows that the twin lacks that tells of them. So it is ignored: asyncpg and JDBC turn jit off at login, people raise work_mem.
const planning = `work_mem maintenance_work_mem hash_mem_multiplier temp_buffers logical_decoding_work_mem
	effective_cache_size effective_io_concurrency maintenance_io_concurrency random_page_cost seq_page_cost cpu_tuple_cost cpu_index_tuple_cost
	cpu_operator_cost parallel_setup_cost parallel_tuple_cost min_parallel_table_scan_size min_parallel_index_scan_size
	max_parallel_workers max_parallel_workers_per_gather max_parallel_maintenance_workers parallel_leader_participation
	default_statistics_target constraint_exclusion cursor_tuple_fraction from_collapse_limit join_collapse_limit plan_cache_mode
	jit jit_above_cost jit_inline_above_cost jit_optimize_above_cost jit_expressions jit_tuple_deforming geqo_threshold geqo_effort
	geqo_pool_size geqo_generations geqo_selection_bias geqo_seed recursive_worktable_factor
	synchronous_commit
	client_connection_check_interval gin_fuzzy_search_limit force_parallel_mode debug_parallel_query
	enable_async_append enable_bitmapscan enable_distinct_reordering enable_gathermerge enable_group_by_reordering enable_hashagg enable_hashjoin
	enable_incremental_sort enable_indexonlyscan enable_indexscan enable_material enable_memoize enable_mergejoin enable_nestloop
	enable_parallel_append enable_parallel_hash enable_partition_pruning enable_partitionwise_aggregate enable_partitionwise_join
	enable_presorted_aggregate enable_self_join_elimination enable_seqscan enable_sort enable_tidscan`

var planned = words(planning)

// Fixed are the settings that keep the server's value and that a session may set to just that.
var Fixed = []string{"default_text_search_config", "lc_messages", "lc_monetary", "lc_numeric", "lc_time"}

// SameFixed says whether a value is the one that a fixed setting has.
func SameFixed(name, has, value string) bool {
	if name == "default_text_search_config" {
		has, value = strings.TrimPrefix(has, "pg_catalog."), strings.TrimPrefix(value, "pg_catalog.")
	}
	return has == value
}

// Settable judges a setting through any door: SET, startup parameter, options, set_config. The name is folded; the value is
// the text after unquoting. canonical is what to send where the verdict is Applied. The hint of a refusal that concerns the value
// of an admitted setting can be had from SettingHint.
func Settable(name, value string) (canonical string, verdict Verdict) {
	name = strings.ToLower(name)
	if name == "search_path" {
		return value, Virtual
	}
	if check, ok := settable[name]; ok {
		if canonical, ok := check(value); ok {
			return canonical, Applied
		}
		return "", Refused
	}
	if ignored[name] || planned[name] {
		return "", Ignored
	}
	if _, ok := boolean(value); ok && stated[name] != "" || name == "role" && value == "none" {
		return "", Ignored
	}
	pin, ok := pinned[name]
	if ok && samePin(name, pin, value) {
		return "", Ignored
	}
	return "", Refused
}

// SettingHint says what to do about a refused setting.
func SettingHint(name string) string {
	name = strings.ToLower(name)
	switch pin, ok := pinned[name]; {
	case settable[name] != nil:
		return "Use one of the documented values of " + name + "."
	case stated[name] != "":
		return "Use on or off, which have no effect: a masked session only reads."
	case name == "client_encoding":
		return "In a masked session client_encoding is fixed to \"UTF8\": set PGCLIENTENCODING=UTF8, or client_encoding=UTF8 where the client connects."
	case ok:
		return "In a masked session " + name + " is fixed to \"" + pin + "\"."
	case slices.Contains(Fixed, name):
		return "A masked session keeps the server's value of " + name + ", and may set it to that."
	case name == "role" || name == "session_authorization":
		return "A masked session keeps the role that it logged in as."
	default:
		return "A masked session may set: " + strings.Join(slices.Sorted(maps.Keys(settable)), ", ") + ", search_path."
	}
}

func samePin(name, pin, value string) bool {
	switch {
	case name == "client_encoding": // SQL_ASCII, what psql sends without a locale, asks for no conversion: of a database in UTF8, for UTF8
		return slices.Contains([]string{"utf8", "unicode", "sqlascii"}, encodingKey(value))
	case pin == "on":
		return isOn(value)
	case pin == "off":
		return isOff(value)
	default:
		return strings.EqualFold(strings.TrimSpace(value), pin)
	}
}

// encodingKey drops what Postgres ignores in the name of an encoding: case and everything but letters and digits.
func encodingKey(value string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, strings.ToLower(value))
}

func isOn(v string) bool {
	return slices.Contains([]string{"on", "true", "yes", "1", "t", "y"}, strings.ToLower(strings.TrimSpace(v)))
}

func isOff(v string) bool {
	return slices.Contains([]string{"off", "false", "no", "0", "f", "n"}, strings.ToLower(strings.TrimSpace(v)))
}

func boolean(v string) (string, bool) {
	switch {
	case isOn(v):
		return "on", true
	case isOff(v):
		return "off", true
	}
	return "", false
}

func oneOf(values ...string) func(string) (string, bool) {
	return func(v string) (string, bool) {
		v = strings.ToLower(strings.TrimSpace(v))
		return v, slices.Contains(values, v)
	}
}

func between(low, high int) func(string) (string, bool) {
	return func(v string) (string, bool) {
		n, err := strconv.Atoi(strings.TrimSpace(v))
		return strconv.Itoa(n), err == nil && n >= low && n <= high
	}
}

var durations = regexp.MustCompile(`^([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)? *(us|ms|s|min|h|d)?$`)

// duration admits a number of milliseconds, or of a unit, as it stands: the server reads fractions and 010 in its own way.
func duration(v string) (string, bool) {
	v = strings.TrimSpace(v)
	return v, durations.MatchString(v)
}

// messageLevel raises what asks for LOG and DEBUG messages, which never pass, to what sends none.
func messageLevel(v string) (string, bool) {
	switch level := strings.ToLower(strings.TrimSpace(v)); level {
	case "notice", "warning", "error":
		return level, true
	case "debug", "debug1", "debug2", "debug3", "debug4", "debug5", "log", "info":
		return "notice", true
	}
	return "", false
}

// isolation lowers SERIALIZABLE: its failures would tell of what other sessions do to hidden rows (pitfall C10).
func isolation(v string) (string, bool) {
	switch level := strings.Join(strings.Fields(strings.ToLower(v)), " "); level {
	case "read committed", "read uncommitted", "repeatable read":
		return level, true
	case "serializable":
		return "repeatable read", true
	}
	return "", false
}

func dateStyle(v string) (string, bool) {
	for part := range strings.SplitSeq(v, ",") {
		switch strings.ToLower(strings.TrimSpace(part)) {
		case "iso", "postgres", "sql", "german", "mdy", "dmy", "ymd", "us", "euro", "european", "noneuro", "noneuropean", "default":
		default:
			return "", false
		}
	}
	return v, true
}

// timeZone admits names, offsets and POSIX forms by their characters: the server judges the rest, and no data is involved.
func timeZone(v string) (string, bool) {
	if v == "" || len(v) > 64 || strings.Contains(v, "..") || strings.HasPrefix(v, "/") {
		return "", false
	}
	for _, r := range v {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/_+-:,.<> ", r)) {
			return "", false
		}
	}
	return v, true
}

// applicationName replaces what is not printable ASCII and cuts at 63 bytes, as the server does (clean_ascii, guc_tables.c).
func applicationName(v string) (string, bool) {
	clean := []byte(v[:min(len(v), 63)])
	for i, c := range clean {
		if c < ' ' || c > '~' {
			clean[i] = '?'
		}
	}
	return string(clean), true
}

// tuning is the operator's own, which tells nothing of data, files or other sessions: ALTER ROLE and ALTER DATABASE may carry it, and it may be shown.
var tuning = words(planning + ` vacuum_cost_delay vacuum_cost_limit commit_siblings temp_file_limit track_activities track_counts track_io_timing track_functions deadlock_timeout commit_delay wal_compression
	lc_messages lc_monetary lc_numeric lc_time default_text_search_config`)

// ofRole are settings that ALTER ROLE and ALTER DATABASE may carry besides the settable ones and the tuning: server-side logging, which changes neither what a
// statement may see nor what is sent to the client.
var ofRole = words(`log_statement log_duration log_min_duration_statement log_min_duration_sample log_statement_sample_rate log_min_messages
	log_min_error_statement log_error_verbosity log_lock_waits log_temp_files log_parameter_max_length log_statement_stats`)

// OfRole says whether ALTER ROLE or ALTER DATABASE may set name for a masked session's login. Those that cordon pins are
// overridden by its startup parameters.
func OfRole(name string) bool {
	name = strings.ToLower(name)
	return ofRole[name] || tuning[name] || strings.HasPrefix(name, "enable_") || ignored[name] || settable[name] != nil || pinned[name] != ""
}

// showable are the settings that SHOW, current_setting and pg_settings may read, besides the pinned, the settable ones and the tuning.
// Keys of cordon are never among them.
var showable = words(`server_version server_version_num server_encoding max_identifier_length integer_datetimes
	lc_collate lc_ctype is_superuser session_authorization ssl block_size
	max_index_keys max_function_args segment_size wal_block_size in_hot_standby transaction_read_only scram_iterations
	default_tablespace default_table_access_method geqo data_checksums max_connections max_prepared_transactions max_worker_processes
	max_locks_per_transaction max_files_per_process max_stack_depth shared_buffers huge_pages allow_system_table_mods track_commit_timestamp
	vacuum_cost_page_dirty vacuum_cost_page_hit vacuum_cost_page_miss autovacuum fsync full_page_writes wal_level wal_log_hints wal_buffers
	min_wal_size max_wal_size checkpoint_timeout log_timezone cluster_name temp_tablespaces password_encryption role`)

// Showable says whether a masked session may read the setting. search_path is Virtual: the rewriter answers.
func Showable(name string) bool {
	name = strings.ToLower(name)
	return showable[name] || tuning[name] || settable[name] != nil || pinned[name] != ""
}

//go:embed setting_names.txt
var settingText string

var settingNames = func() map[string]bool {
	var text strings.Builder
	for line := range strings.Lines(settingText) {
		if !strings.HasPrefix(line, "--") {
			text.WriteString(line)
		}
	}
	return words(text.String())
}()

// SettingExists says whether some server from 14 to 18 has a setting of that name, or a module could: those have a dot.
func SettingExists(name string) bool {
	return strings.Contains(name, ".") || settingNames[strings.ToLower(name)]
}

// stated are settings of which a session is told what the twin has, and not what cordon has set: a server that takes writes, from logins that may. pgjdbc and
// libpq choose a primary by these. The values are SQL.
var stated = map[string]string{
	"default_transaction_read_only": "'off'",
	"transaction_read_only":         "CASE WHEN pg_catalog.pg_is_in_recovery() THEN 'on' ELSE 'off' END",
}

// Stated is the SQL of what a session is told of a setting where that is not the server's value; empty for any other.
func Stated(name string) string { return stated[strings.ToLower(name)] }

// ShowAll is the query that answers SHOW ALL: the rows of pg_settings, with values as SHOW says them. It holds MarkSetting.
func ShowAll() string {
	return `SELECT r.name || '' AS name, CASE r.name WHEN 'search_path' THEN ` + MarkSetting + statedCases() + ` ELSE pg_catalog.current_setting(r.name) END AS setting, r.short_desc || '' AS description ` +
		`FROM pg_catalog.pg_settings r WHERE ` + settingsShown() + ` ORDER BY pg_catalog.lower(r.name) COLLATE "C"`
}

// statedCases are the branches of CASE r.name for the stated settings.
func statedCases() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(stated)) {
		b.WriteString(" WHEN '" + name + "' THEN " + stated[name])
	}
	return b.String()
}

// settingsShown is the condition of the rows of pg_settings. The value of search_path is cordon's.
func settingsShown() string {
	names := map[string]bool{}
	maps.Copy(names, showable)
	maps.Copy(names, tuning)
	for name := range settable {
		names[name] = true
	}
	for name := range pinned {
		names[name] = true
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		list = append(list, "'"+name+"'")
	}
	return "pg_catalog.lower(r.name) = ANY (ARRAY[" + strings.Join(list, ", ") + "])"
}

// reported are the names of ParameterStatus messages that pass to a masked client. search_path (18 reports it) is cordon's own.
var reported = words(`server_version server_encoding client_encoding application_name is_superuser session_authorization datestyle
	intervalstyle timezone integer_datetimes standard_conforming_strings in_hot_standby default_transaction_read_only scram_iterations`)

// ReportedParameter says whether a ParameterStatus of that name passes to the client.
func ReportedParameter(name string) bool { return reported[strings.ToLower(name)] }
