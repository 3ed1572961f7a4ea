package dev.lapse.outbox;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.lapse.outbox.Mvcc.Row;
import dev.lapse.outbox.Mvcc.Snapshot;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Predicate;

/**
 * The relay as far as a position depends on it: reads pages ahead of what is published, publishes
 * each with the position it leads to, or crashes and goes on from the last position published. What
 * {@link OutboxReader}'s statements find is written down here a second time, over {@link Mvcc}; the
 * position and its pages are the real ones.
 */
final class ModelRelay {

  /** Reads as Lapse does, or with a known mistake; of each the shortest interleaving that loses. */
  enum Reader {
    SOUND,

    /**
     * {@code id > last}. A inserts; B inserts, commits and is published; A commits, with the lower
     * id.
     */
    KNOWS_NO_STRAGGLERS,

    /**
     * {@code id > last AND xact_id < xmin}. A takes its transaction id; B inserts; A inserts,
     * commits and is published; B commits, with the lower outbox id.
     */
    WAITS_FOR_XMIN,

    /**
     * Takes a snapshot's xmax for the end of the transaction ids given out: the interleaving of
     * {@link #WAITS_FOR_XMIN}, in which B runs beyond the snapshot.
     */
    TRUSTS_XMAX,

    /**
     * Takes a full page for all there was. A inserts three; B inserts, commits and is published; A
     * commits, and a page of two is read.
     */
    IGNORES_CUT,

    /** Takes the end of a look for that of the pass: stragglers above it are lost. */
    IGNORES_REACH
  }

  /** So few that most passes take several looks. */
  private static final int WALK = 3;

  private static final int READ_AHEAD = 2;

  /** More than any interleaving has rows to be found one by one. */
  private static final int ENOUGH_PAGES = 2000;

  private final Mvcc database;
  private final Reader reader;
  private final ModelKafka kafka;
  private final ModelParking parking;
  private final Deque<Page> ahead = new ArrayDeque<>();
  private Position position;
  private Position committed;
  private boolean sawStraggler;
  private boolean sawStragglerBeyondSnapshot;
  private boolean caughtUp;

  ModelRelay(Mvcc database, Reader reader, ModelKafka kafka, ModelParking parking) {
    this.database = database;
    this.reader = reader;
    this.kafka = kafka;
    this.parking = parking;
    position = Position.start(database.state(database.snapshot()));
    committed = position;
  }

  /**
   * Reads the next page, if not too many are waiting.
   *
   * @param limit of records, or where the limit of bytes strikes: that is the same to a position
   */
  void read(int limit) {
    if (ahead.size() < READ_AHEAD) {
      ahead.add(page(ahead.isEmpty() ? position : ahead.getLast().next(), limit));
    }
  }

  private Page page(Position from, int limit) {
    Snapshot now = database.snapshot();
    List<OutboxRecord> records =
        database
            .visibleIn(now)
            .filter(following(from, now))
            .limit(limit)
            .map(ModelRelay::record)
            .toList();
    boolean cut = reader != Reader.IGNORES_CUT && records.size() == limit;
    long reach = from.catchUp() == null ? Long.MAX_VALUE : from.reach(walk());
    return page(from, records, cut, reach, now);
  }

  private Page page(
      Position from, List<OutboxRecord> records, boolean cut, long reach, Snapshot now) {
    long upToId = cut ? records.get(records.size() - 1).id() : reach;
    return new Page(from, records, cut || upToId < from.publishedId(), upToId, database.state(now));
  }

  /** How far it believes a look to go. */
  private int walk() {
    return reader == Reader.IGNORES_REACH ? Integer.MAX_VALUE : WALK;
  }

  private Predicate<Row> following(Position from, Snapshot now) {
    Snapshot before = Snapshot.parse(from.snapshot());
    Position.CatchUp catchUp = from.catchUp();
    if (catchUp != null) {
      Snapshot target = Snapshot.parse(catchUp.snapshot());
      return row ->
          row.id() > catchUp.afterId()
              && row.id() <= from.reach(WALK)
              && !before.sees(row.xid())
              && target.sees(row.xid());
    }
    Predicate<Row> above = row -> row.id() > from.publishedId();
    Predicate<Row> wasRunning = row -> before.xip().contains(row.xid());
    Predicate<Row> wasBeyond = row -> row.xid() >= before.xmax();
    return switch (reader) {
      case SOUND, IGNORES_CUT, IGNORES_REACH -> above.or(wasRunning).or(wasBeyond);
      case TRUSTS_XMAX -> above.or(wasRunning);
      case WAITS_FOR_XMIN -> above.and(row -> row.xid() < now.xmin());
      case KNOWS_NO_STRAGGLERS -> above;
    };
  }

