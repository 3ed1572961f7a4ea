package dev.lapse.fault;

import dev.lapse.approvals.OptIn;
import dev.lapse.approvals.OptInFixture;
import dev.lapse.deadline.DeadlinesForTests;
import dev.lapse.decision.OptIns;
import dev.lapse.fault.Operations.Kind;
import dev.lapse.support.Roles;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;

/**
 * Clients that create approvals, decide and move them close to their deadlines and to their steps,
 * as the documents tell approvers, and note events on shared keys, each with events in the same
 * transaction; through deadlocks, time-outs and outages of the database.
 *
 * <p>What they choose is a function of the seed; what the scheduler makes of it is not. Every event
 * carries its place in its key's order, for {@link Checker} to go by.
 */
public final class Workload {

  /** Where clients get their sessions; to be closed by them. */
  @FunctionalInterface
  public interface Source {

    /**
     * May throw while the database is away. A session should have a {@code socketTimeout}, or one
     * that is cut off silently keeps its client waiting until {@link Workload#stop()}.
     */
    Connection open() throws SQLException;
  }

  /** Of a deadline that no test waits for. */
  static final Duration FAR = Duration.ofDays(30);

  /**
   * What is due in seconds has passed two steps when it is created and comes to two more; what is
   * due {@link #FAR} away comes to the first after two seconds.
   */
  static final List<String> LADDER =
      List.of("2591998s:remind", "3s:remind", "40%:remind", "80%:escalate");

  /** Those of the service that the clients and the checker count on. */
  static final Map<String, String> SETTINGS =
      Map.of(
          "lapse.ladder", String.join(",", LADDER),
          "lapse.approvals.columns.created-at", "created_at",
          "lapse.deadlines.moves", "true",
          "lapse.decisions.enabled", "true",
          "lapse.events.decided", "true",
          "lapse.events.requested", "true");

  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private final Source source;
  private final String name = "workload-" + UUID.randomUUID();
  private final Agenda agenda = new Agenda();
  private final PreparedTransactions prepared;
  private final List<Client> clients = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();

  private Workload(Source source, Operations operations) {
    this.source = source;
    this.prepared = new PreparedTransactions(operations);
  }

  /**
   * Starts the clients. The database must be there for that moment.
   *
   * @param operations records what they do and are told
   * @param seed makes their choices, the approvals' ids among them: another one for each workload
   *     of a database
   * @param perSecond transactions that all clients begin of their own accord, beside the decisions
   *     that follow from them
   */
  public static Workload start(
      Source source, Operations operations, long seed, int clients, int perSecond)
      throws SQLException {
    Workload workload = new Workload(source, operations);
    workload.createCounters();
    Duration pause = Duration.ofSeconds(clients).dividedBy(perSecond);
    for (int n = 0; n < clients; n++) {
      Client client =
          new Client(
              workload.name + "-" + n,
              source,
              operations,
              workload.prepared,
              workload.agenda,
              new Random(seed + n),
              pause);
      workload.clients.add(client);
      workload.threads.add(new Thread(client, "client-" + n));
    }
    workload.threads.forEach(Thread::start);
    return workload;
  }

  /**
   * A topic for each event type of the workload and the product. Those of approvals share one, for
   * only within a topic consumers see an order.
   */
  public static Map<String, String> topics(String prefix) {
    Map<String, String> topics = new TreeMap<>();
    topics.put("Noted", prefix + ".noted");
    for (Kind kind : Kind.values()) {
      topics.put(kind.eventType(), prefix + ".approvals");
      if (kind.notice() != null) {
        topics.put(kind.notice(), prefix + ".approvals");
      }
    }
    Reminder.TYPES.forEach(type -> topics.put(type, prefix + ".approvals"));
    return topics;
  }

  /** Gives the standard table what {@link #SETTINGS} ask for, as migrating does. */
  static void optIn(Connection owner) throws SQLException {
    List<OptIn> optIns = new ArrayList<>(List.of(OptIns.all()));
    optIns.add(DeadlinesForTests.ladder(LADDER));
    optIns.add(DeadlinesForTests.moves());
    OptInFixture.apply(
        owner, Map.of("columns.created-at", "created_at"), optIns.toArray(OptIn[]::new));
    try (Statement statement = owner.createStatement()) {
      statement.execute("GRANT SELECT (created_at) ON ai_approvals TO " + Roles.SERVICE);
    }
  }

  private void createCounters() throws SQLException {
    try (Connection session = source.open();
        Statement statement = session.createStatement()) {
      statement.execute(
          "CREATE TABLE IF NOT EXISTS workload_counter"
              + " (key text PRIMARY KEY, number bigint NOT NULL)");
      try (PreparedStatement insert =
          session.prepareStatement(
              "INSERT INTO workload_counter VALUES (?, 0) ON CONFLICT DO NOTHING")) {
        for (String key : NotedActs.keys().toList()) {
          insert.setString(1, key);
          insert.executeUpdate();
        }
      }
    }
  }

  /**
   * Returns when every client has ended. A client whose session does not answer loses it, and what
   * it was waiting for stays unknown.
   *
   * @throws IllegalStateException if a client ended by itself, of an error that no fault explains
   */
  public void stop() throws InterruptedException {
    agenda.close();
    join();
    clients.forEach(Client::abort);
    join();
    for (int n = 0; n < clients.size(); n++) {
      Exception failure = clients.get(n).failure();
      if (failure != null || threads.get(n).isAlive()) {
        throw new IllegalStateException("client " + n + " did not end as it should", failure);
      }
    }
  }

  private void join() throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    for (Thread thread : threads) {
      thread.join(Math.max(1, Duration.ofNanos(deadline - System.nanoTime()).toMillis()));
    }
  }

  /**
   * Ends what crashes have left prepared, as its client had decided, and answers its operations. To
   * be called when the workload has stopped and the database is well.
   */
  public void resolvePrepared() throws SQLException {
    try (Connection session = source.open()) {
      session.setAutoCommit(true);
      prepared.endAll(session);
      try (PreparedStatement left =
          session.prepareStatement("SELECT gid FROM pg_prepared_xacts WHERE starts_with(gid, ?)")) {
        left.setString(1, name);
        try (ResultSet gid = left.executeQuery()) {
          if (gid.next()) {
            throw new IllegalStateException("still prepared: " + gid.getString(1));
          }
        }
      }
    }
  }
}
