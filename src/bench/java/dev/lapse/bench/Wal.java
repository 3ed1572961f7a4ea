package dev.lapse.bench;

import java.sql.SQLException;

/** PostgreSQL's log, as a measure of what somebody makes it write. */
final class Wal {

  private static final String WRITTEN =
      "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::double precision";

  private Wal() {}

  /** Bytes of the whole server since it was made. */
  static double written(Database database) throws SQLException {
    return database.number(WRITTEN);
  }
}
