package dev.lapse.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.kafka.KafkaSettings;
import dev.lapse.support.EventConsumer;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.LogDirDescription;
import org.apache.kafka.common.Node;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Events are compressed as the settings say, and consumers read them. */
class CompressionIT {

  private static final int EVENTS = 200;
  private static final int PAYLOADS = EVENTS * 1000;

  private final TestDatabase database = TestDatabase.migrated();
  private final String name = TestRelay.freshName();

  @AfterEach
  void stop() {
    database.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"lz4", "zstd", "snappy", "gzip"})
  void takesFewerBytes(String compression) throws Exception {
    assertThat(bytesPublished(compression)).isLessThan(PAYLOADS / 2);
  }

  @Test
  void isOffByDefault() throws Exception {
    assertThat(bytesPublished("none")).isGreaterThan(PAYLOADS);
  }

  private long bytesPublished(String compression) throws Exception {
    database.execute(
        """
        INSERT INTO outbox (type, key, payload)
        SELECT 'Noted', n, json_build_object('text', repeat('text ', 200))
        FROM generate_series(1, {events}) n
        """
            .replace("{events}", String.valueOf(EVENTS)));
    KafkaSettings kafka =
        new KafkaSettings(Servers.kafka().bootstrapServers(), 1, (short) 1, compression, Map.of());
    try (TestRelay relay = TestRelay.of(kafka, database, name, Map.of("Noted", name + ".noted"));
        EventConsumer consumer = relay.consumer()) {
      relay.drain();
      consumer.await(EVENTS);
    }
    return bytes(name + ".noted");
  }

  private static long bytes(String topic) throws Exception {
    try (Admin admin =
        Admin.create(Map.of("bootstrap.servers", Servers.kafka().bootstrapServers()))) {
      List<Integer> brokers = admin.describeCluster().nodes().get().stream().map(Node::id).toList();
      return admin.describeLogDirs(brokers).allDescriptions().get().values().stream()
          .flatMap(directories -> directories.values().stream())
          .map(LogDirDescription::replicaInfos)
          .flatMap(replicas -> replicas.entrySet().stream())
          .filter(replica -> replica.getKey().topic().equals(topic))
          .mapToLong(replica -> replica.getValue().size())
          .sum();
    }
  }
}
