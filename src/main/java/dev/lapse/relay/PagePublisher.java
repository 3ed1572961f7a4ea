package dev.lapse.relay;

import dev.lapse.outbox.DeadLetter;
import dev.lapse.outbox.OutboxRecord;
import dev.lapse.outbox.Page;
import dev.lapse.outbox.Position;
import dev.lapse.outbox.Waiting;
import java.time.Instant;
import java.util.Optional;

/**
 * Publishes a page as far as Kafka takes it: what it refuses is parked, and the position that is
 * committed is the one before whatever was left over. Of one term, as its {@link EventPublisher}.
 */
final class PagePublisher implements AutoCloseable {

  private final EventPublisher publisher;
  private final Parking parking;

  PagePublisher(EventPublisher publisher, Parking parking) {
    this.publisher = publisher;
    this.parking = parking;
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
    if (sent.poison() != null && (parking.hasRoom(next) || publisher.events() == 0)) {
      OutboxRecord refused = page.records().get(sent.records());
      next = parking.park(refused, sent.poison(), now, next);
    }
    return commit(next, position, now);
  }

  /** Publishes a part of what waits behind a dead letter, and drops the letter with the last. */
  Position release(DeadLetter letter, Waiting waiting, Position position) throws Exception {
    Page page = waiting.page();
    Instant now = page.database().time();
    EventPublisher.Sent sent = publisher.send(page.records(), now, record -> false);
    Optional<DeadLetter> rest = letter.after(waiting.first(sent.records()), position);
    String poison = sent.poison();
    if (poison != null) {
      OutboxRecord refused = page.records().get(sent.records());
      rest = rest.map(waits -> waits.nowAt(refused, poison, now));
    }
    return commit(Parking.released(letter, rest, position), position, now);
  }

  private Position commit(Position next, Position before, Instant now) {
    publisher.commit(next, now);
    if (!next.deadLetters().equals(before.deadLetters())) {
      parking.show(next, before.deadLetters());
    }
    return next;
  }

  /** Commits a position by itself. */
  void publish(Position position, Instant now) {
    publisher.publish(position, now);
  }

  /** The events that were committed last. */
  int events() {
    return publisher.events();
  }

  @Override
  public void close() {
    publisher.close();
  }
}
