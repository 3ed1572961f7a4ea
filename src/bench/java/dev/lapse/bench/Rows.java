package dev.lapse.bench;

import java.sql.SQLException;

/** Outbox rows as the sweep writes them: a uuid for a key, and some 355 bytes of payload. */
final class Rows {

  /** Their event type. */
  static final String TYPE = "Measured";

  private static final String ROWS =
      """
      SELECT '%s', gen_random_uuid()::text,
             ('{"approvalId":"' || gen_random_uuid() || '","number":' || n || ',"padding":"'
              || repeat('x', 280) || '"}')::json
      FROM generate_series(1, %d) n
      """;

  private Rows() {}

  /** Appends that many in one transaction. */
  static void append(Database database, int count) throws SQLException {
    database.execute(appending(count));
  }

  /** The statement that does. */
  static String appending(int count) {
    return "INSERT INTO outbox (type, key, payload) " + of(count);
  }

  /** A query of that many: type, key and payload. */
  static String of(int count) {
    return ROWS.formatted(TYPE, count);
  }
}
