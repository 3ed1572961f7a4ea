package dev.lapse.approvals;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessException;
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

  private static final String PRIMARY_KEY =
      "SELECT EXISTS (SELECT FROM pg_index WHERE indrelid = :oid::oid AND indisprimary)";

  /** Looks at the beginning of a large table only. */
  private static final String REPEATED =
      """
      SELECT min(id::text) FROM (SELECT %1$s AS id FROM %2$s LIMIT 100000) looked_at
      GROUP BY id HAVING count(*) > 1 LIMIT 1
      """;

  /** Those that are in the order of deadlines, with what they are over as PostgreSQL writes it. */
  private static final String CANDIDATES =
      """
      SELECT class.relname::text AS name,
             index.indisvalid AS valid,
             pg_get_expr(index.indpred, index.indrelid) AS predicate
      FROM pg_index index
      JOIN pg_class class ON class.oid = index.indexrelid
      JOIN pg_am method ON method.oid = class.relam AND method.amname = 'btree'
      WHERE index.indrelid = :oid::oid
        AND index.indnkeyatts >= 2
        AND index.indkey[0] = :expiresAt AND index.indkey[1] = :id
        AND index.indoption[0] = 0 AND index.indoption[1] = 0
        AND index.indpred IS NOT NULL
      ORDER BY index.indisvalid DESC, class.relname
      LIMIT 20
      """;

  /** As PostgreSQL writes out that a status is the one; a literal it writes in plain quotes. */
  private static final String WRITTEN =
      """
      SELECT CASE WHEN :type = 'character varying'
                  THEN format('((%I)::text = %s::text)', :status::text, :pending::text)
                  WHEN :type = 'integer' AND :pending ~ '^.[0-9]'
                  THEN format('(%I = %s)', :status::text, btrim(:pending, ''''))
                  WHEN :type = 'character'
                  THEN format('(%I = %s::bpchar)', :status::text, :pending::text)
                  ELSE format('(%I = %s::%s)', :status::text, :pending::text, :type) END
      """;

  /**
   * Planned, not run: how PostgreSQL writes out a condition once it has simplified it. A sample of
   * the table, since no index takes part in that.
   */
  private static final String SIMPLIFIED =
      """
      EXPLAIN (COSTS off, FORMAT json)
      SELECT FROM %s AS approval TABLESAMPLE SYSTEM (0) WHERE %s
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

  boolean hasPrimaryKey() {
    return jdbc.sql(PRIMARY_KEY).param("oid", oid).query(Boolean.class).single();
  }

  /** An id that several rows have, if one is found. */
  @Nullable String repeated() {
    try {
      return jdbc.sql(
              REPEATED.formatted(Sql.name(settings.columns().id()), ApprovalsTable.name(settings)))
          .query(String.class)
          .optional()
          .orElse(null);
    } catch (DataAccessException e) {
      return null; // of a type that cannot be compared, which another check tells
    }
  }

  /** The one that serves what is due, whoever made it. */
  Optional<Due> due(Column id, Column status, Column expiresAt) {
    List<Candidate> candidates =
        jdbc.sql(CANDIDATES)
            .param("oid", oid)
            .param("expiresAt", expiresAt.number())
            .param("id", id.number())
            .query(Candidate.class)
            .list();
    if (candidates.isEmpty()) {
      return Optional.empty();
    }
    Optional<Candidate> plain = Optional.empty();
    if (settings.statuses().pending().size() == 1 && settings.condition() == null) {
      String written = written(status);
      plain = candidates.stream().filter(one -> one.predicate().equals(written)).findFirst();
    }
    return plain
        .or(() -> candidates.stream().filter(this::isOverWhatIsPending).findFirst())
        .map(one -> new Due(one.name(), one.valid()));
  }

  private String written(Column status) {
    return jdbc.sql(WRITTEN)
        .param("status", settings.columns().status())
        .param("pending", '\'' + settings.statuses().pending().get(0).replace("'", "''") + '\'')
        .param("type", status.type())
        .query(String.class)
        .single();
  }

  private boolean isOverWhatIsPending(Candidate candidate) {
    String isPending = ApprovalsTable.isPending(settings, "approval.");
    Predicate wanted = simplified(isPending);
    return wanted != null && wanted.equals(simplified(candidate.predicate()));
  }

  /** Null where it cannot be asked about; another check tells why. */
  private @Nullable Predicate simplified(String condition) {
    try {
      return Predicate.ofPlan(
          jdbc.sql(
                  Sql.withoutParameters(
                      SIMPLIFIED.formatted(ApprovalsTable.name(settings), condition)))
              .query(String.class)
              .single());
    } catch (DataAccessException e) {
      return null;
    }
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

  private record Candidate(String name, boolean valid, String predicate) {}

  /**
   * @param valid whether it was built to its end
   */
  record Due(String name, boolean valid) {}
}
