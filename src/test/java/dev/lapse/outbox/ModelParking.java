package dev.lapse.outbox;

import dev.lapse.outbox.Mvcc.Row;
import dev.lapse.outbox.Mvcc.Snapshot;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What the relay does about dead letters, and what its statement for those that wait finds, a
 * second time; the dead letters are the real ones.
 */
final class ModelParking {

  /** Parks and releases as Lapse does, or with a known mistake. */
  enum Rule {
    SOUND,

    /**
     * Parks at the page's end instead of before the poison: what is between counts as published.
     */
    PARKS_BEHIND_THE_PAGE,

    /** Goes on with what was read ahead of a page that had to end sooner. */
    KEEPS_WHAT_WAS_READ_AHEAD,

    /** Lets what follows under the key pass. */
    HOLDS_UP_THE_POISON_ONLY,

    /** Notes by id alone how far it has released: what commits late below counts as published. */
    RELEASES_BY_ID,

    /** Drops a letter whose key's stragglers wait below where the pass has come. */
    RELEASES_WHILE_CATCHING_UP,

    /** Takes a part that had to end for all that waits. */
    IGNORES_CUT,

    /** Takes the end of a walk for the end of what waits. */
    IGNORES_REACH,

    /**
     * Takes a request for done before the commit. Kafka refuses that, the request is taken for a
     * new one, so what was just learned is forgotten, and so on for ever.
     */
    FORGETS_THE_REQUEST_TOO_SOON
  }

  private static final String REASON = "too large";
  private static final String SEES_ALL = "%1$d:%1$d:".formatted(Long.MAX_VALUE);

  private final Rule rule;
  private final ModelKafka kafka;

  /** What the table says: when those were refused that somebody wants tried again. */
  private final Map<String, Instant> asked = new HashMap<>();

  private final Set<String> requeued = new HashSet<>();
  private long now;
  private boolean refusedAgain;
  private boolean refusedAnother;
  private boolean releasedAPart;
  private boolean walkedOn;
  private boolean heldUpAStraggler;

  ModelParking(Rule rule, ModelKafka kafka) {
    this.rule = rule;
    this.kafka = kafka;
  }

  boolean dropsReadAhead() {
    return rule != Rule.KEEPS_WHAT_WAS_READ_AHEAD;
  }

  Predicate<OutboxRecord> withheld(Position position) {
    return record -> {
      boolean waits = position.deadLetters().stream().anyMatch(letter -> holdsUp(letter, record));
      heldUpAStraggler |= waits && record.id() <= position.publishedId();
      return waits;
    };
  }

  private boolean holdsUp(DeadLetter letter, OutboxRecord record) {
    return rule == Rule.HOLDS_UP_THE_POISON_ONLY
        ? letter.id() == record.id()
        : letter.key().equals(record.keyAsText());
  }

  /**
   * @param before the position at which {@code refused} is the next record of {@code page}
   */
  Position park(OutboxRecord refused, Page page, Position before) {
    Position at =
        rule == Rule.PARKS_BEHIND_THE_PAGE ? page.next().with(before.deadLetters()) : before;
    List<DeadLetter> letters = new ArrayList<>(at.deadLetters());
    letters.removeIf(letter -> letter.key().equals(refused.keyAsText())); // none, unless mistaken
    letters.add(DeadLetter.of(refused, REASON, Instant.ofEpochMilli(now++), at));
    return at.with(letters);
  }

  /** Somebody asks for another try. */
  void requeue(DeadLetter letter) {
    asked.put(letter.key(), letter.refusedAt());
  }

  /** Another instance leads, and has not looked at the table yet. */
  void forgetWhatIsRequeued() {
    requeued.clear();
  }

  /** Once {@code position} is committed: a request is kept as long as the letter is the same. */
  void show(Position position) {
    Map<String, Instant> refusedAt =
        position.deadLetters().stream()
            .collect(Collectors.toMap(DeadLetter::key, DeadLetter::refusedAt));
    asked.entrySet().removeIf(entry -> !entry.getValue().equals(refusedAt.get(entry.getKey())));
    requeued.retainAll(asked.keySet());
  }

