package dev.lapse.approvals;

import org.springframework.jdbc.core.simple.JdbcClient;

/** The standard settings, for tests of other packages. */
public final class ApprovalsSettingsFixture {

  private ApprovalsSettingsFixture() {}

  public static ApprovalsCheck standardCheck(JdbcClient jdbc) {
    return new ApprovalsCheck(jdbc, ApprovalsSettings.STANDARD);
  }
}
