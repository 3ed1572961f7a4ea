package dev.lapse.console;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.TimeoutError;
import com.microsoft.playwright.assertions.LocatorAssertions;
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import com.microsoft.playwright.options.ColorScheme;
import dev.lapse.pause.Part;
import dev.lapse.pause.Pauses;
import dev.lapse.support.Approvals;
import dev.lapse.support.Roles;
import dev.lapse.support.TestDatabase;
import java.net.URLEncoder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** The console in a real browser, with the service, PostgreSQL and Kafka behind it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ConsoleIT {

  private static final double PATIENCE = 30_000; // ms
  private static final int MAX_DUE = 50;

  private final TestDatabase database = TestDatabase.migrated();
  private final Approvals approvals = new Approvals(database);
  private final Pauses pauses = new Pauses(database.jdbc());
  private RunningService service;
  private Browser browser;

  @BeforeAll
  void start() {
    browser = Browser.start();
    service =
        RunningService.start(
            database,
            RunningService.WITH_PASSWORD,
            "lapse.relay.topics.Own=console-own",
            "lapse.expiration.storm-guard.max-due=" + MAX_DUE);
  }

  /** As if the service had run for days, and nothing pended. */
  @BeforeEach
  void forget() {
    database.execute(
        "TRUNCATE ai_approvals;"
            + " UPDATE outbox SET occurred_at = occurred_at - interval '2 days'"
            + " WHERE occurred_at > now() - interval '1 day'");
  }

  @AfterEach
  void assertNoComplaints() {
    database.execute("DELETE FROM pause");
    browser.assertNoComplaints();
  }

  @AfterAll
  void close() {
    if (service != null) {
      service.close();
    }
    if (browser != null) {
      browser.close();
    }
    database.close();
  }

  @Test
  void stationsMoveAndChartsEqualTheirTables() {
    approvals.notDue(3);
    Page page = browser.open(service.url("/"));
    see(page, "#s1", "3");
    see(page, "#s3", "0");
    see(page, "#word", "well");

    approvals.due(7);

    see(page, "#s3", "7");
    see(page, "#s2", "0");
    see(page, "#s4", "0");
    assertThat(page.locator("#events tr").count()).isGreaterThanOrEqualTo(7);
    see(page, "#events tr:first-child td:last-child", "published");
    see(page, "#word", "well");
    PlaywrightAssertions.assertThat(page).hasTitle(Pattern.compile("^Lapse"));

    // Each chart has pixels, and its sentence says what its table says.
    for (int chart = 0; chart < 3; chart++) {
      Locator figure = page.locator("#charts figure").nth(chart);
      assertThat(
              (Boolean)
                  figure
                      .locator("canvas")
                      .evaluate(
                          "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data"
                              + ".some(v => v > 0)"))
          .isTrue();
    }
    Locator recorded = page.locator("#charts figure").first();
    recorded.locator("summary").click();
    Double highest =
        ((Number)
                recorded.evaluate(
                    "f => Math.max(...[...f.querySelectorAll('td:nth-child(2)')]"
                        + ".map(td => parseFloat(td.textContent)).filter(v => !isNaN(v)))"))
            .doubleValue();
    assertThat(highest).isPositive();
  }

  @Test
  void saysNothingPendingAndHowToMakeOne() {
    Page page = browser.open(service.url("/"));
    see(page, "#first pre", Pattern.compile("INSERT INTO ai_approvals"));
    database.execute(page.locator("#first pre").innerText());
    see(page, "#s1", "1");
  }

  @Test
  void isDownWhileTheDatabaseIsAway() {
    try (TestDatabase maintenance = TestDatabase.maintenance()) {
      Page page = browser.open(service.url("/"));
      see(page, "#word", "well");

      maintenance.refuseConnectionsTo(database);
      see(page, "#word", "down");
      see(page, "#banner", Pattern.compile("PostgreSQL does not answer.*nothing is lost"));
      see(page, "#needs", Pattern.compile("PostgreSQL.*Since .*action:"));
      assertThat(page.locator("body").getAttribute("class")).contains("stale");
      assertThat(page.title()).startsWith("down");

      maintenance.allowConnectionsTo(database);
      see(page, "#word", "well");
      PlaywrightAssertions.assertThat(page.locator("body.stale")).hasCount(0);
    }
  }

  /** Old figures are never shown as fresh, whichever server is away. */
  @Test
  void showsThatKafkaIsAwayAndThatNothingIsKnownWhileTheServiceIs() {
    try (TestDatabase own = TestDatabase.migrated()) {
      Page page;
      try (RunningService alone =
          RunningService.start(own, "lapse.kafka.bootstrap-servers=127.0.0.1:1")) {
        new Approvals(own).due(2);
        page = browser.open(alone.url("/"));
        see(page, "#word", "down");
        see(page, "#s5", "not known");
        see(page, "#needs", Pattern.compile("Kafka does not answer.*approvals expire on time"));
        see(page, "#s3", "2");
        see(page, "#s4", "2");
      }
      see(page, "#word", "not known");
      see(page, "#banner", "Lapse does not answer. What you see is old.");
      assertThat(page.title()).startsWith("not known");
      assertThat(page.locator("#verdict").getAttribute("data-word")).isEqualTo("not known");
    }
  }

  /** The whole of it by keyboard: sign in, ask, type the number, give a reason, do it. */
  @Test
  void resumesAfterTheMassExpiryProtectionByKeyboardAlone() {
    approvals.due(120);
    Page page = browser.open(service.url("/"));
    see(page, "#word", "degraded");
    see(page, "#needs", Pattern.compile("mass-expiry protection.*120 approvals are overdue"));
    assertThat(page.locator("#needs .act").count()).as("no button without password").isZero();

    signIn(page);
    Locator resume = page.locator("#needs .act").first();
    PlaywrightAssertions.assertThat(resume).hasText("Resume expiry…", patiently());
    tabTo(page, ".act");
    page.keyboard().press("Enter");
    see(page, "#would", Pattern.compile("120 approvals are overdue.*cannot be undone"));
    page.keyboard().type("12");
    page.keyboard().press("Tab");
    page.keyboard().press("Tab");
    page.keyboard().type("the deadlines are right");
    page.keyboard().press("Enter");
    see(page, "#refused", "Type the number 120 to confirm it.");
    assertThat(pauses.find(Part.EXPIRATION)).isPresent();

    page.keyboard().press("Shift+Tab");
    page.keyboard().press("Shift+Tab");
    page.keyboard().press("Control+A");
    page.keyboard().type("120");
    page.keyboard().press("Enter");
    see(page, "#said", "expiration resumed.");
    see(page, "#s3", "120");
    see(page, "#word", "well");
  }

  @Test
  void tellsALifeAndReplaysItsEvent() {
    UUID id = approvals.due();
    Page page = browser.open(service.url("/"));
    see(page, "#s3", "1");
    assertThat(page.content()).doesNotContain(id.toString());
    signIn(page);
    page.keyboard().press("/");
    page.keyboard().type(id.toString());
    page.keyboard().press("Enter");
    see(page, "#why", Pattern.compile("It expired at .* after its deadline"));
    // The checkpoint is written within seconds; the page is asked for again until it is.
    await()
        .atMost(Duration.ofSeconds(30))
        .until(
            () -> {
              page.locator("#find button").click();
              see(page, "#why", Pattern.compile("It expired at"));
              return page.locator("#timeline li.published").count() == 1;
            });
    page.locator("#timeline .act").click();
    see(page, "#would", Pattern.compile("published again"));
    page.locator("#reason").fill("a consumer lost it");
    page.locator("#doit").click();
    see(page, "#said", "Events published again: 1.");
    assertThat(
            database.count(
                "SELECT count(*) FROM replay WHERE requested_as = 'lapse' AND outcome = 'done'"))
        .isOne();
    page.goBack();
  }

  /** The deadline moves by keyboard alone, and the row is a click further. */
  @Test
  void extendsAnApprovalByKeyboardAndShowsItsRow() {
    database.execute("GRANT UPDATE (expires_at) ON ai_approvals TO " + Roles.SERVICE);
    UUID id = approvals.notDue(1).get(0);
    Page page = browser.open(service.url("/approval?id=" + id));
    see(page, "#why", "Sign in to see the life of an approval.");
    escape(page);
    signIn(page);
    see(page, "#why", Pattern.compile("It has not expired"));

    tabTo(page, "#deeds .act");
    page.keyboard().press("Enter");
    page.keyboard().type("4h");
    page.keyboard().press("Enter");
    see(page, "#would", Pattern.compile("1 deadline, .*, moves by 4h"));
    tabTo(page, "#reason");
    page.keyboard().type("the approver is ill");
    page.keyboard().press("Enter");
    see(page, "#said", Pattern.compile("Deadlines moved: 1"));
    see(page, "#timeline .moved", Pattern.compile("lapse .* moved its deadline"));

    tabTo(page, "#raw summary");
    page.keyboard().press("Enter");
    see(page, "#raw table", Pattern.compile("status.?pending"));
    page.keyboard().press("s");
    see(page, "#why", "Sign in to see the life of an approval.");
    assertThat(page.locator("#raw table, #timeline li, #deeds .act").count())
        .as("nothing stays of what only the password shows")
        .isZero();
  }

  @Test
  void movesDeadlinesOfAMassExpiryBeforeItResumes() {
    database.execute("GRANT UPDATE (expires_at) ON ai_approvals TO " + Roles.SERVICE);
    approvals.due(60);
    Page page = browser.open(service.url("/"));
    see(page, "#needs", Pattern.compile("mass-expiry protection"));
    assertThat(page.locator("#soonest").isVisible()).as("without password").isFalse();
    signIn(page);
    page.locator("#needs .act").getByText("Extend what is overdue").click();
    page.locator("#by").fill("1h");
    page.locator("#lookfirst").click();
    see(page, "#would", Pattern.compile("60 deadlines, from .* move by 1h"));
    page.locator("#reason").fill("the deadlines were wrong");
    page.locator("#doit").click();
    see(page, "#said", Pattern.compile("Deadlines moved: 60"));
    see(page, "#s2", "0");

    page.locator("#soonest .act").click();
    page.locator("#within").fill("2h");
    page.locator("#by").fill("soon");
    page.locator("#lookfirst").click();
    assertThat(page.locator("#by:invalid").count()).isOne();
    page.locator("#by").fill("1h");
    page.locator("#lookfirst").click();
    see(page, "#would", Pattern.compile("60 deadlines"));
    page.keyboard().press("Escape");
  }

  @Test
  void isNoWiderThanANarrowScreenOrOneThatIsMagnified() {
    approvals.notDue(1);
    UUID id = approvals.due();
    Page page = browser.open(service.url("/"));
    signIn(page);
    see(page, "#events a", Pattern.compile(".+"));
    page.locator("#charts summary").first().click();
    fits(page, "overview");
    pauses.pause(
        Part.RELAY, "a Kafka upgrade, of which everybody was told " + "at length ".repeat(9));
    see(page, "#word", "degraded");
    fits(page, "degraded");
    page.locator("#soonest .act").click();
    fits(page, "where to");
    escape(page);
    page.locator("#id").fill(id.toString());
    page.locator("#find button").click();
    see(page, "#why", Pattern.compile("It expired"));
    page.locator("#raw summary").click();
    see(page, "#raw table", Pattern.compile("status"));
    fits(page, "life");
  }

  /** A page of 1280 pixels has 640 at 200 %. */
  private static void fits(Page page, String as) {
    for (int width : List.of(320, 640)) {
      page.setViewportSize(width, 900);
      assertThat(page.evaluate("() => document.documentElement.scrollWidth - innerWidth"))
          .as("%s %d: pixels beyond the screen", as, width)
          .isEqualTo(0);
    }
  }

  /** While the page that is hidden asks nothing, another one asks five times. */
  @Test
  void asksNothingInAHiddenTabAndLoadsInTheEleventh() {
    Page hidden = browser.open(service.url("/"));
    see(hidden, "#word", "well");
    hidden.evaluate(
        "() => { Object.defineProperty(document, 'hidden', {configurable: true, value: true});"
            + " document.dispatchEvent(new Event('visibilitychange')); }");
    List<String> asked = new ArrayList<>();
    Page other = browser.openBeside(hidden, service.url("/"));
    see(other, "#word", "well"); // what was under way has ended
    hidden.onRequest(request -> asked.add(request.url()));
    for (int i = 0; i < 5; i++) {
      other.waitForResponse(answer -> answer.url().contains("console/frame"), () -> {});
    }
    assertThat(asked).isEmpty();

    for (int tab = 3; tab <= 11; tab++) {
      other = browser.openBeside(hidden, service.url("/"));
    }
    see(other, "#word", "well");

    hidden.evaluate(
        "() => { delete document.hidden; document.dispatchEvent(new Event('visibilitychange')); }");
    hidden.waitForResponse(answer -> answer.url().contains("console/frame"), () -> {});
  }

  /** So no test here can pass on a page that is only its HTML. */
  @Test
  void isNoPageWithoutItsScripts() {
    assertThatThrownBy(() -> browser.openWithout("**/life.js", service.url("/")))
        .isInstanceOf(TimeoutError.class);
  }

  /** Generously: what was measured is in the documents. */
  @Test
  void paintsSoon() {
    Page page = browser.open(service.url("/"));
    see(page, "#word", "well");
    Number paint =
        (Number)
            page.evaluate(
                "() => performance.getEntriesByName('first-contentful-paint')[0].startTime");
    assertThat(paint.doubleValue()).isBetween(1.0, 10_000.0);
  }

  /** Texts of others are texts: nothing in them runs, and the page stays as wide as it is. */
  @Test
  void showsHostileTextsAsTexts() {
    String script = "<script>alert(1)</script><img src=x onerror=alert(1)>";
    database
        .jdbc()
        .sql(
            "INSERT INTO outbox (type, key, payload, occurred_at)"
                + " VALUES ('Own', :key, '{}', now()), ('Own', :rtl, '{}', now())")
        .param("key", script + "x".repeat(900))
        .param("rtl", "\u202egnp.exe")
        .update();
    pauses.pause(Part.EXPIRATION, script + "y".repeat(900));
    Page page = browser.open(service.url("/"), 390, 844, ColorScheme.LIGHT);
    see(page, "#needs", Pattern.compile("alert\\(1\\)"));
    signIn(page);
    see(page, "#events", Pattern.compile("alert\\(1\\)"));
    assertThat(page.locator("#events img, #events script, #needs img").count()).isZero();
    assertThat(page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"))
        .isEqualTo(true);
    page.navigate(service.url("/approval?id=" + URLEncoder.encode(script, UTF_8)));
    see(page, "#subject", Pattern.compile("onerror=alert"));
  }

  @Test
  void axeFindsNothingInAnyState() {
    approvals.due(3);
    UUID coming = approvals.notDue(2).get(0);
    Page page = browser.open(service.url("/"));
    see(page, "#s3", "3");
    clean(page, "overview");
    page.locator("#charts summary").first().click();
    page.locator("#bars summary").click();
    clean(page, "tables");
    page.keyboard().press("p");
    see(page, "#word", "not known");
    clean(page, "not known");
    page.keyboard().press("p");
    see(page, "#word", "well");
    page.keyboard().press("?");
    clean(page, "keys");
    escape(page);
    page.keyboard().press("s");
    clean(page, "sign in");
    escape(page);
    signIn(page);
    see(page, "#events a", Pattern.compile(".+"));
    clean(page, "signed in");
    pauses.pause(Part.RELAY, "a Kafka upgrade");
    see(page, "#word", "degraded");
    clean(page, "degraded");
    page.locator("#needs .act").click();
    see(page, "#would", Pattern.compile(".+"));
    clean(page, "confirm");
    escape(page);
    page.locator("#soonest .act").click();
    clean(page, "where to");
    escape(page);
    page.locator("#id").fill(coming.toString());
    page.locator("#find button").click();
    see(page, "#why", Pattern.compile("It has not expired"));
    clean(page, "life");
  }

  @Test
  void restsWhileItIsPausedAndAsksAgainAfterwards() {
    Page page = browser.open(service.url("/"));
    see(page, "#word", "well");
    page.keyboard().press("p");
    see(page, "#word", "not known");
    see(page, "#banner", "Paused by you.");
    page.keyboard().press("p");
    see(page, "#word", "well");
  }

  /** As it is, in light and dark, on a screen and on a phone. */
  private static void clean(Page page, String as) {
    for (int width : List.of(1280, 390)) {
      page.setViewportSize(width, 900);
      for (ColorScheme scheme : List.of(ColorScheme.LIGHT, ColorScheme.DARK)) {
        page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(scheme));
        assertThat(Browser.axe(page)).as("%s %s %d", as, scheme, width).isEmpty();
      }
    }
  }

  /** The browser closes a dialog when it gets to it; till then a key would be typed into it. */
  private static void escape(Page page) {
    page.keyboard().press("Escape");
    page.waitForCondition(() -> page.locator("dialog[open]").count() == 0);
  }

  private static void signIn(Page page) {
    page.keyboard().press("s");
    page.locator("#password").fill(RunningService.PASSWORD);
    page.keyboard().press("Enter");
    see(page, "#sign", "Sign out");
  }

  private static void tabTo(Page page, String selector) {
    if (page.locator("dialog[open]").count() == 0) {
      page.locator("h1 a").focus();
    }
    for (int i = 0; i < 50; i++) {
      if (Boolean.TRUE.equals(page.evaluate("s => document.activeElement.matches(s)", selector))) {
        return;
      }
      page.keyboard().press("Tab");
    }
    throw new AssertionError("not to be reached by Tab: " + selector);
  }

  private static LocatorAssertions.HasTextOptions patiently() {
    return new LocatorAssertions.HasTextOptions().setTimeout(PATIENCE);
  }

  private static void see(Page page, String selector, String text) {
    PlaywrightAssertions.assertThat(page.locator(selector)).hasText(text, patiently());
  }

  private static void see(Page page, String selector, Pattern text) {
    PlaywrightAssertions.assertThat(page.locator(selector).first()).hasText(text, patiently());
  }
}
