package dev.lapse.replay;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Which events to publish again: those that fulfil all that is set.
 *
 * @param fromId outbox ids from here on
 * @param toId up to here
 * @param since events that occurred then or later
 * @param until events that occurred before
 * @param key of this key; an approval's is its id
 * @param type of this type
 * @param deadLetters those that Kafka refused, and what waits behind them, instead of what is
 *     published
 */
public record Selection(
    @Nullable Long fromId,
    @Nullable Long toId,
    @Nullable Instant since,
    @Nullable Instant until,
    @Nullable String key,
    @Nullable String type,
    boolean deadLetters) {

  boolean isEverything() {
    return fromId == null
        && toId == null
        && since == null
        && until == null
        && key == null
        && type == null
        && !deadLetters;
  }

  /** Without the key: that belongs in no log. */
  @Override
  public String toString() {
    return "Selection[fromId=%s, toId=%s, since=%s, until=%s, type=%s, deadLetters=%s]"
        .formatted(fromId, toId, since, until, type, deadLetters);
  }
}
