package dev.lapse.fault;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.opentest4j.TestAbortedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Injects faults into a world, one after the other or two at a time, and judges what came of it.
 */
final class Campaign implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Campaign.class);

  final Report report = new Report();
  private final World world;
  private boolean atRest;

  Campaign(World world) {
    this.world = world;
  }

  /** Every fault for a world of one broker. */
  static List<Fault> faults() {
    List<Fault> faults = new ArrayList<>();
    faults.addAll(ServiceFaults.all());
    faults.addAll(KafkaFaults.all());
    faults.addAll(DatabaseFaults.all());
    faults.addAll(HistoryFaults.all());
    return faults;
  }

  /**
   * Returns when the service is well again.
   *
   * @throws TestAbortedException if this machine has not what it takes
   */
  void inject(Fault fault) throws Exception {
    boolean quiet = fault.load() == Fault.Load.QUIET;
    if (quiet != atRest) {
      if (quiet) {
        world.rest();
      } else {
        world.resume();
      }
      atRest = quiet;
    }
    log.info("Injecting fault=\"{}\"", fault);
    world.notMended();
    try {
      fault.injection().into(world);
    } catch (TestAbortedException e) {
      report.leftOut(fault, String.valueOf(e.getMessage()));
      throw e;
    }
    recovered(fault);
  }

  /** Both at once; who is well again first is not told apart. */
  void inject(Fault one, Fault other) throws Exception {
    if (atRest) {
      world.resume();
      atRest = false;
    }
    log.info("Injecting fault=\"{}\" and=\"{}\"", one, other);
    world.notMended();
    CompletableFuture<Void> second =
        CompletableFuture.runAsync(
            () -> {
              try {
                other.injection().into(world);
              } catch (Exception e) {
                throw new IllegalStateException(other.name(), e);
              }
            });
    try {
      one.injection().into(world);
    } finally {
      second.join();
    }
    world.notMended(); // what one recovered from in the meantime is not all
    world.mended();
    recovered(one, other);
  }

  private void recovered(Fault... faults) throws Exception {
    Duration recovery = world.recover();
    for (Fault fault : faults) {
      log.info("Recovered from fault=\"{}\" took={}ms", fault, recovery.toMillis());
      report.recovered(fault, recovery);
    }
    world.instances.assertNoneEndedByItself();
  }

  /** Lets everybody rest, and requires a flawless history. */
  Verdict judge(String what) throws Exception {
    if (!atRest) {
      world.rest();
      atRest = true;
    }
    world.instances.awaitHealth();
    world.instances.assertNoneEndedByItself();
    Verdict verdict = world.chronicle.judge(world.postgres().jdbc());
    log.info("Judged {}", verdict.summary());
    assertThat(verdict.isFlawless()).as("%s: %s", what, verdict).isTrue();
    assertThat(world.chronicle.audit(world.postgres().jdbc())).as(what).isEmpty();
    return verdict;
  }

  @Override
  public void close() {
    world.close();
  }
}
