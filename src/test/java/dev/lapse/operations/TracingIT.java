package dev.lapse.operations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import dev.lapse.support.Approvals;
import dev.lapse.support.EventConsumer;
import dev.lapse.support.EventConsumer.Event;
import dev.lapse.support.LapseProcess;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A sweep's trace, from the service to a collector and, in the events' headers, to consumers. */
class TracingIT {

  private final TestDatabase database = TestDatabase.migrated();
  private final String name = "tracing-" + UUID.randomUUID();

  @AfterEach
  void closeDatabase() {
    database.close();
  }

  @Test
  void eachEventOfASweepCarriesTheTraceThatTheCollectorReceives() throws Exception {
    List<String> received = new CopyOnWriteArrayList<>();
    HttpServer collector = collector(received);
    new Approvals(database).due(5);

    try (LapseProcess service =
            start(
                Map.of(
                    "MANAGEMENT_OPENTELEMETRY_TRACING_EXPORT_OTLP_ENDPOINT",
                    "http://127.0.0.1:%d/v1/traces".formatted(collector.getAddress().getPort()),
                    "MANAGEMENT_TRACING_SAMPLING_PROBABILITY",
                    "1"));
        EventConsumer consumer = consumer()) {
      awaitReadiness(service);
      List<Event> events = consumer.await(5);

      assertThat(events)
          .extracting(event -> event.header("traceparent"))
          .allMatch(header -> header.matches("00-[0-9a-f]{32}-[0-9a-f]{16}-01"))
          .containsOnly(events.get(0).header("traceparent"));
      String trace = events.get(0).header("traceparent").substring(3, 35);
      String bytes = new String(HexFormat.of().parseHex(trace), StandardCharsets.ISO_8859_1);
      await()
          .atMost(Duration.ofMinutes(1))
          .untilAsserted(
              () ->
                  assertThat(received)
                      .anyMatch(r -> r.contains(bytes) && r.contains("lapse sweep")));
    } finally {
      collector.stop(0);
    }
  }

  /** Without a collector there is no trace, no header, and nobody tries to reach one. */
  @Test
  void isOffUnlessAnEndpointIsSet() throws Exception {
    new Approvals(database).due(5);

    try (LapseProcess service = start(Map.of());
        EventConsumer consumer = consumer()) {
      awaitReadiness(service);
      assertThat(consumer.await(5))
          .allSatisfy(event -> assertThat(event.headers()).doesNotContainKey("traceparent"));
      assertThat(database.count("SELECT count(*) FROM outbox WHERE headers IS NULL")).isEqualTo(5);
      assertThat(service.output()).doesNotContain("WARN", "ERROR");
    }
  }

  private static void awaitReadiness(LapseProcess service) {
    await()
        .atMost(Duration.ofMinutes(2))
        .ignoreExceptions()
        .untilAsserted(
            () ->
                assertThat(service.get("/actuator/health/readiness").statusCode())
                    .as(service::output)
                    .isEqualTo(200));
  }

  private static HttpServer collector(List<String> received) throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/v1/traces",
        exchange -> {
          received.add(
              new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.ISO_8859_1));
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
        });
    server.start();
    return server;
  }

  private EventConsumer consumer() {
    return EventConsumer.ofTopics(Servers.kafka().bootstrapServers(), Set.of(name + ".expired"));
  }

  private LapseProcess start(Map<String, String> environment) {
    return LapseProcess.against(
            database.url(),
            Servers.postgres().user(),
            Servers.postgres().password(),
            Servers.kafka().bootstrapServers())
        .with(Map.of("LAPSE_RELAY_NAME", name))
        .with(environment)
        .start(
            "--lapse.relay.topics.ApprovalExpired=" + name + ".expired",
            "--lapse.kafka.topic-replication=1");
  }
}
