package dev.lapse.deadline;

import dev.lapse.expiration.Sweep;
import dev.lapse.expiration.SweepForTests;
import dev.lapse.support.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Approvers and movers against two reminders and a sweep, all at the times of the step, in rounds.
 * Whoever changes an approval writes a record of its own in the same transaction: so the outbox
 * tells, key by key, what was so when a reminder was written.
 *
 * <p>The step is a minute before the deadline. Of four approvals one is requested with less time
 * than that: its reminder and its expiry race. Each round ends when all that is due is done, so
 * whether one is forgotten is no matter of how fast the machine is.
 */
final class LadderRace {

  /** Does one pass over what is due to be announced. */
  @FunctionalInterface
  interface Reminder {
    void run() throws Exception;
  }

  static final String RUNG = "1m:remind";
  private static final Duration BEFORE = Duration.ofMinutes(1);

  private static final String NEAR =
      """
      SELECT (SELECT count(*) FROM ai_approvals
              WHERE status = 'pending' AND expires_at < now() + interval '30 s')
           + (SELECT count(*) FROM next_step WHERE fire_at < now() + interval '10 min')
      """;

  /** Well over the minute of the latest deadlines, which a slow round still has to wait for. */
  private static final Duration PATIENCE = Duration.ofMinutes(4);

  private static final int APPROVALS = 200;
  private static final int DECIDERS = 4;
  private static final int REMINDERS = 2;

  private final TestDatabase database;
  private final Reminder reminder;
  private final long seed;
  private volatile boolean over;

  LadderRace(TestDatabase database, long seed, Reminder reminder) {
    this.database = database;
    this.seed = seed;
    this.reminder = reminder;
  }

