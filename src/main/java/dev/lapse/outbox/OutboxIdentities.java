package dev.lapse.outbox;

import org.springframework.jdbc.core.simple.JdbcClient;

/** Reads the outbox's identity. Safe for use by several threads. */
public final class OutboxIdentities {

  private static final String READ =
      """
      SELECT id,
             (SELECT oid::bigint FROM pg_database WHERE datname = current_database()) AS database,
             (SELECT outbox FROM relay_checkpoint WHERE relay = :relay) AS predecessor
      FROM outbox_identity
      """;

  private static final String IS_THERE =
      "SELECT EXISTS (SELECT FROM pg_database WHERE oid = :oid::oid)";

  private final JdbcClient jdbc;

  public OutboxIdentities(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  /** This outbox, as the relay of that name meets it. */
  public OutboxIdentity of(String relay) {
    return jdbc.sql(READ).param("relay", relay).query(OutboxIdentity.class).single();
  }

  /** Whether this cluster has a database of that oid. */
  public boolean hasDatabase(long oid) {
    return jdbc.sql(IS_THERE).param("oid", oid).query(Boolean.class).single();
  }
}
