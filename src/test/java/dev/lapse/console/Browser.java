package dev.lapse.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.Route;
import com.microsoft.playwright.options.ColorScheme;
import dev.lapse.support.Leftovers;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The Chromium of this machine. A page that it opens must run its scripts, and at the end nothing
 * may have failed in any of them and nothing may have broken the content policy. Of one thread.
 */
final class Browser implements AutoCloseable {

  private static final Path CHROMIUM = Path.of("/usr/bin/chromium");

  private final Playwright playwright;
  private final com.microsoft.playwright.Browser browser;
  private final List<String> complaints = new ArrayList<>();
  private final List<Page> pages = new ArrayList<>();

  private Browser(Playwright playwright) {
    this.playwright = playwright;
    this.browser =
        playwright
            .chromium()
            .launch(
                new BrowserType.LaunchOptions()
                    .setExecutablePath(CHROMIUM)
                    .setArgs(List.of("--no-sandbox", "--disable-gpu")));
  }

  /** Leaves the test out, with a message, where there is no Chromium. */
  static Browser start() {
    assumeTrue(Files.isExecutable(CHROMIUM), CHROMIUM + " is not installed");
    System.setProperty("playwright.driver.tmpdir", Driver.DIRECTORY.toString());
    return new Browser(
        Playwright.create(
            new Playwright.CreateOptions()
                .setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))));
  }

  private static final class Driver {
    static final Path DIRECTORY = Leftovers.directory("playwright-");
  }

  Page open(String url) {
    return open(url, 1280, 900, ColorScheme.LIGHT);
  }

  Page open(String url, int width, int height, ColorScheme scheme) {
    return open(context(width, height, scheme), url);
  }

  /** Another tab: those of one context share what a browser allows for one host. */
  Page openBeside(Page page, String url) {
    return open(page.context(), url);
  }

  /** Fails soon, for what matches {@code missing} does not arrive. */
  Page openWithout(String missing, String url) {
    BrowserContext context = context(1280, 900, ColorScheme.LIGHT);
    context.setDefaultTimeout(2_000);
    context.route(missing, Route::abort);
    return open(context, url);
  }

  private BrowserContext context(int width, int height, ColorScheme scheme) {
    BrowserContext context =
        browser.newContext(
            new com.microsoft.playwright.Browser.NewContextOptions()
                .setViewportSize(width, height)
                .setColorScheme(scheme)
                .setLocale("en-GB")
                .setDeviceScaleFactor(width < 500 ? 2 : 1));
    context.addInitScript(
        "window.violations = [];"
            + "addEventListener('securitypolicyviolation',"
            + " e => violations.push(e.violatedDirective + ' ' + e.blockedURI));");
    return context;
  }

  private Page open(BrowserContext context, String url) {
    Page page = context.newPage();
    pages.add(page);
    page.onPageError(error -> complaints.add("script: " + error));
    page.onDialog(dialog -> complaints.add("dialog: " + dialog.message()));
    page.navigate(url);
    page.waitForSelector("html[data-ready=true]");
    return page;
  }

  /** What axe finds wrong with the page, or the dialog that covers it; empty if nothing. */
  static List<String> axe(Page page) {
    if (!Boolean.TRUE.equals(page.evaluate("() => 'axe' in window"))) {
      page.evaluate(Axe.SCRIPT);
    }
    @SuppressWarnings("unchecked")
    List<String> found =
        (List<String>)
            page.evaluate(
                "async () => (await axe.run(document.querySelector('dialog[open]') ?? document,"
                    + " {resultTypes: ['violations'], preload: false, iframes: false})).violations"
                    + ".flatMap(v => v.nodes.map(n => v.id + ' ' + n.target + ' ' + n.failureSummary))");
    return found;
  }

  private static final class Axe {
    static final String SCRIPT = script();

    private static String script() {
      try (InputStream file = Browser.class.getResourceAsStream("/axe.min.js")) {
        return new String(
            Objects.requireNonNull(file, "axe.min.js").readAllBytes(),
            java.nio.charset.StandardCharsets.UTF_8);
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }
  }

  /**
   * Fails if any page had a failing script, a dialog or a violation of its content policy. Closes
   * them: each that is open asks the service on.
   */
  void assertNoComplaints() {
    List<Object> violations =
        pages.stream().map(page -> page.evaluate("() => window.violations")).toList();
    browser.contexts().forEach(BrowserContext::close);
    pages.clear();
    assertThat(violations).as("violations of the content policy").allMatch(List.of()::equals);
    assertThat(complaints).isEmpty();
  }

  @Override
  public void close() {
    browser.close();
    playwright.close();
  }
}