  void run(int rounds) throws Exception {
    Duration window = Duration.ofMillis(100);
    ExecutorService threads = Executors.newFixedThreadPool(DECIDERS + REMINDERS + 1);
    try {
      for (int round = 0; round < rounds; round++) {
        window = round(threads, new Random(seed + round), window);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private Duration round(ExecutorService threads, Random random, Duration window) throws Exception {
    List<String> ids = insert(window);
    CyclicBarrier start = new CyclicBarrier(DECIDERS + REMINDERS + 1);
    over = false;
    List<Future<?>> others = new ArrayList<>();
    for (int n = 0; n < REMINDERS; n++) {
      others.add(
          threads.submit(
              after(
                  start,
                  () -> {
                    while (!over) {
                      reminder.run();
                    }
                  })));
    }
    Sweep sweep = SweepForTests.of(database.serviceJdbc(), 50);
    others.add(
        threads.submit(
            after(
                start,
                () -> {
                  while (!over) {
                    sweep.run();
                  }
                })));
    List<Future<?>> deciders = new ArrayList<>();
    for (int n = 0; n < DECIDERS; n++) {
      int decider = n;
      Random choices = new Random(random.nextLong());
      deciders.add(threads.submit(after(start, () -> decideAll(ids, decider, choices))));
    }
    try {
      long begin = System.nanoTime();
      for (Future<?> decider : deciders) {
        decider.get();
      }
      long end = System.nanoTime();
      awaitTheEnd();
      return Duration.ofNanos(end - begin);
    } finally {
      over = true;
      for (Future<?> other : others) {
        other.get();
      }
    }
  }

  private static Callable<Void> after(CyclicBarrier start, Reminder part) {
    return () -> {
      start.await();
      part.run();
      return null;
    };
  }

  private List<String> insert(Duration window) {
    return database
        .jdbc()
        .sql(
            """
            WITH inserted AS (
              INSERT INTO ai_approvals (requested_by, action, expires_at)
              SELECT 'agent', 'deploy', now() + n * :step * interval '1 us'
                     + CASE WHEN n % 4 = 0 THEN interval '0' ELSE interval '1 min' END
              FROM generate_series(1, :count) n ORDER BY n
              RETURNING id, expires_at
            ), noted AS (
              INSERT INTO outbox (type, key, payload)
              SELECT 'Requested', id::text, json_build_object('expiresAt', expires_at, 'at', now())
              FROM inserted
            )
            SELECT id::text FROM inserted
            """)
        .param("step", window.dividedBy(APPROVALS).toNanos() / 1000)
        .param("count", APPROVALS)
        .query(String.class)
        .list();
  }

  /** What was requested with little time is over, and no step is near but those that moved away. */
  private void awaitTheEnd() {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (database.count(NEAR) > 0) {
      if (System.nanoTime() - deadline > 0) {
        throw new AssertionError(
            "seed %d: still something to do after %s".formatted(seed, PATIENCE));
      }
    }
  }

  private void decideAll(List<String> ids, int decider, Random choices) throws SQLException {
    try (Connection session = database.connect()) {
      session.setAutoCommit(false);
      for (int n = 0; n < ids.size(); n++) {
        if (n % DECIDERS == decider || (n + 1) % DECIDERS == decider) {
          decide(session, ids.get(n), choices);
        }
      }
    }
  }

  private static void decide(Connection session, String id, Random choices) throws SQLException {
    int choice = choices.nextInt(100);
    if (choice < 40) {
      change(session, id, "status = 'approved'", "Decided");
    } else if (choice < 70) {
      change(session, id, "expires_at = expires_at + interval '20 milliseconds'", "Moved");
    } else if (choice < 85) {
      change(session, id, "expires_at = expires_at + interval '1 hour'", "Moved");
    } else {
      change(session, id, "expires_at = expires_at - interval '20 milliseconds'", "Moved");
    }
    try (Statement statement = session.createStatement()) {
      statement.execute(
          "SELECT count(*) FROM generate_series(1, %d)".formatted(choices.nextInt(4000)));
    }
    if (choices.nextInt(10) == 0) {
      session.rollback();
    } else {
      session.commit();
    }
  }

  private static void change(Connection session, String id, String assignment, String type)
      throws SQLException {
    try (PreparedStatement statement =
        session.prepareStatement(
            """
            WITH changed AS (
              UPDATE ai_approvals SET %s, version = version + 1
              WHERE id = ?::uuid AND status = 'pending' AND expires_at > clock_timestamp()
              RETURNING id, expires_at
            )
            INSERT INTO outbox (type, key, payload)
            SELECT '%s', id::text, json_build_object('expiresAt', expires_at, 'at', now())
            FROM changed
            """
                .formatted(assignment, type))) {
      statement.setString(1, id);
      statement.executeUpdate();
    }
  }

  /** What the outbox tells of reminders that should not be, or are missing. */
  List<String> wrong() {
    List<String> wrong = new ArrayList<>();
    Map<String, Followed> approvals = new HashMap<>();
    for (Row row :
        database
            .jdbc()
            .sql(
                """
                SELECT type, key, (payload ->> 'expiresAt')::timestamptz::text AS expires_at,
                       extract(epoch FROM (payload ->> 'expiresAt')::timestamptz) AS deadline,
                       extract(epoch FROM coalesce((payload ->> 'at')::timestamptz, occurred_at)) AS at
                FROM outbox ORDER BY id
                """)
            .query(Row.class)
            .list()) {
      String flaw = approvals.computeIfAbsent(row.key(), key -> new Followed()).follow(row);
      if (flaw != null) {
        wrong.add("%s: %s".formatted(row.key(), flaw));
      }
    }
    double now =
        database.jdbc().sql("SELECT extract(epoch FROM now())").query(Double.class).single();
    approvals.forEach(
        (key, approval) -> {
          if (approval.isForgotten(now)) {
            wrong.add("%s: nobody was reminded".formatted(key));
          }
        });
    return wrong;
  }

  long reminders() {
    return database.count("SELECT count(*) FROM outbox WHERE type = 'ApprovalExpiring'");
  }

  private record Row(String type, String key, String expiresAt, double deadline, double at) {}

  /** One approval, record by record. */
  private static final class Followed {

    private String deadline = "";
    private double expiresAt;
    private boolean reminded;
    private boolean ended;

    boolean isForgotten(double now) {
      return !ended && !reminded && expiresAt - BEFORE.toSeconds() <= now;
    }

    @Nullable String follow(Row row) {
      switch (row.type()) {
        case "Requested" -> {
          deadline = row.expiresAt();
          expiresAt = row.deadline();
        }
        case "Moved" -> {
          boolean ahead = row.deadline() - BEFORE.toSeconds() > row.at();
          reminded = reminded && !ahead;
          deadline = row.expiresAt();
          expiresAt = row.deadline();
        }
        case "Decided", "ApprovalExpired" -> ended = true;
        default -> {
          return reminder(row);
        }
      }
      return null;
    }

    private @Nullable String reminder(Row row) {
      if (ended) {
        return "reminded after the end";
      }
      if (!row.expiresAt().equals(deadline)) {
        return "reminded of %s, due %s".formatted(row.expiresAt(), deadline);
      }
      if (row.at() < expiresAt - BEFORE.toSeconds()) {
        return "reminded too early";
      }
      if (reminded) {
        return "reminded twice";
      }
      reminded = true;
      return null;
    }
  }
}
