package dev.lapse.approvals;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/** Brings the opt-ins of a table up to date, as migrating does. */
public final class OptInFixture {

  private OptInFixture() {}

  /**
   * @param owner session of the role that owns the schema
   * @param settings those of {@code lapse.approvals}, without that prefix
   */
  public static void apply(Connection owner, Map<String, String> settings, OptIn... optIns) {
    JdbcClient jdbc = JdbcClient.create(new SingleConnectionDataSource(owner, true));
    ApprovalsCheck check =
        new ApprovalsCheck(jdbc, settings(settings), SessionSettings.NONE, List.of(optIns));
    run(owner, check.optInChanges().stream().map(OptIns.Change::script).toList());
    if (!check.optInProblems().isEmpty()) {
      throw new IllegalStateException(check.optInProblems().toString());
    }
  }

  /** What would be run, for another database whose table is the same. */
  public static List<String> scripts(Connection owner, OptIn... optIns) {
    JdbcClient jdbc = JdbcClient.create(new SingleConnectionDataSource(owner, true));
    return new ApprovalsCheck(jdbc, settings(Map.of()), SessionSettings.NONE, List.of(optIns))
        .optInChanges().stream().map(OptIns.Change::script).toList();
  }

  public static void run(Connection owner, List<String> scripts) {
    try (Statement run = owner.createStatement()) {
      for (String script : scripts) {
        run.execute(script);
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  public static ApprovalsSettings settings(Map<String, String> settings) {
    MapConfigurationPropertySource properties = new MapConfigurationPropertySource();
    settings.forEach((name, value) -> properties.put("lapse.approvals." + name, value));
    return new Binder(properties).bindOrCreate("lapse.approvals", ApprovalsSettings.class);
  }
}
