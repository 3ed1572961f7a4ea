package dev.lapse.relay;

import dev.lapse.outbox.DeadLetter;
import dev.lapse.outbox.OutboxRecord;
import dev.lapse.outbox.Page;
import dev.lapse.outbox.Position;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Publishes a page as far as Kafka takes it: what it refuses is parked, and the position that is
 * committed is the one before whatever was left over. Of one term, as its {@link EventPublisher}.
 */
final class PagePublisher implements AutoCloseable {

  private final EventPublisher publisher;
  private final Parking parking;
  private final RelayListener listener;

  PagePublisher(EventPublisher publisher, Parking parking, RelayListener listener) {
    this.publisher = publisher;
    this.parking = parking;
    this.listener = listener;
  }

  /**
   * Publishes {@code page}, or the part before an event that Kafka refuses.
   *
   * @return the position that is committed now
   * @throws NewTermException if the next term must go on at once, knowing what this one learned
   */
  Position publish(Page page, Position position) throws Exception {
    Instant now = page.database().time();
    EventPublisher.Sent sent = publisher.send(page.records(), now, parking.withheld(position));
    Position next = page.first(sent.records()).next().with(position.deadLetters());
    // Without room for another dead letter, what comes before it is published first.
    if (sent.poison() != null && (parking.hasRoom(next) || publisher.sent().isEmpty())) {
      OutboxRecord refused = page.records().get(sent.records());
      next = parking.park(refused, sent.poison(), now, next);
    }
    commit(next, position, now);
    tell(page, position.publishedId());
    return next;
  }

  /** Publishes a part of what waits behind a dead letter, and drops the letter with the last. */
  Position release(DeadLetter letter, Page waiting, Position position) throws Exception {
    Instant now = waiting.database().time();
    EventPublisher.Sent sent = publisher.send(waiting.records(), now, record -> false);
    Optional<DeadLetter> rest = letter.after(waiting.first(sent.records()), position);
    String poison = sent.poison();
    if (poison != null) {
      OutboxRecord refused = waiting.records().get(sent.records());
      rest = rest.map(waits -> waits.nowAt(refused, poison, now));
    }
    Position next = Parking.released(letter, rest, position);
    commit(next, position, now);
    tell(waiting, 0);
    return next;
  }

  private void commit(Position next, Position before, Instant now) {
    publisher.commit(next, now);
    if (!next.deadLetters().equals(before.deadLetters())) {
      parking.show(next, before.deadLetters());
    }
  }

  /**
   * @param upToId up to which records are stragglers
   */
  private void tell(Page page, long upToId) {
    List<OutboxRecord> sent = publisher.sent();
    if (!sent.isEmpty()) {
      long bytes = 0;
      int stragglers = 0;
      for (OutboxRecord record : sent) {
        bytes += record.size();
        stragglers += record.id() <= upToId ? 1 : 0;
      }
      listener.published(
          new PublishedTransaction(List.copyOf(sent), bytes, stragglers, page.database().now()));
    }
  }

  /** Commits a position by itself. */
  void publish(Position position, Instant now) {
    publisher.publish(position, now);
  }

  /** The events that were committed last. */
  int events() {
    return publisher.sent().size();
  }

  /** Whether a transaction was begun whose end was not seen. */
  boolean isInTransaction() {
    return publisher.isInTransaction();
  }

  @Override
  public void close() {
    publisher.close();
  }
}
