package dev.lapse.outbox;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PositionTest {

  private static final DatabaseState STATE =
      new DatabaseState(new Origin(7, 1, Lsn.parse("0/200")), "20:20:", 1000, Instant.EPOCH, null);

  private final Position position =
      new Position(100, "e100", "10:12:10", null, List.of(), new Origin(7, 1, Lsn.parse("0/100")));
  private final Position catchingUp = position.catchingUpTo("15:15:", 40);

  @Test
  void takesTheSnapshotOfAnEmptyPage() {
    assertThat(position.after(null, false, STATE)).isEqualTo(at(100, "e100", "20:20:", null));
  }

  @Test
  void movesToTheLastIdOfAPage() {
    assertThat(position.after(record(120), false, STATE))
        .isEqualTo(at(120, "e120", "20:20:", null));
  }

  @Test
  void movesToTheLastIdOfAPageThatIsFullOfNewRecords() {
    assertThat(position.after(record(120), true, STATE)).isEqualTo(at(120, "e120", "20:20:", null));
  }

  @Test
  void staysAtItsIdWhenThePageHoldsStragglersOnly() {
    assertThat(position.after(record(30), false, STATE)).isEqualTo(at(100, "e100", "20:20:", null));
  }

  @Test
  void beginsToCatchUpWhenStragglersFillThePage() {
    assertThat(position.after(record(30), true, STATE))
        .isEqualTo(at(100, "e100", "10:12:10", new Position.CatchUp("20:20:", 30)));
  }

  /** The row of the position's own id, committed late: not possible, but below means not above. */
  @Test
  void beginsToCatchUpWhenTheStragglersReachItsOwnId() {
    assertThat(position.after(record(100), true, STATE))
        .isEqualTo(at(100, "e100", "10:12:10", new Position.CatchUp("20:20:", 100)));
  }

  @Test
  void catchesUpToTheSnapshotItBeganWith() {
    assertThat(catchingUp.caughtUpTo(60, STATE.origin()))
        .isEqualTo(at(100, "e100", "10:12:10", new Position.CatchUp("15:15:", 60)));
  }

  @Test
  void hasCaughtUpWhenALookReachesItsOwnId() {
    assertThat(catchingUp.caughtUpTo(100, STATE.origin()))
        .isEqualTo(at(100, "e100", "15:15:", null));
  }

  @Test
  void looksForStragglersALimitedWayAtATime() {
    assertThat(catchingUp.reach(30)).isEqualTo(70);
    assertThat(catchingUp.reach(300)).isEqualTo(100);
  }

  @Test
  void beginsAnewWithTheIdsOnceAllIsPublished() {
    DatabaseState restarted =
        new DatabaseState(
            STATE.origin(), "20:20:", 5, Instant.EPOCH, new DatabaseState.Highest(5, "e5"));

    assertThat(position.after(record(5), false, restarted)).isEqualTo(at(5, "e5", "20:20:", null));
    assertThat(position.after(record(4), true, restarted))
        .isEqualTo(at(100, "e100", "10:12:10", new Position.CatchUp("20:20:", 4)));
  }

  @Test
  void startsBeforeEverything() {
    assertThat(Position.start(STATE)).isEqualTo(at(0, null, "3:3:", null));
  }

  @Test
  void knowsWhereItWasRead() {
    assertThat(position.in(STATE.origin()).in(position.origin())).isEqualTo(position);
    assertThat(position.in(STATE.origin()).origin()).isEqualTo(STATE.origin());
  }

  private static Position at(
      long id, @Nullable String event, String snapshot, Position.@Nullable CatchUp catchUp) {
    return new Position(id, event, snapshot, catchUp, List.of(), STATE.origin());
  }

  private static OutboxRecord record(long id) {
    byte[] none = {};
    return new OutboxRecord(
        id, ("e" + id).getBytes(US_ASCII), "Noted", null, none, none, null, none);
  }
}
