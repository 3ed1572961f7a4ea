package dev.lapse.expiration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.approvals.OptInFixture;
import dev.lapse.audit.AuditsForTests;
import dev.lapse.decision.OptIns;
import dev.lapse.support.Approvals;
import dev.lapse.support.Roles;
import dev.lapse.support.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * However {@code decide_approval}, plain decisions and sweeps meet at the deadlines: each approval
 * has one end and one record of it, and whatever a caller was answered is what the table says.
 *
 * <p>Who reads and then writes is the control: in the same race he must do wrong, or the race is
 * none. {@code -Dlapse.test.seed=…} repeats the decisions and their order.
 */
class DecideRaceIT {

  private static final Logger log = LoggerFactory.getLogger(DecideRaceIT.class);

  private static final long SEED = Long.getLong("lapse.test.seed", System.nanoTime());

  private static final int ROUNDS = 12;
  private static final int APPROVALS = 200;
  private static final int DECIDERS = 4;

  private final TestDatabase database = TestDatabase.migrated();
  private final Approvals approvals = new Approvals(database);
  private final Queue<Answer> answers = new ConcurrentLinkedQueue<>();
  private volatile boolean over;

  /** What somebody was told, once it was committed. */
  private record Answer(
      UUID id,
      String actor,
      String wanted,
      String outcome,
      @Nullable String status,
      @Nullable String by) {}

  private record End(
      UUID id,
      String status,
      @Nullable String decidedBy,
      int version,
      int records,
      @Nullable String told) {}

  /** One way to decide; null where it tells nothing, since the database refused. */
  @FunctionalInterface
  private interface Way {
    @Nullable Answer decide(Connection session, UUID id, String wanted, String actor)
        throws SQLException;
  }

  @BeforeEach
  void optIn() throws SQLException {
    try (Connection owner = database.connectAs(Roles.OWNER)) {
      OptInFixture.apply(owner, Map.of(), OptIns.all());
    }
  }

  @AfterEach
  void close() {
    database.close();
  }

  @Test
  void eachApprovalHasOneEndAndEachAnswerIsTrue() throws Exception {
    race(ROUNDS, DecideRaceIT::function);

    assertThat(outcomes())
        .as("seed %d", SEED)
        .contains("decided", "already", "lapsed", "updated", "missed");
    assertThat(wrong()).as("seed %d", SEED).isEmpty();
    assertThat(AuditsForTests.broken(database, ApprovalsTable.standard())).isEmpty();
    assertThat(
            database.count(
                "SELECT count(*) FROM late_decision WHERE late IS NOT NULL AND status = 'expired'"))
        .isPositive();
  }

  @Test
  void whoReadsAndThenWritesAnswersWrongly() throws Exception {
    race(4, DecideRaceIT::naively);

    assertThat(wrong())
        .as("seed %d: a control that does nothing wrong controls nothing", SEED)
        .isNotEmpty();
  }

  private void race(int rounds, Way way) throws Exception {
    Duration window = Duration.ofMillis(200);
    ExecutorService threads = Executors.newFixedThreadPool(DECIDERS + 1);
    try {
      for (int round = 0; round < rounds; round++) {
        window = round(threads, new Random(SEED + round), window, way);
      }
    } finally {
      threads.shutdownNow();
    }
    log.info("Raced seed={} answers={} {}", SEED, answers.size(), outcomes());
  }

  /** The deadlines are spread over the time that the round before needed. */
  private Duration round(ExecutorService threads, Random random, Duration window, Way way)
      throws Exception {
    List<UUID> ids = approvals.insertSpread(APPROVALS, window);
    Sweep sweep = Sweeps.of(database.serviceJdbc(), 20);
    CyclicBarrier start = new CyclicBarrier(DECIDERS + 1);
    over = false;
    Future<?> sweeping =
        threads.submit(
            () -> {
              start.await();
              while (!over) {
                sweep.run();
              }
              return null;
            });
    List<Future<?>> deciders = new ArrayList<>();
    for (int n = 0; n < DECIDERS; n++) {
      int decider = n;
      Random choices = new Random(random.nextLong());
      deciders.add(
          threads.submit(
              () -> {
                start.await();
                decideAll(ids, decider, choices, way);
                return null;
              }));
    }
    long begin = System.nanoTime();
    try {
      for (Future<?> decider : deciders) {
        decider.get();
      }
    } finally {
      over = true;
      sweeping.get();
    }
    Duration took = Duration.ofNanos(System.nanoTime() - begin);
    while (database.count("SELECT count(*) FROM ai_approvals WHERE status = 'pending'") > 0) {
      sweep.run();
    }
    return took;
  }

  /** Three of them visit each approval. */
  private void decideAll(List<UUID> ids, int decider, Random choices, Way way) throws SQLException {
    try (Connection session = database.connectAs(Roles.APPLICATION)) {
      session.setAutoCommit(false);
      for (int n = 0; n < ids.size(); n++) {
        if (n % DECIDERS == decider) {
          continue;
        }
        String wanted = choices.nextBoolean() ? "approved" : "rejected";
        String actor = decider + "-" + ids.get(n);
        Answer answer =
            choices.nextInt(4) == 0
                ? plainly(session, ids.get(n), wanted, actor)
                : way.decide(session, ids.get(n), wanted, actor);
        think(session, choices.nextInt(2000));
        if (answer == null || choices.nextInt(10) == 0) {
          session.rollback();
        } else {
          session.commit();
          answers.add(answer);
        }
      }
    }
  }

