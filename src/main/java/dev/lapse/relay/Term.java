package dev.lapse.relay;

import dev.lapse.outbox.Checkpoints;
import dev.lapse.outbox.DeadLetter;
import dev.lapse.outbox.OutboxReader;
import dev.lapse.outbox.OutboxRecord;
import dev.lapse.outbox.Page;
import dev.lapse.outbox.Position;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One term of leading, from a take-over to the next error: reads pages and publishes them, each
 * exactly once. The next page is read while the one before is sent and committed.
 *
 * <p>A term that has thrown is over: whatever it had read ahead or left open is dropped with it,
 * and the next term goes on from the last position that Kafka committed. Used by the relay's thread
 * alone.
 */
final class Term implements AutoCloseable {

  private final OutboxReader reader;
  private final Checkpoints checkpoints;
  private final EventPublisher publisher;
  private final Parking parking;
  private final String relay;
  private final Duration checkpointInterval;
  private final ExecutorService readAhead =
      Executors.newSingleThreadExecutor(task -> new Thread(task, "lapse-relay-reader"));

  private Position position;
  private @Nullable Future<Page> nextPage;
  private boolean checkpointIsOld = true;
  private long checkpointAt = System.nanoTime();

  Term(
      RelaySettings settings,
      OutboxReader reader,
      Checkpoints checkpoints,
      EventPublisher publisher,
      Parking parking,
      Position position) {
    this.relay = settings.name();
    this.checkpointInterval = settings.checkpointInterval();
    this.reader = reader;
    this.checkpoints = checkpoints;
    this.publisher = publisher;
    this.parking = parking;
    this.position = position;
  }

  /** What has been published so far. */
  Position position() {
    return position;
  }

  /**
   * Publishes the next page, if there is one, and before it a page of what waited behind a dead
   * letter, if somebody wants that tried again.
   *
   * @throws DatabaseChangedException if the position proves nothing any more
   * @throws NewTermException if the next term must go on at once, knowing what this one learned
   */
  Cycle runOnce() throws Exception {
    DeadLetter requeued = parking.requeued(position);
    int published = requeued == null ? 0 : release(requeued);
    Page page = nextPage == null ? reader.read(position) : await(nextPage);
    nextPage = null;
    requireSameDatabase(page);
    boolean more = page.more() || position.catchUp() != null || requeued != null;
    if (page.isEmpty()) {
      position = page.next().with(position.deadLetters());
    } else {
      more |= publish(page);
      published += publisher.events();
    }
    writeCheckpointIfDue();
    return new Cycle(published, more);
  }

  /** Returns whether it had to stop before the page's end. */
  private boolean publish(Page page) throws Exception {
    if (page.more()) {
      nextPage = readAhead.submit(() -> reader.read(page.next()));
    }
    Predicate<OutboxRecord> withheld = parking.withheld(position);
    EventPublisher.Sent sent = publisher.send(page.records(), page.database().time(), withheld);
    Position next = page.first(sent.records()).next().with(position.deadLetters());
    boolean cut = sent.records() < page.records().size();
    if (cut) {
      nextPage = null; // it went on behind the whole page
    }
    // Without room for another dead letter, what comes before it is published first.
    if (sent.poison() != null && (parking.hasRoom(next) || publisher.events() == 0)) {
      OutboxRecord refused = page.records().get(sent.records());
      next = parking.park(refused, sent.poison(), page.database().time(), next);
    }
    commit(next, page);
    return cut;
  }

  /** Publishes a page of what waits behind a dead letter, and drops the letter with the last. */
  private int release(DeadLetter letter) throws Exception {
    Page page = reader.waiting(letter, position);
    requireSameDatabase(page);
    EventPublisher.Sent sent =
        publisher.send(page.records(), page.database().time(), record -> false);
    Page part = page.first(sent.records());
    Position next = parking.released(letter, part, position);
    if (sent.poison() != null) {
      OutboxRecord refused = page.records().get(sent.records());
      next = parking.refusedAgain(letter, refused, sent.poison(), page.database().time(), next);
    }
    commit(next, page);
    return publisher.events();
  }

  private void commit(Position next, Page page) {
    List<DeadLetter> before = position.deadLetters();
    publisher.commit(next, page.database().time());
    position = next;
    checkpointIsOld = true;
    if (!position.deadLetters().equals(before)) {
      parking.show(position, before);
    }
  }

  private void requireSameDatabase(Page page) {
    String broken = Continuity.broken(position, page.database());
    if (broken != null) {
      throw new DatabaseChangedException(broken);
    }
  }

  private static Page await(Future<Page> page) throws Exception {
    try {
      return page.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Exception cause) {
        throw cause;
      }
      throw e;
    }
  }

  private void writeCheckpointIfDue() {
    if (checkpointIsOld && System.nanoTime() - checkpointAt >= 0) {
      writeCheckpoint();
    }
  }

  private void writeCheckpoint() {
    checkpoints.write(relay, position);
    checkpointIsOld = false;
    checkpointAt = System.nanoTime() + checkpointInterval.toNanos();
  }

  /** Ends the term in good order: leaves a checkpoint that says all that was published. */
  void finish() {
    if (checkpointIsOld) {
      writeCheckpoint();
    }
  }

  @Override
  public void close() {
    readAhead.shutdownNow();
    publisher.close();
  }

  /**
   * What a cycle did.
   *
   * @param published events that are committed in Kafka now
   * @param more whether there is more to publish at once
   */
  record Cycle(int published, boolean more) {}
}
