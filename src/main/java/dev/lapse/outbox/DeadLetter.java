package dev.lapse.outbox;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * A record whose event Kafka refuses, and with it its key: what follows under that key waits, so
 * that the key's order holds, while all other keys flow.
 *
 * <p>Waiting are exactly the key's records that the position counts as published and that none of
 * {@code published} covers. So a key that waits costs the same however many of its records do.
 *
 * @param key the key that waits
 * @param id the refused record's place in the log
 * @param eventId what consumers would know its event by
 * @param type its event type
 * @param reason what Kafka, or the encoder, said
 * @param refusedAt when, by the database's clock
 * @param published what of the key is published, in descending order of {@code upToId}; never empty
 */
public record DeadLetter(
    String key,
    long id,
    String eventId,
    String type,
    String reason,
    Instant refusedAt,
    List<Extent> published) {

  /** Records with {@code id <= upToId} that are visible in {@code snapshot}. */
  public record Extent(long upToId, String snapshot) {}

  public DeadLetter {
    published = List.copyOf(published);
  }

  /**
   * The dead letter that {@code refused} becomes.
   *
   * @param before the position at which {@code refused} is the next of its key to publish
   */
  public static DeadLetter of(
      OutboxRecord refused, String reason, Instant refusedAt, Position before) {
    List<Extent> published = new ArrayList<>();
    published.add(new Extent(before.publishedId(), before.snapshot()));
    Position.CatchUp catchUp = before.catchUp();
    if (catchUp != null) {
      published.add(new Extent(catchUp.afterId(), catchUp.snapshot()));
    }
    return new DeadLetter(
        refused.keyAsText(),
        refused.id(),
        refused.eventIdAsText(),
        refused.type(),
        reason,
        refusedAt,
        published);
  }

  /** The same key, at another record, or at the same one anew. */
  public DeadLetter nowAt(OutboxRecord refused, String newReason, Instant newRefusedAt) {
    return new DeadLetter(
        key,
        refused.id(),
        refused.eventIdAsText(),
        refused.type(),
        newReason,
        newRefusedAt,
        published);
  }

  /**
   * The same, its records up to {@code id} that {@code snapshot} sees being published.
   *
   * @param snapshot not older than any before: whatever those cover up to {@code id}, it covers
   */
  public DeadLetter publishedUpTo(long id, String snapshot) {
    List<Extent> extents = new ArrayList<>(published);
    extents.removeIf(extent -> extent.upToId() <= id);
    extents.add(new Extent(id, snapshot));
    return new DeadLetter(key, this.id, eventId, type, reason, refusedAt, extents);
  }

  /** The same, with nothing but {@code extent} known to be published. */
  public DeadLetter publishedOnly(Extent extent) {
    return new DeadLetter(key, id, eventId, type, reason, refusedAt, List.of(extent));
  }

  /** Names the record without its key: that belongs in no log. */
  @Override
  public String toString() {
    return "DeadLetter[id=%d, type=%s, reason=%s]".formatted(id, type, reason);
  }
}
