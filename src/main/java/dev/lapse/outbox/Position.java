package dev.lapse.outbox;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How far the outbox is published: an id and a snapshot.
 *
 * <p>Invariant: published are exactly the rows with {@code id <= publishedId} that are visible in
 * {@code snapshot}; while catching up, also those with {@code id <= catchUp.afterId} that are
 * visible in {@code catchUp.snapshot}; but not those that wait behind a dead letter.
 *
 * <p>A row visible now was either visible in the snapshot, and then it is published if its id is
 * low enough, or it belongs to a transaction that the snapshot saw running or did not see at all: a
 * straggler. So nothing is lost and nothing repeats, whatever order transactions commit in, without
 * time-outs and without waiting for anybody.
 *
 * @param publishedId the highest id published, 0 before the first
 * @param publishedEvent the event id of that very row, where it is known: a database in which the
 *     row still carries it has issued no id up to it anew
 * @param snapshot the {@code pg_snapshot}, as text, under which the relay read up to that id
 * @param catchUp set while stragglers are being published that one page cannot hold
 * @param deadLetters at most one a key
 * @param origin where this was read; everything published lies before its lsn
 */
public record Position(
    long publishedId,
    @Nullable String publishedEvent,
    String snapshot,
    @Nullable CatchUp catchUp,
    List<DeadLetter> deadLetters,
    Origin origin) {

  /** Sees no transaction but the bootstrap ones: with id 0, nothing is published. */
  private static final String SEES_NOTHING = "3:3:";

  /**
   * A straggler pass under way, over the rows of {@code snapshot} not visible in the position's.
   *
   * @param snapshot the snapshot that becomes the position's when the pass is done
   * @param afterId the pass has published the stragglers up to here
   */
  public record CatchUp(String snapshot, long afterId) {}

  public Position {
    deadLetters = List.copyOf(deadLetters);
  }

  /** The position before anything is published, in the database that {@code state} describes. */
  public static Position start(DatabaseState state) {
    return new Position(0, null, SEES_NOTHING, null, List.of(), state.origin());
  }

  /**
   * The position once a page is published.
   *
   * @param last the page's record of the greatest id, null if it is empty
   * @param cut whether the page was full, so that more rows may be visible than it holds
   * @param state the database as the page saw it
   */
  Position after(@Nullable OutboxRecord last, boolean cut, DatabaseState state) {
    Origin read = state.origin();
    DatabaseState.Highest highest = state.highest();
    if (highest != null && !cut) {
      // All that is visible is published, so the position may as well begin anew with the ids: the
      // row of an id that is above all others would prove nothing any more, for want of it.
      return new Position(
          highest.id(), highest.eventId(), state.snapshot(), null, deadLetters, read);
    }
    if (last == null || last.id() <= publishedId) {
      return last != null && cut
          ? catchingUpTo(state.snapshot(), last.id()).in(read)
          : as(state.snapshot(), read);
    }
    return new Position(last.id(), last.eventIdAsText(), state.snapshot(), null, deadLetters, read);
  }

  /** The position once the straggler pass under way has come to an id, in one look or in many. */
  Position caughtUpTo(long id, Origin read) {
    String target = Objects.requireNonNull(catchUp).snapshot;
    return id < publishedId ? catchingUpTo(target, id).in(read) : as(target, read);
  }

  /**
   * The id up to which one look for stragglers may go, since it walks over all rows.
   *
   * @param walk ids to walk over at most
   */
  long reach(long walk) {
    return Math.min(publishedId, Objects.requireNonNull(catchUp).afterId + walk);
  }

  /** The same, with a straggler pass to {@code target} begun above {@code afterId}. */
  public Position catchingUpTo(String target, long afterId) {
    return new Position(
        publishedId, publishedEvent, snapshot, new CatchUp(target, afterId), deadLetters, origin);
  }

  /** The same, seen from {@code newSnapshot} of the database that {@code read} names. */
  public Position as(String newSnapshot, Origin read) {
    return new Position(publishedId, publishedEvent, newSnapshot, null, deadLetters, read);
  }

  /** The same, with what the row at {@code publishedId} is, if it is still there. */
  public Position endingWith(Optional<String> event) {
    return new Position(publishedId, event.orElse(null), snapshot, catchUp, deadLetters, origin);
  }

  /** The same, read from the database that {@code read} names. */
  public Position in(Origin read) {
    return new Position(publishedId, publishedEvent, snapshot, catchUp, deadLetters, read);
  }

  /** The same, with these dead letters. */
  public Position with(List<DeadLetter> letters) {
    return new Position(publishedId, publishedEvent, snapshot, catchUp, letters, origin);
  }
}
