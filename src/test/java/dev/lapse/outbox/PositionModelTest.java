package dev.lapse.outbox;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toList;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.outbox.Interleavings.Step;
import dev.lapse.outbox.Interleavings.World;
import dev.lapse.outbox.ModelRelay.Reader;
import dev.lapse.outbox.Mvcc.Row;
import dev.lapse.outbox.Mvcc.Snapshot;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.lifecycle.AddLifecycleHook;
import net.jqwik.api.lifecycle.AroundPropertyHook;
import net.jqwik.api.lifecycle.PropertyExecutionResult;
import net.jqwik.api.lifecycle.PropertyExecutor;
import net.jqwik.api.lifecycle.PropertyLifecycleContext;
import net.jqwik.api.statistics.Statistics;
import net.jqwik.api.statistics.StatisticsReport;
import net.jqwik.api.statistics.StatisticsReport.StatisticsReportMode;

/**
 * The position's promise, tried on random interleavings of writers and a relay over a model of
 * PostgreSQL: every committed event is published once, in the order of its key, and at every moment
 * published are exactly the rows that {@link Position} says.
 *
 * <p>That the model would notice is shown by relays that are wrong in known ways: for each, an
 * interleaving is found in which it loses an event.
 */
class PositionModelTest {

  @Property(tries = 5000, edgeCases = EdgeCasesMode.NONE)
  @StatisticsReport(StatisticsReportMode.OFF)
  void publishesEveryCommittedEventOnceInTheOrderOfItsKey(
      @ForAll(supplier = Interleavings.class) List<Step> steps) {
    World world = new World(Reader.SOUND);

    for (Step step : steps) {
      step.applyTo(world);
      assertPublishedIsWhatThePositionSays(world);
    }
    world.settle();

    assertPublishedIsWhatThePositionSays(world);
    assertThat(inIdOrder(world.kafka.published())).isEqualTo(world.database.committed());
    assertNumberedFromOneByKey(world.kafka.published());
    require("a straggler", world.relay.sawStraggler(), 30);
    require("a straggler from beyond the snapshot", world.relay.sawStragglerBeyondSnapshot(), 2);
    require("catching up", world.relay.caughtUp(), 20);
  }

  private static void assertPublishedIsWhatThePositionSays(World world) {
    Position position = world.relay.position();
    List<Row> said = world.database.committed().stream().filter(saidBy(position)).toList();
    assertThat(inIdOrder(world.kafka.published())).as("published at %s", position).isEqualTo(said);
    assertThat(position.publishedEvent())
        .isEqualTo(position.publishedId() == 0 ? null : ModelRelay.event(position.publishedId()));
  }

  /** The invariant in {@link Position}'s javadoc. */
  static Predicate<Row> saidBy(Position position) {
    Snapshot snapshot = Snapshot.parse(position.snapshot());
    Predicate<Row> published =
        row -> row.id() <= position.publishedId() && snapshot.sees(row.xid());
    Position.CatchUp catchUp = position.catchUp();
    if (catchUp == null) {
      return published;
    }
    Snapshot target = Snapshot.parse(catchUp.snapshot());
    return published.or(row -> row.id() <= catchUp.afterId() && target.sees(row.xid()));
  }

  static List<Row> inIdOrder(List<Row> rows) {
    return rows.stream().sorted(Comparator.comparingLong(Row::id)).toList();
  }

  private static void assertNumberedFromOneByKey(List<Row> published) {
    Map<Integer, List<Integer>> numbers =
        published.stream().collect(groupingBy(Row::key, mapping(Row::number, toList())));
    assertThat(numbers)
        .allSatisfy(
            (key, ofKey) ->
                assertThat(ofKey)
                    .isEqualTo(IntStream.rangeClosed(1, ofKey.size()).boxed().toList()));
  }

  /** At least so many interleavings in a hundred must have it, or they show nothing about it. */
  static void require(String what, boolean seen, int percent) {
    Statistics.label(what)
        .collect(seen)
        .coverage(coverage -> coverage.check(true).percentage(share -> share >= percent));
  }

  @Property(edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
  @AddLifecycleHook(MustBeFalsified.class)
  void noticesThatStragglersAreNotLookedFor(
      @ForAll(supplier = Interleavings.class) List<Step> steps) {
    assertNothingLostBy(Reader.KNOWS_NO_STRAGGLERS, steps);
  }

  @Property(edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
  @AddLifecycleHook(MustBeFalsified.class)
  void noticesThatOnlyOlderTransactionsAreWaitedFor(
      @ForAll(supplier = Interleavings.class) List<Step> steps) {
    assertNothingLostBy(Reader.WAITS_FOR_XMIN, steps);
  }

  @Property(edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
  @AddLifecycleHook(MustBeFalsified.class)
  void noticesThatXmaxIsTakenForTheLatestTransaction(
      @ForAll(supplier = Interleavings.class) List<Step> steps) {
    assertNothingLostBy(Reader.TRUSTS_XMAX, steps);
  }

  @Property(edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
  @AddLifecycleHook(MustBeFalsified.class)
  void noticesThatAFullPageIsTakenForAllThereIs(
      @ForAll(supplier = Interleavings.class) List<Step> steps) {
    assertNothingLostBy(Reader.IGNORES_CUT, steps);
  }

  @Property(edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
  @AddLifecycleHook(MustBeFalsified.class)
  void noticesThatALookIsTakenForTheWholePass(
      @ForAll(supplier = Interleavings.class) List<Step> steps) {
    assertNothingLostBy(Reader.IGNORES_REACH, steps);
  }

  private static void assertNothingLostBy(Reader reader, List<Step> steps) {
    World world = new World(reader);
    steps.forEach(step -> step.applyTo(world));
    world.settle();
    assertThat(world.kafka.published()).containsAll(world.database.committed());
  }

  /** Turns a property round: it holds if an assertion fails within its tries. */
  static final class MustBeFalsified implements AroundPropertyHook {

    @Override
    public PropertyExecutionResult aroundProperty(
        PropertyLifecycleContext context, PropertyExecutor property) {
      PropertyExecutionResult result = property.execute();
      boolean falsified = result.throwable().filter(AssertionError.class::isInstance).isPresent();
      return falsified
          ? result.mapToSuccessful()
          : result.mapToFailed("no interleaving found in which it goes wrong");
    }
  }
}
