package dev.lapse.outbox;

import static java.util.stream.Collectors.groupingBy;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.outbox.Interleavings.Step;
import dev.lapse.outbox.Interleavings.World;
import dev.lapse.outbox.ModelParking.Rule;
import dev.lapse.outbox.ModelRelay.Reader;
import dev.lapse.outbox.Mvcc.Row;
import dev.lapse.outbox.PositionModelTest.MustBeFalsified;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.lifecycle.AddLifecycleHook;
import net.jqwik.api.statistics.StatisticsReport;
import net.jqwik.api.statistics.StatisticsReport.StatisticsReportMode;

/**
 * The dead letters' promise, tried as the position's is: whatever Kafka refuses for a while, every
 * committed event is published once in the end, and in the order of its key; and at every moment
 * published are exactly the rows that the position says, but those that wait by {@link DeadLetter}.
 *
 * <p>Relays that park or release in a way known to be wrong are found out.
 */
class DeadLetterModelTest {

  @Property(tries = 2000, edgeCases = EdgeCasesMode.NONE)
  @StatisticsReport(StatisticsReportMode.OFF)
  void publishesOnceAndInOrderWhateverWasRefused(
      @ForAll(supplier = DeadLetterInterleavings.class) List<Step> steps) {
    World world = new World(Reader.SOUND);
    boolean parked = false;
    boolean parkedWhileCatchingUp = false;

    for (Step step : steps) {
      step.applyTo(world);
      assertPublishedIsWhatDoesNotWait(world);
      assertOrderedByKey(world);
      List<DeadLetter> letters = world.relay.position().deadLetters();
      parked |= !letters.isEmpty();
      parkedWhileCatchingUp |= letters.stream().anyMatch(l -> l.published().size() > 1);
    }
    world.settle();

    assertThat(world.relay.position().deadLetters()).isEmpty();
    assertPublishedIsWhatDoesNotWait(world);
    assertOrderedByKey(world);
    assertThat(PositionModelTest.inIdOrder(world.kafka.published()))
        .isEqualTo(world.database.committed());
    PositionModelTest.require("a dead letter", parked, 25);
    PositionModelTest.require("one among stragglers", parkedWhileCatchingUp, 1);
    PositionModelTest.require("a straggler held up", world.parking.sawStragglerHeldUp(), 15);
    PositionModelTest.require("refused again", world.parking.sawRefusedAgain(), 6);
    PositionModelTest.require("another behind the first", world.parking.sawRefusedAnother(), 1);
    PositionModelTest.require("a part released", world.parking.sawPartReleased(), 30);
    PositionModelTest.require("a walk in several looks", world.parking.sawWalkOn(), 10);
  }

  private static void assertPublishedIsWhatDoesNotWait(World world) {
    Position position = world.relay.position();
    Predicate<Row> counted = PositionModelTest.saidBy(position);
    Predicate<Row> waits = row -> waits(row, position);
    List<Row> said =
        world.database.committed().stream().filter(counted.and(waits.negate())).toList();
    assertThat(PositionModelTest.inIdOrder(world.kafka.published()))
        .as("published at %s", position)
        .isEqualTo(said);
  }

  /** The definition in {@link DeadLetter}'s javadoc. */
  private static boolean waits(Row row, Position position) {
    return position.deadLetters().stream()
        .filter(letter -> letter.key().equals(Integer.toString(row.key())))
        .anyMatch(letter -> !ModelParking.isCovered(row, letter));
  }

