package builtin

// riskyExtensions are extensions whose functions reach past what a policy can say, and how: as phrases after "its functions".
var riskyExtensions = map[string]string{
	"adminpack":          "write files of the server",
	"amcheck":            "read whole tables and indexes",
	"aws_s3":             "copy tables to the outside",
	"dblink":             "run any SQL, on this server too",
	"file_fdw":           "read files of the server",
	"http":               "send requests to the outside",
	"lo":                 "reach large objects",
	"orafce":             "reach files, pipes and alerts of the server",
	"pageinspect":        "show the raw pages of tables",
	"pg_buffercache":     "tell what others read",
	"pg_cron":            "run any SQL",
	"pg_freespacemap":    "tell how hidden rows are stored",
	"pg_net":             "send requests to the outside",
	"pg_prewarm":         "read whole tables",
	"pg_stat_statements": "show the queries of others with their constants",
	"pg_surgery":         "change how rows are stored",
	"pg_visibility":      "tell how hidden rows are stored",
	"pg_walinspect":      "show raw changes of every table",
	"pgrowlocks":         "tell of hidden rows by their locks",
	"pgstattuple":        "tell how many rows a table has",
	"postgis":            "read tables and columns by name",
	"postgres_fdw":       "connect to other servers",
	"tablefunc":          "run any SQL that they are given, over the raw tables",
	"timescaledb":        "read and change tables by name",
	"xml2":               "run SQL that they are given, over the raw tables",
}

// RiskyExtension is what the functions of an extension do that no policy governs; empty where nothing of the kind is known.
func RiskyExtension(name string) string { return riskyExtensions[name] }
