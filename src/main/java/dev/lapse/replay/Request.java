package dev.lapse.replay;

import org.jspecify.annotations.Nullable;

/**
 * What somebody wants published again.
 *
 * @param selection which events
 * @param afterId to go on behind this outbox id, which an earlier replay came to; else 0
 * @param toTopic the topic for all of them; null for each event's own
 * @param rate events a second at the most; 0 for as many as there can be
 * @param max events at the most, unless {@code confirmed}
 * @param confirmed whether more than that may be published
 * @param requestedAs whom the host or the endpoint knows him as
 */
public record Request(
    Selection selection,
    long afterId,
    @Nullable String toTopic,
    int rate,
    long max,
    boolean confirmed,
    String requestedAs) {

  public static final long DEFAULT_MAX = 10_000;

  /**
   * @throws IllegalArgumentException saying what is wrong with it
   */
  public Request {
    require(
        !selection.isEverything(), "Specify which events: by id, time, key, type, or dead letters");
    require(
        rate >= 0,
        "The rate is %d: use 1 or more events per second, or 0 for no limit".formatted(rate));
    require(max >= 0, "The maximum of events is %d: use 0 or more".formatted(max));
    require(
        toTopic == null || toTopic.matches("[a-zA-Z0-9._-]{1,249}"),
        "\"%s\" is not a valid topic name".formatted(toTopic));
    require(
        toTopic == null || !toTopic.endsWith(".position"),
        "Only the relay may write to %s".formatted(toTopic));
    require(
        !selection.deadLetters() || toTopic != null,
        "Dead letters can only be replayed to another topic (--to-topic). To publish them to their"
            + " own: lapse dead-letters requeue");
  }

  private static void require(boolean condition, String message) {
    if (!condition) {
      throw new IllegalArgumentException(message);
    }
  }
}