  /** And nothing overtakes a dead letter. */
  private static void assertOrderedByKey(World world) {
    Map<Integer, List<Row>> byKey =
        world.kafka.published().stream()
            .filter(row -> row.key() != Mvcc.UNORDERED)
            .collect(groupingBy(Row::key));
    byKey.forEach(
        (key, rows) -> {
          for (int i = 0; i < rows.size(); i++) {
            assertThat(rows.get(i).number()).as("key %d: %s", key, rows).isEqualTo(i + 1);
          }
        });
    for (DeadLetter letter : world.relay.position().deadLetters()) {
      Row refused = world.database.row(letter.id());
      if (refused.key() != Mvcc.UNORDERED) {
        assertThat(refused.number())
            .as("next of its key, or released in part: %s", letter)
            .isLessThanOrEqualTo(byKey.getOrDefault(refused.key(), List.of()).size() + 1);
      }
    }
  }

  @Property(tries = 10_000, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
  @AddLifecycleHook(MustBeFalsified.class)
  void noticesThatItParksBehindThePage(
      @ForAll(supplier = DeadLetterInterleavings.class) List<Step> steps) {
    assertEachOnceAndInOrderBy(Rule.PARKS_BEHIND_THE_PAGE, steps);
  }

  @Property(tries = 10_000, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
  @AddLifecycleHook(MustBeFalsified.class)
  void noticesThatItGoesOnWithWhatWasReadAhead(
      @ForAll(supplier = DeadLetterInterleavings.class) List<Step> steps) {
    assertEachOnceAndInOrderBy(Rule.KEEPS_WHAT_WAS_READ_AHEAD, steps);
  }

  @Property(tries = 10_000, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
  @AddLifecycleHook(MustBeFalsified.class)
  void noticesThatOnlyThePoisonIsHeldUp(
      @ForAll(supplier = DeadLetterInterleavings.class) List<Step> steps) {
    assertEachOnceAndInOrderBy(Rule.HOLDS_UP_THE_POISON_ONLY, steps);
  }

  @Property(tries = 10_000, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
  @AddLifecycleHook(MustBeFalsified.class)
  void noticesThatWhatIsReleasedIsKnownByIdOnly(
      @ForAll(supplier = DeadLetterInterleavings.class) List<Step> steps) {
    assertEachOnceAndInOrderBy(Rule.RELEASES_BY_ID, steps);
  }

  @Property(tries = 10_000, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
  @AddLifecycleHook(MustBeFalsified.class)
  void noticesThatItReleasesWhileCatchingUp(
      @ForAll(supplier = DeadLetterInterleavings.class) List<Step> steps) {
    assertEachOnceAndInOrderBy(Rule.RELEASES_WHILE_CATCHING_UP, steps);
  }

  @Property(tries = 10_000, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
  @AddLifecycleHook(MustBeFalsified.class)
  void noticesThatAPartIsTakenForAllThatWaits(
      @ForAll(supplier = DeadLetterInterleavings.class) List<Step> steps) {
    assertEachOnceAndInOrderBy(Rule.IGNORES_CUT, steps);
  }

  @Property(tries = 10_000, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
  @AddLifecycleHook(MustBeFalsified.class)
  void noticesThatALookIsTakenForTheWholeWalk(
      @ForAll(supplier = DeadLetterInterleavings.class) List<Step> steps) {
    assertEachOnceAndInOrderBy(Rule.IGNORES_REACH, steps);
  }

  @Property(tries = 10_000, edgeCases = EdgeCasesMode.NONE, shrinking = ShrinkingMode.OFF)
  @AddLifecycleHook(MustBeFalsified.class)
  void noticesThatARequestIsTakenForDoneBeforeTheCommit(
      @ForAll(supplier = DeadLetterInterleavings.class) List<Step> steps) {
    assertEachOnceAndInOrderBy(Rule.FORGETS_THE_REQUEST_TOO_SOON, steps);
  }

  private static void assertEachOnceAndInOrderBy(Rule rule, List<Step> steps) {
    World world = new World(Reader.SOUND, rule);
    steps.forEach(step -> step.applyTo(world));
    world.settle();
    assertThat(PositionModelTest.inIdOrder(world.kafka.published()))
        .isEqualTo(world.database.committed());
    assertOrderedByKey(world);
  }
}
