package dev.lapse.outbox;

import java.util.List;

/**
 * What one look into the outbox found.
 *
 * @param from the position it was read from
 * @param records in id order
 * @param more whether there may be more than the page holds, so that reading on at once is worth it
 * @param upToId it looked no further; of a look that may go any way, {@link Long#MAX_VALUE}
 * @param database the database that was read, as it was then
 */
public record Page(
    Position from, List<OutboxRecord> records, boolean more, long upToId, DatabaseState database) {

  public boolean isEmpty() {
    return records.isEmpty();
  }

  /** The position once the records are published. */
  public Position next() {
    if (from.catchUp() != null) {
      return from.caughtUpTo(upToId, database.origin());
    }
    if (isEmpty()) {
      return more ? from.in(database.origin()) : from.after(null, false, database);
    }
    return from.after(records.get(records.size() - 1), more, database);
  }

  /** The same, as if read from the database that {@code origin} names. */
  public Page in(Origin origin) {
    return new Page(from, records, more, upToId, database.in(origin));
  }

  /** Its first {@code count} records, as if the page had been full then. */
  public Page first(int count) {
    return count == records.size()
        ? this
        : new Page(from, records.subList(0, count), true, records.get(count).id() - 1, database);
  }
}
