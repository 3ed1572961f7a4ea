package dev.lapse.expiration;

import dev.lapse.support.Approvals;
import dev.lapse.support.Approvals.Approval;
import dev.lapse.support.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;

/**
 * Approvers, rejecters, cancellers and extenders against two expirers, all at the deadlines, in
 * rounds; and what they were told, to hold against what the table says in the end.
 *
 * <p>Two of the deciders visit each approval, in the order of the deadlines. These are spread over
 * the time that the deciders of the round before needed, so that on any machine a decision and its
 * deadline come close.
 */
final class Race {

  /** Does one pass over what is due and returns how many it expired. */
  @FunctionalInterface
  interface Expiry {
    long run();
  }

  private static final int APPROVALS = 200;
  private static final int DECIDERS = 4;
  private static final int EXPIRERS = 2;

  private final TestDatabase database;
  private final Approvals approvals;
  private final long seed;
  private final Expiry expiry;

  /** Every change that was committed and acknowledged, in its order. */
  private final Map<UUID, List<String>> acknowledged = new ConcurrentHashMap<>();

  private final AtomicInteger tooLate = new AtomicInteger();
  private final AtomicLong expired = new AtomicLong();
  private volatile boolean over;

  Race(TestDatabase database, long seed, Expiry expiry) {
    this.database = database;
    this.approvals = new Approvals(database);
    this.seed = seed;
    this.expiry = expiry;
  }

