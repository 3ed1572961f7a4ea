package dev.lapse.operations.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lapse.support.Approvals;
import dev.lapse.support.Command;
import dev.lapse.support.LapseProcess;
import dev.lapse.support.Leftovers;
import dev.lapse.support.Psql;
import dev.lapse.support.Roles;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The ways to a schema: by Flyway, with its history elsewhere, or by another tool. */
class MigrateIT {

  private static final String FLYWAY_OFF = "--spring.flyway.enabled=false";

  private static final String APPROVALS =
      """
      CREATE TABLE ai_approvals (id uuid PRIMARY KEY, status text, version int,
        expires_at timestamptz, executed_at timestamptz)
      """;

  private static final String BUILDING =
      "SELECT count(*) FROM pg_stat_progress_create_index WHERE datname = current_database()";

  private static final String WAITING_FOR_FLYWAYS_LOCK =
      """
      SELECT count(*) FROM pg_stat_activity
      WHERE datname = current_database() AND query LIKE '%pg_try_advisory_lock%'
        AND pid <> pg_backend_pid()
      """;

  private final TestDatabase database = TestDatabase.empty(Servers.postgres());

  @AfterEach
  void closeDatabase() {
    database.close();
  }

  @Test
  void printsWhatAnotherToolCanRun() throws Exception {
    Path script = Leftovers.file("lapse-", ".sql");
    try {
      Files.writeString(script, run(0, "migrate", "--print"));

      String output = Psql.run(database, "--quiet", "--set=ON_ERROR_STOP=on", "--file=" + script);

      assertThat(output).doesNotContain("ERROR");
      new Approvals(database).due(3);
      assertThat(run(0, "expire", FLYWAY_OFF)).contains("Approvals expired: 3");
      assertThat(run(0, "audit", FLYWAY_OFF)).contains("No problems found.");
      assertThat(database.count("SELECT count(*) FROM pg_tables WHERE tablename LIKE '%history'"))
          .isZero();
    } finally {
      Files.delete(script);
    }
  }

  @Test
  void printsWhatANewerVersionAdds() throws Exception {
    assertThat(run(0, "migrate", "--print", "--after=8"))
        .startsWith("-- V9__event_size.sql")
        .contains("-- V10__purge.sql", ".purge_outbox(")
        .doesNotContain("CREATE TABLE outbox");
    assertThat(run(2, "migrate", "--after=8")).contains("--after requires --print");
  }

  @Test
  void saysWhatIsMissingWhereNobodyHasMigrated() throws Exception {
    database.execute(APPROVALS);

    assertThat(run(1, FLYWAY_OFF))
        .contains(
            "table outbox_identity (V5), table outbox_flush (V5), table relay_checkpoint (V5)",
            "function purge_outbox (V10)")
        .contains("java -jar lapse.jar migrate", "migrate --print", "db/roles.sql")
        .doesNotContain("\tat ", "--after", "guard");
  }

  @Test
  void saysWhatIsMissingWhereTheLastMigrationWasForgotten() throws Exception {
    database.migrate();
    database.execute("DROP FUNCTION purge_outbox(bigint, interval, integer)");

    assertThat(run(1, FLYWAY_OFF))
        .contains("missing from the search path: function purge_outbox (V10).", "--after=9")
        .doesNotContain("table outbox", "\tat ");
  }

  /** The service's role sees what has been migrated, and that something has not been. */
  @Test
  void saysThatItMayNotMigrate() throws Exception {
    database.migrate();
    assertThat(run(0, "expire")).contains("Approvals expired: 0");
    database.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC"); // as it is from 15 on
    database.execute(
        """
        DELETE FROM lapse_schema_history WHERE version::int >= 12;
        DROP TABLE last_error, extension, deadline_move, next_step, late_decision
        """);

    assertThat(run(1, "expire"))
        .contains("42501", "java -jar lapse.jar migrate", "db/roles.sql")
        .doesNotContain("\tat ");
  }

