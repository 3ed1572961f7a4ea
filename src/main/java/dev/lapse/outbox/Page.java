package dev.lapse.outbox;

import java.util.List;

/**
 * What one poll of the outbox found: the next records to publish and the position that publishing
 * them leads to.
 *
 * @param records in id order
 * @param next the position once they are published
 * @param more whether the page was full, so that reading on at once is worth it
 * @param database the database that was read, as it was then
 */
public record Page(
    List<OutboxRecord> records, Position next, boolean more, DatabaseState database) {

  public boolean isEmpty() {
    return records.isEmpty();
  }
}
