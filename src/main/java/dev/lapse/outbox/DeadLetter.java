package dev.lapse.outbox;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

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
  public record Extent(long upToId, String snapshot) {

    /** The same, by the numbers of the cluster that {@code other} is of. */
    public Extent in(String other) {
      return new Extent(upToId, other);
    }
  }

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
   * The id up to which one look for what waits may go, since it walks over all keys' records.
   *
   * @param walk ids to walk over at most
   */
  long reach(Position position, long walk) {
    return Math.min(position.publishedId(), published.get(0).upToId() + walk);
  }

  /** The same once {@code part} is published; empty if nothing waits any more. */
  public Optional<DeadLetter> after(Page part, Position position) {
    return part.upToId() >= position.publishedId()
        ? Optional.empty()
        : Optional.of(publishedUpTo(part.upToId(), position.snapshot()));
  }

  /**
   * The same, its records up to {@code id} that {@code snapshot} sees being published.
   *
   * @param snapshot not older than any before: whatever those cover up to {@code id}, it covers
   */
  private DeadLetter publishedUpTo(long id, String snapshot) {
    List<Extent> extents = new ArrayList<>(published);
    extents.removeIf(extent -> extent.upToId() <= id);
    extents.add(new Extent(id, snapshot));
    return new DeadLetter(key, this.id, eventId, type, reason, refusedAt, extents);
  }

  /** The same, with nothing but {@code extent} known to be published. */
  public DeadLetter publishedOnly(Extent extent) {
    return new DeadLetter(key, id, eventId, type, reason, refusedAt, List.of(extent));
  }

  /** Whether the other tells of the same refusal, however much was published since. */
  public boolean isSameRefusal(DeadLetter other) {
    return eventId.equals(other.eventId) && refusedAt.equals(other.refusedAt);
  }

  /** Names the record without its key: that belongs in no log. */
  @Override
  public String toString() {
    return "DeadLetter[id=%d, type=%s, reason=%s]".formatted(id, type, reason);
  }
}
