package dev.lapse.relay;

import dev.lapse.outbox.DatabaseState;
import dev.lapse.outbox.DeadLetter;
import dev.lapse.outbox.Origin;
import dev.lapse.outbox.OutboxReader;
import dev.lapse.outbox.Page;
import dev.lapse.outbox.Position;
import dev.lapse.outbox.Restamp;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Goes on in another cluster, in which the outbox was restored. Nothing repeats: the rows' own
 * transaction ids still tell which of them the old position had not published; those are published
 * first, and then every row gets an id of the new cluster. All of it goes in steps that are kept,
 * so that whoever goes on after an interruption has less to do.
 *
 * <p>Except behind a dead letter: of its key, what is above the first record that waits is
 * published again.
 */
final class Adoption {

  private static final Logger log = LoggerFactory.getLogger(Adoption.class);

  /** Between two lines of progress in the log. */
  private static final Duration LOG_INTERVAL = Duration.ofSeconds(10);

  /** A batch that takes less is followed by a larger one, and one that takes more by a smaller. */
  private static final Duration SHORT_BATCH = Duration.ofMillis(500);

  private static final Duration LONG_BATCH = Duration.ofSeconds(2);

  private static final int FIRST_BATCH = 1_000;
  private static final int LARGEST_BATCH = 100_000;

  private final OutboxReader reader;
  private final Restamp restamp;
  private final PagePublisher publisher;
  private final Lead lead;
  private long loggedAt = System.nanoTime();

  Adoption(OutboxReader reader, Restamp restamp, PagePublisher publisher, Lead lead) {
    this.reader = reader;
    this.restamp = restamp;
    this.publisher = publisher;
    this.lead = lead;
  }

  /** The position in the new cluster, committed. */
  Position run(Continuity.Adopt adopt) throws Exception {
    Position old = adopt.position();
    log.warn(
        "The outbox holds rows of another database cluster; continuing with them systemIdentifier={} before={} publishedId={}{}",
        reader.state().origin().systemIdentifier(),
        old.origin().systemIdentifier(),
        old.publishedId(),
        adopt.reason() == null
            ? ""
            : " effect=\"events may be published again with the same ce_id\" reason=\"%s\""
                .formatted(adopt.reason()));
    if (adopt.reason() != null) {
      old = old.endingWith(reader.eventAt(old.publishedId()));
    }
    Position caughtUp = catchUp(old);
    String everything = restamp.snapshotOfEverything();
    Position position =
        caughtUp.snapshot().equals(everything) // by an instance before
            ? caughtUp
            : catchUp(
                caughtUp.catchingUpTo(
                    everything, Math.min(caughtUp.publishedId(), restamp.beforeFirst())));
    // By id alone from here on: once restamped, the rows no longer tell which of them waited.
    position = position.with(byIdAlone(position));
    publisher.publish(position, reader.state().time());
    String snapshot = restampAll();
    DatabaseState state = reader.state();
    Position adopted = position.as(snapshot, state.origin()).with(seenFrom(snapshot, position));
    publisher.publish(adopted, state.time());
    return adopted;
  }

  /** Publishes stragglers to the end, the position still being one of the old cluster. */
  private Position catchUp(Position from) throws Exception {
    Origin old = from.origin();
    Position position = from;
    while (position.catchUp() != null) {
      keepLead(
          "publishing what is new in it upToId=%d of=%d"
              .formatted(position.catchUp().afterId(), position.publishedId()));
      position = publisher.publish(reader.read(position).in(old), position);
    }
    return position;
  }

  /**
   * Makes every row visible to every snapshot, batch by batch.
   *
   * @return a snapshot of before: rows that it does not see and that are written from now on carry
   *     this cluster's own ids
   */
  String restampAll() throws InterruptedException {
    String snapshot = restamp.snapshot();
    long restamped = 0;
    int size = FIRST_BATCH;
    Restamp.Batch batch = new Restamp.Batch(0, 0, true);
    while (batch.more()) {
      keepLead("restamping the outbox upToId=%d restamped=%d".formatted(batch.lastId(), restamped));
      long begin = System.nanoTime();
      batch = restamp.run(batch.lastId(), size);
      restamped += batch.restamped();
      size = nextSize(size, Duration.ofNanos(System.nanoTime() - begin));
    }
    log.info("Restamped the outbox records={} upToId={}", restamped, batch.lastId());
    return snapshot;
  }

  private static int nextSize(int size, Duration took) {
    if (took.compareTo(LONG_BATCH) > 0) {
      return Math.max(1, size / 2);
    }
    return took.compareTo(SHORT_BATCH) < 0 ? Math.min(LARGEST_BATCH, 2 * size) : size;
  }

  private void keepLead(String progress) throws InterruptedException {
    lead.keep(progress);
    if (System.nanoTime() - loggedAt >= LOG_INTERVAL.toNanos()) {
      loggedAt = System.nanoTime();
      log.info("Taking over: {}", progress);
    }
  }

  private List<DeadLetter> byIdAlone(Position position) throws Exception {
    List<DeadLetter> letters = new ArrayList<>();
    for (DeadLetter letter : position.deadLetters()) {
      Page waiting = reader.waiting(letter, position);
      long published = waiting.isEmpty() ? waiting.upToId() : waiting.first(0).upToId();
      letters.add(letter.publishedOnly(new DeadLetter.Extent(published, position.snapshot())));
    }
    return letters;
  }

  private static List<DeadLetter> seenFrom(String snapshot, Position position) {
    return position.deadLetters().stream()
        .map(letter -> letter.publishedOnly(letter.published().get(0).in(snapshot)))
        .toList();
  }
}
