package dev.lapse.outbox;

import dev.lapse.outbox.Mvcc.Row;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Kafka as far as dead letters depend on it, which refuses some events until their cause is mended;
 * and what a relay learns of these refusals, one transaction at a time.
 */
final class ModelKafka {

  /** A broker answers for a whole batch: what else goes to the partition is suspected, too. */
  private static final int PARTITIONS = 2;

  private final Mvcc database;
  private final List<Row> published = new ArrayList<>();
  private final Set<Row> refused = new HashSet<>();
  private final Set<Row> notEncoded = new HashSet<>();
  private final Set<Row> suspected = new HashSet<>();
  private final Set<Row> proven = new HashSet<>();
  private List<Row> sent = List.of();

  ModelKafka(Mvcc database) {
    this.database = database;
  }

  /**
   * How far {@link #send} came.
   *
   * @param records of those it was given
   * @param poison whether it ended there because the next one is poison
   */
  record Sent(int records, boolean poison) {}

  /** Kafka refuses {@code row}'s event, from now on. */
  void refuse(Row row) {
    refused.add(row);
  }

  /** No event can be made of {@code row}: known without asking Kafka. */
  void doNotEncode(Row row) {
    notEncoded.add(row);
  }

  /** The cause is mended for what is there of the key, not for what comes. */
  void mend(int key) {
    refused.removeIf(row -> row.key() == key);
    notEncoded.removeIf(row -> row.key() == key);
  }

  /** A cause that the first of the key alone had. */
  void mendFirst(int key) {
    Stream.concat(refused.stream(), notEncoded.stream())
        .filter(row -> row.key() == key)
        .min(Comparator.comparingLong(Row::id))
        .ifPresent(
            row -> {
              refused.remove(row);
              notEncoded.remove(row);
            });
  }

  void mendAll() {
    refused.clear();
    notEncoded.clear();
  }

  Sent send(List<OutboxRecord> records, Predicate<OutboxRecord> withheld) {
    sent = new ArrayList<>();
    for (int i = 0; i < records.size(); i++) {
      Row row = database.row(records.get(i).id());
      if (withheld.test(records.get(i))) {
        continue;
      }
      if (suspected.contains(row) && !sent.isEmpty()) {
        return new Sent(i, false);
      }
      if (proven.contains(row) || notEncoded.contains(row)) {
        return new Sent(i, true);
      }
      sent.add(row);
      if (suspected.contains(row)) {
        return new Sent(i + 1, false);
      }
    }
    return new Sent(records.size(), false);
  }

  /** Whether what was sent is published now; if not, why not is learned. */
  boolean commit() {
    List<Row> poison = sent.stream().filter(refused::contains).toList();
    if (poison.isEmpty()) {
      published.addAll(sent);
      return true;
    }
    if (sent.size() == 1) {
      suspected.removeAll(sent);
      proven.addAll(sent);
    } else {
      poison.forEach(
          row -> sent.stream().filter(near -> sameBatch(near, row)).forEach(suspected::add));
    }
    return false;
  }

  private static boolean sameBatch(Row one, Row other) {
    return Math.floorMod(one.key(), PARTITIONS) == Math.floorMod(other.key(), PARTITIONS);
  }

  void forget(long id) {
    suspected.remove(database.row(id));
    proven.remove(database.row(id));
  }

  void forgetWhatWasLearned() {
    suspected.clear();
    proven.clear();
  }

  List<Row> published() {
    return published;
  }

  /** Of the last transaction, once it is committed. */
  List<Row> lastPublished() {
    return sent;
  }
}