  @Nullable DeadLetter requeued(Position position) {
    if (position.catchUp() != null && rule != Rule.RELEASES_WHILE_CATCHING_UP) {
      return null;
    }
    askWhatIsRequeued(position.deadLetters());
    return position.deadLetters().stream()
        .filter(letter -> requeued.contains(letter.key()))
        .findFirst()
        .orElse(null);
  }

  private void askWhatIsRequeued(List<DeadLetter> letters) {
    requeued.retainAll(asked.keySet());
    for (DeadLetter letter : letters) {
      if (asked.containsKey(letter.key()) && requeued.add(letter.key())) {
        kafka.forget(letter.id());
      }
    }
  }

  /**
   * Of the key, what the position counts as published and no extent covers, up to the reach; see
   * the statement.
   */
  Stream<OutboxRecord> waiting(DeadLetter letter, Position position, Stream<Row> visible) {
    Snapshot counted = Snapshot.parse(position.snapshot());
    DeadLetter.Extent greatest = letter.published().get(0);
    long xmin = Snapshot.parse(greatest.snapshot()).xmin();
    long reach = reach(letter, position);
    Predicate<Row> above = row -> row.id() > greatest.upToId() && row.id() <= reach;
    Predicate<Row> below =
        row ->
            row.id() <= greatest.upToId()
                && row.id() <= reach
                && row.xid() >= xmin
                && row.xid() < counted.xmax();
    return visible
        .filter(row -> Integer.toString(row.key()).equals(letter.key()))
        .filter(above.or(below))
        .filter(row -> counted.sees(row.xid()) && !isCovered(row, letter))
        .map(ModelRelay::record);
  }

  static boolean isCovered(Row row, DeadLetter letter) {
    return letter.published().stream()
        .anyMatch(
            extent ->
                row.id() <= extent.upToId() && Snapshot.parse(extent.snapshot()).sees(row.xid()));
  }

  /** So few that most walks take several looks. */
  private static final int WALK = 3;

  long reach(DeadLetter letter, Position position) {
    return letter.reach(position, WALK);
  }

  Position released(DeadLetter letter, Page part, Position position) {
    boolean isCut = part.upToId() < reach(letter, position);
    long upToId =
        switch (rule) {
          case IGNORES_CUT -> reach(letter, position);
          case IGNORES_REACH -> isCut ? part.upToId() : position.publishedId();
          default -> part.upToId();
        };
    Position seen =
        rule == Rule.RELEASES_BY_ID ? position.as(SEES_ALL, position.origin()) : position;
    Optional<DeadLetter> rest =
        letter.after(
            new Page(part.from(), part.records(), part.more(), upToId, part.database()), seen);
    if (rest.isEmpty()) {
      forgetTooSoon(letter);
    }
    releasedAPart |= isCut && !part.isEmpty();
    walkedOn |= !isCut && rest.isPresent();
    return replace(letter, rest, position);
  }

  private void forgetTooSoon(DeadLetter letter) {
    if (rule == Rule.FORGETS_THE_REQUEST_TOO_SOON) {
      requeued.remove(letter.key());
    }
  }

  private static Position replace(DeadLetter letter, Optional<DeadLetter> rest, Position position) {
    return position.with(
        position.deadLetters().stream()
            .flatMap(l -> l.key().equals(letter.key()) ? rest.stream() : Stream.of(l))
            .toList());
  }

  Position refusedAgain(DeadLetter letter, OutboxRecord refused, Position position) {
    forgetTooSoon(letter);
    refusedAgain |= refused.id() == letter.id();
    refusedAnother |= refused.id() > letter.id();
    Instant at = Instant.ofEpochMilli(now++);
    List<DeadLetter> letters = new ArrayList<>(position.deadLetters());
    letters.replaceAll(l -> l.key().equals(letter.key()) ? l.nowAt(refused, REASON, at) : l);
    return position.with(letters);
  }

  boolean sawRefusedAgain() {
    return refusedAgain;
  }

  boolean sawRefusedAnother() {
    return refusedAnother;
  }

  boolean sawPartReleased() {
    return releasedAPart;
  }

  boolean sawWalkOn() {
    return walkedOn;
  }

  boolean sawStragglerHeldUp() {
    return heldUpAStraggler;
  }
}
