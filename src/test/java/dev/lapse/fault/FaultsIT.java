package dev.lapse.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.lapse.outbox.OriginSource;
import dev.lapse.support.OwnPostgres;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;

/**
 * Whatever breaks, no event is lost, none comes twice, none out of the order of its key, and no
 * decision is taken back; and once it is mended, the service is well again without a person.
 *
 * <p>In one world with one history, which is judged in the end: one fault of each mechanism, or,
 * with {@code -Pfull}, each fault once. {@code SoakIT} mixes them.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FaultsIT {

  private static final long SEED = Long.getLong("lapse.test.seed", System.nanoTime());

  /** Or only those of {@link #MECHANISMS}. */
  private static final boolean EACH =
      "each".equals(System.getProperty("lapse.test.faults", "each"));

  /**
   * One of each way in which something can break, in this order: an instance that was killed starts
   * again while others break. All other faults are variations of these.
   */
  private static final List<String> MECHANISMS =
      List.of(
          // processes that are gone, at the worst moments; servers that are silent or in the way
          "service killed before its commit",
          "requests to the broker lost",
          "commit done and its answer lost",
          "PostgreSQL black-holed",
          "service killed after its commit",
          "sweep done and its answer lost",
          "step told and its answer lost",
          "event that Kafka refuses, requeued",
          "leader paused beyond its session, then back",
          "prepared transaction forgotten",
          "deadlock with the sweep",
          "service stopped and started (SIGTERM)",
          "PostgreSQL crashed",
          "position topic deleted",
          "broker killed and started",
          "service killed after a sweep",
          // a database that has lost what was acknowledged, and one that is another
          "failover to a replica that lost the tail",
          "database restored from a dump in a new cluster");

  /** A leader, and one to take over. */
  private static final int FEW = 2;

  private static final Set<String> CRASHES =
      Set.of("PostgreSQL crashed", "PostgreSQL stopped at once and started");

  private final List<AutoCloseable> opened = new ArrayList<>();

  @AfterAll
  void stop() throws Exception {
    for (AutoCloseable resource : opened) {
      resource.close();
    }
  }

  @TestFactory
  List<DynamicNode> eachFaultOnce() throws Exception {
    List<Fault> faults = Campaign.faults();
    assertThat(faults).extracting(Fault::name).containsAll(MECHANISMS);
    int instances = EACH ? 3 : FEW;
    Campaign campaign =
        opened(new Campaign(World.start(SEED, 1, instances, OwnPostgres.migrated())));
    return EACH
        ? tests(campaign, "Each fault once", faults)
        : tests(
            campaign,
            "One fault of each mechanism",
            faults.stream()
                .filter(fault -> MECHANISMS.contains(fault.name()))
                .sorted(Comparator.comparingInt(fault -> MECHANISMS.indexOf(fault.name())))
                .toList());
  }

  /** As on Amazon Aurora: what changes the database's history, and plain crashes. */
  @TestFactory
  List<DynamicNode> eachFaultOfTheHistoryWithoutWalFunctionsOnce() throws Exception {
    if (!EACH) {
      return List.of();
    }
    List<Fault> faults = new ArrayList<>(HistoryFaults.all());
    for (Fault fault : DatabaseFaults.all()) {
      if (CRASHES.contains(fault.name())) {
        faults.add(fault);
      }
    }
    OwnPostgres postgres = OwnPostgres.migrated(OriginSource.TRANSACTIONS, Map.of());
    Campaign campaign = opened(new Campaign(World.start(SEED, 1, 3, postgres)));
    return tests(campaign, "Each fault of the history once, without WAL functions", faults);
  }

  @TestFactory
  List<DynamicNode> eachFaultOfThreeBrokersAndASmallDiskOnce() throws Exception {
    if (!EACH) {
      return List.of();
    }
    SmallWorld small = opened(SmallWorld.start(SEED));
    return tests(
        small.campaign(), "Each fault of three brokers and a small disk once", small.faults());
  }

  private static List<DynamicNode> tests(Campaign campaign, String title, List<Fault> faults) {
    List<DynamicNode> tests = new ArrayList<>();
    campaign.report.say("seed " + SEED);
    for (Fault fault : faults) {
      tests.add(dynamicTest(fault.name(), () -> campaign.inject(fault)));
    }
    tests.add(
        dynamicTest(
            "nothing lost, nothing twice, in order, nothing taken back (seed " + SEED + ")",
            () -> campaign.report.write(title, campaign.judge("seed " + SEED))));
    return tests;
  }

  private <T extends AutoCloseable> T opened(T resource) {
    opened.add(resource);
    return resource;
  }
}
