package dev.lapse.kafka;

import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;

/**
 * Time-outs that contain others: Kafka's clients do not start with less, and anybody may set those
 * within.
 */
public final class ClientTimeouts {

  private ClientTimeouts() {}

  /**
   * Lets a call in all take as long as one request may, and {@code least}, unless somebody set it.
   */
  public static void containRequest(Map<String, Object> properties, Duration least) {
    properties.putIfAbsent(
        CommonClientConfigs.DEFAULT_API_TIMEOUT_MS_CONFIG,
        Math.max(
            (int) least.toMillis(),
            number(properties, CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG)));
  }

  /** Lets a delivery take as long as its batch may linger and its request may take. */
  public static void containDelivery(Map<String, Object> properties) {
    int least =
        number(properties, ProducerConfig.LINGER_MS_CONFIG)
            + number(properties, ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG);
    properties.put(
        ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG,
        Math.max(number(properties, ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG), least));
  }

  /**
   * What a property says, which somebody may have set as text.
   *
   * @throws ConfigException if that is no number
   */
  public static int number(Map<String, Object> properties, String name) {
    return (Integer) ConfigDef.parseType(name, properties.get(name), ConfigDef.Type.INT);
  }
}
