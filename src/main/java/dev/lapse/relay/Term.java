package dev.lapse.relay;

import dev.lapse.outbox.Checkpoints;
import dev.lapse.outbox.DeadLetter;
import dev.lapse.outbox.OutboxReader;
import dev.lapse.outbox.Page;
import dev.lapse.outbox.Position;
import dev.lapse.outbox.QuickPoll;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One term of leading, from a take-over to the next error: reads pages and publishes them, each
 * exactly once. The next page is read while the one before is sent and committed.
 *
 * <p>A term that has thrown is over: whatever it had read ahead or left open is dropped with it,
 * and the next term goes on from the last position that Kafka committed. Used by the relay's thread
 * alone.
 */
final class Term implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Term.class);

  private final OutboxReader reader;
  private final QuickPoll quickPoll;
  private final Checkpoints checkpoints;
  private final PagePublisher publisher;
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
      PagePublisher publisher,
      Parking parking,
      Position position) {
    this.relay = settings.name();
    this.checkpointInterval = settings.checkpointInterval();
    this.reader = reader;
    this.quickPoll = new QuickPoll(reader);
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
    if (requeued == null && nextPage == null && quickPoll.isQuiet(System.nanoTime())) {
      writeCheckpointIfDue();
      return new Cycle(0, false);
    }
    int published = requeued == null ? 0 : release(requeued);
    Page page = nextPage == null ? reader.read(position) : await(nextPage);
    nextPage = null;
    quickPoll.read(page);
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
    position = publisher.publish(page, position);
    checkpointIsOld = true;
    boolean cut = !position.equals(page.next().with(position.deadLetters()));
    if (cut) {
      nextPage = null; // it went on behind the whole page
    }
    return cut;
  }

  private int release(DeadLetter letter) throws Exception {
    Page waiting = reader.waiting(letter, position);
    requireSameDatabase(waiting);
    Position before = position;
    position = publisher.release(letter, waiting, position);
    checkpointIsOld = true;
    warnIfPurged(letter, before);
    return publisher.events();
  }

  /** Rows that wait count as published to those who purge by the checkpoint's id alone. */
  private void warnIfPurged(DeadLetter letter, Position before) throws Exception {
    boolean isGone = position.deadLetters().size() < before.deadLetters().size();
    if (isGone && !reader.eventAt(letter.id()).equals(Optional.of(letter.eventId()))) {
      log.warn(
          "An undeliverable event was deleted from the outbox and will never be published, nor will"
              + " deleted events after it outboxId={} type={}",
          letter.id(),
          letter.type());
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

  private void writeCheckpointIfDue() throws SQLException {
    if (checkpointIsOld && System.nanoTime() - checkpointAt >= 0) {
      writeCheckpoint();
    }
  }

  private void writeCheckpoint() throws SQLException {
    checkpoints.write(relay, position, reader.originSource());
    checkpointIsOld = false;
    checkpointAt = System.nanoTime() + checkpointInterval.toNanos();
  }

  /**
   * Before an end or a pause: leaves a checkpoint that says all that was published, and forgets
   * what was read ahead, since a pause may last, and the database be another one when it is over.
   */
  void finish() throws SQLException {
    nextPage = null;
    if (checkpointIsOld) {
      writeCheckpoint();
    }
  }

  /** Whether it leaves a transaction whose end it has not seen. */
  boolean isInTransaction() {
    return publisher.isInTransaction();
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
