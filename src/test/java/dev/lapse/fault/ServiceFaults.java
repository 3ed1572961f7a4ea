package dev.lapse.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lapse.support.LapseProcess;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** What happens to the service's own processes. */
final class ServiceFaults {

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
        Fault.underLoad("service killed before a checkpoint", ServiceFaults::killBeforeCheckpoint));
    faults.add(
        Fault.underLoad(
            "service killed before a sweep",
            world ->
                killAll(world, trap -> world.database.onStatement(DatabaseFaults.SWEEP, 1, trap))));
    faults.add(
        Fault.underLoad(
            "service killed after a sweep",
            world ->
                killAll(
                    world,
                    trap -> world.database.onStatementResult(DatabaseFaults.SWEEP, 1, trap))));
    faults.add(
        Fault.underLoad(
            "service killed after a step was told",
            world ->
                killAll(
                    world,
                    trap -> world.database.onStatementResult(DatabaseFaults.STEP, 1, trap))));
    faults.add(
        Fault.underLoad("leader paused beyond its session, then back", ServiceFaults::zombie));
    faults.add(Fault.underLoad("leader killed, and its successor too", ServiceFaults::killTwice));
    faults.add(Fault.underLoad("service stopped and started (SIGTERM)", ServiceFaults::restart));
    faults.add(Fault.underLoad("clock of the service host an hour wrong", ServiceFaults::clock));
    return faults;
  }

  static boolean isOfTheService(Fault fault) {
    return fault.name().startsWith("service") || fault.name().startsWith("leader");
  }

  private static void killAtRandom(World world) throws Exception {
    world.instances.awaitStandby(); // so that there is somebody to take over
    world.hold(world.random.nextInt(200));
    world.instances.all().get(world.random.nextInt(world.instances.all().size())).kill();
    world.mended();
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
      world.instances.awaitStandby();
      LapseProcess leader = world.instances.leader();
      ArmedTrap trap = arming.on(world.kafka.proxies().get(0)).arm(Trap.instead(leader::kill));
      trap.await(World.PATIENCE);
      world.mended();
      assertThat(leader.isAlive()).isFalse();
    };
  }

  private static void killBeforeCheckpoint(World world) throws Exception {
    world.instances.awaitStandby();
    LapseProcess leader = world.instances.leader();
    ArmedTrap trap = world.database.onStatement(CHECKPOINT, 1, Trap.instead(leader::kill));
    trap.await(World.PATIENCE);
    world.mended();
  }

  /** Whichever instance springs it: all die. */
  private static void killAll(World world, Arming arming) throws Exception {
    ArmedTrap trap =
        arming.arm(Trap.instead(() -> world.instances.all().forEach(LapseProcess::kill)));
    trap.await(World.PATIENCE);
    world.mended();
  }

  private static void zombie(World world) throws Exception {
    world.instances.awaitStandby(); // so that there is somebody to take over
    LapseProcess leader = world.instances.leader();
    leader.pause();
    try {
      world.instances.awaitAnotherLeader(leader);
      world.hold(100);
    } finally {
      leader.resume();
    }
    world.mended();
    await().atMost(World.PATIENCE).ignoreExceptions().until(() -> !Instances.leads(leader));
  }

  private static void killTwice(World world) throws Exception {
    world.instances.awaitStandby(); // so that there is somebody to take over
    LapseProcess first = world.instances.leader();
    first.kill();
    world.instances.awaitAnotherLeader(first).kill();
    world.mended();
  }

  private static void restart(World world) throws Exception {
    world.instances.awaitStandby(); // so that there is somebody to take over
    LapseProcess leader = world.instances.leader();
    leader.terminate();
    assertThat(leader.exitCode()).isEqualTo(143);
    world.mended();
  }

  /** Of the instance that leads, for as long as it takes to publish; then it is right again. */
  private static void clock(World world) throws Exception {
    Duration offset = Duration.ofHours(world.random.nextBoolean() ? 1 : -1);
    assumeTrue(LapseProcess.canFakeTheClock(), "needs libfaketime");
    LapseProcess leader = world.instances.leader();
    LapseProcess other =
        world.instances.all().stream().filter(i -> i != leader).findFirst().orElseThrow();
    LapseProcess wrong = world.instances.replaceByOneWithClockOffBy(other, offset);
    await().atMost(World.PATIENCE).ignoreExceptions().until(() -> Instances.isHealthy(wrong));
    while (!Instances.leads(wrong)) {
      LapseProcess right = world.instances.leader();
      if (right != wrong) {
        right.kill();
        world.mended();
        world.instances.awaitAnotherLeader(right);
      }
    }
    world.hold(100);
    world.recover(); // on the wrong clock
    wrong.kill();
  }
}
