package dev.lapse.relay;

import dev.lapse.outbox.DeadLetter;
import dev.lapse.outbox.DeadLetters;
import dev.lapse.outbox.OutboxRecord;
import dev.lapse.outbox.Page;
import dev.lapse.outbox.Position;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What becomes of poison: it is parked as a dead letter, its key waits, and it is released when a
 * person has mended the cause and requeued it. The dead letters are part of the position, so they
 * change in the very transaction that moves past an event, or publishes it after all.
 *
 * <p>Kept from term to term. Used by the relay's thread alone.
 */
final class Parking {

  private static final Logger log = LoggerFactory.getLogger(Parking.class);

  /** How soon a request for another try is noticed; asked for only while there are dead letters. */
  private static final Duration REQUEUE_INTERVAL = Duration.ofSeconds(1);

  private final RelaySettings settings;
  private final DeadLetters table;
  private final Poison poison;
  private final Set<String> requeued = new HashSet<>();
  private long requeuedAskedAt = System.nanoTime() - REQUEUE_INTERVAL.toNanos();

  Parking(RelaySettings settings, DeadLetters table, Poison poison) {
    this.settings = settings;
    this.table = table;
    this.poison = poison;
  }

  /** Which records wait behind a dead letter of {@code position}. */
  Predicate<OutboxRecord> withheld(Position position) {
    if (position.deadLetters().isEmpty()) {
      return record -> false;
    }
    Set<String> keys =
        position.deadLetters().stream().map(DeadLetter::key).collect(Collectors.toSet());
    return record -> keys.contains(record.keyAsText());
  }

  boolean hasRoom(Position position) {
    return position.deadLetters().size() < settings.maxDeadLetters();
  }

  /**
   * The position with {@code refused} parked.
   *
   * @param before the position at which it is the next record to publish
   */
  Position park(OutboxRecord refused, String reason, Instant now, Position before) {
    if (!hasRoom(before)) {
      poison.forget(refused.eventIdAsText()); // by the next try it may have been mended
      throw new IllegalStateException(
          ("%d keys wait behind dead letters, and lapse.relay.max-dead-letters allows no more: mend"
                  + " what Kafka refuses and requeue them. Nothing is published past outbox id %d"
                  + " until then. Its reason: %s")
              .formatted(before.deadLetters().size(), refused.id(), reason));
    }
    List<DeadLetter> letters = new ArrayList<>(before.deadLetters());
    letters.add(DeadLetter.of(refused, reason, now, before));
    return before.with(letters);
  }

  /** The next dead letter that somebody wants tried again, if there is one. */
  @Nullable DeadLetter requeued(Position position) {
    if (position.deadLetters().isEmpty() || position.catchUp() != null) {
      return null;
    }
    if (System.nanoTime() - requeuedAskedAt >= REQUEUE_INTERVAL.toNanos()) {
      askWhatIsRequeued(position.deadLetters());
      requeuedAskedAt = System.nanoTime();
    }
    return position.deadLetters().stream()
        .filter(letter -> requeued.contains(letter.key()))
        .findFirst()
        .orElse(null);
  }

  private void askWhatIsRequeued(List<DeadLetter> letters) {
    Set<String> asked = table.requeued(settings.name());
    requeued.retainAll(asked);
    for (DeadLetter letter : letters) {
      if (asked.contains(letter.key()) && requeued.add(letter.key())) {
        poison.forgetAll(); // once: what is refused now is refused
      }
    }
  }

  /**
   * The position once {@code part} of what waited behind a dead letter is published: with the last
   * of it, the letter is gone.
   */
  Position released(DeadLetter letter, Page part, Position position) {
    if (!part.more()) {
      return replace(letter, null, position);
    }
    if (part.isEmpty()) {
      return position;
    }
    long last = part.records().get(part.records().size() - 1).id();
    return replace(letter, letter.publishedUpTo(last, position.snapshot()), position);
  }

  /** The position with a letter's key waiting at {@code refused}, for somebody to ask anew. */
  Position refusedAgain(
      DeadLetter letter, OutboxRecord refused, String reason, Instant now, Position position) {
    List<DeadLetter> letters = new ArrayList<>(position.deadLetters());
    letters.replaceAll(l -> l.key().equals(letter.key()) ? l.nowAt(refused, reason, now) : l);
    return position.with(letters);
  }

  private static Position replace(
      DeadLetter letter, @Nullable DeadLetter replacement, Position position) {
    List<DeadLetter> letters = new ArrayList<>(position.deadLetters());
    letters.removeIf(other -> other.key().equals(letter.key()));
    if (replacement != null) {
      letters.add(replacement);
    }
    return position.with(letters);
  }

  /** Shows people the dead letters of {@code position}, and tells what has changed. */
  void show(Position position, List<DeadLetter> before) {
    for (DeadLetter letter : before) {
      if (position.deadLetters().stream().noneMatch(now -> sameRefusal(now, letter))) {
        requeued.remove(letter.key()); // not sooner: until it is committed, it was not tried
      }
    }
    table.replace(settings.name(), position.deadLetters());
    for (DeadLetter letter : position.deadLetters()) {
      if (before.stream().noneMatch(known -> sameRefusal(known, letter))) {
        log.warn(
            "Kafka refuses an event: its key waits, all others flow outboxId={} type={}"
                + " reason=\"{}\" next=\"mend the cause, then: lapse dead-letters requeue {}\"",
            letter.id(),
            letter.type(),
            letter.reason(),
            letter.id());
      }
    }
    for (DeadLetter letter : before) {
      if (position.deadLetters().stream().noneMatch(l -> l.key().equals(letter.key()))) {
        log.info("Published a dead letter and what waited behind it outboxId={}", letter.id());
      }
    }
  }

  private static boolean sameRefusal(DeadLetter one, DeadLetter other) {
    return one.eventId().equals(other.eventId()) && one.refusedAt().equals(other.refusedAt());
  }
}
