package dev.lapse.relay;

import dev.lapse.outbox.Checkpoint;
import dev.lapse.outbox.DatabaseState;
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

  /** The rows were restored into another cluster, where their transaction ids mean nothing. */
  record Adopt(Position position) implements Continuity {}

  /**
   * @param kafka the position in Kafka, if there is one
   * @param checkpoint the checkpoint in the database, if there is one
   * @param now the database
   */
  static Continuity decide(
      Optional<Position> kafka, Optional<Checkpoint> checkpoint, DatabaseState now) {
    if (kafka.isEmpty() && checkpoint.isEmpty()) {
      return new FirstStart(Position.start(now));
    }
    if (kafka.isEmpty()) {
      return goBack(checkpoint, now, "the position topic holds no position, the database does");
    }
    Position position = kafka.get();
    String broken = broken(position, now);
    if (broken == null) {
      return new GoOn(position);
    }
    if (idsAreIssuedAnew(position, now)) {
      return goBack(checkpoint, now, broken);
    }
    if (position.systemIdentifier() != now.systemIdentifier()) {
      return new Adopt(position);
    }
    if (checkpoint.isPresent() && holdsAllOf(position, checkpoint.get())) {
      return new GoOn(position.in(now));
    }
    return goBack(checkpoint, now, broken);
  }

  /**
   * Why {@code position} proves nothing about the database {@code now}; null if it holds.
   *
   * <p>An lsn at or past the position's is proof on one timeline: everything published lies before
   * the position's lsn and was on disk before Kafka was told, so no id up to it can be issued anew.
   */
  static @Nullable String broken(Position position, DatabaseState now) {
    if (idsAreIssuedAnew(position, now)) {
      return "the outbox hands out ids anew: the highest is %d, published is %d"
          .formatted(now.lastId(), position.publishedId());
    }
    if (position.systemIdentifier() != now.systemIdentifier()) {
      return "another database cluster: system identifier %d, was %d"
          .formatted(now.systemIdentifier(), position.systemIdentifier());
    }
    if (position.timeline() != now.timeline()) {
      return "another timeline: %d, was %d".formatted(now.timeline(), position.timeline());
    }
    if (now.lsn().isBefore(position.lsn())) {
      return "the database went back in time: log at %s, was %s"
          .formatted(now.lsn(), position.lsn());
    }
    return null;
  }

  private static boolean idsAreIssuedAnew(Position position, DatabaseState now) {
    return now.lastId() < position.publishedId();
  }

  /**
   * A checkpoint written on the position's own timeline, past all that the position has seen, and
   * still there: then the history that this database kept includes everything published.
   */
  private static boolean holdsAllOf(Position position, Checkpoint checkpoint) {
    return checkpoint.position().systemIdentifier() == position.systemIdentifier()
        && checkpoint.position().timeline() == position.timeline()
        && !checkpoint.writtenAt().isBefore(position.lsn());
  }

  /** To the checkpoint, where it describes this very database, else to the beginning. */
  private static Continuity goBack(
      Optional<Checkpoint> checkpoint, DatabaseState now, String reason) {
    Position start = Position.start(now);
    Position back = checkpoint.map(Checkpoint::position).orElse(start);
    if (idsAreIssuedAnew(back, now)) {
      return new GoBack(start, reason);
    }
    if (back.systemIdentifier() != now.systemIdentifier()) {
      return new Adopt(back);
    }
    return new GoBack(back.in(now), reason);
  }
}
