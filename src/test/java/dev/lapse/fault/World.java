package dev.lapse.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lapse.fault.History.OutboxRow;
import dev.lapse.support.EventConsumer.Event;
import dev.lapse.support.LapseProcess;
import dev.lapse.support.OwnPostgres;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A world for faults to happen in: PostgreSQL, Kafka brokers and instances of the service, each a
 * process of its own; proxies between the service and its servers; clients that write and decide,
 * and a consumer, both past the proxies. And one history of it all, for the checker.
 */
final class World implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(World.class);

  static final Duration PATIENCE = Duration.ofMinutes(2);

  /** The least that the settings allow, so that many faults fit in a while. */
  private static final Map<String, String> SETTINGS =
      Map.of(
          "LAPSE_RELAY_SESSION_TIMEOUT", "1500ms",
          "LAPSE_RELAY_TRANSACTION_TIMEOUT", "5s",
          "LAPSE_RELAY_CHECKPOINT_INTERVAL", "1s",
          "LAPSE_RELAY_PAGE_RECORDS", "200",
          "LAPSE_KAFKA_TOPIC_PARTITIONS", "3",
          "LOGGING_LEVEL_DEV_LAPSE_EXPIRATION", "warn");

  private static final String OVERDUE =
      "SELECT count(*) FROM ai_approvals"
          + " WHERE status = 'pending' AND expires_at < now() - interval '1 second'";

  private static final String LAPSES_SOON =
      "SELECT count(*) FROM ai_approvals"
          + " WHERE status = 'pending' AND expires_at < now() + interval '10 minutes'";

  static final String RELAY = "lapse";
  private static final String PREFIX = "w";

  final Random random;
  final KafkaProcesses kafka;
  final TcpProxy database;
  private volatile OwnPostgres postgres;
  private final LapseProcess.Launch launch;
  private final List<LapseProcess> instances = new CopyOnWriteArrayList<>();
  private final Operations operations = new Operations();
  private final Receiver receiver;
  private final long seed;
  private @Nullable Workload workload;
  private int workloads;

  // What the history of a database that lost something has to take into account.
  private final Set<String> mayRepeat = new HashSet<>();
  private final Set<String> lostByTheDatabase = new HashSet<>();
  private final List<OutboxRow> purged = new ArrayList<>();

  private final Set<String> received = new HashSet<>();
  private int receivedUpTo;
  private long mendedAt;
  private @Nullable Duration recovery;

  private World(long seed, KafkaProcesses kafka, OwnPostgres postgres) throws SQLException {
    this.seed = seed;
    this.random = new Random(seed);
    this.kafka = kafka;
    this.postgres = postgres;
    this.database = TcpProxy.postgres(TcpProxy.local(postgres.port()));
    this.launch = launcher();
    this.receiver =
        Receiver.start(kafka.bootstrapDirect(), new HashSet<>(Workload.topics(PREFIX).values()));
  }

  /** Returns when events flow through all of it. */
  static World start(long seed, int brokers, int instances, OwnPostgres postgres) throws Exception {
    World world = new World(seed, KafkaProcesses.start(brokers), postgres);
    try {
      for (int n = 0; n < instances; n++) {
        world.instances.add(world.launch());
      }
      world.resume();
      world.mended();
      world.recover();
      return world;
    } catch (Throwable e) {
      world.close();
      throw e;
    }
  }

  // The service

  private LapseProcess.Launch launcher() {
    return LapseProcess.against(
            postgres.url(database.port()) + "?socketTimeout=20",
            OwnPostgres.USER,
            "",
            kafka.bootstrapProxied())
        .with(SETTINGS)
        .jvm("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"); // to be back sooner
  }

  static String[] arguments() {
    List<String> arguments = new ArrayList<>();
    Workload.topics(PREFIX)
        .forEach((type, topic) -> arguments.add("--lapse.relay.topics." + type + "=" + topic));
    return arguments.toArray(String[]::new);
  }

  private LapseProcess launch() {
    return launch.start(arguments());
  }

  List<LapseProcess> instances() {
    return List.copyOf(instances);
  }

  /** Which instance publishes; it waits for one that does. */
  LapseProcess leader() {
    List<LapseProcess> leading = new ArrayList<>();
    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(
            () -> {
              restartTheDead();
              leading.clear();
              instances.stream().filter(World::leads).forEach(leading::add);
              return !leading.isEmpty();
            });
    return leading.get(0);
  }

  static boolean leads(LapseProcess instance) {
    return instance.isAlive()
        && instance.get("/actuator/health").body().contains("\"leading\":true");
  }

  /** As a supervisor would: whatever is dead is started anew. */
  synchronized void restartTheDead() throws Exception {
    for (int n = 0; n < instances.size(); n++) {
      if (!instances.get(n).isAlive()) {
        instances.get(n).close();
        instances.set(n, launch());
      }
    }
  }

  LapseProcess launchWithClockOffBy(Duration offset) {
    return launcher().clockOffBy(offset).start(arguments());
  }

  void replace(LapseProcess instance, LapseProcess by) throws Exception {
    instances.set(instances.indexOf(instance), by);
    instance.close();
  }

  // The servers

  OwnPostgres postgres() {
    return postgres;
  }

  /** Everybody's connections lead to {@code other} from now on. */
  void moveTo(OwnPostgres other) throws Exception {
    OwnPostgres old = postgres;
    postgres = other;
    database.leadTo(TcpProxy.local(other.port()));
    database.cut();
    old.close();
  }

  Admin admin() {
    return Admin.create(
        Map.of(
            AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG,
            kafka.bootstrapDirect(),
            AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG,
            30_000));
  }

  static String topicOf(String type) {
    return Objects.requireNonNull(Workload.topics(PREFIX).get(type));
  }

  /** A session past the proxies. */
  Connection session() throws SQLException {
    return DriverManager.getConnection(
        postgres.url() + "?connectTimeout=5&socketTimeout=30", OwnPostgres.USER, "");
  }

  // The clients

  void resume() throws SQLException {
    workload = Workload.start(this::session, operations, seed + 1000L * ++workloads, 6, 40);
  }

  /** Clients rest, nothing more is about to lapse, and everything is received. */
  void rest() throws Exception {
    Workload ending = Objects.requireNonNull(workload);
    ending.stop();
    await().atMost(PATIENCE).ignoreExceptions().untilAsserted(ending::resolvePrepared);
    await().atMost(PATIENCE).ignoreExceptions().until(() -> count(LAPSES_SOON) == 0);
    recover();
  }

  /** Lets clients do {@code count} more operations, or as many as a while allows. */
  void hold(int count) throws InterruptedException {
    int until = operations.all().size() + count;
    long deadline = System.nanoTime() + Duration.ofSeconds(5).toNanos();
    CountDownLatch never = new CountDownLatch(1);
    while (operations.all().size() < until && System.nanoTime() < deadline) {
      boolean unused = never.await(50, TimeUnit.MILLISECONDS);
    }
  }

  /** An event of its own, outside of what clients do; returns its id. */
  String note(String key, int number, int size) throws SQLException {
    try (Connection session = session()) {
      return note(session, key, number, size);
    }
  }

  /**
   * @param number of the event in its key's order
   * @param size characters of the payload beside that
   */
  static String note(Connection session, String key, int number, int size) throws SQLException {
    try (PreparedStatement insert =
        session.prepareStatement(
            "INSERT INTO outbox (type, key, payload) VALUES ('Noted', ?,"
                + " json_build_object('number', ?::int, 'text', repeat('x', ?)))"
                + " RETURNING event_id::text")) {
      insert.setString(1, key);
      insert.setInt(2, number);
      insert.setInt(3, size);
      try (ResultSet row = insert.executeQuery()) {
        row.next();
        return row.getString(1);
      }
    }
  }

  // What became of it

  /** From now on the service may recover. */
  void mended() {
    mendedAt = System.nanoTime();
  }

  /** Something is about to break. */
  void notMended() {
    mendedAt = 0;
    recovery = null;
  }

  /**
   * Waits until everything committed by now is received, what is due has lapsed, and the instance
   * that leads is healthy.
   *
   * @return how long that took since the fault was mended, the first time
   */
  Duration recover() throws Exception {
    return recoverBut(Set.of());
  }

  /** The same, except for events that wait. */
  Duration recoverBut(Set<String> waiting) throws Exception {
    long begin = System.nanoTime();
    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(
            () -> {
              Set<String> expected = committed();
              expected.removeAll(waiting);
              return awaitReceived(expected);
            });
    await().atMost(PATIENCE).ignoreExceptions().until(() -> count(OVERDUE) == 0);
    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(
            () -> {
              restartTheDead();
              return instances.stream().anyMatch(this::leadsInHealth);
            });
    if (recovery == null) {
      recovery = Duration.ofNanos(System.nanoTime() - (mendedAt == 0 ? begin : mendedAt));
    }
    return recovery;
  }

  private boolean leadsInHealth(LapseProcess instance) {
    return leads(instance) && instance.get("/actuator/health").statusCode() == 200;
  }

  /** Waits until every instance is up and healthy. */
  void awaitHealth() {
    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(
            () -> instances.stream().allMatch(i -> i.get("/actuator/health").statusCode() == 200));
  }

  private Set<String> committed() {
    return events(
        "SELECT event_id::text FROM outbox WHERE id > (SELECT max(id) FROM outbox) - 20000");
  }

  /** What the database by itself does not know to be published. */
  Set<String> notInTheCheckpoint() {
    return events(
        """
        SELECT event_id::text FROM outbox, relay_checkpoint checkpoint
        WHERE outbox.id > checkpoint.published_id
          OR NOT pg_visible_in_snapshot(outbox.xact_id, checkpoint.snapshot)
        """);
  }

  Set<String> events(String sql) {
    return new HashSet<>(postgres.jdbc().sql(sql).query(String.class).list());
  }

  synchronized boolean awaitReceived(Set<String> events) throws InterruptedException {
    return receiver.await(
        all -> {
          for (; receivedUpTo < all.size(); receivedUpTo++) {
            received.add(all.get(receivedUpTo).id());
          }
          events.removeAll(received);
          return events.isEmpty();
        },
        PATIENCE);
  }

  boolean hasReceived(String event) {
    return received.contains(event);
  }

  long count(String sql) {
    return postgres.count(sql);
  }

  /** Says that these events may come again: the service announced it. */
  void mayRepeat(Set<String> events) {
    mayRepeat.addAll(events);
  }

  /** Says that the database lost these after acknowledging them; they may have been published. */
  void lost(List<String> events) {
    lostByTheDatabase.addAll(events);
  }

  /** Says that these rows are deleted, and were published. */
  void purged(List<OutboxRow> rows) {
    purged.addAll(rows);
  }

  /** Judges everything up to now, while clients rest. */
  Verdict judge() throws Exception {
    awaitHealth();
    assertThat(receiver.awaitEnd(PATIENCE)).as("received to the end").isTrue();
    List<OutboxRow> outbox = new ArrayList<>(purged);
    outbox.addAll(Histories.outbox(postgres.jdbc()));
    Set<String> rows = new HashSet<>();
    outbox.forEach(row -> rows.add(row.eventId()));
    List<Event> events =
        receiver.received().stream()
            .filter(e -> rows.contains(e.id()) || !lostByTheDatabase.contains(e.id()))
            .toList();
    Verdict verdict =
        Checker.judge(
            History.of(operations.all(), Histories.approvals(postgres.jdbc()), outbox, events)
                .mayRepeat(mayRepeat)
                .settledTo(Instant.now().minusSeconds(2)));
    log.info("Judged seed={} {}", seed, verdict.summary());
    return verdict;
  }

  /** What the database alone shows to be wrong. */
  List<String> audit() {
    return purged.isEmpty() ? Audit.findings(postgres.jdbc()) : List.of();
  }

  @Override
  public void close() {
    try {
      if (workload != null) {
        workload.stop();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      receiver.close();
      instances.forEach(LapseProcess::close);
      database.close();
      kafka.close();
      postgres.close();
    }
  }
}
