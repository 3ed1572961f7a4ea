package dev.lapse.bench;

import dev.lapse.support.LapseProcess;
import dev.lapse.support.OwnPostgres;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Real servers, each a process of its own, and the service as a child JVM of the built jar. One
 * stage serves a whole run; a benchmark has databases, topics and relays of its own.
 */
final class Stage implements AutoCloseable {

  static final int PARTITIONS = 6;

  private static final Map<String, String> POSTGRES =
      Map.of(
          "fsync", "on",
          "synchronous_commit", "on",
          "full_page_writes", "on",
          "shared_buffers", "512MB",
          "max_wal_size", "8GB", // no checkpoint comes in the middle of a run
          "checkpoint_timeout", "30min");

  private final Options options;
  private final OwnPostgres postgres;
  private final Broker broker;
  private final Database pristine;
  private final AtomicInteger number = new AtomicInteger();

  private Stage(Options options, OwnPostgres postgres, Broker broker) {
    this.options = options;
    this.postgres = postgres;
    this.broker = broker;
    this.pristine = Database.migrated(postgres, "pristine");
  }

  static Stage set(Options options) throws Exception {
    LapseProcess.prepare();
    OwnPostgres postgres = OwnPostgres.migrated(POSTGRES);
    try {
      Stage stage = new Stage(options, postgres, Broker.start());
      stage.requireDurability();
      return stage;
    } catch (Exception e) {
      postgres.close();
      throw e;
    }
  }

  Options options() {
    return options;
  }

  Broker broker() {
    return broker;
  }

  /** A name that nothing has yet. */
  String name(String stem) {
    return stem + "_" + number.incrementAndGet();
  }

  /** A new one with the product's tables. */
  Database database() {
    return pristine.copy(name("bench"));
  }

  /** A new topic of six partitions. */
  String topic() throws Exception {
    String topic = name("events");
    broker.createTopic(topic, PARTITIONS);
    return topic;
  }

  /**
   * The service, on the heap it is promised to need: 256 MB. Its relay has a name of its own, so it
   * publishes the whole outbox, all of it to {@code topic}.
   */
  Service service(Database database, String topic, String... arguments) {
    return service(name("relay"), database, topic, arguments);
  }

  /** The same, with a name for the relay that the database may know a checkpoint of. */
  Service service(String relay, Database database, String topic, String... arguments) {
    List<String> all = new ArrayList<>(options.arguments());
    all.addAll(List.of(arguments));
    all.add("--lapse.relay.name=" + relay);
    all.add("--lapse.relay.topics.ApprovalExpired=" + topic);
    all.add("--lapse.relay.topics.%s=%s".formatted(Rows.TYPE, topic));
    all.add("--lapse.expiration.storm-guard.enabled=false");
    LapseProcess.Launch launch =
        LapseProcess.against(database.url(), OwnPostgres.USER, "", broker.bootstrapServers())
            .jvm("-XX:TieredStopAtLevel=4", "-XX:+UseSerialGC"); // as where memory is 512 MB
    if (options.recording()) {
      launch.jvm(recording());
    }
    return new Service(launch.start(all.toArray(String[]::new)));
  }

  private String recording() {
    Path file = Report.DIRECTORY.resolve(name("service") + ".jfr").toAbsolutePath();
    return "-XX:StartFlightRecording=settings=profile,dumponexit=true,filename=" + file;
  }

  /** What the servers are and how they are set, for the results. */
  Map<String, Object> servers() {
    Map<String, Object> servers = new TreeMap<>();
    servers.put("postgresql", postgres.jdbc().sql("SELECT version()").query(String.class).single());
    Map<String, String> settings = new TreeMap<>();
    POSTGRES.keySet().forEach(name -> settings.put(name, setting(name)));
    settings.put("data_checksums", setting("data_checksums"));
    servers.put("postgresqlSettings", settings);
    servers.put("kafka", org.apache.kafka.common.utils.AppInfoParser.getVersion());
    servers.put("kafkaJvm", Broker.JVM);
    servers.put("partitions", PARTITIONS);
    servers.put("serviceJvm", "-Xmx256m -XX:+UseSerialGC");
    return servers;
  }

  /** As it is in force, whatever it was set to. */
  private String setting(String name) {
    return postgres.jdbc().sql("SHOW " + name).query(String.class).single();
  }

  /** Without it, commits cost nothing, and no figure of a writer means anything. */
  private void requireDurability() {
    if (!setting("fsync").equals("on") || !setting("synchronous_commit").equals("on")) {
      throw new IllegalStateException(
          "PostgreSQL runs without fsync or synchronous_commit: look at what OwnPostgres sets");
    }
  }

  @Override
  public void close() {
    broker.close();
    postgres.close();
  }
}
