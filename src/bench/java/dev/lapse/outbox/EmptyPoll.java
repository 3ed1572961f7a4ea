package dev.lapse.outbox;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import javax.sql.DataSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A poll that finds nothing, explained by PostgreSQL. */
public final class EmptyPoll {

  private static final int PAGE = 5000;

  private EmptyPoll() {}

  /**
   * What it cost.
   *
   * @param buffers pages of 8 KB that it looked at
   * @param milliseconds of execution, without planning
   */
  public record Cost(long buffers, double milliseconds) {}

  /** Polls at the end of an outbox of which everything is published. */
  public static Cost explain(DataSource database) throws SQLException {
    OutboxReader reader = new OutboxReader(database, PAGE, 1 << 22);
    DatabaseState now = reader.state();
    Position end = new Position(now.lastId(), null, now.snapshot(), null, List.of(), now.origin());
    try (Connection connection = database.getConnection()) {
      explain(connection, end); // the first fills the catalogue's caches
      return explain(connection, end);
    }
  }

  private static Cost explain(Connection connection, Position position) throws SQLException {
    String sql =
        "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + OutboxQueries.of(OriginSource.WAL).page;
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setLong(1, position.publishedId());
      statement.setString(2, position.snapshot());
      statement.setInt(3, PAGE);
      statement.setInt(4, PAGE);
      statement.setInt(5, PAGE + 1);
      statement.setLong(6, 1 << 22);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        JsonNode plan = JsonMapper.shared().readTree(row.getString(1)).get(0);
        JsonNode top = plan.get("Plan");
        return new Cost(
            top.get("Shared Hit Blocks").asLong() + top.get("Shared Read Blocks").asLong(),
            plan.get("Execution Time").asDouble());
      }
    }
  }
}
