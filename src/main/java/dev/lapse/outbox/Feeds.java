package dev.lapse.outbox;

import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Logical subscriptions of this database that write to its outbox: it is a copy of another one, as
 * in the middle of an upgrade, and rows arrive whose transaction ids are the other one's. Safe for
 * use by several threads.
 */
public final class Feeds {

  private static final String FIND =
      """
      SELECT subname FROM pg_subscription
      WHERE subenabled
        AND oid IN (SELECT srsubid FROM pg_subscription_rel WHERE srrelid = to_regclass('outbox'))
      ORDER BY subname
      LIMIT 1
      """;

  private final JdbcClient jdbc;

  public Feeds(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  /** The name of one that is enabled, if there is any. */
  public Optional<String> find() {
    return jdbc.sql(FIND).query(String.class).optional();
  }

  /** The SQL that ends it. */
  public static String end(String subscription) {
    return "DROP SUBSCRIPTION \"%s\"".formatted(subscription.replace("\"", "\"\""));
  }
}
