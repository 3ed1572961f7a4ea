package dev.lapse.audit;

import dev.lapse.audit.OutboxSide.Expected;
import dev.lapse.audit.OutboxSide.Kept;
import dev.lapse.audit.OutboxSide.Later;
import dev.lapse.audit.OutboxSide.Published;
import dev.lapse.kafka.KafkaAccess;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Was every event delivered? Reads the event topics as consumers do and compares them with what the
 * checkpoint says is published.
 *
 * <p>Its memory is a bit for each id of the range, and a batch: 12 MB for a hundred million events.
 * First the checkpoint, then the ends of the topics: what is counted as published then lies before
 * them, however busy the relay is meanwhile.
 */
public final class KafkaAudit {

  /** Ids of one comparison: 60 MB of bits. */
  private static final long MAX_RANGE = 500_000_000;

  /** Ids of one look at the outbox. */
  private static final int WALK = 20_000;

  private static final Duration POLL = Duration.ofMillis(500);

  private final KafkaAccess kafka;
  private final OutboxSide records;
  private final String relay;
  private final String source;
  private final Map<String, String> topicsByType;

  /**
   * @param relay whose checkpoint counts
   * @param source the {@code ce_source} of its events; others in the same topics are passed over
   * @param topicsByType where events go whose records name no topic, as the relay looks it up
   */
  public KafkaAudit(
      KafkaAccess kafka,
      JdbcClient jdbc,
      String relay,
      String source,
      Map<String, String> topicsByType) {
    this.kafka = kafka;
    this.records = new OutboxSide(jdbc);
    this.relay = relay;
    this.source = source;
    this.topicsByType = topicsByType;
  }

