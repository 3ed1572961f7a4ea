package dev.lapse.relay;

import dev.lapse.outbox.Checkpoints;
import dev.lapse.outbox.OutboxReader;
import dev.lapse.outbox.Page;
import dev.lapse.outbox.Position;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
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
      Position position) {
    this.relay = settings.name();
    this.checkpointInterval = settings.checkpointInterval();
    this.reader = reader;
    this.checkpoints = checkpoints;
    this.publisher = publisher;
    this.position = position;
  }

  /** What has been published so far. */
  Position position() {
    return position;
  }

  /**
   * Publishes the next page, if there is one.
   *
   * @throws DatabaseChangedException if the position proves nothing any more
   */
  Cycle runOnce() throws Exception {
    Page page = nextPage == null ? reader.read(position) : await(nextPage);
    nextPage = null;
    String broken = Continuity.broken(position, page.database());
    if (broken != null) {
      throw new DatabaseChangedException(broken);
    }
    if (!page.isEmpty()) {
      publish(page);
    }
    position = page.next();
    writeCheckpointIfDue();
    return new Cycle(page.records().size(), page.more());
  }

  private void publish(Page page) throws Exception {
    if (page.more()) {
      nextPage = readAhead.submit(() -> reader.read(page.next()));
    }
    publisher.send(page);
    publisher.commit(page.next());
    checkpointIsOld = true;
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
