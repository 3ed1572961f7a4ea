package dev.lapse.expiration;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * The approvals that are refused, for sweeps to pass over and to try again one by one. Kept by each
 * instance for itself. Changed by the sweeping thread alone, readable by any.
 */
final class Refusals {

  /** At one more it is no longer about rows; and all their ids go with every statement. */
  static final int MAX = 1_000;

  /**
   * Between two tries, whichever approvals they are of: PostgreSQL logs each with its statement.
   */
  static final Duration PAUSE = Duration.ofSeconds(10);

  /** How many times as long as a try it rests after it: one may wait for its time-out. */
  private static final int REST = 10;

  private final LongSupplier nanoTime;
  private volatile List<Refusal> list = List.of();
  private long againAt;
  private long triedAt;

  /** Tries that it is time for now. */
  private int owed;

  Refusals(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /** What was tried longest ago comes first. */
  List<Refusal> list() {
    return list;
  }

  String[] ids() {
    return list.stream().map(Refusal::id).toArray(String[]::new);
  }

  /**
   * Which one is to be tried again, if it is time for one. After a longer pause between sweeps
   * several are, each once.
   */
  Optional<String> again() {
    long late = nanoTime.getAsLong() - againAt;
    if (owed == 0 && late >= 0) {
      owed = (int) Math.min(1 + late / PAUSE.toNanos(), list.size());
      pause();
    }
    if (owed == 0) {
      return Optional.empty();
    }
    owed--;
    triedAt = nanoTime.getAsLong();
    return Optional.of(list.get(0).id());
  }

  private void pause() {
    againAt = nanoTime.getAsLong() + PAUSE.toNanos();
  }

  /**
   * Keeps one that was refused, perhaps once more.
   *
   * @return whether it is new
   * @throws IllegalStateException if it is one too many
   */
  boolean add(Refusal refusal) {
    List<Refusal> changed = without(refusal.id());
    boolean isNew = changed.size() == list.size();
    if (isNew) {
      checkRoom(refusal.reason());
    }
    if (list.isEmpty()) {
      pause();
    } else if (!isNew) {
      // From the end of a try: one that takes long must not be followed by the next.
      long now = nanoTime.getAsLong();
      againAt = now + Math.max(PAUSE.toNanos(), REST * (now - triedAt));
    }
    changed.add(refusal);
    list = List.copyOf(changed);
    return isNew;
  }

  /**
   * Before one is looked for.
   *
   * @throws IllegalStateException if it would be one too many
   */
  void checkRoom(String reason) {
    if (list.size() >= MAX) {
      throw new IllegalStateException(
          "%d approvals cannot expire, and there are more: %s".formatted(list.size(), reason));
    }
  }

  boolean contains(String id) {
    return list.stream().anyMatch(refusal -> refusal.id().equals(id));
  }

  /** One went through, so that another may: the next is tried at once. */
  void remove(String id) {
    List<Refusal> changed = without(id);
    if (changed.size() < list.size()) {
      list = List.copyOf(changed);
      owed = Math.min(owed + 1, list.size());
    }
  }

  private List<Refusal> without(String id) {
    List<Refusal> others = new ArrayList<>(list);
    others.removeIf(refusal -> refusal.id().equals(id));
    return others;
  }
}
