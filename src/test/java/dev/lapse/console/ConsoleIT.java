package dev.lapse.console;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lapse.support.Approvals;
import dev.lapse.support.LapseProcess;
import dev.lapse.support.Ports;
import dev.lapse.support.TestDatabase;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The console as a browser and as an attacker meet it. */
@SuppressWarnings("try") // the service runs, whoever refers to it
class ConsoleIT {

  private static final String PASSWORD = "correct horse battery";
  private static final Path CHROMIUM = Path.of("/usr/bin/chromium");

  private final TestDatabase database = TestDatabase.migrated();
  private final String name = "console-" + UUID.randomUUID();
  private final int port = Ports.free();

  @AfterEach
  void close() {
    database.close();
  }

  @Test
  void keepsIdsInsideAndRefusesForeignPages() throws Exception {
    UUID id = new Approvals(database).due();
    try (LapseProcess unused = start(Map.of("LAPSE_MANAGEMENT_PASSWORD", PASSWORD))) {
      awaitExpired();
      await()
          .atMost(Duration.ofMinutes(1))
          .untilAsserted(() -> assertThat(frame()).contains("ApprovalExpired"));

      assertThat(frame()).doesNotContain(id.toString());
      assertThat(get("/console/frame?since=0", "Authorization", basic(PASSWORD)).body())
          .contains(id.toString());
      HttpResponse<String> life = get("/console/life?id=" + id);
      assertThat(life.statusCode()).isEqualTo(401);
      assertThat(life.body()).doesNotContain("expired");
      assertThat(life.headers().firstValue("WWW-Authenticate")).isEmpty();
      assertThat(get("/console/life?id=" + id, "Authorization", basic(PASSWORD)).body())
          .contains("\"cause\":\"EXPIRED\"");

      String replay = "/actuator/replay";
      assertThat(post(replay, "Origin", "https://evil.example").statusCode()).isEqualTo(403);
      assertThat(post(replay, "Sec-Fetch-Site", "cross-site").statusCode()).isEqualTo(403);
      assertThat(post(replay, "Sec-Fetch-Site", "same-origin").statusCode()).isEqualTo(401);
      assertThat(post(replay, "Accept", "*/*").statusCode()).isEqualTo(401);

      for (int i = 0; i < 5; i++) {
        assertThat(get("/console/life?id=a", "Authorization", basic("wrong")).statusCode())
            .isEqualTo(401);
      }
      assertThat(get("/console/life?id=a", "Authorization", basic("wrong")).statusCode())
          .isEqualTo(429);
      assertThat(frame()).contains("\"verdict\"");
    }
  }

  @Test
  void isSmallAndStrictAndCachedByItsContent() throws Exception {
    try (LapseProcess unused = start(Map.of("LAPSE_CONSOLE_LOOK", "password"))) {
      awaitUp();
      HttpResponse<String> page = get("/");
      assertThat(page.headers().firstValue("Content-Security-Policy").orElse(""))
          .contains(
              "default-src 'none'", "require-trusted-types-for 'script'", "frame-ancestors 'none'");
      assertThat(page.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
      assertThat(page.headers().firstValue("Referrer-Policy")).hasValue("no-referrer");
      int bytes = page.body().getBytes(UTF_8).length;
      Matcher asset = Pattern.compile("(?:href|src)=\"(console/[^\"]+)\"").matcher(page.body());
      int assets = 0;
      while (asset.find()) {
        HttpResponse<String> file = get("/" + asset.group(1));
        assertThat(file.headers().firstValue("Cache-Control").orElse("")).contains("immutable");
        bytes += file.body().getBytes(UTF_8).length;
        assets++;
      }
      assertThat(assets).isEqualTo(3);
      assertThat(bytes).isLessThan(120_000);
      assertThat(get("/console/frame").statusCode()).isEqualTo(401);
    }
  }

  @Test
  void isAbsentWhereItIsSwitchedOff() throws Exception {
    try (LapseProcess unused = start(Map.of("LAPSE_CONSOLE_ENABLED", "false"))) {
      awaitUp();
      assertThat(get("/").statusCode()).isEqualTo(404);
      assertThat(get("/console/frame").statusCode()).isEqualTo(404);
    }
  }

  @Test
  void showsInABrowserWhatExpired(@TempDir Path profile) throws Exception {
    assumeTrue(
        Files.isExecutable(CHROMIUM), "There is no " + CHROMIUM + ": not tried in a browser");
    new Approvals(database).due(7);
    new Approvals(database).notDue(3);
    try (LapseProcess unused = start(Map.of())) {
      awaitExpired();

      String page = inBrowser("/", profile);

      assertThat(page).as("scripts ran").contains("data-ready=\"true\"");
      assertThat(page).containsPattern("id=\"s1\">3<").containsPattern("id=\"s3\">7<");
      assertThat(page).containsPattern("data-word=\"(well|degraded)\"").contains("ApprovalExpired");
    }
  }

  private String inBrowser(String path, Path profile) throws IOException, InterruptedException {
    Path out = profile.resolve("page.html");
    Process browser =
        new ProcessBuilder(
                CHROMIUM.toString(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--user-data-dir=" + profile.resolve("profile"),
                "--timeout=8000",
                "--dump-dom",
                "http://127.0.0.1:" + port + path)
            .redirectOutput(out.toFile())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertThat(browser.waitFor(2, TimeUnit.MINUTES)).isTrue();
    return Files.readString(out);
  }

  private LapseProcess start(Map<String, String> more) {
    return LapseProcess.against(database)
        .with(Map.of("LAPSE_RELAY_NAME", name, "SERVER_PORT", Integer.toString(port)))
        .with(more)
        .start(
            "--lapse.relay.topics.ApprovalExpired=" + name + ".expired",
            "--lapse.kafka.topic-replication=1");
  }

  private void awaitUp() {
    await()
        .atMost(Duration.ofMinutes(2))
        .ignoreExceptions()
        .until(() -> get("/actuator/health/liveness").statusCode() == 200);
  }

  private void awaitExpired() {
    awaitUp();
    await()
        .atMost(Duration.ofMinutes(2))
        .until(
            () ->
                database.count(
                        "SELECT count(*) FROM ai_approvals"
                            + " WHERE status = 'pending' AND expires_at < now()")
                    == 0);
  }

  private String frame() throws Exception {
    return get("/console/frame?since=0").body();
  }

  private HttpResponse<String> get(String path, String... headers) throws Exception {
    return send(HttpRequest.newBuilder(), path, headers);
  }

  private HttpResponse<String> post(String path, String... headers) throws Exception {
    return send(
        HttpRequest.newBuilder().POST(HttpRequest.BodyPublishers.ofString("{}")), path, headers);
  }

  private HttpResponse<String> send(HttpRequest.Builder request, String path, String... headers)
      throws Exception {
    request.uri(URI.create("http://127.0.0.1:" + port + path)).timeout(Duration.ofSeconds(30));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private static String basic(String password) {
    return "Basic " + Base64.getEncoder().encodeToString(("lapse:" + password).getBytes(UTF_8));
  }
}
