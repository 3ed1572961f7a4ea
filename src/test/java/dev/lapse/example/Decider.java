package dev.lapse.example;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.UUID;
import javax.sql.DataSource;

/**
 * Decides an approval and says to a person what came of it. An example to copy; plain JDBC and
 * nothing of Lapse's.
 */
final class Decider {

  private static final String DECIDE =
      """
      SELECT outcome, current_status, decided_by, extract(epoch FROM late)::bigint AS late_seconds
      FROM decide_approval(?::text, ?, ?)
      """;

  private final DataSource dataSource;

  Decider(DataSource dataSource) {
    this.dataSource = dataSource;
  }

  /** Each statement is its own transaction here, so the answer is committed when it is there. */
  String decide(UUID approval, String status, String person) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement = connection.prepareStatement(DECIDE)) {
      statement.setObject(1, approval);
      statement.setString(2, status);
      statement.setString(3, person);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return switch (row.getString("outcome")) {
          case "decided" -> "Done.";
          case "already" ->
              "%s has it already: %s."
                  .formatted(row.getString("decided_by"), row.getString("current_status"));
          case "lapsed" -> "%d seconds too late.".formatted(row.getLong("late_seconds"));
          default -> "Not found.";
        };
      }
    }
  }
}
