package dev.lapse.relay;

import dev.lapse.outbox.Checkpoint;
import dev.lapse.outbox.Checkpoints;
import dev.lapse.outbox.DatabaseState;
import dev.lapse.outbox.DeadLetter;
import dev.lapse.outbox.DeadLetters;
import dev.lapse.outbox.OutboxReader;
import dev.lapse.outbox.OutboxRecord;
import dev.lapse.outbox.Page;
import dev.lapse.outbox.Position;
import dev.lapse.outbox.Restamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.admin.Admin;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Begins a term: fences the predecessor, finds out what is published, and decides where to go on.
 * Also the answer to every error, since it never guesses: Kafka's position tells what happened.
 */
final class TakeOver {

  private static final Logger log = LoggerFactory.getLogger(TakeOver.class);

  private final KafkaClients clients;
  private final RelaySettings settings;
  private final Topics topics;
  private final EventEncoder encoder;
  private final PositionTopic positionTopic;
  private final OutboxReader reader;
  private final Checkpoints checkpoints;
  private final Restamp restamp;
  private final Poison poison = new Poison();
  private final Parking parking;

  TakeOver(
      KafkaClients clients,
      RelaySettings settings,
      Topics topics,
      OutboxReader reader,
      Checkpoints checkpoints,
      DeadLetters deadLetters,
      Restamp restamp) {
    this.clients = clients;
    this.settings = settings;
    this.topics = topics;
    this.encoder = new EventEncoder(settings);
    this.positionTopic = new PositionTopic(clients, settings);
    this.reader = reader;
    this.checkpoints = checkpoints;
    this.restamp = restamp;
    this.parking = new Parking(settings, deadLetters, poison);
  }

  Term begin(Admin admin) throws Exception {
    topics.createAll(admin); // one that was deleted would fail every term from now on
    EventPublisher publisher =
        new EventPublisher(clients, admin, topics, encoder, positionTopic, poison);
    try {
      Position position = position(admin, publisher);
      parking.show(position, position.deadLetters());
      log.info(
          "Leading relay={} publishedId={} deadLetters={}",
          settings.name(),
          position.publishedId(),
          position.deadLetters().size());
      return new Term(settings, reader, checkpoints, publisher, parking, position);
    } catch (Exception e) {
      publisher.close();
      throw e;
    }
  }

  private Position position(Admin admin, EventPublisher publisher) throws Exception {
    Optional<Position> last = positionTopic.last(admin);
    DatabaseState now = reader.state();
    Optional<Checkpoint> checkpoint = checkpoints.find(settings.name());
    Optional<String> event =
        last.isPresent() ? reader.eventAt(last.get().publishedId()) : Optional.empty();
    Continuity continuity = Continuity.decide(last, now, checkpoint, event);

    if (continuity instanceof Continuity.GoOn goOn) {
      return goOn.position();
    }
    if (continuity instanceof Continuity.Adopt adopt) {
      return adopt(adopt, publisher);
    }
    if (continuity instanceof Continuity.GoBack goBack) {
      log.warn(
          "Going back: events may be published again, with the same ids, from publishedId={}"
              + " reason=\"{}\"",
          goBack.position().publishedId(),
          goBack.reason());
      return begin(goBack.position(), publisher);
    }
    log.info("First start relay={}: publishing the outbox from its beginning", settings.name());
    return begin(((Continuity.FirstStart) continuity).position(), publisher);
  }

  private Position begin(Position at, EventPublisher publisher) throws Exception {
    Position position = at.endingWith(reader.eventAt(at.publishedId()));
    if (at.publishedId() == 0 && restamp.isNeeded()) {
      log.warn("The outbox holds rows of another database cluster: restamping them");
      position = position.as(restamp.run(), reader.state().origin());
    }
    publisher.publish(position, reader.state().time());
    return position;
  }

  /**
   * Goes on in another cluster, in which the outbox was restored. Nothing repeats: the rows' own
   * transaction ids still tell which of them the old position had not published; those are
   * published first, and then every row gets an id of the new cluster. Interrupted anywhere, it
   * begins anew.
   *
   * <p>Except behind a dead letter: of its key, what is above the first record that waits is
   * published again.
   */
  private Position adopt(Continuity.Adopt adopt, EventPublisher publisher) throws Exception {
    Position old = adopt.position();
    log.warn(
        "Another database cluster, going on in it systemIdentifier={} before={} publishedId={}{}",
        reader.state().origin().systemIdentifier(),
        old.origin().systemIdentifier(),
        old.publishedId(),
        adopt.reason() == null
            ? ""
            : " events may be published again, with the same ids, reason=\"%s\""
                .formatted(adopt.reason()));
    if (adopt.reason() != null) {
      old = old.endingWith(reader.eventAt(old.publishedId()));
    }
    Position position = old.catchUp() == null ? old : publishStragglers(old, publisher);
    position =
        publishStragglers(position.catchingUpTo(restamp.snapshotOfEverything(), 0), publisher);
    List<DeadLetter> letters = new ArrayList<>();
    for (DeadLetter letter : position.deadLetters()) {
      List<OutboxRecord> waiting = reader.waiting(letter, position).records();
      long first = waiting.isEmpty() ? letter.id() : waiting.get(0).id();
      letters.add(letter.publishedOnly(new DeadLetter.Extent(first - 1, position.snapshot())));
    }
    // First by id alone: once restamped, the rows no longer tell which of them waited.
    position = position.with(letters);
    publisher.publish(position, reader.state().time());
    String snapshot = restamp.run();
    DatabaseState state = reader.state();
    Position adopted =
        position
            .as(snapshot, state.origin())
            .with(
                letters.stream()
                    .map(
                        letter ->
                            letter.publishedOnly(
                                new DeadLetter.Extent(
                                    letter.published().get(0).upToId(), snapshot)))
                    .toList());
    publisher.publish(adopted, state.time());
    return adopted;
  }

  /** Publishes a catch-up to its end, the position still being one of the old cluster. */
  private Position publishStragglers(Position from, EventPublisher publisher) throws Exception {
    Position position = from;
    while (position.catchUp() != null) {
      Page page = reader.read(position);
      Instant now = page.database().time();
      EventPublisher.Sent sent = publisher.send(page.records(), now, parking.withheld(position));
      Position next = page.first(sent.records()).next().in(from.origin());
      if (sent.poison() != null) {
        next = parking.park(page.records().get(sent.records()), sent.poison(), now, next);
      }
      publisher.commit(next, now);
      position = next;
    }
    return position;
  }
}
