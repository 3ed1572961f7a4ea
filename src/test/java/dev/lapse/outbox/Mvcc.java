package dev.lapse.outbox;

import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * PostgreSQL as far as a position depends on it: transactions and their ids, snapshots, the outbox
 * and its sequence, and the locks that writers hold on a key. One thread; each call is atomic.
 *
 * <p>As there, a transaction has no id until it needs one, a savepoint that writes takes another,
 * and a snapshot ends at the latest id <em>completed</em>: transactions running beyond that are not
 * in its list.
 */
final class Mvcc {

  /** The first id of an ordinary transaction. */
  private static final long FIRST_XID = 3;

  /** A key whose writers take no lock: nobody promised an order of its events. */
  static final int UNORDERED = -1;

  private final Map<Long, Row> outbox = new TreeMap<>();
  private final Map<Integer, Transaction> locks = new HashMap<>();
  private final Map<Integer, Integer> numbers = new HashMap<>();
  private final TreeSet<Long> running = new TreeSet<>();
  private final Set<Long> committed = new HashSet<>();
  private final Set<Long> beyondSnapshot = new HashSet<>();
  private long nextXid = FIRST_XID;
  private long latestCompletedXid = FIRST_XID - 1;
  private long nextId = 1;

  /**
   * @param xid of the top-level transaction, whatever the savepoint
   * @param number the how-manieth event of its key this is
   */
  record Row(long id, long xid, int key, int number) {}

  /** A {@code pg_snapshot}. */
  record Snapshot(long xmin, long xmax, Set<Long> xip) {

    static Snapshot parse(String text) {
      String[] parts = text.split(":", 3);
      return new Snapshot(
          Long.parseLong(parts[0]),
          Long.parseLong(parts[1]),
          Stream.of(parts[2].split(",", -1))
              .filter(xid -> !xid.isEmpty())
              .map(Long::valueOf)
              .collect(Collectors.toSet()));
    }

    /** {@code pg_visible_in_snapshot}: knows of ends, not whether they were commits. */
    boolean sees(long xid) {
      return xid < xmin || (xid < xmax && !xip.contains(xid));
    }

    @Override
    public String toString() {
      return xip.stream()
          .sorted()
          .map(String::valueOf)
          .collect(Collectors.joining(",", xmin + ":" + xmax + ":", ""));
    }
  }

  Snapshot snapshot() {
    long xmax = latestCompletedXid + 1;
    Set<Long> xip = Set.copyOf(running.headSet(xmax));
    beyondSnapshot.addAll(running.tailSet(xmax));
    return new Snapshot(xip.isEmpty() ? xmax : running.first(), xmax, xip);
  }

  /** Whether a snapshot was taken that ends at or below {@code xid} while it was running. */
  boolean ranBeyondSnapshot(long xid) {
    return beyondSnapshot.contains(xid);
  }

  DatabaseState state(Snapshot snapshot) {
    return new DatabaseState(
        new Origin(7, 1, new Lsn(nextXid)), snapshot.toString(), nextId - 1, Instant.EPOCH, null);
  }

  Row row(long id) {
    return Objects.requireNonNull(outbox.get(id));
  }

  /** The rows that a statement under {@code snapshot} finds, in id order. */
  Stream<Row> visibleIn(Snapshot snapshot) {
    return committed().stream().filter(row -> snapshot.sees(row.xid));
  }

  List<Row> committed() {
    return outbox.values().stream().filter(row -> committed.contains(row.xid)).toList();
  }

  private void complete(long xid) {
    running.remove(xid);
    latestCompletedXid = Math.max(latestCompletedXid, xid);
  }

  /** What blocks on a lock in PostgreSQL does nothing here, and may be tried again. */
  final class Transaction {

    private static final long NONE = 0;

    private final Map<Integer, Integer> ownNumbers = new HashMap<>();
    private final Map<Integer, Long> drawnIds = new HashMap<>();
    private long xid = NONE;

    /** As any write elsewhere does, long before the outbox is written to. */
    void takeXid() {
      if (xid == NONE) {
        xid = nextXid++;
        running.add(xid);
      }
    }

    /** An INSERT paused between its defaults: it has its id, and maybe no transaction id yet. */
    void drawId(int key) {
      if (lock(key)) {
        drawnIds.computeIfAbsent(key, drawn -> nextId++);
      }
    }

    /** Empty if another transaction holds the key. */
    Optional<Row> insert(int key) {
      if (!lock(key)) {
        return Optional.empty();
      }
      drawId(key);
      takeXid();
      int number = ownNumbers.getOrDefault(key, numbers.getOrDefault(key, 0)) + 1;
      ownNumbers.put(key, number);
      long id = Objects.requireNonNull(drawnIds.remove(key));
      Row row = new Row(id, xid, key, number);
      outbox.put(id, row);
      return Optional.of(row);
    }

    /** Burns an outbox id and a transaction id, and moves the end of snapshots. */
    void insertAndRollBackToSavepoint() {
      takeXid();
      nextId++;
      complete(nextXid++);
    }

    void commit() {
      if (xid != NONE) {
        committed.add(xid);
        numbers.putAll(ownNumbers);
      }
      end();
    }

    void rollBack() {
      end();
    }

    private void end() {
      if (xid != NONE) {
        complete(xid);
      }
      locks.values().removeIf(this::equals);
    }

    private boolean lock(int key) {
      return key == UNORDERED || equals(locks.computeIfAbsent(key, free -> this));
    }
  }
}