  /** As a DBA does who cannot wait, or a disk that is full. */
  @Test
  void makesUpForAnIndexWhoseBuildingWasCancelled() throws Exception {
    database.execute(APPROVALS);
    try (Connection backfill = database.connect();
        Statement open = backfill.createStatement()) {
      backfill.setAutoCommit(false);
      open.execute("LOCK TABLE ai_approvals IN ROW EXCLUSIVE MODE");
      try (LapseProcess first = LapseProcess.start(database, Map.of(), "migrate")) {
        await()
            .atMost(Duration.ofMinutes(1))
            .until(
                () ->
                    database.count(
                            """
                            SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity
                            WHERE datname = current_database() AND wait_event_type = 'Lock'
                              AND query LIKE '%CREATE INDEX CONCURRENTLY%'
                            """)
                        > 0);
        assertThat(first.exitCode()).as(first::output).isEqualTo(1);
        assertThat(first.output())
            .contains("restart; the failed migration runs again")
            .doesNotContain("\tat ");
      }
      backfill.commit();
    }

    assertThat(run(0, "migrate")).contains("The schema is up to date");
    assertThat(database.count("SELECT count(*) FROM pg_index WHERE NOT indisvalid")).isZero();
    assertThat(database.count("SELECT count(*) FROM lapse_schema_history WHERE NOT success"))
        .isZero();
  }

  /** The server goes on building for a client that is gone, and holds Flyway's lock for it. */
  @Test
  void takesTheIndexThatTheSessionOfAKilledProcessBuilds() throws Exception {
    database.execute(APPROVALS);
    try (Connection backfill = database.connect();
        Statement open = backfill.createStatement()) {
      backfill.setAutoCommit(false);
      open.execute("LOCK TABLE ai_approvals IN ROW EXCLUSIVE MODE");
      try (LapseProcess killed = LapseProcess.start(database, Map.of(), "migrate")) {
        awaitOne(BUILDING, killed);
        killed.kill();
      }
      long index = dueIndex();

      try (LapseProcess next = LapseProcess.start(database, Map.of(), "migrate")) {
        awaitOne(WAITING_FOR_FLYWAYS_LOCK, next);
        backfill.commit();

        assertThat(next.exitCode()).as(next::output).isZero();
      }
      assertThat(dueIndex()).isEqualTo(index);
    }
    assertThat(database.count("SELECT count(*) FROM pg_index WHERE NOT indisvalid")).isZero();
  }

  /** Until it is built, it looks like one whose building was cancelled. */
  @Test
  void waitsForTheIndexThatSomebodyBuildsByHand() throws Exception {
    database.execute(APPROVALS);
    database.applyRoles();
    database.execute("ALTER TABLE ai_approvals OWNER TO " + Roles.OWNER);
    try (Connection backfill = database.connect();
        Statement open = backfill.createStatement()) {
      backfill.setAutoCommit(false);
      open.execute("LOCK TABLE ai_approvals IN ROW EXCLUSIVE MODE");
      CompletableFuture<Void> byHand =
          CompletableFuture.runAsync(
              () ->
                  database.execute(
                      """
                      CREATE INDEX CONCURRENTLY ai_approvals_due ON ai_approvals (expires_at, id)
                      WHERE status = 'pending'
                      """));

      // By another role, which sees nothing of the builder's progress.
      Map<String, String> asOwner =
          Map.of(
              "SPRING_DATASOURCE_USERNAME",
              Roles.OWNER,
              "SPRING_DATASOURCE_PASSWORD",
              Roles.PASSWORD);
      try (LapseProcess migrate = LapseProcess.start(database, asOwner, "migrate")) {
        await()
            .atMost(Duration.ofMinutes(1))
            .until(() -> !migrate.isAlive() || migrate.output().contains("pg_terminate_backend("));
        long index = dueIndex();
        backfill.commit();
        byHand.get(1, TimeUnit.MINUTES);

        assertThat(migrate.exitCode()).as(migrate::output).isZero();
        assertThat(dueIndex()).isEqualTo(index);
      }
    }
  }

