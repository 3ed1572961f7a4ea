package dev.lapse.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.LongStream;

/**
 * People deciding approvals as the README asks them to, so many a second. How long a decision took
 * counts from when it was due, so that one that blocks also counts for those queueing behind it.
 */
final class Approvers {

  private static final int SESSIONS = 8;

  private static final String PENDING =
      """
      INSERT INTO ai_approvals (requested_by, action, expires_at)
      SELECT 'agent', 'decide', now() + interval '1 day' FROM generate_series(1, %d)
      """;

  private static final String DECIDE =
      """
      UPDATE ai_approvals
      SET status = 'approved', version = version + 1, decided_by = 'person'
      WHERE id = ?::uuid AND status = 'pending' AND expires_at > clock_timestamp()
      """;

  private final Database database;
  private final List<String> approvals;

  private Approvers(Database database, List<String> approvals) {
    this.database = database;
    this.approvals = approvals;
  }

  /** Writes that many approvals for them to decide. */
  static Approvers prepare(Database database, int decisions) throws SQLException {
    database.execute(PENDING.formatted(decisions));
    return new Approvers(
        database,
        database.texts("SELECT id FROM ai_approvals WHERE action = 'decide' ORDER BY id"));
  }

  /**
   * Decides one after the other, all of them or while {@code others} do what is looked at.
   *
   * @throws Exception if one could not be decided
   */
  Delays decide(int perSecond, BooleanSupplier others) throws Exception {
    long[] took = new long[approvals.size()];
    AtomicInteger next = new AtomicInteger();
    Pace pace = new Pace(perSecond);
    Callable<Void> approver =
        () -> {
          try (Connection session = database.connect();
              PreparedStatement decide = session.prepareStatement(DECIDE)) {
            for (int n = next.getAndIncrement();
                n < took.length && others.getAsBoolean();
                n = next.getAndIncrement()) {
              long due = pace.await(n);
              decide.setString(1, approvals.get(n));
              if (decide.executeUpdate() != 1) {
                throw new SQLException("in time, and yet not decided: " + approvals.get(n));
              }
              took[n] = System.nanoTime() - due;
            }
          }
          return null;
        };
    ExecutorService people = Executors.newFixedThreadPool(SESSIONS);
    try {
      List<Future<Void>> all = new ArrayList<>();
      for (int i = 0; i < SESSIONS; i++) {
        all.add(people.submit(approver));
      }
      for (Future<Void> one : all) {
        one.get();
      }
    } finally {
      people.shutdownNow();
    }
    return new Delays(LongStream.of(took).filter(nanos -> nanos > 0).toArray());
  }
}
