package dev.lapse.relay;

import dev.lapse.event.EventEncoder;
import dev.lapse.outbox.Checkpoint;
import dev.lapse.outbox.Checkpoints;
import dev.lapse.outbox.DatabaseState;
import dev.lapse.outbox.DeadLetters;
import dev.lapse.outbox.OutboxIdentities;
import dev.lapse.outbox.OutboxIdentity;
import dev.lapse.outbox.OutboxReader;
import dev.lapse.outbox.Position;
import dev.lapse.outbox.Restamp;
import java.util.Optional;
import org.apache.kafka.clients.admin.Admin;
import org.jspecify.annotations.Nullable;
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
  private final Ownership ownership;
  private final Poison poison = new Poison();
  private final TransactionWindow window;
  private final Parking parking;
  private final RelayListener listener;

  TakeOver(
      KafkaClients clients,
      RelaySettings settings,
      Topics topics,
      OutboxReader reader,
      Checkpoints checkpoints,
      DeadLetters deadLetters,
      Restamp restamp,
      OutboxIdentities identities,
      RelayListener listener) {
    this.clients = clients;
    this.settings = settings;
    this.topics = topics;
    this.encoder = new EventEncoder(settings.source(), settings.topics());
    this.positionTopic = new PositionTopic(clients, settings);
    this.reader = reader;
    this.checkpoints = checkpoints;
    this.restamp = restamp;
    this.ownership = new Ownership(identities, settings);
    this.window = new TransactionWindow(settings.pageRecords(), settings.transactionTimeout());
    this.parking = new Parking(settings, deadLetters, poison);
    this.listener = listener;
  }

  /** Why people do not see the dead letters as they are; null if they do. */
  @Nullable String hiddenLetters() {
    return parking.hidden();
  }

  /** Whether the outbox holds rows that a take-over has to adopt first. */
  boolean isDue() {
    return restamp.isLikelyNeeded();
  }

  Term begin(Admin admin, Lead lead) throws Exception {
    topics.createAll(admin); // one that was deleted would fail every term from now on
    OutboxIdentity own = ownership.own();
    PagePublisher publisher =
        new PagePublisher(
            new EventPublisher(clients, admin, topics, encoder, positionTopic, own, poison, window),
            parking,
            listener);
    try {
      Position position = position(admin, own, publisher, lead);
      log.info(
          "Became the leader relay={} publishedId={} deadLetters={}",
          settings.name(),
          position.publishedId(),
          position.deadLetters().size());
      return new Term(settings, reader, checkpoints, publisher, parking, position);
    } catch (Exception e) {
      publisher.close();
      throw e;
    }
  }

  /**
   * Before this instance joins the group, and while it stands by: an instance of another outbox
   * must not look like a healthy standby.
   *
   * @throws ForeignPositionException if the position under this name is another outbox's
   */
  void checkOwnership(Admin admin) throws Exception {
    ownership.check(positionTopic, admin, reader);
  }

  private Position position(Admin admin, OutboxIdentity own, PagePublisher publisher, Lead lead)
      throws Exception {
    Optional<PositionTopic.Kept> kept = positionTopic.last(admin);
    DatabaseState now = reader.state();
    ownership.check(kept.orElse(null), own, now.origin().systemIdentifier());
    Optional<Position> last = kept.map(PositionTopic.Kept::position);
    Optional<Checkpoint> checkpoint = checkpoints.find(settings.name());
    Optional<String> event =
        last.isPresent() ? reader.eventAt(last.get().publishedId()) : Optional.empty();
    Continuity continuity = Continuity.decide(last, now, checkpoint, event);
    if (restamp.isNeeded()) { // a copy made by a logical subscription may pass for the same cluster
      continuity = continuity.amongForeignRows();
    }
    Adoption adoption = new Adoption(reader, restamp, publisher, lead);

    if (continuity instanceof Continuity.GoOn goOn) {
      return goOn.position();
    }
    if (continuity instanceof Continuity.Adopt adopt) {
      return adoption.run(adopt);
    }
    if (continuity instanceof Continuity.GoBack goBack) {
      log.warn(
          "Resuming from an earlier position: some events will be published again with the same"
              + " ce_id publishedId={} reason=\"{}\"",
          goBack.position().publishedId(),
          goBack.reason());
      return begin(goBack.position(), publisher, adoption);
    }
    log.info("First start: publishing the outbox from its beginning relay={}", settings.name());
    return begin(((Continuity.FirstStart) continuity).position(), publisher, adoption);
  }

  private Position begin(Position at, PagePublisher publisher, Adoption adoption) throws Exception {
    Position position = at.endingWith(reader.eventAt(at.publishedId()));
    if (at.publishedId() == 0 && restamp.isNeeded()) {
      log.warn("The outbox was restored from another cluster; rewriting its transaction ids");
      position = position.as(adoption.restampAll(), reader.state().origin());
    }
    publisher.publish(position, reader.state().time());
    return position;
  }
}
