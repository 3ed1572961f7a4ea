package dev.lapse.outbox;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.lapse.outbox.Mvcc.Row;
import dev.lapse.outbox.Mvcc.Snapshot;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Predicate;

/**
 * The relay as far as a position depends on it: reads pages ahead of what is published, publishes
 * each with the position it leads to, or crashes and goes on from the last position published. What
 * {@link OutboxReader}'s two statements find is written down here a second time, over {@link Mvcc};
 * the position is the real one.
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
    IGNORES_CUT
  }

  /** A page read, not yet published. */
  private record Read(List<Row> rows, Position next, boolean catchesUp) {}

  private static final int READ_AHEAD = 2;

  /** More than any interleaving has rows to be found one by one. */
  private static final int ENOUGH_PAGES = 1000;

  private final Mvcc database;
  private final Reader reader;
  private final Deque<Read> ahead = new ArrayDeque<>();
  private final List<Row> published = new ArrayList<>();
  private Position position;
  private boolean sawStraggler;
  private boolean sawStragglerBeyondSnapshot;
  private boolean caughtUp;

  ModelRelay(Mvcc database, Reader reader) {
    this.database = database;
    this.reader = reader;
    position = Position.start(database.state(database.snapshot()));
  }

  /**
   * Reads the next page, if not too many are waiting.
   *
   * @param limit of records, or where the limit of bytes strikes: that is the same to a position
   */
  void read(int limit) {
    if (ahead.size() < READ_AHEAD) {
      ahead.add(page(ahead.isEmpty() ? position : ahead.getLast().next, limit));
    }
  }

  private Read page(Position from, int limit) {
    Snapshot now = database.snapshot();
    List<Row> rows = database.visibleIn(now).filter(following(from, now)).limit(limit).toList();
    boolean cut = reader != Reader.IGNORES_CUT && rows.size() == limit;
    OutboxRecord last = rows.isEmpty() ? null : record(rows.get(rows.size() - 1));
    return new Read(rows, from.after(last, cut, database.state(now)), from.catchUp() != null);
  }

  private Predicate<Row> following(Position from, Snapshot now) {
    Snapshot before = Snapshot.parse(from.snapshot());
    Position.CatchUp catchUp = from.catchUp();
    if (catchUp != null) {
      Snapshot target = Snapshot.parse(catchUp.snapshot());
      return row ->
          row.id() > catchUp.afterId()
              && row.id() <= from.publishedId()
              && !before.sees(row.xid())
              && target.sees(row.xid());
    }
    Predicate<Row> above = row -> row.id() > from.publishedId();
    Predicate<Row> wasRunning = row -> before.xip().contains(row.xid());
    Predicate<Row> wasBeyond = row -> row.xid() >= before.xmax();
    return switch (reader) {
      case SOUND, IGNORES_CUT -> above.or(wasRunning).or(wasBeyond);
      case TRUSTS_XMAX -> above.or(wasRunning);
      case WAITS_FOR_XMIN -> above.and(row -> row.xid() < now.xmin());
      case KNOWS_NO_STRAGGLERS -> above;
    };
  }

  private static OutboxRecord record(Row row) {
    byte[] none = {};
    byte[] event = event(row.id()).getBytes(US_ASCII);
    return new OutboxRecord(row.id(), event, "Noted", null, none, none, null, none);
  }

  static String event(long id) {
    return "e" + id;
  }

  /** Events and position in one Kafka transaction. */
  void publish() {
    Read read = ahead.poll();
    if (read != null) {
      read.rows.forEach(this::note);
      caughtUp |= read.catchesUp && !read.rows.isEmpty();
      published.addAll(read.rows);
      position = read.next;
    }
  }

  private void note(Row row) {
    boolean straggler = row.id() <= position.publishedId();
    sawStraggler |= straggler;
    sawStragglerBeyondSnapshot |=
        straggler
            && row.xid() >= Snapshot.parse(position.snapshot()).xmax()
            && database.ranBeyondSnapshot(row.xid());
  }

  /** A commit that fails is the same: everything read is dropped. */
  void crash() {
    ahead.clear();
  }

  /** Publishes what was read, then reads and publishes until nothing more is found. */
  void drain(int limit) {
    while (!ahead.isEmpty()) {
      publish();
    }
    boolean more = true;
    for (int page = 0; more; page++) {
      if (page == ENOUGH_PAGES) {
        throw new IllegalStateException("reads on for ever at " + position);
      }
      boolean catchesUp = position.catchUp() != null;
      read(limit);
      more = catchesUp || !ahead.getFirst().rows.isEmpty();
      publish();
    }
  }

  List<Row> published() {
    return published;
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
