package dev.lapse.relay;

import dev.lapse.outbox.DeadLetter;
import dev.lapse.outbox.DeadLetters;
import dev.lapse.outbox.OutboxRecord;
import dev.lapse.outbox.Position;
import dev.lapse.problem.Reasons;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.dao.DataAccessException;

/**
 * What becomes of poison: it is parked as a dead letter, its key waits, and it is released when a
 * person has mended the cause and requeued it. The dead letters are part of the position, so they
 * change in the very transaction that moves past an event, or publishes it after all.
 *
 * <p>The table of them is for people's eyes: where it cannot be read or written, that is reported,
 * and tried again, and publishing goes on.
 *
 * <p>Kept from term to term. Used by the relay's thread alone.
 */
final class Parking {

  private static final Logger log = LoggerFactory.getLogger(Parking.class);

  /** How soon a request for another try is noticed. */
  private static final Duration LOOK_INTERVAL = Duration.ofSeconds(1);

  /** For which publishing may wait for the table. */
  static final Duration TABLE_PATIENCE = Duration.ofSeconds(1);

  /** Between two tries while the table cannot be used, at most. */
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(1);

  private final RelaySettings settings;
  private final DeadLetters table;
  private final Poison poison;
  private final Set<String> requeued = new HashSet<>();
  private Duration lookInterval = LOOK_INTERVAL;
  private long lookedAt = System.nanoTime() - LOOK_INTERVAL.toNanos();
  private volatile @Nullable String hidden;

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

  /** Whether one more may be parked: they travel in the position, which is one record. */
  boolean hasRoom(Position position) {
    return position.deadLetters().size() < settings.maxDeadLetters()
        && PositionTopic.hasRoom(position);
  }

  /**
   * The position with {@code refused} parked.
   *
   * @param before the position at which it is the next record to publish
   */
  Position park(OutboxRecord refused, String reason, Instant now, Position before) {
    poison.forget(refused.eventIdAsText()); // the letter knows; and what has no room may be mended
    if (!hasRoom(before)) {
      throw new IllegalStateException(
          ("Too many blocked keys (%d): lapse.relay.max-dead-letters, or the size of the position"
                  + " record, allows no more. Nothing is published after outbox id %d. Fix the reasons,"
                  + " then: lapse dead-letters requeue --all. Reason of this event: %s")
              .formatted(before.deadLetters().size(), refused.id(), reason));
    }
    List<DeadLetter> letters = new ArrayList<>(before.deadLetters());
    letters.add(DeadLetter.of(refused, reason, now, before));
    return before.with(letters);
  }

  /**
   * The next dead letter that somebody wants tried again, if there is one. Looked for once a
   * second; and should the table not agree with the position then, since a leader that was fenced
   * wrote to it late, or somebody deleted from it, it is made to.
   */
  @Nullable DeadLetter requeued(Position position) {
    if (System.nanoTime() - lookedAt >= lookInterval.toNanos()) {
      look(position.deadLetters());
    }
    if (requeued.isEmpty() || position.catchUp() != null) {
      return null;
    }
    return position.deadLetters().stream()
        .filter(letter -> requeued.contains(letter.key()))
        .findFirst()
        .orElse(null);
  }

  /** Asks although it could not be written: of what it shows, some may be requeued. */
  private void look(List<DeadLetter> letters) {
    RuntimeException failure = tried(() -> table.replace(settings.name(), letters));
    RuntimeException another = tried(() -> askWhatIsRequeued(letters));
    note(failure == null ? another : failure);
  }

  /**
   * What the server said to it, if it refused or gave up the statement. A database that is away is
   * another matter, and ends the term.
   */
  private static @Nullable RuntimeException tried(Runnable statement) {
    try {
      statement.run();
      return null;
    } catch (DataAccessException e) {
      if (e.getMostSpecificCause() instanceof SQLException refusal
          && refusal.getSQLState() != null
          && !refusal.getSQLState().startsWith("08")
          && !refusal.getSQLState().startsWith("57P")) {
        return e;
      }
      throw e;
    }
  }

  private void note(@Nullable RuntimeException failure) {
    if (failure == null) {
      if (hidden != null) {
        log.info("The table dead_letter shows again what there is relay={}", settings.name());
      }
      hidden = null;
      lookInterval = LOOK_INTERVAL;
    } else {
      lookInterval = hidden == null ? LOOK_INTERVAL : lookInterval.multipliedBy(2);
      if (lookInterval.compareTo(LONGEST_PAUSE) > 0) {
        lookInterval = LONGEST_PAUSE;
      }
      String reason = Reasons.of(NestedExceptionUtils.getMostSpecificCause(failure));
      if (hidden == null) {
        log.warn(
            "Cannot read or write the table dead_letter: undeliverable events are not listed,"
                + " publishing continues relay={} reason=\"{}\""
                + " action=\"fix the reason; Lapse retries\"",
            settings.name(),
            reason);
      }
      hidden = reason;
    }
    lookedAt = System.nanoTime();
  }

  /** Why people do not see the dead letters as they are; null if they do. From any thread. */
  @Nullable String hidden() {
    return hidden;
  }

  private void askWhatIsRequeued(List<DeadLetter> letters) {
    Set<String> asked = letters.isEmpty() ? Set.of() : table.requeued(settings.name());
    requeued.retainAll(asked);
    for (DeadLetter letter : letters) {
      if (asked.contains(letter.key()) && requeued.add(letter.key())) {
        poison.forgetAll(); // once: what is refused now is refused
      }
    }
  }

  /** The position with {@code letter} as {@code rest} says: what still waits, if anything does. */
  static Position released(DeadLetter letter, Optional<DeadLetter> rest, Position position) {
    return position.with(
        position.deadLetters().stream()
            .flatMap(l -> l.key().equals(letter.key()) ? rest.stream() : Stream.of(l))
            .toList());
  }

  /** Tells what has changed, which nobody tells later, and shows people the dead letters. */
  void show(Position position, List<DeadLetter> before) {
    for (DeadLetter letter : position.deadLetters()) {
      if (before.stream().noneMatch(letter::isSameRefusal)) {
        requeued.remove(letter.key()); // not sooner: until it is committed, it was not tried
        log.warn(
            "Cannot publish event; its key is blocked, all others are published outboxId={} type={}"
                + " reason=\"{}\" action=\"fix the reason, then: lapse dead-letters requeue {}\"",
            letter.id(),
            letter.type(),
            letter.reason(),
            letter.id());
      }
    }
    for (DeadLetter letter : before) {
      if (position.deadLetters().stream().noneMatch(l -> l.key().equals(letter.key()))) {
        requeued.remove(letter.key());
        log.info(
            "Published a dead letter and the events that waited for it outboxId={}", letter.id());
      }
    }
    if (hidden == null) { // else it is tried when it is time
      note(tried(() -> table.replace(settings.name(), position.deadLetters())));
    }
  }
}
