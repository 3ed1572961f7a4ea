package dev.lapse.relay;

import dev.lapse.outbox.DeadLetter;
import dev.lapse.outbox.Lsn;
import dev.lapse.outbox.Origin;
import dev.lapse.outbox.OutboxIdentity;
import dev.lapse.outbox.Position;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * The position as Kafka keeps it: the last record of a compacted topic with one partition, which
 * commits with the events that it counts as published.
 */
final class PositionTopic {

  /** Far more than a transaction of our own may stay open. */
  private static final Duration PATIENCE = Duration.ofSeconds(40);

  /** Records to look back over at first; positions commit one a transaction, with one marker. */
  private static final long LOOK_BACK = 100;

  /** Bytes of a position that may still take another dead letter; brokers take 1 MB by default. */
  private static final int ROOM = 512 * 1024;

  /** Strict: a field that a newer version added means something. */
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();

  private final KafkaClients clients;
  private final TopicPartition partition;
  private final byte[] key;

  /** The header that names the outbox of the position, see {@link Ownership}. */
  private static final String OWNER = "outbox";

  PositionTopic(KafkaClients clients, RelaySettings settings) {
    this.clients = clients;
    this.partition = new TopicPartition(settings.positionTopic(), 0);
    this.key = settings.name().getBytes(StandardCharsets.UTF_8);
  }

  /** Whether a position's record is small enough to take another dead letter. */
  static boolean hasRoom(Position position) {
    return JSON.writeValueAsBytes(Stored.of(position)).length < ROOM;
  }

  /** The record that makes {@code position} the last, once its transaction commits. */
  ProducerRecord<byte[], byte[]> record(Position position, OutboxIdentity owner, Instant time) {
    ProducerRecord<byte[], byte[]> record =
        new ProducerRecord<>(
            partition.topic(),
            partition.partition(),
            time.toEpochMilli(),
            key,
            JSON.writeValueAsBytes(Stored.of(position)));
    record.headers().add(OWNER, owner.toString().getBytes(StandardCharsets.UTF_8));
    return record;
  }

  /**
   * Reads the last committed position, after {@code initTransactions()} has settled what the
   * predecessor left open.
   *
   * <p>Up to the end that a read_uncommitted listing gives, as Kafka Connect does (KIP-618): a
   * foreign transaction open in the partition would hide a committed position behind it from
   * read_committed end offsets.
   *
   * @throws IllegalStateException if the end is not to be reached
   * @throws TopicAuthorizationException if this role may not read the topic, even an empty one
   * @throws UnreadablePositionException if the record is none of this version's
   */
  Optional<Kept> last(Admin admin) throws Exception {
    long end = offset(admin, OffsetSpec.latest());
    long begin = offset(admin, OffsetSpec.earliest());
    checkMayRead(admin);
    try (Consumer<byte[], byte[]> reader = clients.positionReader()) {
      reader.assign(Set.of(partition));
      for (long back = LOOK_BACK; ; back *= 10) {
        long from = Math.max(begin, end - back);
        ConsumerRecord<byte[], byte[]> last = lastFrom(reader, from, end);
        if (last != null) {
          return Optional.of(new Kept(position(last.value()), owner(last)));
        }
        if (from == begin) {
          return Optional.empty();
        }
      }
    }
  }

  /**
   * Of an empty topic nothing is fetched. So Kafka is asked: a relay that publishes now and cannot
   * read its position at the next start would stop then, perhaps at night.
   */
  private void checkMayRead(Admin admin) throws Exception {
    TopicDescription topic =
        admin
            .describeTopics(
                Set.of(partition.topic()),
                new DescribeTopicsOptions().includeAuthorizedOperations(true))
            .allTopicNames()
            .get()
            .values()
            .iterator()
            .next();
    Set<AclOperation> allowed = topic.authorizedOperations();
    // Some Kafkas do not tell; all that do let this role describe what it has just described.
    boolean known = allowed != null && allowed.contains(AclOperation.DESCRIBE);
    if (known && !allowed.contains(AclOperation.READ)) {
      throw new TopicAuthorizationException(Set.of(partition.topic()));
    }
  }

  private static @Nullable String owner(ConsumerRecord<byte[], byte[]> record) {
    Header owner = record.headers().lastHeader(OWNER);
    return owner == null ? null : new String(owner.value(), StandardCharsets.UTF_8);
  }

  /**
   * What the topic keeps.
   *
   * @param owner the outbox that the position is of; null if an earlier version wrote it
   */
  record Kept(Position position, @Nullable String owner) {}

  private Position position(byte[] record) throws UnreadablePositionException {
    try {
      return JSON.readValue(record, Stored.class).position();
    } catch (JacksonException | IllegalArgumentException e) {
      throw new UnreadablePositionException(partition.topic(), e);
    }
  }

  private @Nullable ConsumerRecord<byte[], byte[]> lastFrom(
      Consumer<byte[], byte[]> reader, long from, long end) {
    reader.seek(partition, from);
    ConsumerRecord<byte[], byte[]> last = null;
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (reader.position(partition) < end) {
      if (System.nanoTime() - deadline > 0) {
        throw new IllegalStateException(
            ("Cannot read %s to its end: stuck at offset %d of %d by an open transaction. Find its"
                    + " producer with kafka-transactions.sh find-hanging and abort it")
                .formatted(partition, reader.position(partition), end));
      }
      for (ConsumerRecord<byte[], byte[]> record : reader.poll(Duration.ofMillis(100))) {
        if (Arrays.equals(record.key(), key) && record.value() != null) {
          last = record;
        }
      }
    }
    return last;
  }

  /**
   * Sooner given up than other calls: the client asks once who leads the partition, and if that one
   * has just died it waits for it to the end.
   */
  private long offset(Admin admin, OffsetSpec spec) throws Exception {
    return admin
        .listOffsets(
            Map.of(partition, spec),
            new ListOffsetsOptions(IsolationLevel.READ_UNCOMMITTED).timeoutMs(clients.patience()))
        .partitionResult(partition)
        .get()
        .offset();
  }

  /** The JSON form, for people too: see it with any console consumer. */
  private record Stored(
      long publishedId,
      @Nullable String publishedEvent,
      String snapshot,
      @Nullable String catchUpSnapshot,
      @Nullable Long catchUpId,
      @Nullable List<DeadLetter> deadLetters,
      long systemIdentifier,
      int timeline,
      String lsn) {

    static Stored of(Position position) {
      Position.CatchUp catchUp = position.catchUp();
      return new Stored(
          position.publishedId(),
          position.publishedEvent(),
          position.snapshot(),
          catchUp == null ? null : catchUp.snapshot(),
          catchUp == null ? null : catchUp.afterId(),
          position.deadLetters(),
          position.origin().systemIdentifier(),
          position.origin().timeline(),
          position.origin().lsn().toString());
    }

    Position position() {
      return new Position(
          publishedId,
          publishedEvent,
          snapshot,
          catchUpSnapshot == null || catchUpId == null
              ? null
              : new Position.CatchUp(catchUpSnapshot, catchUpId),
          deadLetters == null ? List.of() : deadLetters,
          new Origin(systemIdentifier, timeline, Lsn.parse(lsn)));
    }
  }
}
