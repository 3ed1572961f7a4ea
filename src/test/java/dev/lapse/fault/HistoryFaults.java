package dev.lapse.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lapse.support.Leftovers;
import dev.lapse.support.OwnPostgres;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

/**
 * What gives PostgreSQL another history than the one that the service has seen: acknowledged
 * transactions are gone, and ids and transaction ids are issued anew.
 */
final class HistoryFaults {

  private static final List<String> TABLES =
      List.of(
          "ai_approvals",
          "outbox_identity",
          "outbox",
          "relay_checkpoint",
          "dead_letter",
          "next_step",
          "deadline_move",
          "late_decision",
          "extension",
          "workload_counter");

  private static final List<String> SEQUENCES =
      List.of("outbox_id_seq", "deadline_move_id_seq", "late_decision_id_seq");

  private HistoryFaults() {}

  static List<Fault> all() {
    return List.of(
        Fault.quiet("failover to a replica that lost the tail", HistoryFaults::failOver),
        Fault.quiet("database files gone back in time", HistoryFaults::goBackInTime),
        Fault.quiet("database restored from a dump in a new cluster", HistoryFaults::restore),
        Fault.quiet("asynchronous commits, then a crash", HistoryFaults::loseAsynchronousCommits));
  }

  private static void failOver(World world) throws Exception {
    OwnPostgres primary = world.postgres();
    OwnPostgres standby = primary.copyWhileStopped();
    try (TcpProxy stream = TcpProxy.raw(TcpProxy.local(primary.port()))) {
      standby.startAsStandbyOf(stream.port());
      String seen = notes(world, "seen", 1).get(0);
      await()
          .atMost(World.PATIENCE)
          .ignoreExceptions()
          .until(() -> standby.eventIds().contains(seen));
      stream.refuse();
      loseWhatIsWrittenNow(world);
      standby.promote();
    }
    moveTo(world, standby);
  }

  private static void goBackInTime(World world) throws Exception {
    OwnPostgres copy = world.postgres().copyWhileStopped();
    loseWhatIsWrittenNow(world);
    copy.start();
    moveTo(world, copy);
  }

  /** Published, and then gone: the one thing that nobody can take back. */
  private static void loseWhatIsWrittenNow(World world) throws Exception {
    List<String> lost = notes(world, "lost", 1 + world.random.nextInt(50));
    world.chronicle.lost(lost);
    if (world.random.nextInt(4) > 0) {
      assertThat(world.chronicle.awaitReceived(lost)).isTrue();
    }
  }

  /** What its own checkpoint does not cover may come again. */
  private static void moveTo(World world, OwnPostgres other) throws Exception {
    // Before anybody goes on there, and writes the next checkpoint.
    world.chronicle.mayRepeat(World.notInTheCheckpoint(other));
    world.moveTo(other);
    world.mended();
    notes(world, "new", 1 + world.random.nextInt(100));
  }

  /** As pg_dump and pg_restore do it: every row under one snapshot, and the sequence set. */
  private static void restore(World world) throws Exception {
    OwnPostgres restored = OwnPostgres.migratedElsewhere(world.postgres().origin());
    try (Connection from = world.session();
        Connection to = restored.dataSource().getConnection();
        Statement create = to.createStatement()) {
      from.setAutoCommit(false);
      from.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      create.execute("DELETE FROM outbox_identity");
      create.execute("CREATE TABLE workload_counter (key text PRIMARY KEY, number bigint)");
      for (String table : TABLES) {
        copy(table, from, to);
      }
    }
    for (String sequence : SEQUENCES) {
      long last = world.count("SELECT last_value FROM " + sequence);
      restored.execute("SELECT setval('%s', %d)".formatted(sequence, last));
    }
    try (Connection owner = restored.owner()) {
      Workload.optIn(owner); // triggers come last, or they would do everything again
    }
    restored.execute("ANALYZE");
    world.moveTo(restored);
    world.mended();
    notes(world, "restored", 20);
  }

  private static void copy(String table, Connection from, Connection to) throws Exception {
    Path rows = Leftovers.file("dump-", ".copy");
    String columns = OwnPostgres.columns(table, to);
    try (OutputStream out = Files.newOutputStream(rows)) {
      copies(from).copyOut("COPY %s (%s) TO STDOUT".formatted(table, columns), out);
    }
    try (InputStream in = Files.newInputStream(rows)) {
      copies(to).copyIn("COPY %s (%s) FROM STDIN".formatted(table, columns), in);
    }
    Files.delete(rows);
  }

  private static CopyManager copies(Connection session) throws SQLException {
    return session.unwrap(PGConnection.class).getCopyAPI();
  }

  /** Published is only what survives: so nothing is said to be lost. */
  private static void loseAsynchronousCommits(World world) throws Exception {
    OwnPostgres postgres = world.postgres();
    postgres.execute("ALTER SYSTEM SET wal_writer_delay = '10s'");
    postgres.execute("SELECT pg_reload_conf()");
    try (Connection session = world.session();
        Statement statement = session.createStatement()) {
      statement.execute("SET synchronous_commit = off");
      for (int n = 0; n < 20; n++) {
        World.note(session, "asynchronous-" + world.random.nextLong(), 1, 0);
      }
    }
    postgres.crash();
    postgres.execute("ALTER SYSTEM RESET wal_writer_delay");
    postgres.execute("SELECT pg_reload_conf()");
    world.mended();
    notes(world, "after", 20);
  }

  /** For a world whose audit need not see every event. */
  static Fault restartIdentity() {
    return Fault.quiet(
        "outbox truncated, identity restarted",
        world -> {
          world.chronicle.purged(Histories.outbox(world.postgres().jdbc()));
          world.postgres().execute("TRUNCATE outbox RESTART IDENTITY");
          world.mended();
          notes(world, "restarted", 20);
        });
  }

  /** Events of as many keys, each in a transaction of its own. */
  private static List<String> notes(World world, String what, int count) throws Exception {
    List<String> events = new ArrayList<>();
    try (Connection session = world.session()) {
      for (int n = 0; n < count; n++) {
        events.add(World.note(session, what + "-" + world.random.nextLong(), 1, 0));
      }
    }
    return events;
  }
}
