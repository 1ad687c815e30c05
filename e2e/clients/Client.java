import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.ArrayList;
import java.util.List;

/** Prints what a session sees: a select, a parameterised select, the columns of users by DatabaseMetaData. */
public class Client {
    /** Arguments: host port database user password. */
    public static void main(String[] args) throws Exception {
        String url = "jdbc:postgresql://" + args[0] + ":" + args[1] + "/" + args[2] + "?sslmode=disable";
        try (Connection conn = DriverManager.getConnection(url, args[3], args[4])) {
            try (ResultSet rows = conn.createStatement().executeQuery("SELECT count(*) FROM videos")) {
                rows.next();
                System.out.println("videos " + rows.getLong(1));
            }
            try (PreparedStatement bound = conn.prepareStatement("SELECT email FROM users WHERE country = ? ORDER BY created_at LIMIT 1")) {
                bound.setString(1, "IE");
                try (ResultSet rows = bound.executeQuery()) {
                    rows.next();
                    System.out.println("email " + rows.getString(1));
                }
            }
            List<String> names = new ArrayList<>();
            try (ResultSet rows = conn.getMetaData().getColumns(null, "public", "users", null)) {
                while (rows.next()) {
                    names.add(rows.getString("COLUMN_NAME"));
                }
            }
            System.out.println("columns " + String.join(" ", names));
        }
    }
}
