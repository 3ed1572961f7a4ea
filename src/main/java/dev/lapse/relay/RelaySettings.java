package dev.lapse.relay;

import dev.lapse.event.EventEncoder;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Settings of the relay.
 *
 * @param enabled whether this instance takes part in publishing; default true
 * @param name name of the relay: its consumer group, its transactional id and the first part of its
 *     position topic; default {@code lapse}. Must be unique per database on one Kafka. Do not
 *     change it later: a relay with a new name publishes the whole outbox again
 * @param source {@code ce_source} of the events, the same on every instance; default {@code
 *     /approvals}. Databases that share an event topic need one each
 * @param topics topic of each event type whose rows name none, not case-sensitive; default {@code
 *     ApprovalExpired} to {@code approvals.expired}, and Lapse's other types to the same topic, so
 *     that each approval's events are in order
 * @param pageRecords most events of one Kafka transaction, 1 to 100,000; default 5,000
 * @param pageSize size after which a Kafka transaction is closed, 1 KB to 64 MB; default 4 MB
 * @param pollInterval pause between two polls of an outbox without new events, 1 ms to 1 min;
 *     default 5 ms. After an idle second it is at least 50 ms. Events of this instance's expiry
 *     runs wait for no poll
 * @param sessionTimeout time after which a dead leader is replaced, 1 s to 5 min; default 6 s, the
 *     minimum that brokers accept by default
 * @param transactionTimeout time after which Kafka aborts the transaction of a dead relay, 5 s to
 *     15 min; default 15 s. Consumers wait at most this long
 * @param checkpointInterval time between two updates of the checkpoint in PostgreSQL, 100 ms to 1
 *     h; default 5 s
 * @param replaces id of the outbox that this one replaces under the same name; default none. The
 *     message of a name conflict shows it
 * @param maxDeadLetters most keys that may be blocked by an undeliverable event, 0 to 1,000;
 *     default 100. With more, the relay publishes nothing until the cause is fixed
 */
@ConfigurationProperties("lapse.relay")
public record RelaySettings(
    @DefaultValue("true") boolean enabled,
    @DefaultValue("lapse") String name,
    @DefaultValue("/approvals") String source,
    @DefaultValue Map<String, String> topics,
    @DefaultValue("5000") int pageRecords,
    @DefaultValue("4MB") DataSize pageSize,
    @DefaultValue("5ms") Duration pollInterval,
    @DefaultValue("6s") Duration sessionTimeout,
    @DefaultValue("15s") Duration transactionTimeout,
    @DefaultValue("5s") Duration checkpointInterval,
    @DefaultValue("100") int maxDeadLetters,
    @DefaultValue("") String replaces) {

  private static final String TOPIC_NAME = "[a-zA-Z0-9._-]{1,249}";

  public RelaySettings {
    require(
        name.matches("[a-zA-Z0-9._-]{1,200}"),
        "lapse.relay.name is \"%s\": use 1 to 200 letters, digits, dots, dashes or underscores"
            .formatted(name));
    require(!source.isBlank(), "lapse.relay.source is empty: set a URI reference like /approvals");
    // As an environment variable a type comes in lower case. The first is what prevails.
    Map<String, String> byType = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    topics.forEach(byType::putIfAbsent);
    byType.putIfAbsent("ApprovalExpired", "approvals.expired");
    String one = byType.get("ApprovalExpired");
    EventEncoder.ownTypes().forEach(type -> byType.putIfAbsent(type, one));
    topics = Collections.unmodifiableMap(byType);
    topics.forEach(
        (type, topic) ->
            require(
                topic.matches(TOPIC_NAME),
                ("lapse.relay.topics.%s is \"%s\": Kafka takes 1 to 249 letters, digits, dots,"
                        + " dashes and underscores")
                    .formatted(type, topic)));
    require(
        pageRecords >= 1 && pageRecords <= 100_000,
        "lapse.relay.page-records is %d: set it between 1 and 100000 (default 5000)"
            .formatted(pageRecords));
    require(
        pageSize.toBytes() >= 1024 && pageSize.toMegabytes() <= 64,
        "lapse.relay.page-size is %s: set it between 1KB and 64MB (default 4MB)"
            .formatted(pageSize));
    require("poll-interval", pollInterval, Duration.ofMillis(1), Duration.ofMinutes(1));
    require("session-timeout", sessionTimeout, Duration.ofSeconds(1), Duration.ofMinutes(5));
    require(
        "transaction-timeout", transactionTimeout, Duration.ofSeconds(5), Duration.ofMinutes(15));
    require("checkpoint-interval", checkpointInterval, Duration.ofMillis(100), Duration.ofHours(1));
    require(
        maxDeadLetters >= 0 && maxDeadLetters <= 1000,
        "lapse.relay.max-dead-letters is %d: set it between 0 and 1000 (default 100)"
            .formatted(maxDeadLetters));
  }

  String positionTopic() {
    return name + ".position";
  }

  private static void require(String setting, Duration value, Duration least, Duration most) {
    require(
        value.compareTo(least) >= 0 && value.compareTo(most) <= 0,
        "lapse.relay.%s is %s: set it between %s and %s".formatted(setting, value, least, most));
  }

  private static void require(boolean condition, String message) {
    if (!condition) {
      throw new IllegalArgumentException(message);
    }
  }
}
