package dev.lapse.approvals;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Asks the catalog about the indexes of the approvals table. */
final class Indexes {

  private static final String UNIQUE_ID =
      """
      SELECT EXISTS (
        SELECT FROM pg_index
        WHERE indrelid = :oid::oid AND indisunique AND indisvalid AND indpred IS NULL
          AND indnkeyatts = 1 AND indkey[0] = :id)
      """;

  /**
   * The predicate is compared as PostgreSQL writes it out, which depends on the type; a literal it
   * writes in plain quotes, whatever is in it.
   */
  private static final String DUE_INDEX =
      """
      SELECT class.relname::text AS name, index.indisvalid AS valid
      FROM pg_index index
      JOIN pg_class class ON class.oid = index.indexrelid
      JOIN pg_am method ON method.oid = class.relam AND method.amname = 'btree'
      WHERE index.indrelid = :oid::oid
        AND index.indnkeyatts >= 2
        AND index.indkey[0] = :expiresAt AND index.indkey[1] = :id
        AND index.indoption[0] = 0 AND index.indoption[1] = 0
        AND pg_get_expr(index.indpred, index.indrelid) =
            CASE WHEN :type = 'character varying'
                 THEN format('((%I)::text = %s::text)', :status::text, :pending::text)
                 WHEN :type = 'integer' AND :pending ~ '^.[0-9]'
                 THEN format('(%I = %s)', :status::text, btrim(:pending, ''''))
                 WHEN :type = 'character'
                 THEN format('(%I = %s::bpchar)', :status::text, :pending::text)
                 ELSE format('(%I = %s::%s)', :status::text, :pending::text, :type) END
      ORDER BY index.indisvalid DESC, class.relname
      LIMIT 1
      """;

  /** The first of these names that nothing in the table's schema has. */
  private static final String FREE_NAME =
      """
      SELECT name
      FROM generate_series(1, 100) number
      CROSS JOIN LATERAL (SELECT :base || CASE number WHEN 1 THEN '' ELSE number::text END) n (name)
      WHERE NOT EXISTS (
        SELECT FROM pg_class other JOIN pg_class approvals ON approvals.oid = :oid::oid
        WHERE other.relname = name AND other.relnamespace = approvals.relnamespace)
      ORDER BY number
      LIMIT 1
      """;

  private final JdbcClient jdbc;
  private final ApprovalsSettings settings;
  private final long oid;

  /**
   * @param oid the table's
   */
  Indexes(JdbcClient jdbc, ApprovalsSettings settings, long oid) {
    this.jdbc = jdbc;
    this.settings = settings;
    this.oid = oid;
  }

  /** Whether an index keeps the column unique. */
  boolean isUnique(Column id) {
    return jdbc.sql(UNIQUE_ID)
        .param("oid", oid)
        .param("id", id.number())
        .query(Boolean.class)
        .single();
  }

  /** The one that serves what is due, whoever made it. */
  Optional<Due> due(Column id, Column status, Column expiresAt) {
    return jdbc.sql(DUE_INDEX)
        .param("oid", oid)
        .param("expiresAt", expiresAt.number())
        .param("id", id.number())
        .param("status", settings.columns().status())
        .param("pending", '\'' + settings.statuses().pending().replace("'", "''") + '\'')
        .param("type", status.type())
        .query(Due.class)
        .optional();
  }

  /** What the one that serves what is due may be called. */
  String freeName() {
    return jdbc.sql(FREE_NAME)
        .param("base", start(settings.table()) + "_due")
        .param("oid", oid)
        .query(String.class)
        .single();
  }

  /** As much of a name as leaves room in a name for what is put behind it. */
  private static String start(String name) {
    String start = name;
    while (start.getBytes(StandardCharsets.UTF_8).length > 55) {
      start = start.substring(0, start.offsetByCodePoints(start.length(), -1));
    }
    return start;
  }

  /**
   * @param valid whether it was built to its end
   */
  record Due(String name, boolean valid) {}
}
