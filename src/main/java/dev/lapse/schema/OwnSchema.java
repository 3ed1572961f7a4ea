package dev.lapse.schema;

import dev.lapse.problem.Problem;
import dev.lapse.problem.UnusableException;
import java.util.List;
import java.util.stream.Collectors;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Checks at start that the migrations have run: whoever runs them with a tool of his own, or as
 * another role, may have forgotten the latest.
 */
public final class OwnSchema {

  /** What tells that a migration has run: what the code would miss first. */
  private static final String MISSING =
      """
      SELECT version, what
      FROM (VALUES
        (4, 'table outbox', to_regclass('outbox') IS NOT NULL),
        (4, 'table restamp', to_regclass('restamp') IS NOT NULL),
        (5, 'table outbox_identity', to_regclass('outbox_identity') IS NOT NULL),
        (5, 'table outbox_flush', to_regclass('outbox_flush') IS NOT NULL),
        (5, 'table relay_checkpoint', to_regclass('relay_checkpoint') IS NOT NULL),
        (6, 'table dead_letter', to_regclass('dead_letter') IS NOT NULL),
        (7, 'table replay', to_regclass('replay') IS NOT NULL),
        (8, 'table pause', to_regclass('pause') IS NOT NULL),
        (10, 'function purge_outbox',
         to_regprocedure('purge_outbox(bigint, interval, integer)') IS NOT NULL),
        (11, 'column pause.storm',
         EXISTS (SELECT FROM pg_attribute
                 WHERE attrelid = to_regclass('pause') AND attname = 'storm')),
        (12, 'table last_error', to_regclass('last_error') IS NOT NULL),
        (14, 'table extension', to_regclass('extension') IS NOT NULL),
        (14, 'table deadline_move', to_regclass('deadline_move') IS NOT NULL),
        (14, 'table next_step', to_regclass('next_step') IS NOT NULL),
        (15, 'table late_decision', to_regclass('late_decision') IS NOT NULL)
      ) needed (version, what, present)
      WHERE NOT present
      ORDER BY version
      """;

  /** Whether the history is there, and the role may read it. */
  private static final String HISTORY =
      "SELECT coalesce(has_table_privilege(to_regclass('lapse_schema_history'), 'SELECT'), false)";

  private static final String MIGRATED =
      """
      SELECT EXISTS (SELECT FROM lapse_schema_history WHERE success AND version = :version::text)
      """;

  private final JdbcClient jdbc;

  public OwnSchema(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  public void check() {
    List<Problem> problems = problems();
    if (!problems.isEmpty()) {
      throw new UnusableException("The database is not set up:", problems);
    }
  }

  /** One that names all that is missing, or none. */
  public List<Problem> problems() {
    List<Missing> missing = jdbc.sql(MISSING).query(Missing.class).list();
    if (missing.isEmpty()) {
      return List.of();
    }
    int first = missing.get(0).version();
    int before = first - 1;
    String what =
        missing.stream()
            .map(one -> "%s (V%d)".formatted(one.what(), one.version()))
            .collect(Collectors.joining(", "));
    // To begin again is too much for a function.
    if (missing.stream().anyMatch(one -> one.what().startsWith("table ")) && isMigrated(first)) {
      return List.of(dropped(what));
    }
    return List.of(
        new Problem(
            "Objects of Lapse's migrations are missing from the search path: %s.".formatted(what),
            "Lapse keeps events and its publish position in them.",
            ("-- as the role that owns the schema: java -jar lapse.jar migrate%n"
                    + "-- or run the output of this with your own tool:"
                    + " java -jar lapse.jar migrate --print%s%n"
                    + "-- then db/roles.sql again, if the service has its own role%n"
                    + "-- if the tables are in another schema, name it with ?currentSchema=… in"
                    + " SPRING_DATASOURCE_URL")
                .formatted(before < 4 ? "" : " --after=" + before)));
  }

  private boolean isMigrated(int version) {
    return jdbc.sql(HISTORY).query(Boolean.class).single()
        && jdbc.sql(MIGRATED).param("version", version).query(Boolean.class).single();
  }

  /** Flyway runs no migration twice, so to migrate would not help. */
  private Problem dropped(String what) {
    return new Problem(
        "Objects of Lapse's migrations were created, and somebody has dropped them: %s."
            .formatted(what),
        "Lapse keeps events and its publish position in them.",
        """
        -- restore them from a backup; or begin again, without the events that were not published:
        --   psql -v schema=%s -f db/uninstall.sql
        --   java -jar lapse.jar migrate
        -- if another tool drops what it does not know: docs/use/migration-tools.md\
        """
            .formatted(jdbc.sql("SELECT current_schema()").query(String.class).single()));
  }

  /**
   * @param version of the migration
   */
  private record Missing(int version, String what) {}
}