  private static void think(Connection session, int effort) throws SQLException {
    try (PreparedStatement statement =
        session.prepareStatement("SELECT count(*) FROM generate_series(1, " + effort + ")")) {
      statement.execute();
    } catch (SQLException e) { // of a transaction that was refused
      session.rollback();
    }
  }

  private static Answer function(Connection session, UUID id, String wanted, String actor)
      throws SQLException {
    try (PreparedStatement decide =
        session.prepareStatement(
            "SELECT outcome, current_status, decided_by FROM decide_approval(?::text, ?, ?)")) {
      decide.setObject(1, id);
      decide.setString(2, wanted);
      decide.setString(3, actor);
      try (ResultSet row = decide.executeQuery()) {
        row.next();
        return new Answer(id, actor, wanted, row.getString(1), row.getString(2), row.getString(3));
      }
    }
  }

  /** In one statement, as an application should that has no such function. */
  private static Answer plainly(Connection session, UUID id, String wanted, String actor)
      throws SQLException {
    try (PreparedStatement update =
        session.prepareStatement(
            """
            UPDATE ai_approvals SET status = ?, version = version + 1, decided_by = ?
            WHERE id = ? AND status = 'pending' AND expires_at > clock_timestamp()
            """)) {
      update.setString(1, wanted);
      update.setString(2, actor);
      update.setObject(3, id);
      return new Answer(
          id, actor, wanted, update.executeUpdate() == 1 ? "updated" : "missed", null, null);
    }
  }

  private static @Nullable Answer naively(Connection session, UUID id, String wanted, String actor)
      throws SQLException {
    try (PreparedStatement select =
            session.prepareStatement(
                """
                SELECT status, decided_by, expires_at > clock_timestamp() FROM ai_approvals
                WHERE id = ?
                """);
        PreparedStatement update =
            session.prepareStatement(
                """
                UPDATE ai_approvals SET status = ?, version = version + 1, decided_by = ?
                WHERE id = ?
                """)) {
      select.setObject(1, id);
      try (ResultSet row = select.executeQuery()) {
        row.next();
        String status = row.getString(1);
        if (!status.equals("pending")) {
          return new Answer(
              id,
              actor,
              wanted,
              status.equals("expired") ? "lapsed" : "already",
              status,
              row.getString(2));
        }
        if (!row.getBoolean(3)) {
          return new Answer(id, actor, wanted, "lapsed", "expired", null);
        }
      }
      update.setString(1, wanted);
      update.setString(2, actor);
      update.setObject(3, id);
      update.executeUpdate();
      return new Answer(id, actor, wanted, "decided", wanted, actor);
    } catch (SQLException refusedByTheGuard) {
      return null;
    }
  }

  private List<String> outcomes() {
    return answers.stream().map(Answer::outcome).distinct().toList();
  }

  private List<String> wrong() {
    Map<UUID, End> ends =
        database
            .jdbc()
            .sql(
                """
                SELECT id, status, decided_by, version,
                       (SELECT count(*) FROM outbox
                        WHERE key = approval.id::text AND type <> 'ApprovalRequested') AS records,
                       (SELECT min(concat_ws(' ', type, payload ->> 'status', payload ->> 'decidedBy'))
                        FROM outbox
                        WHERE key = approval.id::text AND type <> 'ApprovalRequested') AS told
                FROM ai_approvals approval
                """)
            .query(End.class)
            .stream()
            .collect(Collectors.toMap(End::id, Function.identity()));
    Map<UUID, List<Answer>> byId = answers.stream().collect(Collectors.groupingBy(Answer::id));
    List<String> wrong = new ArrayList<>();
    for (End end : ends.values()) {
      List<Answer> told = byId.getOrDefault(end.id(), List.of());
      long won = told.stream().filter(DecideRaceIT::won).count();
      boolean expired = end.status().equals("expired");
      String record =
          expired
              ? "ApprovalExpired expired"
              : "ApprovalDecided %s %s".formatted(end.status(), end.decidedBy());
      if (won != (expired ? 0 : 1)
          || end.version() != 2
          || end.records() != 1
          || !record.equals(end.told())
          || told.stream().anyMatch(answer -> !isTrue(answer, end))) {
        wrong.add(end + " after " + told);
      }
    }
    return wrong;
  }

  private static boolean won(Answer answer) {
    return answer.outcome().equals("decided") || answer.outcome().equals("updated");
  }

  private static boolean isTrue(Answer answer, End end) {
    boolean his = answer.actor().equals(end.decidedBy());
    return switch (answer.outcome()) {
      case "decided", "updated" -> his && answer.wanted().equals(end.status());
      case "missed" -> !his;
      case "already" ->
          !end.status().equals("expired")
              && end.status().equals(answer.status())
              && Objects.equals(end.decidedBy(), answer.by());
      case "lapsed" -> end.status().equals("expired") && "expired".equals(answer.status());
      default -> false;
    };
  }
}
