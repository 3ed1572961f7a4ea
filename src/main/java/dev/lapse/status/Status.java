package dev.lapse.status;

import dev.lapse.outbox.Checkpoints;
import dev.lapse.outbox.OriginSource;
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
   * @param overdueSeconds since the earliest deadline of what is due; null if nothing is
   * @param outboxBytes with its indexes
   * @param oldestRecordId of the outbox, whatever it is of; null if it is empty
   * @param oldestRecordSeconds since the oldest occurred that a purge may ever take; null if there
   *     is none
   * @param replayed events published again, by all replays that the table holds
   * @param oldestTransaction what keeps the database from cleaning up; null if nothing does
   * @param lastErrors of each loop that ever failed, on whatever instance; the latest first
   * @param originSource how the relay recognises this database, by the checkpoint; null if there is
   *     none
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
      List<Checkpoints.Stale> stopped,
      @Nullable Double overdueSeconds,
      long outboxBytes,
      @Nullable Long oldestRecordId,
      @Nullable Double oldestRecordSeconds,
      long replayed,
      @Nullable Transaction oldestTransaction,
      List<LastError> lastErrors,
      @Nullable OriginSource originSource) {}

  /**
   * A transaction that keeps what is deleted since it began from being cleaned up.
   *
   * @param pid of its session; null of a prepared one
   * @param application as the session calls itself
   * @param state what it does; hidden where our role may not know
   * @param seconds since it began, or at least since it was first seen
   */
  public record Transaction(
      @Nullable Integer pid, String application, String state, double seconds) {}

  /**
   * @param loop what failed: expiration, relay, retention or watch
   * @param instance its host and process
   * @param reason what it said
   * @param at when, by the clock of that host
   */
  public record LastError(String loop, String instance, String reason, OffsetDateTime at) {}

  /**
   * How far to look.
   *
   * @param bound nothing is counted further; 100,000 rows are read in some 100 ms
   * @param publishedId up to which it is known that all is published, should the checkpoint lag; 0
   *     if nothing is known
   * @param fromRecord the outbox id from which on the oldest record is looked for
   */
  public record Look(int bound, long publishedId, long fromRecord) {

    /** For a person, who waits for it. */
    static final Look FULL = new Look(100_000, 0, 0);
  }

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
