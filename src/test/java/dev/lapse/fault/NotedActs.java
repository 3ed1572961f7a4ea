package dev.lapse.fault;

import dev.lapse.fault.Agenda.Act;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Events on keys that all clients share, by transactions of every nasty shape. */
final class NotedActs {

  private static final int KEYS = 20;
  private static final int BULKS = 4;
  private static final int BULK = 300;

  /** Every key that needs a counter. */
  static Stream<String> keys() {
    return Stream.concat(
        IntStream.range(0, KEYS).mapToObj(n -> "key-" + n),
        IntStream.range(0, BULKS).mapToObj(n -> "bulk-" + n));
  }

  /** All choices are made here and none later. */
  Act any(Random random) {
    String key = key(random, KEYS);
    int count = 1 + random.nextInt(3);
    int late = random.nextInt(60);
    boolean commits = random.nextInt(3) > 0;
    return switch (random.nextInt(12)) {
      case 0 -> takesItsTransactionIdEarlyAndInsertsLate(key, late);
      case 1 -> rollsBackASavepoint(key, late);
      case 2 -> releasesASavepoint(key, late);
      case 3 -> prepares(key, count, commits, late);
      case 4 -> rollsBack(key, count, late);
      case 5, 6 -> commitsLate(key, count, 2 * late);
      case 7 -> locksTwoKeysInAnyOrder(key(random, 4), key(random, 4));
      case 8 ->
          random.nextInt(3) == 0
              ? commitsLate("bulk-" + random.nextInt(BULKS), BULK, 100 + 5 * late)
              : commitsLate(key, count, late);
      default -> commitsLate(key, count, 0);
    };
  }

  private static String key(Random random, int keys) {
    return "key-" + random.nextInt(keys);
  }

  private static Act takesItsTransactionIdEarlyAndInsertsLate(String key, int late) {
    return transaction -> {
      transaction.sql("SELECT pg_current_xact_id()");
      transaction.hold(late);
      transaction.note(key, 1);
      transaction.hold(late / 4);
      transaction.commit();
    };
  }

  private static Act rollsBackASavepoint(String key, int late) {
    return transaction -> {
      transaction.note(key, 1);
      transaction.sql("SAVEPOINT s");
      transaction.note(key, 2);
      transaction.hold(late / 4);
      transaction.sql("ROLLBACK TO SAVEPOINT s");
      transaction.note(key, 1);
      transaction.commit();
    };
  }

  private static Act releasesASavepoint(String key, int late) {
    return transaction -> {
      transaction.sql("SAVEPOINT s");
      transaction.note(key, 1);
      transaction.sql("SAVEPOINT t");
      transaction.note(key, 1);
      transaction.sql("RELEASE SAVEPOINT s");
      transaction.hold(late / 4);
      transaction.commit();
    };
  }

  private static Act prepares(String key, int count, boolean commits, int late) {
    return transaction -> {
      transaction.note(key, count);
      transaction.prepareAndEnd(commits, late);
    };
  }

  private static Act rollsBack(String key, int count, int late) {
    return transaction -> {
      transaction.note(key, count);
      transaction.hold(late / 2);
      transaction.rollback();
    };
  }

  private static Act commitsLate(String key, int count, int late) {
    return transaction -> {
      transaction.note(key, count);
      transaction.hold(late);
      transaction.commit();
    };
  }

  /** Which may end in a deadlock. */
  private static Act locksTwoKeysInAnyOrder(String one, String other) {
    return transaction -> {
      transaction.note(one, 1);
      transaction.hold(5);
      transaction.note(other, 1);
      transaction.commit();
    };
  }
}
