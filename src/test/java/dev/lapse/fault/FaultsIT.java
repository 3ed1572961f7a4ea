package dev.lapse.fault;

import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.lapse.support.OwnPostgres;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;

/**
 * Whatever breaks, no event is lost, none comes twice, none out of the order of its key, and no
 * decision is taken back; and once it is mended, the service is well again without a person.
 *
 * <p>Each fault once, in one world with one history, which is judged in the end. {@code SoakIT}
 * mixes them.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FaultsIT {

  private static final long SEED = Long.getLong("lapse.test.seed", System.nanoTime());

  private final List<AutoCloseable> opened = new ArrayList<>();

  @AfterAll
  void stop() throws Exception {
    for (AutoCloseable resource : opened) {
      resource.close();
    }
  }

  @TestFactory
  List<DynamicNode> eachFaultOnce() throws Exception {
    Campaign campaign = opened(new Campaign(World.start(SEED, 1, 3, OwnPostgres.migrated())));
    return tests(campaign, "Each fault once", Campaign.faults());
  }

  @TestFactory
  List<DynamicNode> eachFaultOfThreeBrokersAndASmallDiskOnce() throws Exception {
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
