package dev.lapse.console;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lapse.pause.Part;
import dev.lapse.pause.Pauses;
import dev.lapse.support.Approvals;
import dev.lapse.support.TestDatabase;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** The console as a client meets it that is no browser, or means harm. */
class ConsoleHttpIT {

  private static final String WITH_PASSWORD =
      "lapse.management.password=" + RunningService.PASSWORD;
  private static final String RESUME = "{\"action\":\"resume\",\"target\":\"expiration\"}";

  private final TestDatabase database = TestDatabase.migrated();

  @AfterEach
  void close() {
    database.close();
  }

  @Test
  void keepsIdsInsideAndEachActionBehindThePassword() {
    UUID id = new Approvals(database).due();
    UUID coming = new Approvals(database).notDue(1).get(0);
    database.execute(
        "INSERT INTO dead_letter (relay, key, id, event_id, type, reason, refused_at)"
            + " VALUES ('r', 'secret-key', 1, gen_random_uuid(), 'Own', 'secret reason', now())");
    try (RunningService service =
        RunningService.start(database, WITH_PASSWORD, "lapse.relay.name=r")) {
      await()
          .atMost(Duration.ofMinutes(1))
          .untilAsserted(() -> assertThat(service.frame().toString()).contains("ApprovalExpired"));
      for (String path : List.of("/console/frame", "/console/due", "/", "/approval?id=" + id)) {
        assertThat(service.get(path).body())
            .as(path)
            .doesNotContain(id.toString(), coming.toString(), "secret-key", "secret reason");
      }
      assertThat(service.frame(RunningService.signedIn()).toString()).contains(id.toString());
      assertThat(service.get("/console/due", RunningService.signedIn()).body())
          .contains(coming.toString());

      HttpResponse<String> life = service.get("/console/life?id=" + id);
      assertMute(life);
      assertThat(life.body()).doesNotContain("expired");
      assertMute(service.post("/console/preview", RESUME));
      assertMute(service.post("/console/act", "{\"token\":\"x\"}"));
      assertThat(service.get("/console/life?id=" + id, RunningService.signedIn()).body())
          .contains("\"cause\":\"EXPIRED\"");
    }
  }

