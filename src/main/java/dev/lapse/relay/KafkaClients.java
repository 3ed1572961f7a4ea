package dev.lapse.relay;

import dev.lapse.kafka.ClientTimeouts;
import dev.lapse.kafka.KafkaSettings;
import dev.lapse.kafka.TokenEndpoints;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Makes Kafka's clients, with what the relay's promises rest on said explicitly. */
final class KafkaClients {

  private final KafkaSettings kafka;
  private final RelaySettings relay;

  KafkaClients(KafkaSettings kafka, RelaySettings relay) {
    this.kafka = kafka;
    this.relay = relay;
    TokenEndpoints.allow(kafka.properties());
  }

  /**
   * @param batchSize bytes of a batch at the most, unless one event is larger
   */
  Producer<byte[], byte[]> producer(int batchSize) {
    Map<String, Object> properties = new HashMap<>();
    // Throughput: a page's records go out in few requests. Every commit cuts linger short, so it
    // delays nothing; shorter, it would send batches before they are full.
    properties.put(ProducerConfig.BATCH_SIZE_CONFIG, batchSize);
    properties.put(ProducerConfig.LINGER_MS_CONFIG, 100);
    properties.put(ProducerConfig.BUFFER_MEMORY_CONFIG, 64L * 1024 * 1024);
    properties.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, 1024 * 1024);
    properties.put(ProducerConfig.COMPRESSION_TYPE_CONFIG, kafka.compression());
    // A send fails before its transaction times out, so that it is aborted by us and not by Kafka.
    long timeout = relay.transactionTimeout().toMillis();
    properties.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, (int) (timeout * 4 / 5));
    properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, timeout);
    properties.put(ProducerConfig.METADATA_MAX_AGE_CONFIG, 60_000);
    properties.putAll(kafka.properties());
    properties.put(
        ProducerConfig.BATCH_SIZE_CONFIG,
        Math.min(ClientTimeouts.number(properties, ProducerConfig.BATCH_SIZE_CONFIG), batchSize));
    properties.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, relay.name());
    properties.put(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, (int) timeout);
    properties.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    properties.put(ProducerConfig.ACKS_CONFIG, "all");
    addCommon(properties);
    ClientTimeouts.containDelivery(properties);
    return new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
  }

  /** A member of the relay's group; it is asked who leads and never fetches a record. */
  Consumer<byte[], byte[]> groupMember() {
    Map<String, Object> properties = new HashMap<>(kafka.properties());
    properties.put(ConsumerConfig.GROUP_ID_CONFIG, relay.name());
    properties.put(
        ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, (int) relay.sessionTimeout().toMillis());
    // How soon a standby hears that the leader has left.
    properties.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, 500);
    // A page and a pause fit into it, or an instance lost the lead that works as it was told to.
    properties.putIfAbsent(
        ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG,
        (int)
            relay
                .transactionTimeout()
                .multipliedBy(2)
                .plus(relay.pollInterval())
                .plusSeconds(30)
                .toMillis());
    // How soon it sees that the position topic was made anew.
    properties.put(ConsumerConfig.METADATA_MAX_AGE_CONFIG, 5_000);
    // Sticky and cooperative: a new instance does not take the lead from a healthy one.
    properties.put(
        ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG,
        CooperativeStickyAssignor.class.getName());
    properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "latest");
    return consumer(properties);
  }

  /** Reads the position topic; a member of no group. */
  Consumer<byte[], byte[]> positionReader() {
    Map<String, Object> properties = new HashMap<>(kafka.properties());
    properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    // A predecessor's transaction may be settled a moment after the fetch; consumers wait for it.
    properties.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, 20);
    return consumer(properties);
  }

  private Consumer<byte[], byte[]> consumer(Map<String, Object> properties) {
    properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    properties.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    addCommon(properties);
    ClientTimeouts.containRequest(properties, API_TIMEOUT);
    return new KafkaConsumer<>(
        properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  Admin admin() {
    Map<String, Object> properties = new HashMap<>(kafka.properties());
    addCommon(properties);
    ClientTimeouts.containRequest(properties, API_TIMEOUT);
    return Admin.create(properties);
  }

  private void addCommon(Map<String, Object> properties) {
    properties.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, kafka.bootstrapServers());
    int patience = patience();
    properties.putIfAbsent(CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, patience);
    properties.putIfAbsent(CommonClientConfigs.SOCKET_CONNECTION_SETUP_TIMEOUT_MS_CONFIG, patience);
    properties.putIfAbsent(
        CommonClientConfigs.SOCKET_CONNECTION_SETUP_TIMEOUT_MAX_MS_CONFIG, patience);
    properties.putIfAbsent(CommonClientConfigs.RECONNECT_BACKOFF_MAX_MS_CONFIG, 1000);
    // A take-over waits for this two or three times: for its coordinator, for the last transaction.
    properties.putIfAbsent(CommonClientConfigs.RETRY_BACKOFF_MS_CONFIG, 20);
  }

  /**
   * Milliseconds after which a broker that does not answer is left for another, while there is time
   * for that.
   */
  int patience() {
    return (int) Math.min(relay.transactionTimeout().toMillis() / 3, 10_000);
  }

  /** A call in all, with retries at other brokers; for admin and consumers. */
  private static final Duration API_TIMEOUT = Duration.ofSeconds(10);
}
