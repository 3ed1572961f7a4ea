package dev.lapse.platform;

import dev.lapse.outbox.OriginSource;
import dev.lapse.problem.Problem;
import dev.lapse.problem.Reasons;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Asks a database once for exactly what expiry, relay and retention ask of it, as the same role. It
 * creates nothing and needs no table: all of it is rolled back. Callable from any thread.
 */
public final class DatabaseProbe {

  private static final String DENIED = "42501";

  /** What each server has in common; asked first, since others do not know the functions below. */
  private static final String VERSION = "SELECT version()";

  private static final String SERVER =
      """
      SELECT current_setting('server_version') AS version,
             current_setting('server_version_num')::int / 10000 AS major,
             pg_is_in_recovery() AS standby,
             current_setting('transaction_read_only') = 'on' AS read_only,
             EXISTS (SELECT FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
                     WHERE nspname = 'sys' AND relname = 'iam_pg_role_mappings') AS dsql,
             to_regclass('pg_dist_partition') IS NOT NULL AS citus
      """;

  /** Hash, range and append, or a reference table: all are spread over nodes. */
  private static final String DISTRIBUTED =
      """
      SELECT logicalrelid::regclass::text
      FROM pg_dist_partition
      WHERE logicalrelid::oid IN (to_regclass(?)::oid, to_regclass('outbox')::oid)
        AND (partmethod <> 'n' OR repmodel = 't')
      ORDER BY 1
      """;

  /** Each of what the statements of the service are made of, from the base up. */
  private static final List<Question> QUESTIONS =
      List.of(
          new Question("pg_current_xact_id()", "SELECT pg_current_xact_id()::text"),
          new Question(
              "pg_current_snapshot()",
              """
              SELECT pg_visible_in_snapshot(pg_snapshot_xmin(snapshot), snapshot),
                     pg_snapshot_xmax(snapshot)::text::xid8 > '3'::xid8
              FROM pg_current_snapshot() snapshot
              """),
          new Question("pg_postmaster_start_time()", "SELECT pg_postmaster_start_time()"),
          new Question("SET LOCAL synchronous_commit", "SET LOCAL synchronous_commit = on"));

  private final DataSource dataSource;
  private final String approvals;

  /**
   * @param approvals the application's table as PostgreSQL looks it up; it need not exist
   */
  public DatabaseProbe(DataSource dataSource, String approvals) {
    this.dataSource = dataSource;
    this.approvals = approvals;
  }

  /**
   * What keeps Lapse from working there.
   *
   * @throws SQLException if the database could not be asked at all
   */
  public List<Finding> findings() throws SQLException {
    return rolledBack(this::findings);
  }

  /**
   * Where the relay would read from which database a page is, see there.
   *
   * @throws SQLException if the database could not be asked at all
   */
  public OriginSource originSource() throws SQLException {
    return rolledBack(OriginSource::of);
  }

  private <T> T rolledBack(Asked<T> asked) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      connection.setAutoCommit(false);
      try {
        return asked.of(connection);
      } finally {
        connection.rollback();
        connection.setAutoCommit(true);
      }
    }
  }

  @FunctionalInterface
  private interface Asked<T> {
    T of(Connection connection) throws SQLException;
  }

  private List<Finding> findings(Connection connection) throws SQLException {
    String version = Objects.requireNonNull(ask(connection, VERSION));
    Optional<Problem> foreign = Product.refusal(version);
    if (foreign.isPresent()) {
      return List.of(Finding.of(foreign.get()));
    }
    Optional<Problem> server = server(connection);
    if (server.isPresent()) {
      return List.of(Finding.of(server.get()));
    }
    List<Finding> findings = new ArrayList<>();
    for (Question question : QUESTIONS) {
      SQLException failure = failure(connection, question);
      if (failure != null) {
        findings.add(finding(question, failure, connection));
      }
    }
    return findings;
  }

  private Optional<Problem> server(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(SERVER)) {
      row.next();
      if (row.getInt("major") < Product.OLDEST) {
        return Optional.of(Product.tooOld(row.getString("version")));
      }
      if (row.getBoolean("dsql")) {
        return Optional.of(
            Product.refusal(
                "Amazon Aurora DSQL", "It has no triggers and no WAL, which the outbox needs."));
      }
      if (row.getBoolean("standby")) {
        return Optional.of(
            new Problem(
                "The database is PostgreSQL %s, a standby.".formatted(row.getString("version")),
                "Approvals cannot expire on a standby, and the relay reads only the primary.",
                "Set SPRING_DATASOURCE_URL to the primary."));
      }
      if (row.getBoolean("read_only")) {
        return Optional.of(
            new Problem(
                "The sessions of this role are read-only.",
                "Approvals cannot expire in a read-only session.",
                "ALTER ROLE %s SET default_transaction_read_only = off; or remove readOnly from"
                        .formatted(ask(connection, "SELECT quote_ident(current_user)"))
                    + " SPRING_DATASOURCE_URL."));
      }
      if (row.getBoolean("citus")) {
        return distributed(connection);
      }
    }
    return Optional.empty();
  }

  private Optional<Problem> distributed(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(DISTRIBUTED)) {
      statement.setString(1, approvals);
      try (ResultSet row = statement.executeQuery()) {
        if (!row.next()) {
          return Optional.empty();
        }
        String table = row.getString(1);
        return Optional.of(
            new Problem(
                "The table %s is distributed by Citus, which Lapse does not support."
                    .formatted(table),
                "A distributed table has no triggers, and its nodes have different transaction ids.",
                "SELECT undistribute_table('%s');".formatted(table)));
      }
    }
  }

  /** Null if it worked. */
  private static @Nullable SQLException failure(Connection connection, Question question)
      throws SQLException {
    var before = connection.setSavepoint();
    try (Statement statement = connection.createStatement()) {
      statement.execute(question.sql());
      return null;
    } catch (SQLException e) {
      connection.rollback(before); // fails if the connection is gone, and then that is the failure
      return e;
    }
  }

  private static Finding finding(Question question, SQLException failure, Connection connection)
      throws SQLException {
    boolean denied = DENIED.equals(failure.getSQLState());
    return new Finding(
        new Problem(
            "PostgreSQL rejects %s (SQLSTATE %s: %s)."
                .formatted(question.what(), failure.getSQLState(), Reasons.of(failure)),
            "The relay needs it, so no event could be published.",
            denied
                ? "GRANT EXECUTE ON FUNCTION pg_catalog.%s TO %s; as a superuser."
                    .formatted(question.what(), ask(connection, "SELECT quote_ident(current_user)"))
                : "Use a PostgreSQL server that has this function, such as a stock PostgreSQL of"
                    + " a hosting provider."),
        denied);
  }

  private static @Nullable String ask(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }

  private record Question(String what, String sql) {}

  /**
   * Something that keeps Lapse from working.
   *
   * @param ofRole whether it is a privilege of this role, which another role may have
   */
  public record Finding(Problem problem, boolean ofRole) {

    static Finding of(Problem problem) {
      return new Finding(problem, false);
    }
  }
}
