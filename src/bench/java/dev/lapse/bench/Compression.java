package dev.lapse.bench;

import java.util.List;

/**
 * What compressing events is worth: how fast a backlog drains, what it costs whom, and the bytes of
 * an event, by the size of transactions. The events are those of an expiry run, with a few
 * attributes: other than padding, they hold what does not compress.
 */
@SuppressWarnings("try") // the service is used by running
final class Compression implements Benchmark {

  private static final List<String> CODECS = List.of("none", "lz4", "zstd", "snappy", "gzip");

  /** Events of a transaction, apart from whole pages. */
  private static final List<Integer> SMALL = List.of(1, 10);

  private static final int SMALL_ROWS = 3_000;

  private static final String EVENTS =
      """
      INSERT INTO outbox (type, key, payload)
      SELECT '%s', id, json_build_object(
               'approvalId', id, 'previousStatus', 'pending', 'status', 'expired', 'version', 2,
               'expiresAt', to_char(now() + n * interval '1 ms', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
               'expiredAt', to_char(now() + n * interval '1.1 ms', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
               'attributes', json_build_object('tenantId', md5((n %% 500)::text),
                 'requestedBy', 'user-' || n %% 9973, 'action', 'transfer ' || md5(n::text)))
      FROM (SELECT n, gen_random_uuid()::text AS id FROM generate_series(1, %d) n) row
      """;

  @Override
  public void run(Stage stage, Findings findings) throws Exception {
    int rows = stage.options().rows();
    int warmUp = rows;
    try (Database database = stage.database();
        Database small = stage.database()) {
      database.execute(EVENTS.formatted(Rows.TYPE, warmUp + rows));
      database.settle();
      small.execute(EVENTS.formatted(Rows.TYPE, SMALL_ROWS));
      drain(stage, database, new Findings("warm-up of the broker"), "none", warmUp, rows);
      for (int i = 0; i < stage.options().repeats(); i++) {
        double none = 0;
        for (String codec : CODECS) {
          double rate = drain(stage, database, findings, codec, warmUp, rows);
          none = codec.equals("none") ? rate : none;
          findings.add(codec + ": to none", "ratio", rate / none);
        }
      }
      for (String codec : CODECS) {
        for (int size : SMALL) {
          bytes(stage, small, findings, codec, size);
        }
      }
    }
  }

  private static double drain(
      Stage stage, Database database, Findings findings, String codec, int warmUp, int rows)
      throws Exception {
    String topic = stage.topic();
    try (Receiver receiver = Receiver.of(stage, topic);
        Service service = stage.service(database, topic, setting(codec))) {
      Receiver.Mark begin = receiver.await(warmUp);
      Cpu own = Cpu.of(service.pid());
      Cpu broker = Cpu.of(stage.broker().pid());
      double consumer = receiver.cpuSeconds();
      Receiver.Mark end = receiver.await(warmUp + rows);
      findings.add(codec + ": CPU of Lapse", "µs/event", own.microsecondsEach(rows));
      findings.add(codec + ": CPU of the broker", "µs/event", broker.microsecondsEach(rows));
      findings.add(
          codec + ": CPU of the consumer",
          "µs/event",
          (receiver.cpuSeconds() - consumer) * 1e6 / rows);
      findings.add(
          codec + ": in pages", "B/event", (double) stage.broker().bytes(topic) / (warmUp + rows));
      return findings.add(codec, "events/s", end.rateSince(begin));
    } finally {
      stage.broker().deleteTopic(topic);
    }
  }

  private static void bytes(
      Stage stage, Database database, Findings findings, String codec, int size) throws Exception {
    String topic = stage.topic();
    try (Receiver receiver = Receiver.of(stage, topic);
        Service service =
            stage.service(database, topic, setting(codec), "--lapse.relay.page-records=" + size)) {
      receiver.await(SMALL_ROWS);
      findings.add(
          "%s: %d in a transaction".formatted(codec, size),
          "B/event",
          (double) stage.broker().bytes(topic) / SMALL_ROWS);
    } finally {
      stage.broker().deleteTopic(topic);
    }
  }

  private static String setting(String codec) {
    return "--lapse.kafka.compression=" + codec;
  }
}
