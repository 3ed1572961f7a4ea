package dev.lapse.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lapse.support.LapseProcess;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** What happens to the service's own processes. */
final class ServiceFaults {

  private static final Pattern SWEEP = Pattern.compile("WITH due AS MATERIALIZED");
  private static final Pattern CHECKPOINT = Pattern.compile("INSERT INTO relay_checkpoint");

  private ServiceFaults() {}

  static List<Fault> all() {
    List<Fault> faults = new ArrayList<>();
    faults.add(Fault.underLoad("service killed at random", ServiceFaults::killAtRandom));
    faults.add(
        Fault.underLoad(
            "service killed after reading a page",
            killLeader(kafka -> trap -> kafka.onKafkaRequest(KafkaWire.PRODUCE, 1, trap))));
    faults.add(
        Fault.underLoad(
            "service killed between two sends",
            killLeader(kafka -> trap -> kafka.onKafkaResponse(KafkaWire.PRODUCE, 2, trap))));
    faults.add(
        Fault.underLoad(
            "service killed before its commit",
            killLeader(kafka -> trap -> kafka.onKafkaRequest(KafkaWire.END_TXN, 1, trap))));
    faults.add(
        Fault.underLoad(
            "service killed after its commit",
            killLeader(kafka -> trap -> kafka.onKafkaResponse(KafkaWire.END_TXN, 1, trap))));
    faults.add(
        Fault.underLoad(
            "service killed before a checkpoint",
            world -> killAll(world, trap -> world.database.onStatement(CHECKPOINT, 1, trap))));
    faults.add(
        Fault.underLoad(
            "service killed before a sweep",
            world -> killAll(world, trap -> world.database.onStatement(SWEEP, 1, trap))));
    faults.add(
        Fault.underLoad(
            "service killed after a sweep",
            world -> killAll(world, trap -> world.database.onStatementResult(SWEEP, 1, trap))));
    faults.add(
        Fault.underLoad("leader paused beyond its session, then back", ServiceFaults::zombie));
    faults.add(Fault.underLoad("leader killed, and its successor too", ServiceFaults::killTwice));
    faults.add(Fault.underLoad("service stopped and started (SIGTERM)", ServiceFaults::restart));
    if (LapseProcess.canFakeTheClock()) {
      faults.add(
          Fault.underLoad("clock of the service host an hour ahead", clock(Duration.ofHours(1))));
      faults.add(
          Fault.underLoad("clock of the service host an hour behind", clock(Duration.ofHours(-1))));
    }
    return faults;
  }

  static boolean isOfTheService(Fault fault) {
    return fault.name().startsWith("service") || fault.name().startsWith("leader");
  }

  private static void killAtRandom(World world) throws Exception {
    world.awaitHealth(); // so that there is somebody to take over
    world.hold(world.random.nextInt(200));
    world.instances().get(world.random.nextInt(world.instances().size())).kill();
    world.mended();
    world.restartTheDead();
  }

  /** Sets a trap on the way to one of the brokers. */
  private interface Arming {
    ArmedTrap arm(Trap trap);
  }

  private interface OnBroker {
    Arming on(TcpProxy kafka);
  }

  /** Only the leader's messages spring such a trap. */
  private static Fault.Injection killLeader(OnBroker arming) {
    return world -> {
      world.awaitHealth();
      LapseProcess leader = world.leader();
      ArmedTrap trap = arming.on(world.kafka.proxies().get(0)).arm(Trap.instead(leader::kill));
      trap.await(World.PATIENCE);
      world.mended();
      assertThat(leader.isAlive()).isFalse();
      world.restartTheDead();
    };
  }

  /** Whichever instance springs it: all die. */
  private static void killAll(World world, Arming arming) throws Exception {
    ArmedTrap trap = arming.arm(Trap.instead(() -> world.instances().forEach(LapseProcess::kill)));
    trap.await(World.PATIENCE);
    world.mended();
    world.restartTheDead();
  }

  private static void zombie(World world) throws Exception {
    world.awaitHealth(); // so that there is somebody to take over
    LapseProcess leader = world.leader();
    leader.pause();
    try {
      await()
          .atMost(World.PATIENCE)
          .ignoreExceptions()
          .until(() -> world.instances().stream().anyMatch(i -> i != leader && World.leads(i)));
      world.hold(100);
    } finally {
      leader.resume();
    }
    world.mended();
    await().atMost(World.PATIENCE).ignoreExceptions().until(() -> !World.leads(leader));
  }

  private static void killTwice(World world) throws Exception {
    world.awaitHealth(); // so that there is somebody to take over
    LapseProcess first = world.leader();
    first.kill();
    await()
        .atMost(World.PATIENCE)
        .ignoreExceptions()
        .until(() -> world.instances().stream().anyMatch(i -> i != first && World.leads(i)));
    world.instances().forEach(LapseProcess::kill);
    world.mended();
    world.restartTheDead();
  }

  private static void restart(World world) throws Exception {
    world.awaitHealth(); // so that there is somebody to take over
    LapseProcess leader = world.leader();
    leader.terminate();
    assertThat(leader.exitCode()).isEqualTo(143);
    world.mended();
    world.restartTheDead();
  }

  /** Of the instance that leads, for as long as it takes to publish; then it is right again. */
  private static Fault.Injection clock(Duration offset) {
    return world -> {
      LapseProcess leader = world.leader();
      LapseProcess other =
          world.instances().stream().filter(i -> i != leader).findFirst().orElseThrow();
      LapseProcess wrong = world.launchWithClockOffBy(offset);
      world.replace(other, wrong);
      await()
          .atMost(World.PATIENCE)
          .ignoreExceptions()
          .until(() -> wrong.get("/actuator/health").statusCode() == 200);
      leader.kill();
      world.mended();
      await().atMost(World.PATIENCE).ignoreExceptions().until(() -> World.leads(wrong));
      world.hold(100);
      world.recover(); // on the wrong clock
      wrong.kill();
      world.restartTheDead();
    };
  }
}
