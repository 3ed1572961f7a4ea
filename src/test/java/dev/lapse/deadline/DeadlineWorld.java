package dev.lapse.deadline;

import dev.lapse.approvals.ApprovalsCheck;
import dev.lapse.approvals.ApprovalsSettings;
import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.approvals.OptIn;
import dev.lapse.approvals.SessionSettings;
import dev.lapse.expiration.ExpirationSettings;
import dev.lapse.pause.Pauses;
import dev.lapse.support.Contract;
import dev.lapse.support.Golden;
import dev.lapse.support.Roles;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.jdbc.core.simple.JdbcClient;

/** A database with opt-in triggers, in which time can pass without anybody waiting. */
final class DeadlineWorld implements AutoCloseable {

  static final ExpirationSettings.StormGuard STORM =
      new ExpirationSettings.StormGuard(true, 10_000, 0.5);

  final TestDatabase database;
  final ApprovalsSettings settings;
  final JdbcClient service;
  private final boolean standard;

  private DeadlineWorld(TestDatabase database, ApprovalsSettings settings, boolean standard) {
    this.database = database;
    this.settings = settings;
    this.standard = standard;
    this.service = standard ? database.serviceJdbc() : database.jdbc();
  }

  /** The table that Lapse creates, with the roles of db/roles.sql. */
  static DeadlineWorld standard() {
    TestDatabase database = TestDatabase.migrated();
    database.execute(
        "GRANT SELECT (created_at), UPDATE (expires_at) ON ai_approvals TO " + Roles.SERVICE);
    return new DeadlineWorld(database, settings(Map.of("columns.created-at", "created_at")), true);
  }

  /** A table of the application's own. */
  static DeadlineWorld of(String ddl, Map<String, String> words) {
    TestDatabase database = TestDatabase.empty(Servers.postgres());
    database.execute(ddl);
    ApprovalsSettings settings = settings(words);
    database.migrate(new ApprovalsCheck(database.jdbc(), settings).tableToMigrate());
    return new DeadlineWorld(database, settings, false);
  }

  private static ApprovalsSettings settings(Map<String, String> words) {
    MapConfigurationPropertySource properties = new MapConfigurationPropertySource();
    words.forEach((name, value) -> properties.put("lapse.approvals." + name, value));
    return new Binder(properties).bindOrCreate("lapse.approvals", ApprovalsSettings.class);
  }

  DeadlineWorld ladder(String... rungs) {
    return install(DeadlinesForTests.ladder(List.of(rungs)));
  }

  DeadlineWorld moves(@Nullable Integer maxMoves, @Nullable Duration maxLifetime) {
    return install(
        DeadlineConfiguration.moves(new DeadlineSettings.Deadlines(true, maxMoves, maxLifetime)));
  }

  private DeadlineWorld install(OptIn optIn) {
    Map<String, String> scripts =
        new ApprovalsCheck(database.jdbc(), settings, SessionSettings.NONE, List.of(optIn))
            .optInScripts();
    scripts.values().forEach(this::asOwner);
    return this;
  }

  private void asOwner(String script) {
    try (Connection session = standard ? database.connectAs(Roles.OWNER) : database.connect();
        Statement statement = session.createStatement()) {
      statement.execute(script);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  ApprovalsTable table() {
    return new ApprovalsCheck(service, settings).table(true);
  }

  LadderStep step(String... rungs) {
    return step(STORM, System::nanoTime, rungs);
  }

  LadderStep step(ExpirationSettings.StormGuard storm, LongSupplier nanoTime, String... rungs) {
    Ladder ladder = Ladder.of(List.of(rungs));
    return new LadderStep(
        new DueSteps(service, table(), ladder),
        new StepStorm(service, ladder.words(), storm),
        new Pauses(service),
        fired -> {},
        nanoTime);
  }

  Extension extension() {
    return new Extension(service, table());
  }

  /** As if so much time had gone by: deadlines, steps and requests come that much nearer. */
  void pass(String interval) {
    database.execute(
        """
        SET session_replication_role = replica;
        UPDATE ai_approvals SET expires_at = expires_at - interval '%1$s',
                                created_at = created_at - interval '%1$s';
        UPDATE next_step SET fire_at = fire_at - interval '%1$s',
                             for_deadline = for_deadline - interval '%1$s';
        SET session_replication_role = origin;
        """
            .formatted(interval));
  }

  /** A pending approval of the standard table, due in {@code interval}; returns its id. */
  String pending(String interval) {
    return database
        .jdbc()
        .sql(
            """
            INSERT INTO ai_approvals (requested_by, action, expires_at)
            VALUES ('agent', 'deploy', now() + :interval::interval)
            RETURNING id::text
            """)
        .param("interval", interval)
        .query(String.class)
        .single();
  }

  void update(String id, String assignments) {
    database.execute("UPDATE ai_approvals SET %s WHERE id::text = '%s'".formatted(assignments, id));
  }

  List<String> strings(String sql) {
    return database.jdbc().sql(sql).query(String.class).list();
  }

  /** What is wrong with the events in the outbox, as the relay would publish them. */
  List<String> againstTheContract() {
    return database
        .jdbc()
        .sql("SELECT type, key, payload::text AS value FROM outbox")
        .query(Row.class)
        .list()
        .stream()
        .flatMap(
            row -> {
              Map<String, String> headers =
                  new TreeMap<>(
                      Golden.read(
                              row.type().replace("Approval", "approval-").toLowerCase(Locale.ROOT))
                          .headers());
              headers.put("ce_subject", row.key());
              headers.put("ce_partitionkey", row.key());
              return Contract.violations(row.key(), headers, row.value()).stream();
            })
        .toList();
  }

  private record Row(String type, String key, String value) {}

  /** Type and step of what was announced of an approval, in order. */
  List<String> announced(String id) {
    return database
        .jdbc()
        .sql(
            """
            SELECT concat_ws(' ', type, payload ->> 'step',
                             nullif((payload -> 'collapsed')::text, '[]'))
            FROM outbox WHERE key = :id AND type IN ('ApprovalExpiring', 'ApprovalEscalated')
            ORDER BY id
            """)
        .param("id", id)
        .query(String.class)
        .list();
  }

  /** The step that an approval comes to next, with the hours until then; empty if none. */
  List<String> next(String id) {
    return database
        .jdbc()
        .sql(
            """
            SELECT concat_ws(' in ', step,
                             round(extract(epoch FROM nullif(fire_at, 'infinity') - now()) / 3600, 1)
                               || ' h')
            FROM next_step WHERE approval_id = :id
            """)
        .param("id", id)
        .query(String.class)
        .list();
  }

  @Override
  public void close() {
    database.close();
  }
}
