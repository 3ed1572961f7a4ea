package dev.lapse.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.outbox.Checkpoint;
import dev.lapse.outbox.DatabaseState;
import dev.lapse.outbox.Lsn;
import dev.lapse.outbox.Origin;
import dev.lapse.outbox.Position;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ContinuityTest {

  private static final DatabaseState NOW = database(7, 1, "0/500", 200);

  private final Position published = position(100, "e100", 7, 1, "0/300");
  private final Position earlier = position(60, null, 7, 1, "0/200");

  @Test
  void startsWhereNothingIsKnown() {
    assertThat(decide(null, NOW, null, null))
        .isEqualTo(new Continuity.FirstStart(Position.start(NOW)));
  }

  @Test
  void goesOnWhereTheLastEventIsStillThere() {
    assertThat(decide(published, NOW, null, "e100"))
        .isEqualTo(new Continuity.GoOn(published.in(NOW.origin())));
  }

  @Test
  void goesOnWhereNothingWasPublishedYet() {
    Position start = Position.start(NOW);

    assertThat(decide(start, NOW, null, null)).isEqualTo(new Continuity.GoOn(start));
  }

  @Test
  void goesOnOnAnotherTimelineThatHoldsTheLastEvent() {
    DatabaseState promoted = database(7, 2, "0/310", 200);

    assertThat(decide(published, promoted, null, "e100"))
        .isEqualTo(new Continuity.GoOn(published.in(promoted.origin())));
  }

  @Test
  void goesOnWithoutTheLastEventWhereALaterCheckpointIsStillThere() {
    assertThat(decide(published, NOW, new Checkpoint(earlier, lsn("0/300")), null))
        .isEqualTo(new Continuity.GoOn(published.in(NOW.origin())));
  }

  @Test
  void goesBackWhereTheCheckpointIsOlderThanThePosition() {
    assertThat(decide(published, NOW, new Checkpoint(earlier, lsn("0/2FF")), null))
        .isInstanceOfSatisfying(
            Continuity.GoBack.class,
            back -> {
              assertThat(back.position()).isEqualTo(earlier.in(NOW.origin()));
              assertThat(back.reason()).contains("went back in time", "id 100");
            });
  }

  @Test
  void goesBackWhereTheIdOfTheLastEventWasIssuedAnew() {
    assertThat(decide(published, NOW, new Checkpoint(earlier, lsn("0/200")), "another"))
        .isInstanceOf(Continuity.GoBack.class);
  }

  @Test
  void goesBackWhereAFormerTimelineWroteTheCheckpoint() {
    Position onSecond = position(100, "e100", 7, 2, "0/300");

    assertThat(
            decide(
                onSecond,
                database(7, 2, "0/500", 200),
                new Checkpoint(earlier, lsn("0/400")),
                null))
        .isInstanceOf(Continuity.GoBack.class);
  }

  @Test
  void goesBackToTheBeginningWithoutACheckpoint() {
    DatabaseState restored = database(7, 2, "0/500", 200);

    assertThat(decide(published, restored, null, null))
        .isEqualTo(
            new Continuity.GoBack(
                Position.start(restored),
                "failover, point-in-time restore or restart: timeline 2, was 1"));
  }

  @Test
  void goesBackToTheCheckpointWhereKafkaHoldsNoPosition() {
    assertThat(decide(null, NOW, new Checkpoint(earlier, lsn("0/200")), null))
        .isInstanceOfSatisfying(
            Continuity.GoBack.class,
            back -> {
              assertThat(back.position()).isEqualTo(earlier.in(NOW.origin()));
              assertThat(back.reason()).contains("the position topic is empty");
            });
  }

  @Test
  void adoptsAnotherClusterThatHoldsTheLastEvent() {
    assertThat(decide(published, database(8, 1, "0/1", 100), null, "e100"))
        .isEqualTo(new Continuity.Adopt(published, null));
  }

  @Test
  void adoptsAnotherClusterFromItsCheckpointWhereItHoldsNoMore() {
    assertThat(
            decide(
                published,
                database(8, 1, "0/1", 150),
                new Checkpoint(earlier, lsn("0/200")),
                "another"))
        .isInstanceOfSatisfying(
            Continuity.Adopt.class,
            adopt -> {
              assertThat(adopt.position()).isEqualTo(earlier);
              assertThat(adopt.reason()).contains("another database cluster");
            });
  }

  @Test
  void adoptsAnotherClusterFromItsCheckpointWhereKafkaHoldsNoPosition() {
    assertThat(decide(null, database(8, 1, "0/1", 60), new Checkpoint(earlier, lsn("0/200")), null))
        .isInstanceOf(Continuity.Adopt.class);
  }

  @Test
  void beginsAnewInAnotherClusterThatIssuesIdsAnew() {
    DatabaseState restored = database(8, 1, "0/1", 5);

    assertThat(decide(published, restored, new Checkpoint(earlier, lsn("0/400")), "e100"))
        .isInstanceOfSatisfying(
            Continuity.GoBack.class,
            back -> assertThat(back.position()).isEqualTo(Position.start(restored)));
  }

  @Test
  void holdsOnTheSameTimelineFurtherOn() {
    assertThat(Continuity.broken(published, NOW)).isNull();
    assertThat(Continuity.broken(published, database(7, 1, "0/300", 200))).isNull();
  }

  @Test
  void holdsWhereIdsAreIssuedAnewByYoungerTransactions() {
    assertThat(Continuity.broken(published, database(7, 1, "0/500", 1))).isNull();
  }

  @Test
  void breaksWithTheClusterTheTimelineOrTheLog() {
    assertThat(Continuity.broken(published, database(8, 1, "0/500", 200)))
        .contains("another database cluster");
    assertThat(Continuity.broken(published, database(7, 2, "0/500", 200)))
        .contains("failover, point-in-time restore");
    assertThat(Continuity.broken(published, database(7, 1, "0/2FF", 200)))
        .contains("went back in time");
  }

  private static Continuity decide(
      @Nullable Position kafka,
      DatabaseState now,
      @Nullable Checkpoint checkpoint,
      @Nullable String event) {
    return Continuity.decide(
        Optional.ofNullable(kafka),
        now,
        Optional.ofNullable(checkpoint),
        Optional.ofNullable(event));
  }

  private static DatabaseState database(long cluster, int timeline, String lsn, long lastId) {
    return new DatabaseState(
        new Origin(cluster, timeline, lsn(lsn)), "50:50:", lastId, Instant.EPOCH, null);
  }

  private static Position position(
      long id, @Nullable String event, long cluster, int timeline, String lsn) {
    return new Position(
        id, event, "10:10:", null, List.of(), new Origin(cluster, timeline, lsn(lsn)));
  }

  private static Lsn lsn(String text) {
    return Lsn.parse(text);
  }
}