  static OutboxRecord record(Row row) {
    byte[] none = {};
    byte[] event = event(row.id()).getBytes(US_ASCII);
    byte[] key = Integer.toString(row.key()).getBytes(US_ASCII);
    return new OutboxRecord(row.id(), event, "Noted", null, key, none, null, none);
  }

  static String event(long id) {
    return "e" + id;
  }

  /** Events and position in one Kafka transaction. */
  void publish() {
    Page page = ahead.poll();
    if (page == null) {
      return;
    }
    if (page.isEmpty()) {
      position = page.next().with(position.deadLetters());
      return;
    }
    ModelKafka.Sent sent = kafka.send(page.records(), parking.withheld(position));
    Position next = page.first(sent.records()).next().with(position.deadLetters());
    if (sent.records() < page.records().size() && parking.dropsReadAhead()) {
      ahead.clear();
    }
    if (sent.poison()) {
      next = parking.park(page.records().get(sent.records()), page, next);
    }
    if (commit(next)) {
      caughtUp |= page.from().catchUp() != null;
      kafka.lastPublished().forEach(row -> note(row, page.from()));
    }
  }

  /** Whether a page of what waits behind a requeued dead letter was due. */
  boolean release(int limit) {
    DeadLetter letter = parking.requeued(position);
    if (letter == null) {
      return false;
    }
    Snapshot now = database.snapshot();
    List<OutboxRecord> records =
        parking.waiting(letter, position, database.visibleIn(now)).limit(limit).toList();
    Page waiting =
        page(position, records, records.size() == limit, parking.reach(letter, position), now);
    ModelKafka.Sent sent = kafka.send(records, record -> false);
    Position next = parking.released(letter, waiting.first(sent.records()), position);
    if (sent.poison()) {
      next = parking.refusedAgain(letter, records.get(sent.records()), next);
    }
    commit(next);
    return true;
  }

  private boolean commit(Position next) {
    if (kafka.commit()) {
      position = next;
      committed = next;
      parking.show(position);
      return true;
    }
    beginTerm();
    return false;
  }

  private void note(Row row, Position from) {
    boolean straggler = row.id() <= from.publishedId();
    sawStraggler |= straggler;
    sawStragglerBeyondSnapshot |=
        straggler
            && row.xid() >= Snapshot.parse(from.snapshot()).xmax()
            && database.ranBeyondSnapshot(row.xid());
  }

  /** What a commit that fails does too: everything read is dropped. */
  private void beginTerm() {
    ahead.clear();
    position = committed;
  }

  /** Another instance takes over: what this one learned of poison is forgotten as well. */
  void crash() {
    beginTerm();
    kafka.forgetWhatWasLearned();
    parking.forgetWhatIsRequeued();
  }

  /** Somebody asks for another try of a key's dead letter, if it has one. */
  void requeue(int key) {
    position.deadLetters().stream()
        .filter(letter -> letter.key().equals(Integer.toString(key)))
        .forEach(parking::requeue);
  }

  void requeueAll() {
    position.deadLetters().forEach(parking::requeue);
  }

  /** Publishes what was read, then reads and publishes until nothing more is found. */
  void drain(int limit) {
    while (!ahead.isEmpty()) {
      publish();
    }
    boolean more = true;
    for (int page = 0; more; page++) {
      if (page == ENOUGH_PAGES) {
        throw new AssertionError("reads on for ever at " + position);
      }
      boolean releases = release(limit);
      boolean catchesUp = position.catchUp() != null;
      read(limit);
      more = releases || catchesUp || !ahead.getFirst().isEmpty();
      publish();
    }
  }

  Position position() {
    return position;
  }

  boolean sawStraggler() {
    return sawStraggler;
  }

  boolean sawStragglerBeyondSnapshot() {
    return sawStragglerBeyondSnapshot;
  }

  boolean caughtUp() {
    return caughtUp;
  }
}
