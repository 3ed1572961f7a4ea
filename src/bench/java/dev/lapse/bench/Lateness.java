package dev.lapse.bench;

import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * How soon after its deadline consumers know that an approval has lapsed, with 200 deadlines a
 * second. The database and the consumer share one clock.
 */
@SuppressWarnings("try") // what runs beside is used by running
final class Lateness implements Benchmark {

  private static final Duration CRON_INTERVAL = Duration.ofSeconds(1);
  private static final Duration CLASSIC_POLL_INTERVAL = Duration.ofMillis(10);

  /** The first deadline comes when all of them are written. */
  private static final String INSERT =
      """
      INSERT INTO ai_approvals (requested_by, action, expires_at)
      SELECT 'agent', 'deploy', clock.at + interval '4 seconds' + n * interval '1 second' / ?
      FROM (SELECT clock_timestamp() AS at OFFSET 0) clock, generate_series(1, ?) n
      RETURNING id::text, extract(epoch FROM expires_at) * 1000000
      """;

  private static final String CRON =
      """
      WITH expired AS (
        UPDATE ai_approvals SET status = 'expired', version = version + 1, executed_at = now()
        WHERE status = 'pending' AND expires_at < now()
        RETURNING id, version
      )
      INSERT INTO classic_outbox (type, key, payload)
      SELECT 'ApprovalExpired', id, json_build_object('approvalId', id, 'version', version)
      FROM expired
      """;

  @Override
  public void run(Stage stage, Findings findings) throws Exception {
    Phase lapse = new Phase(stage);
    Phase cron = new Phase(stage);
    for (int i = 0; i < stage.options().repeats(); i++) {
      lapse = new Phase(stage);
      lapse(stage, lapse);
      cron = new Phase(stage);
      cron(stage, cron);
      lapse.delays().addTo(findings, "Lapse");
      cron.delays().addTo(findings, "cron");
      findings.add("p50 to cron", "ratio", lapse.delays().within(0.5) / cron.delays().within(0.5));
    }
    findings.plot(
        Delays.plot(
            "lateness",
            "From deadline to consumer, 200 deadlines/s (last run)",
            lapse.delays().curve("Lapse"),
            cron.delays().curve("cron every second, classic relay every 10 ms")));
    findings.expect("Lapse p50", Target.atMost(15));
    findings.expect("Lapse p99", Target.atMost(50));
  }

  private static void lapse(Stage stage, Phase phase) throws Exception {
    String topic = stage.topic();
    try (Database database = stage.database();
        Receiver receiver = Receiver.of(stage, topic, phase::received);
        Service service = stage.service(database, topic)) {
      phase.await(database, receiver);
    }
  }

  private static void cron(Stage stage, Phase phase) throws Exception {
    String topic = stage.topic();
    try (Database database = stage.database()) {
      ClassicRelay.createTable(database);
      try (Receiver receiver = Receiver.of(stage, topic, phase::received);
          ClassicRelay relay =
              new ClassicRelay(database, stage.broker().bootstrapServers(), topic);
          Connection session = database.connect();
          PreparedStatement cron = session.prepareStatement(CRON);
          Every sweeps = new Every(CRON_INTERVAL, cron::executeUpdate);
          Every polls = new Every(CLASSIC_POLL_INTERVAL, relay::runOnce)) {
        phase.await(database, receiver);
      }
    }
  }

  /** One run of deadlines, and when consumers knew of each. */
  private static final class Phase {

    private final int measured;
    private final Map<String, Long> deadlines = new ConcurrentHashMap<>();
    private final Map<String, Long> received = new ConcurrentHashMap<>();

    /** What has to be added to {@link System#nanoTime()} for nanoseconds since 1970. */
    private final long epoch =
        ChronoUnit.NANOS.between(Instant.EPOCH, Instant.now()) - System.nanoTime();

    Phase(Stage stage) {
      this.measured = Latency.PER_SECOND * (int) stage.options().duration().toSeconds();
    }

    void received(ConsumerRecord<byte[], byte[]> event, long at) {
      received.put(new String(event.key(), StandardCharsets.UTF_8), at + epoch);
    }

    /** Writes approvals, and returns when all have expired and come. */
    void await(Database database, Receiver receiver) throws SQLException, InterruptedException {
      database.execute(
          "INSERT INTO ai_approvals (requested_by, action, expires_at)"
              + " VALUES ('agent', 'deploy', now())");
      receiver.await(1); // whoever expires and publishes is up
      int count = Latency.WARM_UP + measured;
      try (Connection connection = database.connect();
          PreparedStatement insert = connection.prepareStatement(INSERT)) {
        insert.setInt(1, Latency.PER_SECOND);
        insert.setInt(2, count);
        try (ResultSet row = insert.executeQuery()) {
          for (int n = 0; row.next(); n++) {
            if (n >= Latency.WARM_UP) {
              deadlines.put(row.getString(1), row.getLong(2) * 1000);
            }
          }
        }
      }
      receiver.await(1 + count);
    }

    Delays delays() {
      return new Delays(
          deadlines.entrySet().stream()
              .mapToLong(entry -> received.getOrDefault(entry.getKey(), 0L) - entry.getValue())
              .toArray());
    }
  }
}
