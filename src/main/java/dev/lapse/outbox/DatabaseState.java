package dev.lapse.outbox;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What a statement saw of its database: taken in the same statement, so under the same snapshot, as
 * the rows it comes with.
 *
 * @param origin which database, and how far its log was
 * @param snapshot the {@code pg_snapshot} in its text form, {@code xmin:xmax:xip,…}
 * @param lastId the highest outbox id handed out so far, 0 if none was
 * @param time by the database's clock, to the millisecond
 * @param highest set where ids begin anew (TRUNCATE … RESTART IDENTITY): the row of the greatest id
 *     that the snapshot sees
 * @param askedAt when it was asked, by {@link System#nanoTime()}
 */
public record DatabaseState(
    Origin origin,
    String snapshot,
    long lastId,
    Instant time,
    @Nullable Highest highest,
    long askedAt) {

  /** Asked just now. */
  public DatabaseState(
      Origin origin, String snapshot, long lastId, Instant time, @Nullable Highest highest) {
    this(origin, snapshot, lastId, time, highest, System.nanoTime());
  }

  /** What the database's clock shows by now, whatever this host's does. */
  public Instant now() {
    return time.plusNanos(System.nanoTime() - askedAt);
  }

  DatabaseState in(Origin other) {
    return new DatabaseState(other, snapshot, lastId, time, highest, askedAt);
  }

  /**
   * A row of the outbox.
   *
   * @param id 0 if there is no row at all
   * @param eventId null then
   */
  public record Highest(long id, @Nullable String eventId) {}
}