  /** A browser that is told to authenticate would ask by itself, and keep the answer. */
  private static void assertMute(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).isEqualTo(401);
    assertThat(answer.headers().firstValue("WWW-Authenticate")).isEmpty();
    assertThat(answer.headers().firstValue("Cache-Control").orElse("")).contains("no-store");
  }

  @Test
  void refusesForeignPagesAndGuessing() {
    try (RunningService service = RunningService.start(database, WITH_PASSWORD)) {
      for (String path : List.of("/actuator/replay", "/console/preview", "/console/act")) {
        assertThat(service.post(path, "{}", "Origin", "https://evil.example").statusCode())
            .isEqualTo(403);
        assertThat(service.post(path, "{}", "Sec-Fetch-Site", "cross-site").statusCode())
            .isEqualTo(403);
        assertThat(service.post(path, "{}", "Sec-Fetch-Site", "same-site").statusCode())
            .isEqualTo(403);
        assertThat(service.post(path, "{}", "Sec-Fetch-Site", "same-origin").statusCode())
            .isEqualTo(401);
        assertThat(service.post(path, "{}").statusCode()).as("such as curl").isEqualTo(401);
      }
      String[] wrong = RunningService.signedIn("wrong");
      for (int i = 0; i < 5; i++) {
        assertThat(service.get("/console/life?id=a", wrong).statusCode()).isEqualTo(401);
      }
      assertThat(service.get("/console/life?id=a", wrong).statusCode()).isEqualTo(429);
      assertThat(service.frame().get("verdict").isString()).isTrue();
    }
  }

  @Test
  void doesNothingWithoutAPasswordSet() {
    new Pauses(database.jdbc()).pause(Part.EXPIRATION, "a migration");
    try (RunningService service = RunningService.start(database)) {
      assertThat(service.frame().get("open").booleanValue()).isFalse();
      assertThat(service.post("/console/preview", RESUME).statusCode()).isIn(401, 403);
      assertThat(service.post("/console/preview", RESUME, RunningService.signedIn()).statusCode())
          .isIn(401, 403);
      assertThat(new Pauses(database.jdbc()).find(Part.EXPIRATION)).isPresent();
    }
  }

  @Test
  void actsOnceByTheTokenOfADryRunAndOnlyWhileWhatItSawIsSo() {
    Pauses pauses = new Pauses(database.jdbc());
    pauses.pause(Part.EXPIRATION, "a migration");
    try (RunningService service = RunningService.start(database, WITH_PASSWORD)) {
      String token = preview(service, RESUME).get("token").stringValue();
      assertThat(pauses.find(Part.EXPIRATION)).as("a dry run").isPresent();

      assertThat(act(service, token, "", "").statusCode()).isEqualTo(400);
      assertThat(act(service, token, "Ada", "the migration is over").statusCode()).isEqualTo(200);
      assertThat(pauses.find(Part.EXPIRATION)).isEmpty();
      pauses.pause(Part.EXPIRATION, "another");
      assertThat(act(service, token, "Ada", "again").statusCode()).as("twice").isEqualTo(409);
      assertThat(pauses.find(Part.EXPIRATION)).isPresent();

      String old = preview(service, RESUME).get("token").stringValue();
      pauses.resume(Part.EXPIRATION);
      pauses.pause(Part.EXPIRATION, "a third, which nobody has seen");
      assertThat(act(service, old, "Ada", "the second").statusCode()).as("old").isEqualTo(409);
      assertThat(pauses.find(Part.EXPIRATION)).isPresent();

      for (String bad :
          List.of(
              "",
              "[]",
              "{",
              "{\"action\":\"approve\",\"target\":\"1\"}",
              "{\"action\":\"resume\",\"target\":\"retention\"}",
              "{\"action\":\"replay\",\"target\":\"1 OR 1\"}")) {
        assertThat(service.post("/console/preview", bad, RunningService.signedIn()).statusCode())
            .as(bad)
            .isEqualTo(400);
      }
    }
  }

  @Test
  void requeuesADeadLetter() {
    try (RunningService service =
        RunningService.start(
            database, WITH_PASSWORD, "lapse.relay.name=r", "lapse.relay.enabled=false")) {
      database.execute(
          "INSERT INTO dead_letter (relay, key, id, event_id, type, reason, refused_at)"
              + " VALUES ('r', 'k', 7, gen_random_uuid(), 'Own', 'too large', now())");
      assertThat(service.frame(RunningService.signedIn()).toString())
          .contains("requeue all", "too large");
      String token =
          preview(service, "{\"action\":\"requeue\",\"target\":\"7\"}").get("token").stringValue();
      assertThat(act(service, token, "Ada", "the limit is raised").statusCode()).isEqualTo(200);
      assertThat(database.count("SELECT count(*) FROM dead_letter WHERE requeued_at IS NOT NULL"))
          .isOne();
      assertThat(
              service
                  .post(
                      "/console/preview",
                      "{\"action\":\"requeue\",\"target\":\"8\"}",
                      RunningService.signedIn())
                  .statusCode())
          .isEqualTo(409);
    }
  }

  @Test
  void isSmallAndStrictAndCachedByItsContent() {
    try (RunningService service =
        RunningService.start(database, WITH_PASSWORD, "lapse.console.look=password")) {
      HttpResponse<String> page = service.get("/");
      assertThat(page.headers().firstValue("Content-Security-Policy").orElse(""))
          .contains(
              "default-src 'none'", "require-trusted-types-for 'script'", "frame-ancestors 'none'");
      assertThat(page.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
      assertThat(page.headers().firstValue("Referrer-Policy")).hasValue("no-referrer");
      assertThat(page.headers().firstValue("Cross-Origin-Opener-Policy")).hasValue("same-origin");
      assertThat(page.headers().firstValue("Cross-Origin-Resource-Policy")).hasValue("same-origin");
      int bytes = page.body().getBytes(UTF_8).length;
      Matcher asset = Pattern.compile("(?:href|src)=\"(console/[^\"]+)\"").matcher(page.body());
      int assets = 0;
      while (asset.find()) {
        HttpResponse<String> file = service.get("/" + asset.group(1));
        assertThat(file.headers().firstValue("Cache-Control").orElse("")).contains("immutable");
        bytes += file.body().getBytes(UTF_8).length;
        assets++;
      }
      assertThat(assets).isEqualTo(3);
      assertThat(bytes).isLessThan(120_000);
      assertThat(service.get("/console/0000000000000000/console.js").statusCode()).isEqualTo(404);
      assertMute(service.get("/console/frame"));
      assertMute(service.get("/console/due"));
      assertThat(service.frame(RunningService.signedIn()).get("inside").booleanValue()).isTrue();
    }
  }

  @Test
  void isAbsentWhereItIsSwitchedOff() {
    try (RunningService service = RunningService.start(database, "lapse.console.enabled=false")) {
      assertThat(service.get("/").statusCode()).isEqualTo(404);
      assertThat(service.get("/console/frame").statusCode()).isEqualTo(404);
    }
  }

  @Test
  void saysWhatIsSwitchedOffHere() {
    new Approvals(database).due();
    try (RunningService service =
        RunningService.start(
            database, "lapse.expiration.enabled=false", "lapse.expiration.max-pause=10ms")) {
      assertThat(service.frame().at("/path/off").toString()).contains("expiration");
      await()
          .atMost(Duration.ofMinutes(1))
          .untilAsserted(
              () -> {
                JsonNode frame = service.frame();
                assertThat(frame.get("verdict").stringValue()).isEqualTo("degraded");
                assertThat(frame.get("attention").toString()).contains("1 approvals are overdue");
              });
    }
  }

  @Test
  void showsFindingsOfTheCheckupAndApprovalsThatAreRefused() {
    try (RunningService service =
        RunningService.start(database, WITH_PASSWORD, "lapse.watch.check-interval=1s")) {
      database.execute(
          "ALTER TABLE ai_approvals ADD CONSTRAINT stays CHECK (status = 'pending') NOT VALID");
      UUID id = new Approvals(database).due();
      await()
          .atMost(Duration.ofMinutes(1))
          .untilAsserted(
              () -> {
                String anybody = service.frame().get("attention").toString();
                assertThat(anybody).contains("approvals-table", "does not let 1 approvals expire");
                assertThat(anybody).doesNotContain(id.toString(), "stays");
              });
      assertThat(service.frame(RunningService.signedIn()).get("attention").toString())
          .contains(id.toString(), "stays");
    }
  }

  @Test
  void saysOnAStandbyWhoLeads() {
    try (RunningService leader = RunningService.start(database, "lapse.relay.name=both")) {
      await()
          .atMost(Duration.ofMinutes(1))
          .until(() -> leader.frame().at("/path/leader").asString().equals("this instance"));
      try (RunningService standby = RunningService.start(database, "lapse.relay.name=both")) {
        await()
            .atMost(Duration.ofMinutes(1))
            .untilAsserted(
                () -> {
                  JsonNode frame = standby.frame();
                  assertThat(frame.at("/path/leader").asString()).isEqualTo("127.0.0.1");
                  assertThat(frame.at("/path/standbys").asInt()).isOne();
                  assertThat(frame.get("verdict").asString())
                      .as(frame.get("attention").toString())
                      .isEqualTo("well");
                });
      }
    }
  }

  @Test
  void saysThatNobodyPublishes() {
    try (RunningService service = RunningService.start(database, "lapse.relay.enabled=false")) {
      await()
          .atMost(Duration.ofMinutes(1))
          .untilAsserted(
              () -> {
                JsonNode frame = service.frame();
                assertThat(frame.at("/path/leader").asString()).isEqualTo("nobody");
                assertThat(frame.get("verdict").asString()).isEqualTo("degraded");
                assertThat(frame.get("attention").toString()).contains("No instance publishes");
              });
    }
  }

  /**
   * Statements are counted by the database: each of the console's is a transaction of its own. All
   * else in the service is switched off.
   */
  @Test
  void costsAHundredViewersWhatItCostsOneAndNothingWithoutAny() throws Exception {
    try (RunningService service =
        RunningService.start(
            database,
            "lapse.expiration.enabled=false",
            "lapse.relay.enabled=false",
            "lapse.retention.enabled=false",
            "lapse.watch.enabled=false")) {
      double warm = transactionsPerLook(service, 1); // what the start did is counted late
      assertThat(warm).isPositive();
      double one = transactionsPerLook(service, 1);
      double hundred = transactionsPerLook(service, 100);
      System.out.printf("Statements per look with 1, 100 viewers: %.1f %.1f%n", one, hundred);
      assertThat(one).isBetween(3.0, 12.0);
      assertThat(hundred).isBetween(3.0, 12.0);

      // A viewer who has gone is forgotten within 15 s.
      await().during(Duration.ofSeconds(5)).atMost(Duration.ofMinutes(2)).until(new Unchanged());
    }
  }

  private final class Unchanged implements Callable<Boolean> {

    private long before = -1;

    @Override
    public Boolean call() {
      long now = transactions();
      boolean same = now == before;
      before = now;
      return same;
    }
  }

  /** Each viewer asks again as soon as it is answered. */
  private double transactionsPerLook(RunningService service, int viewers) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(viewers);
    CountDownLatch end = new CountDownLatch(1);
    try {
      List<Future<?>> all =
          IntStream.range(0, viewers)
              .<Future<?>>mapToObj(viewer -> threads.submit(() -> view(service, end)))
              .toList();
      long begun = service.frame().get("seq").asLong();
      long first = // sessions tell of their start only seconds later
          await()
              .atMost(Duration.ofMinutes(2))
              .until(() -> service.frame().get("seq").asLong(), seq -> seq >= begun + 3);
      long before = transactions();
      long last =
          await()
              .atMost(Duration.ofMinutes(2))
              .until(() -> service.frame().get("seq").asLong(), seq -> seq >= first + 6);
      double each = (transactions() - before) / (double) (last - first);
      end.countDown();
      for (Future<?> viewer : all) {
        viewer.get();
      }
      return each;
    } finally {
      end.countDown();
      threads.shutdownNow();
    }
  }

  private static void view(RunningService service, CountDownLatch end) {
    while (end.getCount() > 0) {
      assertThat(service.get("/console/frame?since=0").statusCode()).isIn(200, 503);
    }
  }

  private long transactions() {
    try (TestDatabase maintenance = TestDatabase.maintenance()) {
      return maintenance
          .jdbc()
          .sql("SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = :name")
          .param("name", database.url().replaceAll(".*/|\\?.*", ""))
          .query(Long.class)
          .single();
    }
  }

  private static JsonNode preview(RunningService service, String wish) {
    HttpResponse<String> answer = service.post("/console/preview", wish, RunningService.signedIn());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return RunningService.json(answer);
  }

  private static HttpResponse<String> act(
      RunningService service, String token, String name, String reason) {
    return service.post(
        "/console/act",
        "{\"token\":\"%s\",\"name\":\"%s\",\"reason\":\"%s\"}".formatted(token, name, reason),
        RunningService.signedIn());
  }
}
