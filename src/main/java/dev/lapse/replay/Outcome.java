package dev.lapse.replay;

import org.jspecify.annotations.Nullable;

/**
 * How a replay ended.
 *
 * @param end whether it came to the end, was stopped, or failed
 * @param progress how far it came
 * @param failure why, if it failed
 */
public record Outcome(End end, Progress progress, @Nullable String failure) {

  /** In the table, in small letters. */
  public enum End {
    DONE,
    STOPPED,
    FAILED
  }
}
