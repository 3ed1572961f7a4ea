package dev.lapse.audit;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a comparison of Kafka with the outbox brought.
 *
 * @param fromId the first outbox id compared
 * @param toId the last: what the relay had published by its checkpoint
 * @param topics how far back each topic reaches
 * @param incomplete why the comparison is none, if it could not be made to its end
 * @param events that were read and are of the range
 * @param replayed events that were published again on request, which count neither way
 * @param missing published, by the checkpoint, and not in Kafka
 * @param twice in Kafka more than once, with the same event id. The relay announces these in its
 *     log as {@code Going back}
 * @param outOfOrder behind a later event of the same key that the same transaction wrote
 * @param overtaken behind a later event of the same key of another transaction: right where the two
 *     ran side by side, which nothing tells afterwards; a finding only when asked for
 * @param unknown in Kafka, and not in the outbox, although nothing purged it
 * @param mayBeGone not in Kafka, and older than the topic reaches back
 * @param waiting not in Kafka, since they wait behind a dead letter
 * @param purged in Kafka, and no longer in the outbox, from which retention has purged as much
 * @param holds whether consumers could read every event once, and in order
 */
public record KafkaFindings(
    long fromId,
    long toId,
    List<TopicReach> topics,
    @Nullable String incomplete,
    long events,
    long replayed,
    Tally missing,
    Tally twice,
    Tally outOfOrder,
    Tally overtaken,
    Tally unknown,
    long mayBeGone,
    long waiting,
    long purged,
    boolean holds) {

  /** A count, and the first hundred of what was counted: outbox ids. */
  public static final class Tally {

    private final List<Long> first = new ArrayList<>();
    private long count;

    void add(long id) {
      count++;
      if (first.size() < Audit.LISTED) {
        first.add(id);
      }
    }

    public long getCount() {
      return count;
    }

    public List<Long> getFirst() {
      return Collections.unmodifiableList(first);
    }
  }
}
