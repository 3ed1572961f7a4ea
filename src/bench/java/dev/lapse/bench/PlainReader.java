package dev.lapse.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/** A control: what pgjdbc reads of the outbox where nothing is done with it. */
final class PlainReader {

  private static final String PAGE =
      "SELECT " + Events.COLUMNS + " FROM outbox WHERE id > ? ORDER BY id LIMIT 5000";

  private PlainReader() {}

  /** Reads all that lies above {@code id}, page by page, and returns rows a second. */
  static double rate(Database database, long id) throws SQLException {
    long begin = System.nanoTime();
    long rows = 0;
    long last = id;
    try (Connection connection = database.connect();
        PreparedStatement statement = connection.prepareStatement(PAGE)) {
      long before;
      do {
        before = rows;
        statement.setLong(1, last);
        try (ResultSet row = statement.executeQuery()) {
          while (row.next()) {
            last = row.getLong(1);
            var unused = Events.of(row, "none");
            rows++;
          }
        }
      } while (rows > before);
    }
    return rows * 1e9 / (System.nanoTime() - begin);
  }
}
