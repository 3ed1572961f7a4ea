package dev.lapse.bench;

import java.util.List;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * How fast a backlog drains: from rows that are committed to a live consumer. In front of what is
 * measured lies a warm-up of three times as many rows, and 50,000 at the least, for subject and
 * controls alike: a service that was just started, and a broker that has seen no transaction yet,
 * have their compilers take a quarter of two processors for half a minute.
 */
final class Drain implements Benchmark {

  /** The classic relay drains no more: its rate shows with fewer, and it is slow. */
  private static final int MOST_OF_CLASSIC = 200_000;

  @Override
  public void run(Stage stage, Findings findings) throws Exception {
    int rows = stage.options().rows();
    int warmUp = warmUp(rows);
    int classic = Math.min(rows, MOST_OF_CLASSIC);
    try (Database database = stage.database()) {
      Rows.append(database, warmUp + rows);
      database.settle();
      plain(stage, database, new Findings("warm-up of the broker"), rows, true);
      for (int i = 0; i < stage.options().repeats(); i++) {
        double lapse = lapse(stage, database, findings, warmUp, rows);
        double plain = plain(stage, database, findings, rows, false);
        double transactional = plain(stage, database, findings, rows, true);
        double read = PlainReader.rate(database, warmUp);
        findings.add("reading alone", "rows/s", read);
        double marking = classic(stage, database, findings, classic);
        findings.add("to plain producer", "ratio", lapse / plain);
        findings.add("to plain producer in transactions", "ratio", lapse / transactional);
        findings.add("to reading alone", "ratio", lapse / read);
        findings.add("to classic relay", "ratio", lapse / marking);
      }
      double touched =
          database.number(
              """
              SELECT n_tup_upd + n_tup_del + n_dead_tup FROM pg_stat_user_tables
              WHERE relname = 'outbox'
              """);
      findings.add("outbox rows changed or dead", "rows", touched);
    }
    findings.expect("to plain producer", Target.atLeast(0.65));
    findings.expect("to classic relay", Target.atLeast(5));
    findings.expect("WAL of Lapse", Target.atMost(1));
    findings.expect("outbox rows changed or dead", Target.atMost(0));
    findings.note("The classic relay drained %,d rows.".formatted(classic));
  }

  private static int warmUp(int rows) {
    return Math.max(3 * rows, 50_000);
  }

  private static double lapse(
      Stage stage, Database database, Findings findings, int warmUp, int rows) throws Exception {
    String topic = stage.topic();
    try (Receiver receiver = Receiver.of(stage, topic);
        Service service = stage.service(database, topic)) {
      Receiver.Mark begin = receiver.await(warmUp);
      findings.add(
          "Lapse, just started", "events/s", receiver.await(rows).rateSince(receiver.await(1)));
      double wal = Wal.written(database);
      Cpu own = Cpu.of(service.pid());
      Cpu sessions = Cpu.of(database.serviceSessions());
      Cpu broker = Cpu.of(stage.broker().pid());
      Receiver.Mark end = receiver.await(warmUp + rows);
      findings.add("CPU of Lapse", "µs/event", own.microsecondsEach(rows));
      findings.add("CPU of its database sessions", "µs/event", sessions.microsecondsEach(rows));
      findings.add("CPU of the broker", "µs/event", broker.microsecondsEach(rows));
      findings.add("WAL of Lapse", "B/event", (Wal.written(database) - wal) / rows);
      findings.add("memory of Lapse at most", "MB", service.peakMemory());
      return findings.add("Lapse", "events/s", end.rateSince(begin));
    } finally {
      stage.broker().deleteTopic(topic);
    }
  }

  private static double plain(
      Stage stage, Database database, Findings findings, int rows, boolean transactional)
      throws Exception {
    String name = transactional ? "plain producer in transactions" : "plain producer";
    String topic = stage.topic();
    String bootstrapServers = stage.broker().bootstrapServers();
    int warmUp = warmUp(rows);
    List<ProducerRecord<byte[], byte[]>> records = PlainProducer.load(database, topic);
    try (Receiver receiver = Receiver.of(stage, topic)) {
      Cpu broker = Cpu.of(stage.broker().pid());
      if (transactional) {
        PlainProducer.sendInTransactions(bootstrapServers, records, warmUp + rows);
      } else {
        PlainProducer.send(bootstrapServers, records, warmUp + rows);
      }
      Receiver.Mark end = receiver.await(warmUp + rows);
      findings.add(
          name + ": CPU of the broker", "µs/event", broker.microsecondsEach(warmUp + rows));
      return findings.add(name, "events/s", end.rateSince(receiver.await(warmUp)));
    } finally {
      stage.broker().deleteTopic(topic);
    }
  }

  private static double classic(Stage stage, Database database, Findings findings, int rows)
      throws Exception {
    String topic = stage.topic();
    int warmUp = warmUp(rows);
    ClassicRelay.createTable(database);
    ClassicRelay.copy(database, warmUp + rows);
    try (Receiver receiver = Receiver.of(stage, topic);
        ClassicRelay relay = new ClassicRelay(database, stage.broker().bootstrapServers(), topic)) {
      double wal = Wal.written(database);
      while (relay.runOnce() > 0) {
        // goes on to the end
      }
      wal = Wal.written(database) - wal;
      findings.add("WAL of classic relay", "B/event", wal / (warmUp + rows));
      Receiver.Mark end = receiver.await(warmUp + rows);
      return findings.add("classic relay", "events/s", end.rateSince(receiver.await(warmUp)));
    } finally {
      database.execute("DROP TABLE classic_outbox");
      stage.broker().deleteTopic(topic);
    }
  }
}