  void run(int rounds) throws Exception {
    Duration window = Duration.ofMillis(100);
    ExecutorService threads = Executors.newFixedThreadPool(DECIDERS + EXPIRERS);
    try {
      for (int round = 0; round < rounds; round++) {
        window = round(threads, new Random(seed + round), window);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private Duration round(ExecutorService threads, Random random, Duration window) throws Exception {
    List<UUID> ids = approvals.insertSpread(APPROVALS, window);
    CyclicBarrier start = new CyclicBarrier(DECIDERS + EXPIRERS);
    over = false;
    List<Future<?>> expirers = new ArrayList<>();
    for (int n = 0; n < EXPIRERS; n++) {
      expirers.add(threads.submit(afterStart(start, this::expireUntilOver)));
    }
    List<Future<?>> deciders = new ArrayList<>();
    for (int n = 0; n < DECIDERS; n++) {
      int decider = n;
      Random choices = new Random(random.nextLong());
      deciders.add(threads.submit(afterStart(start, () -> decideAll(ids, decider, choices))));
    }
    try {
      long begin = System.nanoTime();
      for (Future<?> decider : deciders) {
        decider.get();
      }
      long end = System.nanoTime();
      awaitExpiryOfTheUndecided();
      return Duration.ofNanos(end - begin);
    } finally {
      over = true;
      for (Future<?> expirer : expirers) {
        expirer.get();
      }
    }
  }

  private static Callable<Void> afterStart(CyclicBarrier start, Part part) {
    return () -> {
      start.await();
      part.play();
      return null;
    };
  }

  @FunctionalInterface
  private interface Part {
    void play() throws Exception;
  }

  private void expireUntilOver() {
    while (!over) {
      expired.addAndGet(expiry.run());
    }
  }

  private void awaitExpiryOfTheUndecided() {
    long deadline = System.nanoTime() + Duration.ofMinutes(1).toNanos();
    while (database.count(
            "SELECT count(*) FROM ai_approvals"
                + " WHERE status = 'pending' AND expires_at < now() + interval '10 minutes'")
        > 0) {
      if (System.nanoTime() - deadline > 0) {
        throw new AssertionError("seed %d: approvals still pending after a minute".formatted(seed));
      }
    }
  }

  private void decideAll(List<UUID> ids, int decider, Random choices) throws SQLException {
    try (Connection session = database.connect()) {
      session.setAutoCommit(false);
      for (int n = 0; n < ids.size(); n++) {
        if (n % DECIDERS == decider || (n + 1) % DECIDERS == decider) {
          decide(session, ids.get(n), choices);
        }
      }
    }
  }

  private void decide(Connection session, UUID id, Random choices) throws SQLException {
    List<String> changes = new ArrayList<>();
    int choice = choices.nextInt(100);
    if (choice < 50) {
      note(changes, "approved", Approvals.decide(session, id, "approved"));
    } else if (choice < 60) {
      note(changes, "approved", Approvals.decide(session, id, "approved"));
      note(changes, "executed", !changes.isEmpty() && Approvals.execute(session, id));
    } else if (choice < 70) {
      note(changes, "rejected", Approvals.decide(session, id, "rejected"));
    } else if (choice < 80) {
      note(changes, "cancelled", Approvals.decide(session, id, "cancelled"));
    } else if (choice < 90) {
      note(changes, "extended briefly", Approvals.extend(session, id, "5 milliseconds"));
    } else {
      note(changes, "extended", Approvals.extend(session, id, "1 hour"));
    }
    think(session, choices.nextInt(4000));
    if (choices.nextInt(10) == 0) {
      session.rollback();
      return;
    }
    // While this session still holds the row, so that the order is that of the commits.
    acknowledged.computeIfAbsent(id, unused -> new CopyOnWriteArrayList<>()).addAll(changes);
    session.commit();
    if (changes.isEmpty()) {
      tooLate.incrementAndGet();
    }
  }

  private static void note(List<String> changes, String change, boolean done) {
    if (done) {
      changes.add(change);
    }
  }

  /** Takes its time between the decision and its commit, while deadlines pass. */
  private static void think(Connection session, int effort) throws SQLException {
    try (Statement statement = session.createStatement()) {
      statement.execute("SELECT count(*) FROM generate_series(1, " + effort + ")");
    }
  }

  int acknowledged() {
    return acknowledged.values().stream().mapToInt(List::size).sum();
  }

  int tooLate() {
    return tooLate.get();
  }

  /** Decisions that did not stand, and deadlines that were not waited for. */
  List<String> takenBack() {
    List<String> wrong = new ArrayList<>();
    for (Approval approval : approvals.all()) {
      String last = last(approval);
      boolean decided = !last.equals("pending") && !last.startsWith("extended");
      if (decided && !approval.status().equals(last)) {
        wrong.add(
            "%s was acknowledged as %s, but is %s"
                .formatted(approval.id(), last, approval.status()));
      }
      if (approval.status().equals("expired") && !approval.due()) {
        wrong.add("%s was %s, and is expired before its deadline".formatted(approval.id(), last));
      }
    }
    return wrong;
  }

  /** What else does not add up: versions, events, approvals that should have expired. */
  List<String> wrong() {
    Map<String, Long> events =
        database.jdbc().sql("SELECT key FROM outbox").query(String.class).list().stream()
            .collect(Collectors.groupingBy(key -> key, Collectors.counting()));
    List<String> wrong = new ArrayList<>();
    long expiredInTable = 0;
    for (Approval approval : approvals.all()) {
      String last = last(approval);
      boolean lapsed = approval.status().equals("expired");
      expiredInTable += lapsed ? 1 : 0;
      boolean shouldLapse = last.equals("pending") || last.equals("extended briefly");
      int transitions = changes(approval).size() + (lapsed ? 1 : 0);
      if (lapsed != shouldLapse
          || approval.version() != 1 + transitions
          || events.getOrDefault(approval.id().toString(), 0L) != (lapsed ? 1 : 0)) {
        wrong.add(
            "%s after %s, events %s"
                .formatted(approval, changes(approval), events.get(approval.id().toString())));
      }
    }
    if (expired.get() != expiredInTable) {
      wrong.add("reported %d expiries of %d".formatted(expired.get(), expiredInTable));
    }
    return wrong;
  }

  private List<String> changes(Approval approval) {
    return acknowledged.getOrDefault(approval.id(), List.of());
  }

  private String last(Approval approval) {
    List<String> changes = changes(approval);
    return changes.isEmpty() ? "pending" : changes.get(changes.size() - 1);
  }

  @Override
  public String toString() {
    return "approvals=%d acknowledged=%d tooLate=%d expired=%d"
        .formatted(approvals.all().size(), acknowledged(), tooLate(), expired.get());
  }
}
