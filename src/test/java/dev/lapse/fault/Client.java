package dev.lapse.fault;

import dev.lapse.fault.Agenda.Act;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** One thread with one session: does what is due, and between that what comes to its mind. */
final class Client implements Runnable {

  private static final Duration BACK_OFF = Duration.ofMillis(100);

  private final String name;
  private final Workload.Source source;
  private final Operations operations;
  private final PreparedTransactions prepared;
  private final Agenda agenda;
  private final Random random;
  private final Duration pause;
  private final ApprovalActs approvals;
  private final NotedActs notes;

  private volatile @Nullable Connection session;
  private volatile @Nullable Exception failure;
  private boolean prepares;
  private long transactions;

  /**
   * @param name unique, and the beginning of its prepared transactions' names
   * @param random makes its choices, whatever becomes of what it chose before
   * @param pause between two acts of its own, on the average
   */
  Client(
      String name,
      Workload.Source source,
      Operations operations,
      PreparedTransactions prepared,
      Agenda agenda,
      Random random,
      Duration pause) {
    this.name = name;
    this.source = source;
    this.operations = operations;
    this.prepared = prepared;
    this.agenda = agenda;
    this.random = random;
    this.pause = pause;
    this.approvals = new ApprovalActs(agenda);
    this.notes = new NotedActs();
  }

  @Override
  public void run() {
    try {
      work();
    } catch (Exception e) {
      failure = e;
    } finally {
      disconnect();
    }
  }

  private void work() throws Exception {
    long next = System.nanoTime();
    while (!agenda.isClosed()) {
      Act act = agenda.next(next);
      if (act == null) {
        act = random.nextInt(100) < 55 ? approvals.create(random) : notes.any(random);
        // Not to be made up for, should it be late.
        next = Math.max(next, System.nanoTime() - pause.toNanos());
        next += (long) (2 * random.nextDouble() * pause.toNanos());
      }
      if (!agenda.isClosed()) {
        perform(act);
      }
    }
  }

  private void perform(Act act) throws SQLException, InterruptedException {
    Transaction transaction = null;
    try {
      Connection session = session();
      String gid = prepares ? name + "-" + ++transactions : null;
      transaction = new Transaction(session, operations, prepared, agenda, gid);
      act.run(transaction);
    } catch (SQLException e) {
      if (!SqlErrors.isPassing(e)) {
        throw e; // the workload's own mistake, or a guard that was violated
      }
      goOn(e);
    } finally {
      if (transaction != null) {
        transaction.abandon();
      }
    }
  }

  private Connection session() throws SQLException {
    Connection existing = session;
    return existing != null ? existing : connect();
  }

  private Connection connect() throws SQLException {
    Connection connected;
    try {
      connected = source.open();
    } catch (SQLException e) {
      throw new SQLException("no session", "08001", e); // whatever the reason is
    }
    session = connected;
    connected.setAutoCommit(true);
    try (Statement statement = connected.createStatement()) {
      statement.execute(
          "SET deadlock_timeout = '20ms'; SET lock_timeout = '2s'; SET statement_timeout = '5s'");
      try (ResultSet most = statement.executeQuery("SHOW max_prepared_transactions")) {
        prepares = most.next() && most.getInt(1) > 0;
      }
    }
    prepared.endPrepared(connected, name + "-");
    connected.setAutoCommit(false);
    return connected;
  }

  /** With the same session if it still answers. */
  private void goOn(SQLException e) throws InterruptedException {
    Connection broken = session;
    try {
      if (broken != null) {
        broken.rollback();
        if (SqlErrors.isAnswer(e)) {
          return;
        }
      }
    } catch (SQLException again) {
      // Then a new session, as below.
    }
    disconnect();
    agenda.rest(BACK_OFF);
  }

  private void disconnect() {
    Connection leaving = session;
    session = null;
    try {
      if (leaving != null) {
        leaving.close();
      }
    } catch (SQLException e) {
      // It was broken, or is now.
    }
  }

  /** Ends a session that does not answer; callable from any thread. */
  void abort() {
    Connection stuck = session;
    try {
      if (stuck != null) {
        stuck.abort(Runnable::run);
      }
    } catch (SQLException e) {
      // It was broken, or is now.
    }
  }

  /** What it did not expect and ended of, or null. */
  @Nullable Exception failure() {
    return failure;
  }
}
