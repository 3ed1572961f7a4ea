package dev.lapse.console;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lapse.pause.Part;
import dev.lapse.pause.Pauses;
import dev.lapse.support.Approvals;
import dev.lapse.support.Roles;
import dev.lapse.support.TestDatabase;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.web.servlet.function.RouterFunction;
import tools.jackson.databind.JsonNode;

/**
 * The console as a client meets it that is no browser, or means harm. Three services serve all
 * tests: two of one relay, and one that does nothing by itself.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ConsoleHttpIT {

  private static final String RESUME = "{\"action\":\"resume\",\"target\":\"expiration\"}";
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private final TestDatabase database = TestDatabase.migrated();
  private final TestDatabase idle = TestDatabase.migrated();
  private final Approvals approvals = new Approvals(database);
  private final Pauses pauses = new Pauses(database.jdbc());

  /** With a password; it publishes. */
  private RunningService open;

  /** Shows nothing without the password; a standby. */
  private RunningService closed;

  /** Has no password, and all of its workers are switched off. */
  private RunningService off;

  @BeforeAll
  void start() {
    open =
        RunningService.start(
            database,
            RunningService.WITH_PASSWORD,
            "lapse.relay.name=both",
            "lapse.watch.check-interval=1s");
    await().atMost(PATIENCE).until(() -> leader(open.frame()).equals("this instance"));
    closed =
        RunningService.start(
            database,
            RunningService.WITH_PASSWORD,
            "lapse.relay.name=both",
            "lapse.console.look=password");
    off =
        RunningService.start(
            idle,
            "lapse.expiration.enabled=false",
            "lapse.relay.enabled=false",
            "lapse.retention.enabled=false",
            "lapse.watch.enabled=false",
            "lapse.expiration.max-pause=10ms");
  }

  @AfterEach
  void resume() {
    database.execute("DELETE FROM pause; DELETE FROM dead_letter");
  }

  @AfterAll
  void close() {
    Stream.of(open, closed, off).filter(Objects::nonNull).forEach(RunningService::close);
    database.close();
    idle.close();
  }

  @Test
  void keepsIdsInsideAndEachActionBehindThePassword() {
    UUID id = approvals.due();
    UUID coming = approvals.notDue(1).get(0);
    pauses.pause(Part.RELAY, "it would see that there is no such dead letter");
    deadLetter(1, "secret-key", "secret reason");
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(open.frame(RunningService.signedIn()).toString())
                    .contains(id.toString(), "secret reason"));

    for (String path : List.of("/console/frame", "/console/due", "/", "/approval?id=" + id)) {
      assertThat(open.get(path).body())
          .as(path)
          .doesNotContain(id.toString(), coming.toString(), "secret-key", "secret reason");
    }
    assertThat(open.get("/console/due", RunningService.signedIn()).body())
        .contains(coming.toString());
    HttpResponse<String> life = open.get("/console/life?id=" + id);
    assertMute(life);
    assertThat(life.body()).doesNotContain("expired");
    assertMute(open.get("/console/row?id=" + id));
    assertMute(open.get("/console/record?id=1"));
    assertMute(open.post("/console/preview", RESUME));
    assertMute(open.post("/console/preview", wish("extend", coming.toString(), "", "4h")));
    assertMute(open.post("/console/act", "{\"token\":\"x\"}"));
    assertThat(open.get("/console/life?id=" + id, RunningService.signedIn()).body())
        .contains("\"cause\":\"EXPIRED\"");
  }

  /** A browser that is told to authenticate would ask by itself, and keep the answer. */
  private static void assertMute(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).isEqualTo(401);
    assertThat(answer.headers().firstValue("WWW-Authenticate")).isEmpty();
    assertThat(answer.headers().firstValue("Cache-Control").orElse("")).contains("no-store");
  }

  @Test
  void refusesForeignPages() {
    for (String path : List.of("/actuator/replay", "/console/preview", "/console/act")) {
      assertThat(open.post(path, "{}", "Origin", "https://evil.example").statusCode())
          .isEqualTo(403);
      assertThat(open.post(path, "{}", "Sec-Fetch-Site", "cross-site").statusCode()).isEqualTo(403);
      assertThat(open.post(path, "{}", "Sec-Fetch-Site", "same-site").statusCode()).isEqualTo(403);
      assertThat(open.post(path, "{}", "Sec-Fetch-Site", "same-origin").statusCode())
          .isEqualTo(401);
      assertThat(open.post(path, "{}").statusCode()).as("such as curl").isEqualTo(401);
    }
  }

  /** The last: this address is refused for a minute from then on. */
  @Test
  @Order(Integer.MAX_VALUE)
  void refusesGuessing() {
    String[] wrong = RunningService.signedIn("wrong");
    for (int i = 0; i < 5; i++) {
      assertThat(closed.get("/console/life?id=a", wrong).statusCode()).isEqualTo(401);
    }
    assertThat(closed.get("/console/life?id=a", wrong).statusCode()).isEqualTo(429);
    assertThat(closed.get("/console/life?id=a", RunningService.signedIn()).statusCode())
        .as("the right one, meanwhile")
        .isEqualTo(429);
    assertThat(closed.get("/").statusCode()).isEqualTo(200);
  }

  @Test
  void doesNothingWithoutAPasswordSet() {
    new Pauses(idle.jdbc()).pause(Part.EXPIRATION, "a migration");
    assertThat(off.frame().get("open").booleanValue()).isFalse();
    assertThat(off.post("/console/preview", RESUME).statusCode()).isIn(401, 403);
    assertThat(off.post("/console/preview", RESUME, RunningService.signedIn()).statusCode())
        .isIn(401, 403);
    assertThat(new Pauses(idle.jdbc()).resume(Part.EXPIRATION)).as("still paused").isTrue();
  }

  @Test
  void actsOnceByTheTokenOfADryRunAndOnlyWhileWhatItSawIsSo() {
    pauses.pause(Part.EXPIRATION, "a migration");
    String token = preview(open, RESUME).get("token").stringValue();
    assertThat(pauses.find(Part.EXPIRATION)).as("a dry run").isPresent();

    assertThat(act(open, token, "", "").statusCode()).isEqualTo(400);
    assertThat(act(open, token, "Ada", "the migration is over").statusCode()).isEqualTo(200);
    assertThat(pauses.find(Part.EXPIRATION)).isEmpty();
    pauses.pause(Part.EXPIRATION, "another");
    assertThat(act(open, token, "Ada", "again").statusCode()).as("twice").isEqualTo(409);
    assertThat(pauses.find(Part.EXPIRATION)).isPresent();

    String old = preview(open, RESUME).get("token").stringValue();
    pauses.resume(Part.EXPIRATION);
    pauses.pause(Part.EXPIRATION, "a third, which nobody has seen");
    assertThat(act(open, old, "Ada", "the second").statusCode()).as("old").isEqualTo(409);
    assertThat(pauses.find(Part.EXPIRATION)).isPresent();

    for (String bad :
        List.of(
            "",
            "[]",
            "{",
            "{\"action\":\"approve\",\"target\":\"1\"}",
            "{\"action\":\"resume\",\"target\":\"retention\"}",
            "{\"action\":\"replay\",\"target\":\"1 OR 1\"}")) {
      assertThat(open.post("/console/preview", bad, RunningService.signedIn()).statusCode())
          .as(bad)
          .isEqualTo(400);
    }
  }

  @Test
  void extendsOneApprovalOnceAndOnlyFromTheDeadlineThatWasShown() {
    database.execute("GRANT UPDATE (expires_at) ON ai_approvals TO " + Roles.SERVICE);
    UUID id = approvals.notDue(1).get(0);
    String wish = wish("extend", id.toString(), "", "4h");
    String token = preview(open, wish).get("token").stringValue();
    String old = preview(open, wish).get("token").stringValue();
    assertThat(movesOf(id)).as("a dry run").isZero();

    HttpResponse<String> done = act(open, token, "Ada", "the approver is ill");
    assertThat(done.statusCode()).as(done.body()).isEqualTo(200);
    assertThat(done.body()).contains("Deadlines moved: 1.");
    assertThat(
            database.count(
                "SELECT count(*) FROM extension JOIN deadline_move ON extension = extension.id"
                    + " WHERE approval_id = '%s' AND requested_as = 'Ada'".formatted(id)
                    + " AND extension.reason = 'the approver is ill'"
                    + " AND to_deadline = from_deadline + interval '4 h'"))
        .isOne();
    assertThat(act(open, token, "Ada", "again").statusCode()).as("twice").isEqualTo(409);
    assertThat(act(open, old, "Ada", "moved meanwhile").statusCode()).as("old").isEqualTo(409);
    assertThat(movesOf(id)).isOne();
    assertThat(life(id)).contains("Ada (role %s) moved its deadline".formatted(Roles.SERVICE));
  }

  private long movesOf(UUID id) {
    return database.count(
        "SELECT count(*) FROM deadline_move WHERE approval_id = '%s'".formatted(id));
  }

  private String life(UUID id) {
    return open.get("/console/life?id=" + id, RunningService.signedIn()).body();
  }

  /** No more than the dry run has counted, and with the number typed above a hundred. */
  @Test
  void extendsWhatIsDueSoonAndWhatIsOverdueWhileExpiryIsPaused() {
    database.execute(
        "TRUNCATE ai_approvals; GRANT UPDATE (expires_at) ON ai_approvals TO " + Roles.SERVICE);
    approvals.insert(120, "1 min");
    JsonNode soon = preview(open, wish("extend-due", "", "5m", "1h"));
    assertThat(soon.get("count").asLong()).isEqualTo(120);
    assertThat(soon.get("typed").booleanValue()).isTrue();
    String token = soon.get("token").stringValue();
    assertThat(act(open, token, "Ada", "an outage").statusCode()).as("not typed").isEqualTo(400);
    approvals.insert(1, "1 min");
    assertThat(act(open, token, "Ada", "an outage", 120).statusCode()).as("more").isEqualTo(409);
    assertThat(database.count("SELECT count(*) FROM extension WHERE moved > 1")).isZero();

    token = preview(open, wish("extend-due", "", "5m", "1h")).get("token").stringValue();
    assertThat(act(open, token, "Ada", "an outage", 121).body()).contains("Deadlines moved: 121.");

    pauses.pause(Part.EXPIRATION, "wrong deadlines");
    approvals.due(3);
    token = preview(open, wish("extend-overdue", "", "", "1d")).get("token").stringValue();
    assertThat(act(open, token, "Ada", "wrong deadlines").body()).contains("Deadlines moved: 3.");
  }

  @Test
  void saysWhyAnExtensionWouldMoveNothing() {
    database.execute("GRANT UPDATE (expires_at) ON ai_approvals TO " + Roles.SERVICE);
    UUID id = approvals.notDue(1).get(0);
    database.execute(
        "UPDATE ai_approvals SET status = 'approved', version = version + 1 WHERE id = '%s'"
            .formatted(id));
    assertRefused(wish("extend", id.toString(), "", "4h"), 409, "too late: it is approved");
    assertRefused(wish("extend", "no uuid", "", "4h"), 409, "no such approval");
    assertRefused(wish("extend", "", "", "4h"), 400, "by its id");
    assertRefused(wish("extend-due", "", "", "4h"), 400, "Specify which approvals");
    assertRefused(wish("extend-due", "", "2h", "tomorrow"), 400, "such as 30m");
    assertRefused(wish("extend-due", "", "2h", "0s"), 400, "more than 0");

    database.execute("REVOKE UPDATE (expires_at) ON ai_approvals FROM " + Roles.SERVICE);
    assertRefused(wish("extend-due", "", "2h", "1h"), 409, "GRANT UPDATE (expires_at)");
  }

  private void assertRefused(String wish, int code, String why) {
    HttpResponse<String> answer = open.post("/console/preview", wish, RunningService.signedIn());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(code);
    assertThat(answer.body()).contains(why);
  }

  private static String wish(String action, String target, String within, String by) {
    return "{\"action\":\"%s\",\"target\":\"%s\",\"within\":\"%s\",\"by\":\"%s\"}"
        .formatted(action, target, within, by);
  }

  @Test
  void showsTheRowAndTheRecordAsFarAsTheServiceMayReadThem() {
    UUID id = approvals.due();
    await().atMost(PATIENCE).until(() -> life(id).contains("\"what\":\"record\""));
    String row = open.get("/console/row?id=" + id, RunningService.signedIn()).body();
    assertThat(row)
        .contains(
            "{\"name\":\"status\",\"value\":\"expired\",\"unreadable\":false}",
            "{\"name\":\"action\",\"value\":null,\"unreadable\":true}");
    long record = database.count("SELECT id FROM outbox WHERE key = '%s'".formatted(id));
    assertThat(open.get("/console/record?id=" + record, RunningService.signedIn()).body())
        .contains("\\\"approvalId\\\":\\\"" + id);
    for (String absent : List.of("/console/row?id=x", "/console/record?id=999999")) {
      assertThat(open.get(absent, RunningService.signedIn()).statusCode())
          .as(absent)
          .isEqualTo(404);
    }
  }

  @Test
  void requeuesADeadLetter() {
    pauses.pause(Part.RELAY, "it would retry at once");
    deadLetter(7, "k", "too large");
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(open.frame(RunningService.signedIn()).toString())
                    .contains("requeue all", "too large"));
    String token =
        preview(open, "{\"action\":\"requeue\",\"target\":\"7\"}").get("token").stringValue();
    assertThat(act(open, token, "Ada", "the limit is raised").statusCode()).isEqualTo(200);
    assertThat(database.count("SELECT count(*) FROM dead_letter WHERE requeued_at IS NOT NULL"))
        .isOne();
    assertThat(
            open.post(
                    "/console/preview",
                    "{\"action\":\"requeue\",\"target\":\"8\"}",
                    RunningService.signedIn())
                .statusCode())
        .isEqualTo(409);
  }

  @Test
  void isSmallAndStrictAndCachedByItsContent() {
    HttpResponse<String> page = closed.get("/");
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
      HttpResponse<String> file = closed.get("/" + asset.group(1));
      assertThat(file.headers().firstValue("Cache-Control").orElse("")).contains("immutable");
      bytes += file.body().getBytes(UTF_8).length;
      assets++;
    }
    assertThat(assets).isEqualTo(8);
    System.out.printf("Bytes of the page and its assets: %d%n", bytes);
    assertThat(bytes).isLessThan(120_000);
    assertThat(closed.get("/console/0000000000000000/console.js").statusCode()).isEqualTo(404);
    assertMute(closed.get("/console/frame"));
    assertMute(closed.get("/console/due"));
    assertThat(closed.frame(RunningService.signedIn()).get("inside").booleanValue()).isTrue();
  }

  @Test
  void isAbsentWhereItIsSwitchedOff() {
    WebApplicationContextRunner console =
        new WebApplicationContextRunner().withUserConfiguration(ConsoleWebConfiguration.class);

    console
        .withPropertyValues("lapse.console.enabled=false")
        .run(context -> assertThat(context).doesNotHaveBean(RouterFunction.class));
    console.run(context -> assertThat(context).as("it asks for its database").hasFailed());
  }

  @Test
  void saysWhatIsSwitchedOffHereAndThatNobodyPublishes() {
    idle.execute("TRUNCATE ai_approvals");
    new Approvals(idle).due();
    assertThat(off.frame().at("/path/off").toString()).contains("expiration");
    idle.execute("UPDATE ai_approvals SET expires_at = now() - interval '1 hour'");
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              JsonNode frame = off.frame();
              assertThat(frame.get("verdict").stringValue()).isEqualTo("degraded");
              assertThat(leader(frame)).isEqualTo("nobody");
              assertThat(frame.get("attention").toString())
                  .contains("1 approvals are overdue", "No instance publishes");
            });
  }

  @Test
  void showsFindingsOfTheCheckupAndApprovalsThatAreRefused() {
    database.execute(
        "ALTER TABLE ai_approvals ADD CONSTRAINT stays CHECK (status = 'pending') NOT VALID");
    UUID id = approvals.due();
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              String anybody = open.frame().get("attention").toString();
              assertThat(anybody).contains("approvals-table", "does not let 1 approvals expire");
              assertThat(anybody).doesNotContain(id.toString(), "stays");
            });
    assertThat(open.frame(RunningService.signedIn()).get("attention").toString())
        .contains(id.toString(), "stays");
    database.execute("ALTER TABLE ai_approvals DROP CONSTRAINT stays");
  }

  @Test
  void saysOnAStandbyWhoLeads() {
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              JsonNode frame = closed.frame(RunningService.signedIn());
              assertThat(leader(frame)).isEqualTo("127.0.0.1");
              assertThat(frame.at("/path/standbys").asInt()).isOne();
              assertThat(frame.get("verdict").asString())
                  .as(frame.get("attention").toString())
                  .isEqualTo("well");
            });
  }

  /**
   * Each of the console's statements takes a connection of the pool for itself, and the pool counts
   * them. All else in this service is switched off.
   */
  @Test
  void costsAHundredViewersWhatItCostsOneAndNothingWithoutAny() throws Exception {
    double one = statementsPerLook(1);
    double hundred = statementsPerLook(100);

    assertThat(one).isBetween(3.0, 12.0);
    assertThat(hundred).isBetween(3.0, 12.0);

    // A viewer who has gone is forgotten after some paces.
    long[] before = {-1};
    await()
        .atMost(PATIENCE)
        .pollInterval(RunningService.PACE.multipliedBy(4))
        .until(
            () -> {
              long now = statements();
              boolean same = now == before[0];
              before[0] = now;
              return same;
            });
  }

  /**
   * Though the first approvals that pend are far behind others; see {@code Status.Look} for the
   * bound.
   */
  @Test
  void readsNoTableFromEndToEnd() {
    idle.execute(
        """
        INSERT INTO outbox (type, key, payload, occurred_at)
        SELECT 'Filler', n::text, '{}', now() - interval '1 day' FROM generate_series(1, 60000) n;
        INSERT INTO ai_approvals (requested_by, action, status, expires_at)
        SELECT 'a', 'b', CASE WHEN n > 20000 THEN 'pending' ELSE 'approved' END,
               now() + n * interval '1 min'
        FROM generate_series(1, 30000) n;
        ANALYZE;
        """);
    Scans before = scans();
    await()
        .atMost(PATIENCE)
        .until(
            () -> {
              assertThat(off.frame().has("path")).isTrue();
              return scans().byIndex() >= before.byIndex() + 20;
            });

    assertThat(scans().read()).as("rows read in a scan").isEqualTo(before.read());
  }

  private Scans scans() {
    return idle.jdbc()
        .sql(
            """
            SELECT sum(seq_tup_read)::bigint AS read, sum(idx_scan)::bigint AS by_index
            FROM pg_stat_user_tables WHERE relname IN ('outbox', 'ai_approvals')
            """)
        .query(Scans.class)
        .single();
  }

  private record Scans(long read, long byIndex) {}

  /** Each viewer asks again as soon as it is answered. */
  private double statementsPerLook(int viewers) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(viewers);
    CountDownLatch end = new CountDownLatch(1);
    try {
      List<Future<?>> all =
          IntStream.range(0, viewers)
              .<Future<?>>mapToObj(viewer -> threads.submit(() -> view(end)))
              .toList();
      long first = seqAfter(off.frame().get("seq").asLong());
      long before = statements();
      long last = seqAfter(first + 5);
      double each = (statements() - before) / (double) (last - first);
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

  private long seqAfter(long seq) {
    return await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(20))
        .until(() -> off.frame().get("seq").asLong(), now -> now > seq);
  }

  private void view(CountDownLatch end) {
    while (end.getCount() > 0) {
      assertThat(off.get("/console/frame?since=0").statusCode()).isIn(200, 503);
    }
  }

  private long statements() {
    Matcher count =
        Pattern.compile("(?m)^hikaricp_connections_usage_seconds_count\\S* (\\d+)")
            .matcher(off.get("/actuator/prometheus").body());
    assertThat(count.find()).isTrue();
    return Long.parseLong(count.group(1));
  }

  private static String leader(JsonNode frame) {
    return frame.at("/path/leader").asString();
  }

  private void deadLetter(long id, String key, String reason) {
    database.execute(
        "INSERT INTO dead_letter (relay, key, id, event_id, type, reason, refused_at)"
            + " VALUES ('both', '%s', %d, gen_random_uuid(), 'Own', '%s', now())"
                .formatted(key, id, reason));
  }

  private static JsonNode preview(RunningService service, String wish) {
    HttpResponse<String> answer = service.post("/console/preview", wish, RunningService.signedIn());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return RunningService.json(answer);
  }

  private static HttpResponse<String> act(
      RunningService service, String token, String name, String reason) {
    return act(service, token, name, reason, null);
  }

  private static HttpResponse<String> act(
      RunningService service, String token, String name, String reason, @Nullable Integer typed) {
    return service.post(
        "/console/act",
        "{\"token\":\"%s\",\"name\":\"%s\",\"reason\":\"%s\",\"typed\":%s}"
            .formatted(token, name, reason, typed),
        RunningService.signedIn());
  }
}
