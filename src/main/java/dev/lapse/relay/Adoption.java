package dev.lapse.relay;

import dev.lapse.outbox.DatabaseState;
import dev.lapse.outbox.DeadLetter;
import dev.lapse.outbox.Origin;
import dev.lapse.outbox.OutboxReader;
import dev.lapse.outbox.Page;
import dev.lapse.outbox.Position;
import dev.lapse.outbox.Restamp;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Goes on in another cluster, in which the outbox was restored. Nothing repeats: the rows' own
 * transaction ids still tell which of them the old position had not published; those are published
 * first, and then every row gets an id of the new cluster. Interrupted anywhere, it begins anew.
 *
 * <p>Except behind a dead letter: of its key, what is above the first record that waits is
 * published again.
 */
final class Adoption {

  private static final Logger log = LoggerFactory.getLogger(Adoption.class);

  private final OutboxReader reader;
  private final Restamp restamp;
  private final PagePublisher publisher;

  Adoption(OutboxReader reader, Restamp restamp, PagePublisher publisher) {
    this.reader = reader;
    this.restamp = restamp;
    this.publisher = publisher;
  }

  /** The position in the new cluster, committed. */
  Position run(Continuity.Adopt adopt) throws Exception {
    Position old = adopt.position();
    log.warn(
        "Connected to a restored database; continuing there systemIdentifier={} before={} publishedId={}{}",
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
    Position position =
        catchUp(
            caughtUp.catchingUpTo(
                restamp.snapshotOfEverything(),
                Math.min(caughtUp.publishedId(), restamp.beforeFirst())));
    // By id alone from here on: once restamped, the rows no longer tell which of them waited.
    position = position.with(byIdAlone(position));
    publisher.publish(position, reader.state().time());
    String snapshot = restamp.run();
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
      position = publisher.publish(reader.read(position).in(old), position);
    }
    return position;
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
