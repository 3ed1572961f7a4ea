package dev.lapse.console;

import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;

/**
 * Takes the pictures of the documents from the demo, while it runs. Arguments: the console's
 * address, the database's URL, the directory.
 */
public final class Screenshots {

  private Screenshots() {}

  public static void main(String[] args) throws Exception {
    String url = args[0];
    Path directory = Path.of(args[2]);
    try (Browser browser = Browser.start();
        Connection database = DriverManager.getConnection(args[1], "postgres", "postgres");
        Statement statement = database.createStatement()) {
      Page light = browser.open(url, 1280, 900, ColorScheme.LIGHT);
      light.waitForSelector("#events tr:nth-child(10)");
      light.waitForTimeout(45_000); // some traffic in the charts
      shoot(light, directory, "console-light");
      Page dark = browser.open(url, 1280, 900, ColorScheme.DARK);
      dark.waitForTimeout(4_000);
      shoot(dark, directory, "console-dark");
      Page phone = browser.open(url, 390, 844, ColorScheme.LIGHT);
      phone.waitForTimeout(4_000);
      shoot(phone, directory, "console-phone");

      statement.execute(
          "INSERT INTO pause (part, reason) VALUES ('relay', 'Kafka is upgraded, see change 4711')");
      signIn(light);
      light.waitForTimeout(14_000);
      shoot(light, directory, "console-degraded");
      String id;
      try (ResultSet row =
          statement.executeQuery(
              "SELECT key FROM outbox WHERE id < (SELECT max(id) FROM outbox) - 300"
                  + " AND type = 'ApprovalExpired' ORDER BY id DESC LIMIT 1")) {
        row.next();
        id = row.getString(1);
      }
      statement.execute("DELETE FROM pause WHERE part = 'relay'");
      light.locator("#id").fill(id);
      light.locator("#find button").click();
      light.waitForTimeout(3_000);
      light.locator("#id").fill("");
      shoot(light, directory, "console-life");
      browser.assertNoComplaints();
      for (int i = 0; i < 9; i++) {
        Page page = browser.open(url, 1280, 900, ColorScheme.LIGHT);
        page.waitForSelector("#events tr:nth-child(10)");
        System.out.println(
            "first paint: "
                + page.evaluate(
                    "() => performance.getEntriesByName('first-contentful-paint')[0].startTime")
                + " ms, bytes: "
                + page.evaluate(
                    "() => performance.getEntriesByType('navigation')[0].encodedBodySize"
                        + " + performance.getEntriesByType('resource')"
                        + ".filter(r => /css|js|svg/.test(r.name))"
                        + ".reduce((sum, r) => sum + r.encodedBodySize, 0)"));
        page.context().close();
      }
    }
  }

  private static void signIn(Page page) {
    page.keyboard().press("s");
    page.locator("#password").fill("lapse-demonstration");
    page.keyboard().press("Enter");
  }

  private static void shoot(Page page, Path directory, String name) {
    page.screenshot(
        new Page.ScreenshotOptions().setFullPage(true).setPath(directory.resolve(name + ".png")));
  }
}
