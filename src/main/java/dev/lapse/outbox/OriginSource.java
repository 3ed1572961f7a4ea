package dev.lapse.outbox;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.Set;

/**
 * Where a database's {@link Origin} is read from. Each constant is a set of SQL expressions with
 * the same meaning.
 *
 * <p>Some hosted servers have no functions of the WAL, or none that can be compared. Transaction
 * ids serve as well: they grow, a server that was restarted tells so, and a row shows whether it
 * was written in this cluster. The price is one small commit per page of events.
 */
public enum OriginSource {
  /** The WAL: the control file's system identifier, the timeline, the place in the WAL. */
  WAL(
      "(SELECT system_identifier FROM pg_control_system())",
      // From the name of the file: pg_control_checkpoint() lags behind a promotion.
      "substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8)",
      "pg_current_wal_insert_lsn()",
      "pg_current_wal_flush_lsn()",
      // A message that nobody reads, so that the commit has something to flush. The WAL's end may
      // be a record of a transaction still open: such a record is flushed by nobody until somebody
      // commits, which in a quiet database may take 15 seconds. No row is written.
      "SELECT pg_logical_emit_message(true, 'lapse', 'flush')"),

  /**
   * Transaction ids. The identity: a row that stores its own transaction id, beside the one that
   * PostgreSQL keeps with each row. Both survive a copy of the files; after a dump, or through
   * logical replication, they differ. The timeline: when the server was started. The place in the
   * WAL: the next transaction id of the snapshot.
   */
  TRANSACTIONS(
      """
      (SELECT ('x' || left(md5(id || ' ' || xact_id || ' ' || xmin), 16))::bit(64)::bigint
       FROM outbox_identity)
      """,
      "left(md5(extract(epoch FROM pg_postmaster_start_time())::text), 7)",
      "('0/0'::pg_lsn + pg_snapshot_xmax(pg_current_snapshot())::text::numeric)",
      "'0/0'::pg_lsn", // unknown, so each page is flushed
      // A transaction that has only an id writes nothing, and so flushes nothing: it needs a row.
      "UPDATE outbox_flush SET flushes = flushes + 1");

  /** Not in the state for it, no such feature, no such function, no privilege. */
  private static final Set<String> ABSENT = Set.of("55000", "0A000", "42883", "42501");

  /** Where logical replication is on, its functions answer, but from two spaces of LSNs. */
  private static final String IS_AURORA =
      "SELECT to_regprocedure('pg_catalog.aurora_version()') IS NOT NULL";

  /**
   * What a superuser would run so that this role may use the functions of {@link #WAL}. No row
   * where that is not what keeps it from it.
   */
  public static final String GRANT =
      """
      SELECT 'GRANT EXECUTE ON FUNCTION ' || string_agg(oid::regprocedure::text, ', ')
             || ' TO ' || quote_ident(current_user) || ';'
      FROM pg_proc
      WHERE pronamespace = 'pg_catalog'::regnamespace
        AND proname IN ('pg_control_system', 'pg_current_wal_insert_lsn',
                        'pg_current_wal_flush_lsn', 'pg_walfile_name', 'pg_logical_emit_message')
        AND NOT has_function_privilege(oid, 'EXECUTE')
      HAVING count(*) > 0
      """;

  final String systemIdentifier;

  /** As hexadecimal text, of at most 8 digits. */
  final String timeline;

  final String lsn;
  final String flushLsn;

  /** What to write so that the commit of the transaction flushes all that was before it. */
  final String flush;

  OriginSource(
      String systemIdentifier, String timeline, String lsn, String flushLsn, String flush) {
    this.systemIdentifier = systemIdentifier;
    this.timeline = timeline;
    this.lsn = lsn;
    this.flushLsn = flushLsn;
    this.flush = flush;
  }

  /**
   * The one that serves: the WAL, where this role may ask for it.
   *
   * @param connection in a transaction, which stays as it was
   * @throws SQLException if the server cannot be asked
   */
  public static OriginSource of(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(IS_AURORA)) {
      row.next();
      return row.getBoolean(1) || !hasWal(connection) ? TRANSACTIONS : WAL;
    }
  }

  /** The expression for {@link Origin#systemIdentifier()}, over this outbox. */
  public String systemIdentifier() {
    return systemIdentifier;
  }

  private static boolean hasWal(Connection connection) throws SQLException {
    Savepoint before = connection.setSavepoint();
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          "SELECT %s, %s, %s, %s"
              .formatted(WAL.systemIdentifier, WAL.timeline, WAL.lsn, WAL.flushLsn));
      statement.execute(WAL.flush);
      return true;
    } catch (SQLException e) {
      if (!ABSENT.contains(e.getSQLState())) {
        throw e;
      }
      return false;
    } finally {
      connection.rollback(before);
    }
  }
}