  /** The index is in the table's schema, wherever the search path leads. */
  @Test
  void makesUpForAnInvalidIndexOffTheSearchPath() throws Exception {
    database.execute("CREATE SCHEMA app");
    database.execute(APPROVALS.replace("ai_approvals", "app.ai_approvals"));
    database.execute(
        """
        CREATE INDEX ai_approvals_due ON app.ai_approvals (expires_at, id)
          WHERE status = 'pending';
        UPDATE pg_index SET indisvalid = false
        WHERE indexrelid = 'app.ai_approvals_due'::regclass
        """);

    assertThat(run(0, "migrate", "--lapse.approvals.schema=app")).contains("up to date");

    assertThat(database.count("SELECT count(*) FROM pg_index WHERE NOT indisvalid")).isZero();
    assertThat(database.count("SELECT count(*) FROM pg_class WHERE relname = 'ai_approvals_due'"))
        .isEqualTo(1);
  }

  /** Whoever has a transaction open keeps the triggers waiting, but not all who write. */
  @Test
  void letsWritersGoOnWhileItWaitsForALock() throws Exception {
    database.execute(APPROVALS);
    // The building of one would wait for that transaction, too.
    database.execute("CREATE INDEX ON ai_approvals (expires_at, id) WHERE status = 'pending'");
    try (Connection idle = database.connect();
        Statement open = idle.createStatement();
        LapseProcess migrate = LapseProcess.start(database, Map.of(), "migrate")) {
      idle.setAutoCommit(false);
      open.execute("LOCK TABLE ai_approvals IN ROW EXCLUSIVE MODE");
      int pid = pid(open);

      await()
          .atMost(Duration.ofMinutes(1))
          .until(
              () ->
                  !migrate.isAlive()
                      || migrate.output().contains("could not get its lock; retrying"));
      assertThat(migrate.output()).contains("holder=\"session %d (".formatted(pid), "ai_approvals");
      database.execute(
          "SET lock_timeout = '10s'; UPDATE ai_approvals SET version = 1; RESET lock_timeout");
      idle.commit();

      assertThat(migrate.exitCode()).as(migrate::output).isZero();
    }
    assertThat(database.count("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'ai_approvals%'"))
        .isEqualTo(2);
  }

  /** As a team's own outbox. Nothing of ours is added to what would not be whole. */
  @Test
  void refusesASchemaInWhichItsNamesAreTaken() throws Exception {
    database.execute(APPROVALS);
    database.execute(
        """
        CREATE TABLE outbox (id bigint);
        CREATE VIEW pause AS SELECT 1;
        CREATE TYPE replay AS ENUM ();
        CREATE FUNCTION purge_outbox() RETURNS int LANGUAGE sql RETURN 1; -- not ours: no parameters
        """);

    assertThat(run(1, "migrate"))
        .contains(
            "The schema public already has objects that a migration would create: table outbox, type"
                + " replay, view pause.")
        .contains("lapse.approvals.schema=public")
        .doesNotContain("purge_outbox", "\tat ");
    assertThat(database.count("SELECT count(*) FROM pg_trigger")).isZero();

    database.execute("CREATE SCHEMA lapse");
    String own = "--spring.datasource.url=%s?currentSchema=lapse".formatted(database.url());
    assertThat(run(0, "migrate", own, "--lapse.approvals.schema=public")).contains("up to date");
    assertThat(run(0, "expire", own, "--lapse.approvals.schema=public"))
        .contains("Approvals expired: 0");
  }

