package dev.lapse.fault;

import dev.lapse.support.OwnPostgres;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.opentest4j.TestAbortedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All faults over and over, in an order of chance, some of them two at a time, for {@code
 * -Dsoak.minutes}: {@code ./mvnw -Psoak verify -Dsoak.minutes=30}. After each round of all, the
 * whole history since the beginning is judged.
 *
 * <p>{@code -Dlapse.test.seed} replays order, pairs, and choices of faults and clients; when each
 * strikes in the course of the servers' own business is anew each time.
 */
class SoakIT {

  private static final Logger log = LoggerFactory.getLogger(SoakIT.class);

  private static final long SEED = Long.getLong("lapse.test.seed", System.nanoTime());
  private static final Duration LENGTH = Duration.ofMinutes(Long.getLong("soak.minutes", 30));

  /** Of the time: three brokers and a small disk have few faults of their own. */
  private static final double SHARE_OF_THE_SMALL_WORLD = 0.15;

  @Test
  void losesNothingAndRepeatsNothingHoweverFaultsAreMixed() throws Exception {
    Duration length =
        Duration.ofMillis((long) (LENGTH.toMillis() * (1 - SHARE_OF_THE_SMALL_WORLD)));
    try (Campaign campaign = new Campaign(World.start(SEED, 1, 3, OwnPostgres.migrated()))) {
      soak(campaign, "Soak", Campaign.faults(), length);
    }
  }

  @Test
  void losesNothingWithThreeBrokersAndASmallDisk() throws Exception {
    Duration length = Duration.ofMillis((long) (LENGTH.toMillis() * SHARE_OF_THE_SMALL_WORLD));
    try (SmallWorld small = SmallWorld.start(SEED)) {
      soak(small.campaign(), "Soak with three brokers and a small disk", small.faults(), length);
    }
  }

  private static void soak(Campaign campaign, String title, List<Fault> faults, Duration length)
      throws Exception {
    Random random = new Random(SEED);
    long begin = System.nanoTime();
    for (int round = 1; System.nanoTime() - begin < length.toNanos(); round++) {
      List<Fault> order = new ArrayList<>(faults);
      Collections.shuffle(order, random);
      for (int n = 0; n < order.size(); n++) {
        Fault fault = order.get(n);
        if (n + 1 < order.size() && random.nextInt(3) == 0 && mix(fault, order.get(n + 1))) {
          campaign.inject(fault, order.get(++n));
        } else {
          injectIfPossible(campaign, fault);
        }
      }
      Verdict verdict = campaign.judge("seed %d round %d order %s".formatted(SEED, round, order));
      log.info(
          "Soaked seed={} round={} injections={} minutes={}",
          SEED,
          round,
          campaign.report.injections(),
          Duration.ofNanos(System.nanoTime() - begin).toMinutes());
      campaign.report.write(title + " " + SEED, verdict);
    }
  }

  private static void injectIfPossible(Campaign campaign, Fault fault) throws Exception {
    try {
      campaign.inject(fault);
    } catch (TestAbortedException e) {
      log.warn("Left out fault=\"{}\" reason=\"{}\"", fault, e.getMessage());
    }
  }

  /** One that strikes the service, and one that strikes what it stands on. */
  private static boolean mix(Fault one, Fault other) {
    return one.load() == Fault.Load.UNDER_LOAD
        && other.load() == Fault.Load.UNDER_LOAD
        && ServiceFaults.isOfTheService(one) != ServiceFaults.isOfTheService(other)
        && !one.name().startsWith("clock")
        && !other.name().startsWith("clock");
  }
}
