package dev.lapse.relay;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;

/**
 * Whether this instance is the relay: Kafka assigns the position topic's one partition to one
 * member of the relay's group. Only for liveness; see the package. Used by the relay's thread
 * alone.
 */
final class Leadership implements AutoCloseable {

  /**
   * Enough to send the request that leaves the group, without waiting for a broker that is away.
   */
  private static final Duration LEAVE_PATIENCE = Duration.ofSeconds(1);

  private final Consumer<byte[], byte[]> member;
  private final List<String> positionTopic;
  private final TopicPartition partition;

  Leadership(KafkaClients clients, RelaySettings settings) {
    this.member = clients.groupMember();
    this.positionTopic = List.of(settings.positionTopic());
    // The first, should somebody have made the topic with more.
    this.partition = new TopicPartition(settings.positionTopic(), 0);
    member.subscribe(positionTopic);
  }

  /**
   * Takes part in the group; to be called again within a minute.
   *
   * @param patience how long to wait for the partition if it is not ours
   * @return whether this instance leads now
   */
  boolean poll(Duration patience) {
    member.poll(patience);
    Set<TopicPartition> assigned = member.assignment();
    member.pause(assigned); // the member fetches nothing; the position is read by each term itself
    return assigned.contains(partition);
  }

  /** Gives the partition up, if it is ours, and stands in line for it anew. */
  void resign() {
    member.unsubscribe();
    member.subscribe(positionTopic);
  }

  /** Leaves the group, so that a standby takes over at once. */
  @Override
  @SuppressWarnings("deprecation") // close(CloseOptions) is not in every client that may be put in
  public void close() {
    member.close(LEAVE_PATIENCE);
  }
}
