package catalog

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// watched are the catalogs of the database that Load reads. Every change to a row gives the row another xmin; what VACUUM and ANALYZE write in
// place does not.
var watched = []string{
	"pg_namespace", "pg_class", "pg_attribute", "pg_attrdef", "pg_type", "pg_proc", "pg_operator", "pg_collation", "pg_cast",
	"pg_inherits", "pg_index", "pg_constraint", "pg_rewrite", "pg_partitioned_table", "pg_statistic_ext", "pg_trigger", "pg_publication_rel", "pg_extension",
}

var fingerprintQuery = buildFingerprintQuery()

// buildFingerprintQuery asks for one text: the settings, and a count and a sum of hashes for every catalog.
// All operators are qualified or hidden in functions, since the session's search_path is not ours here.
func buildFingerprintQuery() string {
	var b strings.Builder
	b.WriteString("SELECT pg_catalog.concat_ws(' ', pg_catalog.current_database(), pg_catalog.current_setting('search_path')," +
		" (SELECT pg_catalog.sum(pg_catalog.hashtextextended(pg_catalog.concat(r.oid, r.rolname), 0)) FROM pg_catalog.pg_roles r)")
	const rows = ",\n (SELECT pg_catalog.concat_ws('/', pg_catalog.count(*)," +
		" pg_catalog.sum(pg_catalog.hashtextextended(pg_catalog.concat(t.xmin, t.ctid), 0))) FROM pg_catalog.%s t%s)"
	for _, table := range watched {
		fmt.Fprintf(&b, rows, table, "")
	}
	// Which column a sequence belongs to is written nowhere else.
	fmt.Fprintf(&b, rows, "pg_depend", " WHERE t.deptype::pg_catalog.text OPERATOR(pg_catalog.=) 'a' AND t.classid OPERATOR(pg_catalog.=) 1259 AND t.refclassid OPERATOR(pg_catalog.=) 1259")
	// Nor what belongs to an extension.
	fmt.Fprintf(&b, rows, "pg_depend", " WHERE t.deptype::pg_catalog.text OPERATOR(pg_catalog.=) 'e' AND t.refclassid OPERATOR(pg_catalog.=) 3079")
	// Shared by all databases: what another one's settings do is not ours.
	fmt.Fprintf(&b, rows, "pg_db_role_setting", " WHERE t.setdatabase OPERATOR(pg_catalog.=) 0 OR t.setdatabase OPERATOR(pg_catalog.=)"+
		" (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())")
	b.WriteString(")")
	return b.String()
}

// fingerprint is a text that changes whenever a row that Load reads does. It costs a fraction of a Load.
func fingerprint(ctx context.Context, conn *pgx.Conn) (string, error) {
	var print string
	if err := conn.QueryRow(ctx, fingerprintQuery).Scan(&print); err != nil {
		return "", fmt.Errorf("catalog: fingerprint: %w", err)
	}
	return print, nil
}
