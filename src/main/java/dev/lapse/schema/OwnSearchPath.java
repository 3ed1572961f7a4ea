package dev.lapse.schema;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.flywaydb.core.api.callback.Context;

/**
 * Lets {@code spring.flyway.default-schema} say where Flyway's history is, and nothing else. Flyway
 * puts that schema before all others on the search path, so that the tables would be created there;
 * they belong where the service looks for them, which the connection's own search path tells.
 */
final class OwnSearchPath extends BeforeEachMigration {

  @Override
  void prepare(Connection connection, Context context) throws SQLException {
    try (Connection fresh = context.getConfiguration().getDataSource().getConnection();
        Statement show = fresh.createStatement();
        ResultSet row = show.executeQuery("SHOW search_path");
        PreparedStatement set =
            connection.prepareStatement("SELECT set_config('search_path', ?, false)")) {
      row.next();
      set.setString(1, row.getString(1));
      set.execute();
    }
  }
}
