package dev.lapse.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lapse.support.LapseProcess;
import dev.lapse.support.Roles;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What happens to PostgreSQL while it keeps all that it acknowledged, and to the way to it. */
final class DatabaseFaults {

  /** Also within the part that pg_stat_activity shows. */
  private static final String OF_A_SWEEP = "lapse.recorded";

  static final Pattern SWEEP = Pattern.compile(Pattern.quote(OF_A_SWEEP));
  static final Pattern STEP = Pattern.compile("stepped AS");
  private static final Pattern POLL = Pattern.compile("straggler AS MATERIALIZED");

  private static final String OF_THE_SERVICE =
      " FROM pg_stat_activity WHERE application_name = 'lapse'";

  /** Nobody but serializable transactions has such locks. */
  private static final String SERIALIZABLE = "(SELECT pid FROM pg_locks WHERE mode = 'SIReadLock')";

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
            "step told and its answer lost",
            world ->
                KafkaFaults.sprung(world, world.database.onStatementResult(STEP, 1, Trap.CUT))));
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
    faults.add(Fault.underLoad("statement time-outs", DatabaseFaults::statementTimeouts));
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
          Map<LapseProcess, Integer> before = printed(world);
          disk.fill();
          try {
            awaitPrinted(world, "No space left on device", before);
            world.hold(200);
          } finally {
            disk.clear();
          }
        });
  }

  /** How much each instance has printed. */
  private static Map<LapseProcess, Integer> printed(World world) {
    return await()
        .ignoreExceptions() // of one that is being replaced
        .until(
            () ->
                world.instances.all().stream()
                    .collect(Collectors.toMap(i -> i, i -> i.output().length())),
            Objects::nonNull);
  }

  /** By any instance, after {@code before}. */
  private static void awaitPrinted(World world, String text, Map<LapseProcess, Integer> before) {
    await()
        .atMost(World.PATIENCE)
        .ignoreExceptions()
        .until(
            () ->
                world.instances.all().stream()
                    .anyMatch(i -> i.output().indexOf(text, before.getOrDefault(i, 0)) >= 0));
  }

  /** Looks often: what is counted may be short. */
  private static void awaitAny(World world, String fromWhere) {
    await()
        .atMost(World.PATIENCE)
        .pollInterval(Duration.ofMillis(20))
        .ignoreExceptions()
        .until(() -> world.count("SELECT count(*)" + fromWhere) > 0);
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

  private static void statementTimeouts(World world) throws Exception {
    Map<LapseProcess, Integer> before = printed(world);
    under(
        world,
        "statement_timeout",
        "1ms",
        () -> {
          awaitPrinted(world, "canceling statement due to statement timeout", before);
          world.hold(200);
        });
  }

  private static void lockTimeouts(World world) throws Exception {
    try (Connection session = world.session();
        Statement statement = session.createStatement()) {
      session.setAutoCommit(false);
      statement.execute("LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE");
      Map<LapseProcess, Integer> before = printed(world);
      under(
          world,
          "lock_timeout",
          "20ms",
          () -> {
            awaitPrinted(world, "canceling statement due to lock timeout", before);
            world.hold(100);
          });
      session.rollback();
    }
  }

  private static void serializable(World world) throws Exception {
    under(
        world,
        "default_transaction_isolation",
        "serializable",
        () -> {
          awaitAny(world, OF_THE_SERVICE + " AND pid IN " + SERIALIZABLE);
          world.hold(300);
          world.mended();
          world.recover(); // it works like that, too
        });
  }

  private interface Holding {
    void run() throws Exception;
  }

  /** The service has new sessions only, which have the setting, and others when it is over. */
  private static void under(World world, String setting, String value, Holding holding)
      throws Exception {
    try (Connection session = world.session();
        Statement statement = session.createStatement()) {
      // Of this database, as db/roles.sql sets it: that one prevails.
      String role =
          "ALTER ROLE %s IN DATABASE \"%s\"".formatted(Roles.SERVICE, session.getCatalog());
      statement.execute("%s SET %s = '%s'".formatted(role, setting, value));
      try {
        statement.execute("SELECT pg_terminate_backend(pid)" + OF_THE_SERVICE);
        holding.run();
      } finally {
        statement.execute(role + " RESET " + setting);
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
      awaitAny(
          world,
          OF_THE_SERVICE
              + " AND wait_event_type = 'Lock' AND query LIKE '%%%s%%'".formatted(OF_A_SWEEP));
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
