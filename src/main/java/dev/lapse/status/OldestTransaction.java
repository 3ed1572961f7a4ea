package dev.lapse.status;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Whoever keeps the oldest snapshot or transaction id of this database: what is deleted or changed
 * since cannot be cleaned up. Tells nothing that somebody wrote into a statement, or named a
 * transaction by.
 *
 * <p>Since when a session of another role has been at it is told to members of pg_read_all_stats
 * only. Anybody else counts from when she first saw it, so whoever asks again and again knows how
 * long it has been at least.
 */
final class OldestTransaction {

  private static final String FIND =
      """
      SELECT pid, application, state, mark,
             coalesce(extract(epoch FROM clock_timestamp() - began), 0) AS seconds
      FROM (
        SELECT pid, application_name AS application, coalesce(state, 'hidden') AS state,
               coalesce(backend_xid, backend_xmin)::text AS mark, xact_start AS began,
               greatest(age(backend_xid), age(backend_xmin)) AS age,
               backend_xid IS NULL AS is_reader
        FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
          AND (backend_xid IS NOT NULL OR backend_xmin IS NOT NULL)
          -- Autovacuum has no role, and holds nothing back.
          AND usesysid IS NOT NULL
        UNION ALL
        SELECT NULL, '', 'prepared', transaction::text, prepared, age(transaction), false
        FROM pg_prepared_xacts
        WHERE database = current_database()
      ) holder
      -- A snapshot is as old as the transaction that it sees running, which is the one to blame.
      ORDER BY age DESC, is_reader, began
      LIMIT 1
      """;

  private final JdbcClient jdbc;
  private @Nullable Found before;
  private long seenAt;

  OldestTransaction(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  /** Null if nobody holds anything. */
  synchronized Status.@Nullable Transaction find() {
    Found found = jdbc.sql(FIND).query(Found.class).optional().orElse(null);
    if (found == null || before == null || !found.isSameAs(before)) {
      seenAt = System.nanoTime();
    }
    before = found;
    return found == null
        ? null
        : new Status.Transaction(
            found.pid(),
            found.application(),
            found.state(),
            Math.max(found.seconds(), (System.nanoTime() - seenAt) / 1e9));
  }

  /**
   * @param mark its transaction id or, without one, its snapshot's
   */
  private record Found(
      @Nullable Integer pid, String application, String state, String mark, double seconds) {

    boolean isSameAs(Found other) {
      return Objects.equals(pid, other.pid) && mark.equals(other.mark);
    }
  }
}
