package dev.lapse.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lapse.fault.History.OutboxRow;
import dev.lapse.support.EventConsumer.Event;
import dev.lapse.support.Servers;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.LongStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.Test;

/** Receives each event once, whichever topic of that name it is in. */
class ReceiverIT {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final String servers = Servers.kafka().bootstrapServers();
  private final String topic = "receiver-" + UUID.randomUUID();

  @Test
  void receivesEachEventOnceThoughTheTopicIsMadeAnew() throws Exception {
    try (Admin admin = Admin.create(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, servers));
        Receiver receiver = Receiver.start(servers, Set.of(topic))) {
      assertThat(receiver.awaitEnd(PATIENCE)).as("without the topic").isTrue();
      create(admin);
      publish(1, 10);
      assertThat(receiver.awaitEnd(PATIENCE)).isTrue();
      assertThat(receiver.received()).extracting(Event::key).containsExactly(keys(1, 10));

      admin.deleteTopics(List.of(topic)).all().get();
      create(admin);
      publish(11, 60); // past the offset that it had in the old one

      assertThat(receiver.awaitEnd(PATIENCE)).isTrue();
      assertThat(receiver.received()).extracting(Event::key).containsExactly(keys(1, 60));
    }
  }

  /** As soon as the broker has forgotten the old one. */
  private void create(Admin admin) {
    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(
            () -> {
              admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
              return true;
            });
  }

  private void publish(long from, long to) {
    try (PlainPublisher publisher = new PlainPublisher(servers, Map.of("Noted", topic))) {
      LongStream.rangeClosed(from, to)
          .forEach(
              n ->
                  publisher.send(
                      new OutboxRow(n, "event-" + n, "Noted", "key-" + n, "{}", Instant.EPOCH)));
      publisher.flush();
    }
  }

  private static String[] keys(long from, long to) {
    return LongStream.rangeClosed(from, to).mapToObj(n -> "key-" + n).toArray(String[]::new);
  }
}
