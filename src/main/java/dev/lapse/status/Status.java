package dev.lapse.status;

import dev.lapse.outbox.Checkpoints;
import java.time.OffsetDateTime;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where things stand. Either half may be missing, with the reason.
 *
 * @param database what PostgreSQL tells
 * @param databaseFailure why it tells nothing
 * @param relay what Kafka tells
 * @param kafkaFailure why it tells nothing
 */
public record Status(
    @Nullable Database database,
    @Nullable String databaseFailure,
    @Nullable Relay relay,
    @Nullable String kafkaFailure) {

  /**
   * A count that ends at a bound.
   *
   * @param count exact, or the bound
   * @param more whether there are more than that
   */
  public record Count(long count, boolean more) {

    @Override
    public String toString() {
      return more ? "more than " + count : Long.toString(count);
    }
  }

  /**
   * @param pending approvals that wait for a decision
   * @param due those of them whose deadline has passed
   * @param nextDue the next deadline to come
   * @param nextDueSeconds until then
   * @param expiredToday since midnight, in this host's time zone
   * @param backlog records not published by the checkpoint, so up to its age ago
   * @param stragglers those of them that became visible below the position
   * @param oldestUnpublishedSeconds since the first of them occurred
   * @param publishedId the position, by the checkpoint; null if the relay has written none yet
   * @param checkpointSeconds since it was written; a relay that has nothing to publish writes none
   * @param deadLetters keys that wait behind an event that Kafka refuses
   * @param paused what a person or the storm guard lets rest
   * @param stopped checkpoints of other relays that are no more, up to which nothing is purged
   */
  public record Database(
      Count pending,
      Count due,
      @Nullable OffsetDateTime nextDue,
      @Nullable Double nextDueSeconds,
      Count expiredToday,
      Count backlog,
      Count stragglers,
      @Nullable Double oldestUnpublishedSeconds,
      @Nullable Long publishedId,
      @Nullable Double checkpointSeconds,
      long deadLetters,
      List<Paused> paused,
      List<Checkpoints.Stale> stopped) {}

  /**
   * @param part what rests: expiration or relay
   * @param reason why
   * @param since since when
   */
  public record Paused(String part, String reason, OffsetDateTime since) {}

  /**
   * @param leader who publishes; null while nobody does
   * @param standbys who would take over
   */
  public record Relay(@Nullable Member leader, List<Member> standbys) {}

  /**
   * An instance.
   *
   * @param host where it runs, as Kafka sees it
   * @param id what its group calls it
   */
  public record Member(String host, String id) {

    @Override
    public String toString() {
      return host + " " + id;
    }
  }
}
