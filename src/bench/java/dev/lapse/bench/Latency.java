package dev.lapse.bench;

import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * How soon consumers have what somebody else committed: from the return of his commit to the return
 * of the consumer's poll, with 200 events a second, each a transaction of its own.
 */
@SuppressWarnings("try") // what runs beside is used by running
final class Latency implements Benchmark {

  static final int PER_SECOND = 200;

  /** Before what is measured. */
  static final int WARM_UP = 5 * PER_SECOND;

  private static final Duration CLASSIC_POLL_INTERVAL = Duration.ofMillis(10);

  private static final String INSERT =
      "INSERT INTO %s (type, key, payload) VALUES ('" + Rows.TYPE + "', ?, ?::json)";

  private static final String PAYLOAD = "{\"padding\":\"" + "x".repeat(340) + "\"}";

  @Override
  public void run(Stage stage, Findings findings) throws Exception {
    Phase lapse = null;
    Phase classic = null;
    for (int i = 0; i < stage.options().repeats(); i++) {
      lapse = lapse(stage);
      classic = classic(stage);
      lapse.report(findings, "Lapse");
      classic.report(findings, "classic relay");
      findings.add("p50 to classic relay", "ratio", lapse.p50() / classic.p50());
      findings.add("broker's CPU to classic relay", "ratio", lapse.cpu / classic.cpu);
    }
    if (lapse != null && classic != null) {
      findings.plot(
          Delays.plot(
              "latency",
              "From commit to consumer, 200 events/s (last run)",
              lapse.delays().curve("Lapse"),
              classic.delays().curve("classic relay, every 10 ms")));
    }
    findings.expect("Lapse p50", Target.atMost(5));
    findings.expect("Lapse p99", Target.atMost(15));
    findings.expect("broker's CPU to classic relay", Target.atMost(1.5));
  }

  private static Phase lapse(Stage stage) throws Exception {
    String topic = stage.topic();
    Phase phase = new Phase(stage);
    try (Database database = stage.database();
        Receiver receiver = Receiver.of(stage, topic, phase::received);
        Service service = stage.service(database, topic)) {
      phase.write(database, "outbox", receiver, service);
      return phase;
    }
  }

  private static Phase classic(Stage stage) throws Exception {
    String topic = stage.topic();
    Phase phase = new Phase(stage);
    try (Database database = stage.database()) {
      ClassicRelay.createTable(database);
      try (Receiver receiver = Receiver.of(stage, topic, phase::received);
          ClassicRelay relay =
              new ClassicRelay(database, stage.broker().bootstrapServers(), topic);
          Every polls = new Every(CLASSIC_POLL_INTERVAL, relay::runOnce)) {
        phase.write(database, "classic_outbox", receiver, null);
        return phase;
      }
    }
  }

  /** One run of events, and when each was committed and received. */
  private static final class Phase {

    private final Stage stage;
    private final long[] committed;
    private final long[] received;
    private double cpu;
    private double serviceCpu;
    private double databaseCpu;

    Phase(Stage stage) {
      this.stage = stage;
      int measured = PER_SECOND * (int) stage.options().duration().toSeconds();
      this.committed = new long[WARM_UP + measured];
      this.received = new long[WARM_UP + measured];
    }

    void received(ConsumerRecord<byte[], byte[]> event, long at) {
      received[Integer.parseInt(new String(event.key(), StandardCharsets.UTF_8))] = at;
    }

    /** Writes all events at their pace, and returns when they have come. */
    void write(Database database, String table, Receiver receiver, @Nullable Service service)
        throws SQLException, InterruptedException {
      Cpu broker = Cpu.of(stage.broker().pid());
      Cpu own = broker;
      Cpu sessions = broker;
      try (Connection connection = database.connect();
          PreparedStatement insert = connection.prepareStatement(INSERT.formatted(table))) {
        insert(insert, 0);
        receiver.await(1); // whoever publishes is up
        Pace pace = new Pace(PER_SECOND);
        for (int n = 1; n < committed.length; n++) {
          var unused = pace.await(n);
          if (n == WARM_UP) {
            broker = Cpu.of(stage.broker().pid());
            own = service == null ? broker : Cpu.of(service.pid());
            sessions = service == null ? broker : Cpu.of(database.serviceSessions());
          }
          insert(insert, n);
        }
      }
      double seconds = stage.options().duration().toSeconds();
      cpu = broker.seconds() / seconds;
      serviceCpu = service == null ? 0 : own.seconds() / seconds;
      databaseCpu = service == null ? 0 : sessions.seconds() / seconds;
      receiver.await(committed.length);
    }

    private void insert(PreparedStatement insert, int n) throws SQLException {
      insert.setString(1, Integer.toString(n));
      insert.setString(2, PAYLOAD);
      insert.executeUpdate(); // commits
      committed[n] = System.nanoTime();
    }

    Delays delays() {
      long[] delays = new long[committed.length - WARM_UP];
      for (int i = 0; i < delays.length; i++) {
        delays[i] = received[WARM_UP + i] - committed[WARM_UP + i];
      }
      return new Delays(delays);
    }

    double p50() {
      return delays().within(0.5);
    }

    void report(Findings findings, String whose) {
      delays().addTo(findings, whose);
      findings.add(whose + ": broker's CPU", "% of a processor", cpu * 100);
      if (serviceCpu > 0) {
        findings.add(whose + ": its own CPU", "% of a processor", serviceCpu * 100);
        findings.add(whose + ": its sessions' CPU", "% of a processor", databaseCpu * 100);
      }
    }
  }
}
