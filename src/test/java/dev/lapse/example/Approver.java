package dev.lapse.example;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.OptionalInt;
import java.util.UUID;
import javax.sql.DataSource;

/**
 * Approves, and tells consumers of it: the decision and its event are one transaction, so either
 * both are, or neither is. An example to copy; plain JDBC and nothing of Lapse's.
 */
final class Approver {

  /** Locks the approval until the commit, which gives the events of one approval their order. */
  private static final String APPROVE =
      """
      UPDATE ai_approvals
      SET status = 'approved', version = version + 1, decided_by = ?
      WHERE id = ? AND status = 'pending' AND expires_at > clock_timestamp()
      RETURNING version
      """;

  private static final String TELL =
      """
      INSERT INTO outbox (event_id, type, topic, key, payload)
      VALUES (?, 'ApprovalApproved', ?, ?,
              json_build_object('approvalId', ?::text, 'version', ?::int, 'decidedBy', ?::text))
      """;

  private final DataSource dataSource;
  private final String topic;

  Approver(DataSource dataSource, String topic) {
    this.dataSource = dataSource;
    this.topic = topic;
  }

  /** Returns whether it was in time. */
  boolean approve(UUID approval, String person) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      connection.setAutoCommit(false);
      try {
        OptionalInt version = decide(connection, approval, person);
        if (version.isPresent()) {
          tell(connection, approval, version.getAsInt(), person);
        }
        connection.commit();
        return version.isPresent();
      } catch (SQLException e) {
        connection.rollback();
        throw e;
      }
    }
  }

  private static OptionalInt decide(Connection connection, UUID approval, String person)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(APPROVE)) {
      statement.setString(1, person);
      statement.setObject(2, approval);
      try (ResultSet row = statement.executeQuery()) {
        return row.next() ? OptionalInt.of(row.getInt(1)) : OptionalInt.empty();
      }
    }
  }

  private void tell(Connection connection, UUID approval, int version, String person)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(TELL)) {
      statement.setObject(1, UUID.randomUUID());
      statement.setString(2, topic);
      statement.setString(3, approval.toString());
      statement.setString(4, approval.toString());
      statement.setInt(5, version);
      statement.setString(6, person);
      statement.executeUpdate();
    }
  }
}