  /**
   * Compares, and changes nothing.
   *
   * @param fromId the first outbox id to compare; null for the oldest there is
   * @param toId the last; null for the last published
   * @param patience after which it gives up, with what it has found until then
   * @param strict whether an event that was overtaken is a finding
   * @throws IllegalStateException if Kafka does not answer, or nothing is published yet
   */
  public KafkaFindings run(
      @Nullable Long fromId, @Nullable Long toId, Duration patience, boolean strict)
      throws InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    Published published =
        records
            .published(relay)
            .orElseThrow(
                () ->
                    new IllegalStateException(
                        "Nothing to compare: relay %s has not written a checkpoint yet"
                            .formatted(relay)));
    long from = fromId == null ? Math.max(1, records.kept().oldest()) : Math.max(1, fromId);
    long to = Math.min(toId == null ? Long.MAX_VALUE : toId, published.publishedId());
    if (to - from >= MAX_RANGE) {
      throw new IllegalStateException(
          "Range too large (%d ids, limit %d): use --from-id and --to-id"
              .formatted(to - from + 1, MAX_RANGE));
    }
    Set<String> topics = new TreeSet<>(topicsByType.values());
    topics.addAll(records.topics(from, to));
    try (KafkaSide kafkaTopics = new KafkaSide(kafka, topics)) {
      return new Comparison(kafkaTopics, published, from, to).run(deadline, strict);
    }
  }

  /** One comparison under way. */
  private final class Comparison {

    private final KafkaSide topics;
    private final Published published;
    private final long from;
    private final long to;
    private final BitSet seen = new BitSet();
    private final Map<TopicPartition, Long> highest = new HashMap<>();
    private final KafkaFindings.Tally missing = new KafkaFindings.Tally();
    private final KafkaFindings.Tally twice = new KafkaFindings.Tally();
    private final KafkaFindings.Tally outOfOrder = new KafkaFindings.Tally();
    private final KafkaFindings.Tally overtaken = new KafkaFindings.Tally();
    private final KafkaFindings.Tally unknown = new KafkaFindings.Tally();
    private long events;
    private long replayed;
    private long mayBeGone;
    private long waiting;
    private long purged;

    Comparison(KafkaSide topics, Published published, long from, long to) {
      this.topics = topics;
      this.published = published;
      this.from = from;
      this.to = to;
    }

    KafkaFindings run(long deadline, boolean strict) {
      boolean inTime = readTopics(deadline) && walkOutbox(deadline);
      return new KafkaFindings(
          from,
          to,
          topics.reach(),
          inTime ? null : outOfTime(),
          events,
          replayed,
          missing,
          twice,
          outOfOrder,
          overtaken,
          unknown,
          mayBeGone,
          waiting,
          purged,
          inTime
              && missing.getCount() == 0
              && twice.getCount() == 0
              && outOfOrder.getCount() == 0
              && unknown.getCount() == 0
              && (!strict || overtaken.getCount() == 0));
    }

    private String outOfTime() {
      return topics
          .heldUp()
          .map(
              partition ->
                  "a transaction is open in %s, and consumers cannot read past it: it ends with"
                          .formatted(partition)
                      + " its producer, or after transaction.timeout.ms")
          .orElse("out of time after %d events: pass a longer --timeout".formatted(events));
    }

    private boolean readTopics(long deadline) {
      while (!topics.atEnd()) {
        if (System.nanoTime() - deadline > 0) {
          return false;
        }
        compare(ours(topics.poll(POLL)));
      }
      return true;
    }

    /** Those of the relay and of the range. */
    private List<Event> ours(Collection<ConsumerRecord<byte[], byte[]>> batch) {
      List<Event> ours = new ArrayList<>();
      for (ConsumerRecord<byte[], byte[]> record : batch) {
        Event event = Event.of(record, source);
        if (event == null || event.id < from || event.id > to) {
          continue;
        }
        if (event.replayed) {
          replayed++;
        } else {
          events++;
          ours.add(event);
        }
      }
      return ours;
    }

    private void compare(List<Event> batch) {
      if (batch.isEmpty()) {
        return;
      }
      Map<Long, String> known = records.events(batch.stream().map(Event::id).toList());
      Kept kept = records.kept(); // asked afterwards: what was purged in between is part of it
      Map<Long, List<Later>> later = laterOfSameKey(batch, known);
      for (Event event : batch) {
        if (!event.eventId.equals(known.get(event.id))) {
          notInOutbox(event, known.containsKey(event.id), kept);
        } else if (seen.get(bit(event.id))) {
          twice.add(event.id);
        } else {
          checkOrder(event, later.getOrDefault(event.id, List.of()));
          seen.set(bit(event.id));
        }
      }
    }

    private void notInOutbox(Event event, boolean idIsAnothers, Kept kept) {
      if (!idIsAnothers && kept.mayHavePurged(event.id)) {
        purged++;
      } else {
        unknown.add(event.id);
      }
    }

    /**
     * For each event that comes behind one with a higher id in its partition, the later ones of its
     * key. These are few, so the keys of all others need not be remembered.
     */
    private Map<Long, List<Later>> laterOfSameKey(List<Event> batch, Map<Long, String> known) {
      Set<Long> behind = new HashSet<>();
      long most = 0;
      for (Event event : batch) {
        if (event.eventId.equals(known.get(event.id))) {
          long before = highest.merge(event.partition, event.id, Math::max);
          if (before > event.id && !seen.get(bit(event.id))) {
            behind.add(event.id);
            most = Math.max(most, before);
          }
        }
      }
      Map<Long, List<Later>> later = new HashMap<>();
      if (!behind.isEmpty()) {
        records
            .later(behind, most)
            .forEach(pair -> later.computeIfAbsent(pair.id(), id -> new ArrayList<>()).add(pair));
      }
      return later;
    }

    /** Within its topic: which of two topics is read first says nothing. */
    private void checkOrder(Event event, List<Later> later) {
      boolean overtook = false;
      for (Later other : later) {
        if (other.laterId() <= to
            && seen.get(bit(other.laterId()))
            && event.partition.topic().equals(topic(other.topic(), other.type()))) {
          if (other.sameTransaction()) {
            outOfOrder.add(event.id);
            return;
          }
          overtook = true;
        }
      }
      if (overtook) {
        overtaken.add(event.id);
      }
    }

    private boolean walkOutbox(long deadline) {
      for (long after = from - 1; after < to; after += WALK) {
        if (System.nanoTime() - deadline > 0) {
          return false;
        }
        for (Expected record : records.expected(published, after, Math.min(to, after + WALK))) {
          if (!seen.get(bit(record.id()))) {
            notInKafka(record);
          }
        }
      }
      return true;
    }

    private void notInKafka(Expected record) {
      String topic = topic(record.topic(), record.type());
      if (record.waits()) {
        waiting++;
      } else if (topic != null
          && topics.mayBeGone(
              topic,
              record.key().getBytes(StandardCharsets.UTF_8),
              record.occurredAt().toInstant())) {
        mayBeGone++;
      } else {
        missing.add(record.id());
      }
    }

    private @Nullable String topic(@Nullable String ofRow, String type) {
      return ofRow == null ? topicsByType.get(type) : ofRow;
    }

    private int bit(long id) {
      return (int) (id - from);
    }
  }

  /** What the audit needs of an event. */
  private record Event(long id, String eventId, boolean replayed, TopicPartition partition) {

    /** Null if it is none of the relay's. */
    static @Nullable Event of(ConsumerRecord<byte[], byte[]> record, String source) {
      String id = header(record, "ce_id");
      String sequence = header(record, "ce_sequence");
      if (id == null
          || sequence == null
          || !sequence.matches("\\d{1,18}|0\\d{18}|[1-8]\\d{18}")
          || !source.equals(header(record, "ce_source"))) {
        return null;
      }
      return new Event(
          Long.parseLong(sequence),
          id,
          record.headers().lastHeader("lapse-replay") != null,
          new TopicPartition(record.topic(), record.partition()));
    }

    private static @Nullable String header(ConsumerRecord<byte[], byte[]> record, String name) {
      Header header = record.headers().lastHeader(name);
      return header == null || header.value() == null
          ? null
          : new String(header.value(), StandardCharsets.UTF_8);
    }
  }
}
