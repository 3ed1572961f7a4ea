package dev.lapse.console;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;

import dev.lapse.Lapse;
import dev.lapse.support.Leftovers;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.logging.LoggingApplicationListener;
import org.springframework.context.ConfigurableApplicationContext;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The service in the JVM of the tests, on a port of its own, and a client of its console. */
final class RunningService implements AutoCloseable {

  static final String PASSWORD = "correct horse battery";
  static final String WITH_PASSWORD = "lapse.management.password=" + PASSWORD;

  /** Shorter than the default, so that tests see soon what changes. */
  static final Duration PACE = Duration.ofMillis(400);

  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  private final ConfigurableApplicationContext context;
  private final int port;

  private RunningService(ConfigurableApplicationContext context) {
    this.context = context;
    this.port = context.getEnvironment().getRequiredProperty("local.server.port", Integer.class);
  }

  /** Against the shared servers; {@code settings} as {@code lapse.relay.enabled=false}. */
  static RunningService start(TestDatabase database, String... settings) {
    String name = "console-" + UUID.randomUUID();
    List<String> all =
        new ArrayList<>(
            List.of(
                "spring.datasource.url=" + database.url(),
                "spring.datasource.username=" + database.serviceUser(),
                "spring.datasource.password=" + database.servicePassword(),
                "lapse.kafka.bootstrap-servers=" + Servers.kafka().bootstrapServers(),
                "lapse.relay.name=" + name,
                "lapse.relay.topics.ApprovalExpired=" + name + ".expired",
                "lapse.kafka.topic-replication=1",
                "lapse.console.pace=" + PACE.toMillis() + "ms",
                "server.port=0",
                "server.address=127.0.0.1",
                "server.tomcat.basedir=" + Leftovers.directory("tomcat-of-the-console-"),
                "spring.main.register-shutdown-hook=false"));
    List<String> more = List.of(settings);
    all.removeIf(one -> more.stream().anyMatch(other -> key(other).equals(key(one))));
    all.addAll(more);
    SpringApplication application = new SpringApplication(Lapse.class);
    application.setListeners( // the tests log as they do
        application.getListeners().stream()
            .filter(listener -> !(listener instanceof LoggingApplicationListener))
            .toList());
    return new RunningService(
        application.run(all.stream().map(one -> "--" + one).toArray(String[]::new)));
  }

  private static String key(String setting) {
    return setting.replaceFirst("(?s)=.*", "");
  }

  String setting(String key) {
    return context.getEnvironment().getRequiredProperty(key);
  }

  String url(String path) {
    return "http://127.0.0.1:" + port + path;
  }

  HttpResponse<String> get(String path, String... headers) {
    return send(HttpRequest.newBuilder(), path, headers);
  }

  HttpResponse<String> post(String path, String body, String... headers) {
    return send(
        HttpRequest.newBuilder().POST(HttpRequest.BodyPublishers.ofString(body)), path, headers);
  }

  private HttpResponse<String> send(HttpRequest.Builder request, String path, String... headers) {
    request.uri(URI.create(url(path))).timeout(Duration.ofSeconds(30));
    if (headers.length > 0) {
      request.headers(headers);
    }
    try {
      return CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What the console shows, as soon as it shows anything. */
  JsonNode frame(String... headers) {
    return await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> get("/console/frame?since=0", headers), answer -> answer.statusCode() == 200)
        .body()
        .transform(JSON::readTree);
  }

  static JsonNode json(HttpResponse<String> answer) {
    return JSON.readTree(answer.body());
  }

  /** The two elements of the header. */
  static String[] signedIn() {
    return signedIn(PASSWORD);
  }

  static String[] signedIn(String password) {
    return new String[] {
      "Authorization",
      "Basic " + Base64.getEncoder().encodeToString(("lapse:" + password).getBytes(UTF_8))
    };
  }

  @Override
  public void close() {
    context.close();
  }
}
