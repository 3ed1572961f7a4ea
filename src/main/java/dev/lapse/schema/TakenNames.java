package dev.lapse.schema;

import dev.lapse.problem.Problem;
import dev.lapse.problem.UnusableException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.flywaydb.core.api.MigrationVersion;
import org.flywaydb.core.api.callback.Context;
import org.jspecify.annotations.Nullable;

/**
 * Migrates nothing into a schema where somebody else has what a migration would create: an outbox,
 * say. The first that is to run is refused for all that follow, before the guard is on. Called
 * under Flyway's lock, so that what is there is no other instance's that migrates at this moment,
 * and after {@link OwnSearchPath}.
 */
final class TakenNames extends BeforeEachMigration {

  /** What the migrations create under a name that must be free. */
  static final List<Created> ALL =
      List.of(
          new Created(3, "refuse_approval_transition()"),
          new Created(3, "refuse_early_expiry()"),
          new Created(4, "outbox"),
          new Created(4, "outbox_id_seq"), // another would get another name, which nobody knows
          new Created(4, "outbox_xact_id"),
          new Created(4, "restamp"),
          new Created(4, "restamp_outbox(bigint, integer)"),
          new Created(5, "outbox_identity"),
          new Created(5, "outbox_flush"),
          new Created(5, "relay_checkpoint"),
          new Created(6, "dead_letter"),
          new Created(7, "replay"),
          new Created(8, "pause"),
          new Created(10, "retention"),
          new Created(10, "purge_outbox(bigint, interval, integer)"),
          new Created(12, "last_error"),
          new Created(14, "extension"),
          new Created(14, "deadline_move"),
          new Created(14, "deadline_move_id_seq"),
          new Created(14, "deadline_move_approval"),
          new Created(14, "next_step"),
          new Created(14, "next_step_due"),
          new Created(15, "late_decision"),
          new Created(15, "late_decision_id_seq"),
          new Created(15, "late_decision_uncounted"));

  /** In PostgreSQL's words, such as "view outbox". A table has a type of its name. */
  private static final String IN_THE_WAY =
      """
      SELECT current_schema() AS schema, what
      FROM (SELECT quote_ident(current_schema()) || '.' || name FROM unnest(?) name) ours (name),
           LATERAL (
             SELECT CASE WHEN name LIKE '%)'
               THEN pg_describe_object('pg_proc'::regclass, to_regprocedure(name), 0)
               ELSE coalesce(pg_describe_object('pg_class'::regclass, to_regclass(name), 0),
                             pg_describe_object('pg_type'::regclass, to_regtype(name), 0))
             END) present (what)
      WHERE what IS NOT NULL
      ORDER BY what
      """;

  /** Tables, and what belongs to them. */
  static String[] relations() {
    return ALL.stream()
        .map(Created::name)
        .filter(name -> !name.endsWith(")")) // a function
        .toArray(String[]::new);
  }

  @Override
  void prepare(Connection connection, Context context) throws SQLException {
    refuse(connection, context.getMigrationInfo().getVersion());
  }

  /**
   * Refuses before anything is created, Flyway's history included.
   *
   * @throws UnusableException says what is in the way
   */
  static void beforeTheFirst(DataSource dataSource) {
    try (Connection connection = dataSource.getConnection()) {
      refuse(connection, MigrationVersion.fromVersion("1"));
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void refuse(Connection connection, @Nullable MigrationVersion version)
      throws SQLException {
    Object[] names = ALL.stream().filter(one -> one.isFrom(version)).map(Created::name).toArray();
    try (PreparedStatement ask = connection.prepareStatement(IN_THE_WAY)) {
      ask.setArray(1, connection.createArrayOf("text", names));
      try (ResultSet row = ask.executeQuery()) {
        String schema = null;
        List<String> present = new ArrayList<>();
        while (row.next()) {
          schema = row.getString("schema");
          present.add(row.getString("what"));
        }
        if (schema != null) {
          throw taken(schema, present);
        }
      }
    }
  }

  private static UnusableException taken(String schema, List<String> present) {
    return new UnusableException(
        "The database cannot be migrated:",
        List.of(
            new Problem(
                "The schema %s already has objects that a migration would create: %s."
                    .formatted(schema, String.join(", ", present)),
                "Lapse has no record of creating them.",
                """
                %s-- if they are not Lapse's, give Lapse its own schema: CREATE SCHEMA lapse, then
                --   ?currentSchema=lapse in SPRING_DATASOURCE_URL, and lapse.approvals.schema=%s
                -- if another tool migrated them: SPRING_FLYWAY_ENABLED=false
                -- if Flyway's history of them is in another schema: SPRING_FLYWAY_DEFAULT_SCHEMA=…\
                """
                    .formatted(remains(schema, present), schema))));
  }

  /** Tools that synchronize a schema drop tables that they do not know, and leave functions. */
  private static String remains(String schema, List<String> present) {
    return present.stream().allMatch(what -> what.startsWith("function "))
        ? """
          -- if another tool has dropped Lapse's tables, and left these functions, remove them, and migrate again:
          --   psql -v schema=%s -f db/uninstall.sql
          """
            .formatted(schema)
        : "";
  }

  /**
   * @param version of the migration
   * @param name as PostgreSQL looks it up, so that a function has its parameters
   */
  record Created(int version, String name) {

    /** Whether that version, or a later one, creates it; null is of no version. */
    private boolean isFrom(@Nullable MigrationVersion other) {
      return other != null && !other.isNewerThan(String.valueOf(version));
    }
  }
}
