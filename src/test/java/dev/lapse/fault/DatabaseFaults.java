package dev.lapse.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** What happens to PostgreSQL while it keeps all that it acknowledged, and to the way to it. */
final class DatabaseFaults {

  private static final Pattern SWEEP = Pattern.compile("FOR NO KEY UPDATE SKIP LOCKED");
  private static final Pattern POLL = Pattern.compile("straggler AS MATERIALIZED");

  private static final String OF_THE_SERVICE =
      " FROM pg_stat_activity WHERE application_name = 'lapse'";

  private DatabaseFaults() {}

  static List<Fault> all() {
    List<Fault> faults = new ArrayList<>();
    faults.add(Fault.underLoad("PostgreSQL stopped at once and started", DatabaseFaults::stop));
    faults.add(Fault.underLoad("PostgreSQL crashed", world -> world.postgres().crash()));
    faults.add(
        Fault.underLoad(
            "connections ended by pg_terminate_backend",
            world -> {
              assertThat(terminateTheService(world)).isPositive();
              world.mended();
            }));
    faults.add(
        Fault.underLoad(
            "sweep cut off before PostgreSQL hears of it",
            world -> KafkaFaults.sprung(world, world.database.onStatement(SWEEP, 1, Trap.CUT))));
    faults.add(
        Fault.underLoad(
            "sweep done and its answer lost",
            world ->
                KafkaFaults.sprung(world, world.database.onStatementResult(SWEEP, 1, Trap.CUT))));
    faults.add(
        Fault.underLoad(
            "poll cut off in mid-statement",
            world ->
                KafkaFaults.sprung(world, world.database.onStatementResult(POLL, 1, Trap.CUT))));
    faults.add(
        Fault.underLoad(
            "PostgreSQL black-holed",
            world -> {
              world.database.swallow(Direction.TO_SERVER);
              world.database.swallow(Direction.TO_CLIENT);
              world.hold(200);
              world.database.heal();
            }));
    faults.add(
        Fault.underLoad(
            "PostgreSQL slow",
            world -> {
              world.database.delay(Duration.ofMillis(100));
              world.hold(200);
              world.database.heal();
            }));
    faults.add(Fault.underLoad("long write transaction open", DatabaseFaults::longTransaction));
    faults.add(Fault.underLoad("prepared transaction forgotten", DatabaseFaults::prepared));
    faults.add(
        Fault.underLoad(
            "statement time-outs", world -> under(world, "statement_timeout", "1ms", 200)));
    faults.add(Fault.underLoad("lock time-outs", DatabaseFaults::lockTimeouts));
    faults.add(Fault.underLoad("serialization errors", DatabaseFaults::serializable));
    faults.add(Fault.underLoad("deadlock with the sweep", DatabaseFaults::deadlock));
    return faults;
  }

  /**
   * For a world whose outbox is on a disk of its own.
   *
   * @param disks that one, if there can be one
   */
  static Fault diskFull(List<SmallDisk> disks) {
    return Fault.underLoad(
        "disk of the outbox full",
        world -> {
          assumeTrue(!disks.isEmpty(), "needs the right to mount");
          SmallDisk disk = disks.get(0);
          disk.fill();
          try {
            await()
                .atMost(World.PATIENCE)
                .ignoreExceptions()
                .until(() -> anyPrints(world, "No space left on device"));
            world.hold(200);
          } finally {
            disk.clear();
          }
        });
  }

  private static boolean anyPrints(World world, String text) {
    return world.instances.all().stream().anyMatch(instance -> instance.output().contains(text));
  }

  private static void stop(World world) throws Exception {
    world.postgres().stopImmediately();
    world.hold(100);
    world.postgres().start();
  }

  private static long terminateTheService(World world) {
    return world.count("SELECT count(pg_terminate_backend(pid))" + OF_THE_SERVICE);
  }

  /** Everything else must flow while it is open, and its own when it commits. */
  private static void longTransaction(World world) throws Exception {
    try (Connection session = world.session()) {
      session.setAutoCommit(false);
      String event = World.note(session, "long-" + world.random.nextLong(), 1, 0);
      world.hold(200);
      world.mended();
      world.recover();
      assertThat(world.chronicle.hasReceived(event)).isFalse();
      if (world.random.nextInt(3) == 0) {
        session.rollback();
      } else {
        session.commit();
      }
    }
  }

  private static void prepared(World world) throws Exception {
    String name = "forgotten-" + world.random.nextLong();
    try (Connection session = world.session();
        Statement statement = session.createStatement()) {
      statement.execute("BEGIN");
      String event = World.note(session, name, 1, 0);
      statement.execute("PREPARE TRANSACTION '%s'".formatted(name));
      world.hold(200);
      world.mended();
      world.recover();
      assertThat(world.chronicle.hasReceived(event)).isFalse();
      statement.execute(
          (world.random.nextInt(3) == 0 ? "ROLLBACK" : "COMMIT") + " PREPARED '" + name + "'");
    }
  }

  /** New sessions of everybody have the setting, and the service has new sessions only. */
  private static void under(World world, String setting, String value, int hold) throws Exception {
    try (Connection session = world.session();
        Statement statement = session.createStatement()) {
      statement.execute("ALTER ROLE postgres SET %s = '%s'".formatted(setting, value));
      try {
        statement.execute("SELECT pg_terminate_backend(pid)" + OF_THE_SERVICE);
        world.hold(hold);
      } finally {
        statement.execute("ALTER ROLE postgres RESET " + setting);
        statement.execute("SELECT pg_terminate_backend(pid)" + OF_THE_SERVICE);
      }
    }
  }

  private static void lockTimeouts(World world) throws Exception {
    try (Connection session = world.session();
        Statement statement = session.createStatement()) {
      session.setAutoCommit(false);
      statement.execute("LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE");
      under(world, "lock_timeout", "20ms", 100);
      session.rollback();
    }
  }

  private static void serializable(World world) throws Exception {
    try (Connection session = world.session();
        Statement statement = session.createStatement()) {
      statement.execute("ALTER ROLE postgres SET default_transaction_isolation = 'serializable'");
      try {
        statement.execute("SELECT pg_terminate_backend(pid)" + OF_THE_SERVICE);
        world.hold(300);
        world.mended();
        world.recover(); // it works like that, too
      } finally {
        statement.execute("ALTER ROLE postgres RESET default_transaction_isolation");
        statement.execute("SELECT pg_terminate_backend(pid)" + OF_THE_SERVICE);
      }
    }
  }

  /** The sweep holds approvals and wants the outbox; we hold the outbox and want approvals. */
  private static void deadlock(World world) throws Exception {
    try (Connection session = world.session();
        Statement statement = session.createStatement()) {
      session.setAutoCommit(false);
      statement.execute("SET LOCAL deadlock_timeout = '1min'"); // so that the other one gives in
      statement.execute("LOCK TABLE outbox IN EXCLUSIVE MODE");
      await()
          .atMost(World.PATIENCE)
          .pollInterval(Duration.ofMillis(20))
          .ignoreExceptions()
          .until(
              () ->
                  world.count(
                          "SELECT count(*)"
                              + OF_THE_SERVICE
                              + " AND wait_event_type = 'Lock' AND query LIKE '%due AS MATER%'")
                      > 0);
      statement.execute(
          "SELECT FROM ai_approvals WHERE status = 'pending' AND expires_at < now() FOR UPDATE");
      session.rollback();
    } catch (SQLException e) {
      if (!"40P01".equals(e.getSQLState())) {
        throw e; // then it was a client that gave in, or us
      }
    }
    world.mended();
  }
}