  /** Lapse's schema comes first on the search path; the table is the application's all the same. */
  @Test
  void adoptsTheTableThatTheSearchPathFinds() throws Exception {
    database.execute(APPROVALS);
    database.execute("CREATE SCHEMA lapse");
    String both = "--spring.datasource.url=%s?currentSchema=lapse,public".formatted(database.url());

    assertThat(run(0, "migrate", both)).contains("up to date");

    assertThat(tables("public")).isEqualTo("ai_approvals");
    assertThat(tables("lapse")).contains("outbox").doesNotContain("ai_approvals");
    assertThat(
            database.count(
                "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'public.ai_approvals'::regclass"))
        .isEqualTo(2);
    database.execute(
        "INSERT INTO ai_approvals (id, status, version, expires_at) VALUES"
            + " (gen_random_uuid(), 'pending', 1, now() - interval '1 s')");
    assertThat(run(0, "expire", both)).contains("Approvals expired: 1");
  }

  /** A second, empty table would take the place of the one that nobody sees. */
  @Test
  void makesNoSecondTableWhereOneIsOutOfSight() throws Exception {
    database.execute("CREATE SCHEMA app");
    database.execute(APPROVALS);
    database.execute("ALTER TABLE ai_approvals SET SCHEMA app");

    assertThat(run(1, "migrate")).contains("lapse.approvals.schema=app").doesNotContain("\tat ");

    assertThat(database.count("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))
        .isZero();
  }

  /** Beside the application's own history, say, in a schema that it keeps such things in. */
  @Test
  void keepsItsHistoryInASchemaOfItsOwn() throws Exception {
    String elsewhere = "--spring.flyway.default-schema=histories";

    String migrated = run(0, "migrate", elsewhere);

    assertThat(tables("histories")).isEqualTo("lapse_schema_history");
    assertThat(tables("public"))
        .isEqualTo(
            "ai_approvals,dead_letter,deadline_move,extension,last_error,late_decision,next_step,outbox,outbox_flush,outbox_identity,pause,relay_checkpoint,replay,restamp,retention");
    assertThat(run(0, "migrate", elsewhere)).isEqualTo(migrated);
    new Approvals(database).due(3);
    assertThat(run(0, "expire", elsewhere)).contains("Approvals expired: 3");
  }

  @Test
  void aStopEndsItsWaitingForALock() throws Exception {
    database.execute(APPROVALS);
    database.execute("CREATE INDEX ON ai_approvals (expires_at, id) WHERE status = 'pending'");
    try (Connection idle = database.connect();
        Statement open = idle.createStatement();
        LapseProcess service = LapseProcess.start(database, Map.of(), "run")) {
      idle.setAutoCommit(false);
      open.execute("LOCK TABLE ai_approvals IN ROW EXCLUSIVE MODE");
      await()
          .atMost(Duration.ofMinutes(1))
          .until(
              () ->
                  !service.isAlive()
                      || service.output().contains("could not get its lock; retrying"));

      service.terminate();

      assertThat(service.exitCode()).as(service::output).isEqualTo(143);
    }
  }

  private static int pid(Statement session) throws SQLException {
    try (ResultSet row = session.executeQuery("SELECT pg_backend_pid()")) {
      row.next();
      return row.getInt(1);
    }
  }

  private void awaitOne(String count, LapseProcess process) {
    await()
        .atMost(Duration.ofMinutes(1))
        .until(() -> !process.isAlive() || database.count(count) == 1);
    assertThat(process.isAlive()).as(process::output).isTrue();
  }

  private long dueIndex() {
    return database.count("SELECT 'ai_approvals_due'::regclass::oid::bigint");
  }

  private String tables(String schema) {
    return database
        .jdbc()
        .sql(
            """
            SELECT string_agg(tablename, ',' ORDER BY tablename)
            FROM pg_tables WHERE schemaname = :schema
            """)
        .param("schema", schema)
        .query(String.class)
        .single();
  }

  private String run(int exitCode, String... args) {
    Command command = Command.run(database, args);
    assertThat(command.exitCode()).as(command::output).isEqualTo(exitCode);
    return List.of(args).contains("--print") ? command.result() : command.output();
  }
}
