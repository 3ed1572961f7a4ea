package dev.lapse.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lapse.support.Golden;
import dev.lapse.support.Outbox;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A client that is not Java's receives the same: kcat, which is librdkafka, as the clients of most
 * other languages are.
 */
class AnotherClientIT {

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final TestDatabase database = TestDatabase.migrated();
  private final TestRelay relay = TestRelay.of(database);

  @BeforeEach
  void needsKcat() {
    assumeTrue(
        isInstalled() || System.getenv("CI") != null,
        "Not read by a client that is not Java: kcat is not installed (Debian: kcat)");
  }

  private static boolean isInstalled() {
    return List.of(System.getenv("PATH").split(File.pathSeparator)).stream()
        .anyMatch(directory -> new File(directory, "kcat").canExecute());
  }

  @AfterEach
  void stop() {
    relay.close();
    database.close();
  }

  @Test
  void receivesTheGoldenMessage() throws Exception {
    Golden golden = Golden.read("approval-expired");
    golden.insertInto(database);

    relay.drain();

    List<Message> received = read("expired", "read_committed");
    assertThat(received)
        .containsExactly(
            new Message(golden.key(), new TreeMap<>(golden.headers()), golden.value()));
  }

  @Test
  void receivesEachEventOnceInTheOrderOfItsKey() throws Exception {
    Outbox outbox = new Outbox(database);
    List<String> ids = new ArrayList<>();
    outbox.append(1200, "key ü").forEach(id -> ids.add(id.toString()));

    relay.drain();

    assertThat(read("noted", "read_committed"))
        .extracting(message -> message.headers().get("ce_id"))
        .isEqualTo(ids);
  }

  @Test
  void doesNotReceiveWhatWasAborted() throws Exception {
    new Outbox(database).append("a");
    relay.drain();
    abort("never was");
    new Outbox(database).append("b");
    relay.drain();

    assertThat(read("noted", "read_committed")).extracting(Message::key).containsOnly("a", "b");
    assertThat(read("noted", "read_uncommitted"))
        .as("control")
        .extracting(Message::key)
        .contains("never was");
  }

  private void abort(String key) throws Exception {
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(
            Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                Servers.kafka().bootstrapServers(),
                ProducerConfig.TRANSACTIONAL_ID_CONFIG,
                relay.settings.name() + ".aborting"),
            new StringSerializer(),
            new StringSerializer())) {
      producer.initTransactions();
      producer.beginTransaction();
      producer.send(new ProducerRecord<>(topic("noted"), key, "{}")).get();
      producer.abortTransaction();
    }
  }

  private record Message(String key, Map<String, String> headers, String value) {}

  /** All there is, in kcat's own words: from the beginning to the end of every partition. */
  private List<Message> read(String topic, String isolation) throws Exception {
    Process kcat =
        new ProcessBuilder(
                "kcat -C -J -e -q -o beginning -X isolation.level=%s -b %s -t %s"
                    .formatted(isolation, Servers.kafka().bootstrapServers(), topic(topic))
                    .split(" "))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String lines = new String(kcat.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(kcat.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(kcat.exitValue()).isZero();
    return lines.lines().map(AnotherClientIT::message).toList();
  }

  private static Message message(String line) {
    JsonNode json = JSON.readTree(line);
    Map<String, String> headers = new TreeMap<>();
    JsonNode inTurn = json.path("headers");
    for (int i = 0; i < inTurn.size(); i += 2) {
      headers.put(inTurn.get(i).asString(), inTurn.get(i + 1).asString());
    }
    return new Message(
        json.required("key").asString(), headers, json.required("payload").asString());
  }

  private String topic(String name) {
    return relay.settings.name() + "." + name;
  }
}
