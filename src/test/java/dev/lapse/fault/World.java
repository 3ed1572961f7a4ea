package dev.lapse.fault;

import static org.awaitility.Awaitility.await;

import dev.lapse.support.LapseProcess;
import dev.lapse.support.OwnPostgres;
import dev.lapse.support.Roles;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.jspecify.annotations.Nullable;

/**
 * A world for faults to happen in: PostgreSQL, Kafka brokers and instances of the service, each a
 * process of its own; proxies between the service and its servers; clients that write and decide,
 * and a consumer, both past the proxies. And one history of it all, for the checker.
 */
final class World implements AutoCloseable {

  static final Duration PATIENCE = Duration.ofMinutes(2);

  static final String RELAY = "lapse";
  private static final Map<String, String> TOPICS = Workload.topics("w");

  /** The least that the settings allow, so that many faults fit in a while. */
  private static final Map<String, String> SETTINGS =
      Map.of(
          "LAPSE_RELAY_SESSION_TIMEOUT", "1500ms",
          "LAPSE_RELAY_TRANSACTION_TIMEOUT", "5s",
          "LAPSE_RELAY_CHECKPOINT_INTERVAL", "1s",
          "LAPSE_RELAY_PAGE_RECORDS", "200",
          "LAPSE_KAFKA_TOPIC_PARTITIONS", "3",
          "LOGGING_LEVEL_DEV_LAPSE_EXPIRATION", "warn",
          "LOGGING_LEVEL_DEV_LAPSE_DEADLINE", "warn");

  private static final int CLIENTS = 6;
  private static final int PER_SECOND = 40;

  /** What has to be done until then. */
  private static final String DUE =
      """
      SELECT (SELECT count(*) FROM ai_approvals
              WHERE status = 'pending' AND expires_at < now() + interval '%1$s')
           + (SELECT count(*) FROM next_step WHERE fire_at < now() + interval '%1$s')
      """;

  final Random random;
  final KafkaProcesses kafka;
  final TcpProxy database;
  final Instances instances;
  final Chronicle chronicle;
  private final long seed;
  private volatile OwnPostgres postgres;
  private @Nullable Workload workload;
  private int workloads;
  private long mendedAt;
  private @Nullable Duration recovery;

  private World(long seed, KafkaProcesses kafka, OwnPostgres postgres) {
    this.seed = seed;
    this.random = new Random(seed);
    this.kafka = kafka;
    this.postgres = postgres;
    this.database = TcpProxy.postgres(TcpProxy.local(postgres.port()));
    this.chronicle =
        new Chronicle(Receiver.start(kafka.bootstrapDirect(), new HashSet<>(TOPICS.values())));
    String url = postgres.url(database.port()) + "?socketTimeout=20";
    this.instances =
        new Instances(
            () ->
                LapseProcess.against(url, Roles.SERVICE, Roles.PASSWORD, kafka.bootstrapProxied())
                    .with(SETTINGS)
                    .jvm("-XX:+UseSerialGC"), // to be back sooner
            arguments());
  }

  private static String[] arguments() {
    Map<String, String> settings = new TreeMap<>(Workload.SETTINGS);
    TOPICS.forEach((type, topic) -> settings.put("lapse.relay.topics." + type, topic));
    return settings.entrySet().stream()
        .map(setting -> "--%s=%s".formatted(setting.getKey(), setting.getValue()))
        .toArray(String[]::new);
  }

  /** Returns when events flow through all of it. */
  static World start(long seed, int brokers, int instances, OwnPostgres postgres) throws Exception {
    try (Connection owner = postgres.owner()) {
      Workload.optIn(owner);
    }
    World world = new World(seed, KafkaProcesses.start(brokers), postgres);
    try {
      world.instances.start(instances);
      world.resume();
      world.recover();
      return world;
    } catch (Throwable e) {
      world.close();
      throw e;
    }
  }

  static String topicOf(String type) {
    return Objects.requireNonNull(TOPICS.get(type));
  }

  OwnPostgres postgres() {
    return postgres;
  }

  /** Everybody's connections lead to {@code other} from now on. */
  void moveTo(OwnPostgres other) {
    OwnPostgres old = postgres;
    postgres = other;
    database.leadTo(TcpProxy.local(other.port()));
    database.cut();
    old.close();
  }

  /** Past the proxies. */
  Admin admin() {
    return Admin.create(
        Map.of(
            AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG,
            kafka.bootstrapDirect(),
            AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG,
            30_000));
  }

  /** A session past the proxies. */
  Connection session() throws SQLException {
    return DriverManager.getConnection(
        postgres.url() + "?connectTimeout=5&socketTimeout=30", OwnPostgres.USER, "");
  }

  long count(String sql) {
    return postgres.count(sql);
  }

  Set<String> events(String sql) {
    return events(postgres, sql);
  }

  private static Set<String> events(OwnPostgres postgres, String sql) {
    return new HashSet<>(postgres.jdbc().sql(sql).query(String.class).list());
  }

  /** What {@code postgres} by itself does not know to be published. */
  static Set<String> notInTheCheckpoint(OwnPostgres postgres) {
    return events(
        postgres,
        """
        SELECT event_id::text FROM outbox, relay_checkpoint checkpoint
        WHERE outbox.id > checkpoint.published_id
          OR NOT pg_visible_in_snapshot(outbox.xact_id, checkpoint.snapshot)
        """);
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

  /** Clients begin to write and decide. */
  void resume() throws SQLException {
    workload =
        Workload.start(
            this::session, chronicle.operations, seed + 1000L * ++workloads, CLIENTS, PER_SECOND);
  }

  /** Clients rest, nothing more is about to lapse, and everything is received. */
  void rest() throws Exception {
    Workload ending = Objects.requireNonNull(workload);
    ending.stop();
    await().atMost(PATIENCE).ignoreExceptions().untilAsserted(ending::resolvePrepared);
    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(() -> count(DUE.formatted("10 minutes")) == 0);
    recover();
  }

  /** Lets clients do {@code count} more operations, or as many as a while allows. */
  void hold(int count) throws InterruptedException {
    int until = chronicle.operations.entries() + 2 * count; // invoked and answered
    long deadline = System.nanoTime() + Duration.ofSeconds(5).toNanos();
    CountDownLatch never = new CountDownLatch(1);
    while (chronicle.operations.entries() < until && System.nanoTime() < deadline) {
      boolean unused = never.await(50, TimeUnit.MILLISECONDS);
    }
  }

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
  Duration recover() {
    return recoverBut(Set.of());
  }

  /** The same, except for events that wait. */
  Duration recoverBut(Set<String> waiting) {
    long begin = mendedAt == 0 ? System.nanoTime() : mendedAt;
    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(
            () -> {
              Set<String> expected = committed();
              expected.removeAll(waiting);
              return chronicle.awaitReceived(expected);
            });
    await().atMost(PATIENCE).ignoreExceptions().until(() -> count(DUE.formatted("-1 second")) == 0);
    instances.awaitHealthyLeader();
    if (recovery == null) {
      recovery = Duration.ofNanos(System.nanoTime() - begin);
    }
    return recovery;
  }

  /** Those long received are left out: the database may hold a million. */
  private Set<String> committed() {
    return events(
        "SELECT event_id::text FROM outbox WHERE id > (SELECT max(id) FROM outbox) - 20000");
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
      chronicle.close();
      instances.close();
      database.close();
      kafka.close();
      postgres.close();
    }
  }
}
