package dev.lapse.relay;

import dev.lapse.outbox.Checkpoint;
import dev.lapse.outbox.DatabaseState;
import dev.lapse.outbox.Origin;
import dev.lapse.outbox.Position;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Decides where to go on: whether the database is still the one that a position was read from, and
 * what to do when it is not. Pure; every rule has its reason beside it.
 */
sealed interface Continuity {

  /** Goes on from {@code position}: it says exactly what is published. */
  record GoOn(Position position) implements Continuity {}

  /** Nothing was ever published. */
  record FirstStart(Position position) implements Continuity {}

  /**
   * What was published last is not known: goes on from an earlier position. Nothing is lost; events
   * between the two are published again, with the same ids.
   */
  record GoBack(Position position, String reason) implements Continuity {}

  /**
   * The rows were restored into another cluster, where their transaction ids mean nothing.
   *
   * @param reason why {@code position} is earlier than what was published last, if it is
   */
  record Adopt(Position position, @Nullable String reason) implements Continuity {}

  /**
   * The same where the outbox holds rows whose transaction ids this cluster has not issued: what is
   * above a position's snapshot, only the ids of the other cluster tell.
   */
  default Continuity amongForeignRows() {
    if (this instanceof GoOn goOn && goOn.position().publishedId() > 0) {
      return new Adopt(goOn.position(), null);
    }
    return this instanceof GoBack goBack && goBack.position().publishedId() > 0
        ? new Adopt(goBack.position(), goBack.reason())
        : this;
  }

  /**
   * @param kafka the position in Kafka, if there is one
   * @param now the database, looked at before everything below: were it looked at afterwards, a
   *     failover in between could let the one before vouch for the one after
   * @param checkpoint the checkpoint in the database, if there is one
   * @param event the event id of the row at the position's {@code publishedId}, if there is one
   */
  static Continuity decide(
      Optional<Position> kafka,
      DatabaseState now,
      Optional<Checkpoint> checkpoint,
      Optional<String> event) {
    if (kafka.isEmpty()) {
      return checkpoint.isEmpty()
          ? new FirstStart(Position.start(now))
          : goBack(
              checkpoint, now, "the position topic is empty, but the database has a checkpoint");
    }
    Position position = kafka.get();
    if (!endsWith(position, event) && !checkpoint.map(c -> covers(c, position)).orElse(false)) {
      return goBack(checkpoint, now, notProven(position, now));
    }
    if (sameCluster(position, now)) {
      return new GoOn(position.in(now.origin()));
    }
    return idsAreIssuedAnew(position, now)
        ? goBack(checkpoint, now, notProven(position, now))
        : new Adopt(position, null);
  }

  /**
   * Why {@code position} may prove nothing about the database {@code now}; null if it holds.
   *
   * <p>On one timeline, while the log has not gone back, no transaction id that the position has
   * seen is issued again. Without functions of the WAL each restart counts as another timeline. Ids
   * may be (TRUNCATE … RESTART IDENTITY): rows of younger transactions below the position are
   * stragglers like others.
   */
  static @Nullable String broken(Position position, DatabaseState now) {
    Origin was = position.origin();
    Origin is = now.origin();
    if (was.systemIdentifier() != is.systemIdentifier()) {
      return "another database cluster: system identifier %d, was %d"
          .formatted(is.systemIdentifier(), was.systemIdentifier());
    }
    if (was.timeline() != is.timeline()) {
      return "failover, point-in-time restore or restart: timeline %d, was %d"
          .formatted(is.timeline(), was.timeline());
    }
    if (is.lsn().isBefore(was.lsn())) {
      return "the database went back in time: WAL at %s, was %s".formatted(is.lsn(), was.lsn());
    }
    return null;
  }

  private static boolean sameCluster(Position position, DatabaseState now) {
    return position.origin().systemIdentifier() == now.origin().systemIdentifier();
  }

  private static String notProven(Position position, DatabaseState now) {
    String broken = broken(position, now);
    return broken != null
        ? broken
        : "the database went back in time: the row with id %d is not the published one"
            .formatted(position.publishedId());
  }

  /**
   * The row of the highest id published is still the event that it was: then the history that this
   * database kept reaches past it, and whatever was written since it parted from the one published
   * got higher ids, which are looked at anyway. Holds across timelines, and where the log of a
   * restored copy has meanwhile grown beyond the one lost.
   */
  private static boolean endsWith(Position position, Optional<String> event) {
    return position.publishedId() == 0
        || event.filter(there -> there.equals(position.publishedEvent())).isPresent();
  }

  /**
   * A checkpoint written on the position's own timeline, past all that the position has seen, and
   * still there: then the history that this database kept includes everything published. For when
   * the row of the highest id has been purged.
   */
  private static boolean covers(Checkpoint checkpoint, Position position) {
    Origin wrote = checkpoint.position().origin();
    return wrote.systemIdentifier() == position.origin().systemIdentifier()
        && wrote.timeline() == position.origin().timeline()
        && !checkpoint.writtenAt().isBefore(position.origin().lsn());
  }

  /** To the checkpoint, where there is one that holds, else to the beginning. */
  private static Continuity goBack(
      Optional<Checkpoint> checkpoint, DatabaseState now, String reason) {
    if (checkpoint.isEmpty()) {
      return new GoBack(Position.start(now), reason);
    }
    Position back = checkpoint.get().position();
    if (sameCluster(back, now)) {
      return new GoBack(back.in(now.origin()), reason);
    }
    return idsAreIssuedAnew(back, now)
        ? new GoBack(Position.start(now), reason)
        : new Adopt(back, reason);
  }

  /** In another cluster transaction ids do not tell which rows below the position are new. */
  private static boolean idsAreIssuedAnew(Position position, DatabaseState now) {
    return now.lastId() < position.publishedId();
  }
}
