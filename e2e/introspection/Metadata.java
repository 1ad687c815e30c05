import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** Prints all that DatabaseMetaData tells of a database. Arguments: host port database user password. */
public class Metadata {
    private interface Question {
        ResultSet ask() throws SQLException;
    }

    /** Prints the rows of an answer under a title, or its error. */
    private static void show(String title, Question question) {
        System.out.println("== " + title);
        try (ResultSet rows = question.ask()) {
            ResultSetMetaData meta = rows.getMetaData();
            List<String> names = new ArrayList<>();
            for (int i = 1; i <= meta.getColumnCount(); i++) {
                names.add(meta.getColumnLabel(i));
            }
            System.out.println("-- " + String.join(" ", names));
            while (rows.next()) {
                StringBuilder line = new StringBuilder();
                for (int i = 1; i <= meta.getColumnCount(); i++) {
                    line.append(rows.getString(i)).append(" | ");
                }
                System.out.println(line);
            }
        } catch (SQLException e) {
            System.out.println("error " + e.getSQLState() + " " + e.getMessage());
        }
    }

    public static void main(String[] args) throws Exception {
        String url = "jdbc:postgresql://" + args[0] + ":" + args[1] + "/" + args[2] + "?sslmode=disable";
        try (Connection conn = DriverManager.getConnection(url, args[3], args[4])) {
            DatabaseMetaData m = conn.getMetaData();
            show("catalogs", m::getCatalogs);
            show("schemas", m::getSchemas);
            show("schemas like a%", () -> m.getSchemas(null, "a%"));
            show("table types", m::getTableTypes);
            show("type info", m::getTypeInfo);
            show("tables", () -> m.getTables(null, null, "%", null));
            show("tables of type TABLE", () -> m.getTables(null, "%", "%", new String[] {"TABLE", "PARTITIONED TABLE", "SEQUENCE", "MATERIALIZED VIEW"}));
            show("columns", () -> m.getColumns(null, null, "%", null));
            show("columns of users", () -> m.getColumns(null, "public", "users", "%"));
            show("functions", () -> m.getFunctions(null, "app", "%"));
            show("built-in functions", () -> m.getFunctions(null, "pg_catalog", "lo%"));
            show("function columns", () -> m.getFunctionColumns(null, "app", "%", null));
            show("procedures", () -> m.getProcedures(null, "public", "%"));
            show("procedure columns", () -> m.getProcedureColumns(null, "public", "%", null));
            show("UDTs", () -> m.getUDTs(null, null, "%", null));
            show("client info", m::getClientInfoProperties);
            List<String[]> tables = new ArrayList<>();
            try (ResultSet rows = m.getTables(null, null, "%", new String[] {"TABLE", "PARTITIONED TABLE", "VIEW", "MATERIALIZED VIEW"})) {
                while (rows.next()) {
                    if (!rows.getString("TABLE_SCHEM").equals("information_schema") && !rows.getString("TABLE_SCHEM").equals("pg_catalog")) {
                        tables.add(new String[] {rows.getString("TABLE_SCHEM"), rows.getString("TABLE_NAME")});
                    }
                }
            }
            for (String[] t : tables) {
                String name = t[0] + "." + t[1];
                show("primary keys " + name, () -> m.getPrimaryKeys(null, t[0], t[1]));
                show("imported keys " + name, () -> m.getImportedKeys(null, t[0], t[1]));
                show("exported keys " + name, () -> m.getExportedKeys(null, t[0], t[1]));
                show("indexes " + name, () -> m.getIndexInfo(null, t[0], t[1], false, true));
                show("unique indexes " + name, () -> m.getIndexInfo(null, t[0], t[1], true, false));
                show("best row identifier " + name, () -> m.getBestRowIdentifier(null, t[0], t[1], DatabaseMetaData.bestRowSession, true));
                show("version columns " + name, () -> m.getVersionColumns(null, t[0], t[1]));
                show("privileges " + name, () -> m.getTablePrivileges(null, t[0], t[1]));
                show("column privileges " + name, () -> m.getColumnPrivileges(null, t[0], t[1], "%"));
            }
            show("cross reference", () -> m.getCrossReference(null, "public", "countries", null, "public", "users"));
        }
    }
}
