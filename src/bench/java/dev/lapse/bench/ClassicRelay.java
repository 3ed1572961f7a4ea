package dev.lapse.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.producer.Producer;

/**
 * A control, the relay that most outboxes have: select what is not marked under a lock that others
 * skip, send, wait, mark. On a table of its own, at least once and not in order between instances.
 */
final class ClassicRelay implements AutoCloseable {

  private static final int PAGE = 1000;

  private static final String TABLE =
      """
      CREATE TABLE classic_outbox (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        event_id uuid NOT NULL DEFAULT gen_random_uuid(),
        type text NOT NULL,
        key text NOT NULL,
        payload json NOT NULL,
        occurred_at timestamptz NOT NULL DEFAULT now(),
        published_at timestamptz
      );
      CREATE INDEX ON classic_outbox (id) WHERE published_at IS NULL
      """;

  private static final String SELECT =
      "SELECT "
          + Events.COLUMNS
          + """
          FROM classic_outbox WHERE published_at IS NULL
          ORDER BY id LIMIT %d FOR UPDATE SKIP LOCKED
          """
              .formatted(PAGE);

  private static final String MARK =
      "UPDATE classic_outbox SET published_at = clock_timestamp() WHERE id = ANY (?)";

  private final Connection connection;
  private final Producer<byte[], byte[]> producer;
  private final String topic;

  ClassicRelay(Database database, String bootstrapServers, String topic) throws SQLException {
    this.connection = database.connect();
    connection.setAutoCommit(false);
    this.producer = PlainProducer.tuned(bootstrapServers);
    this.topic = topic;
  }

  /** Makes its table, empty. */
  static void createTable(Database database) throws SQLException {
    database.execute(TABLE);
  }

  /** Fills its table with the first rows of the outbox. */
  static void copy(Database database, int rows) throws SQLException {
    database.execute(
        """
        INSERT INTO classic_outbox (event_id, type, key, payload, occurred_at)
        SELECT event_id, type, key, payload, occurred_at FROM outbox ORDER BY id LIMIT %d
        """
            .formatted(rows));
    database.settle();
  }

  /** Publishes a page, and returns how many it held. Without the futures: flush waits for all. */
  @SuppressWarnings("FutureReturnValueIgnored")
  int runOnce() throws SQLException {
    List<Long> ids = new ArrayList<>(PAGE);
    try (PreparedStatement select = connection.prepareStatement(SELECT);
        ResultSet row = select.executeQuery()) {
      while (row.next()) {
        ids.add(row.getLong(1));
        producer.send(Events.of(row, topic));
      }
    }
    if (!ids.isEmpty()) {
      producer.flush();
      try (PreparedStatement mark = connection.prepareStatement(MARK)) {
        mark.setArray(1, connection.createArrayOf("bigint", ids.toArray()));
        mark.executeUpdate();
      }
    }
    connection.commit();
    return ids.size();
  }

  @Override
  public void close() throws SQLException {
    producer.close();
    connection.close();
  }
}
