package dev.lapse.example;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.approvals.OptInFixture;
import dev.lapse.decision.OptIns;
import dev.lapse.support.Approvals;
import dev.lapse.support.Roles;
import dev.lapse.support.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/** What docs/use/decide.md says, as the application's role. */
class DeciderIT {

  private static final UUID DOCUMENTED = UUID.fromString("0d5e3c1a-9a41-4d0e-8f5b-2a6f1f1f7c11");

  private final TestDatabase database = TestDatabase.migrated();
  private final Approvals approvals = new Approvals(database);
  private List<String> blocks = List.of();

  @BeforeEach
  void readTheDocument() throws Exception {
    String[] parts =
        Files.readString(Path.of("docs/use/decide.md")).split("```(?:sql|json)?\n", -1);
    List<String> found = new ArrayList<>();
    for (int n = 1; n < parts.length; n += 2) {
      found.add(parts[n]);
    }
    blocks = found;
    try (Connection owner = database.connectAs(Roles.OWNER)) {
      OptInFixture.apply(owner, Map.of(), OptIns.all());
    }
  }

  @AfterEach
  void closeDatabase() {
    database.close();
  }

  @Test
  void jdbcSaysWhatCameOfIt() throws SQLException {
    Decider decider =
        new Decider(new DriverManagerDataSource(database.url(), Roles.APPLICATION, Roles.PASSWORD));
    UUID approval = approvals.notDue(1).get(0);
    UUID overdue = approvals.insert(1, "-40 seconds").get(0);

    assertThat(decider.decide(approval, "approved", "ada")).isEqualTo("Done.");
    assertThat(decider.decide(approval, "rejected", "jo"))
        .isEqualTo("ada has it already: approved.");
    assertThat(decider.decide(overdue, "approved", "ada")).matches("4\\d seconds too late\\.");
    assertThat(decider.decide(UUID.randomUUID(), "approved", "ada")).isEqualTo("Not found.");
  }

  @Test
  void sqlAnswersAndThenThePlainUpdateDoesNothing() throws SQLException {
    insert("+");

    assertThat(outcome(blocks.get(0))).isEqualTo("decided");
    assertThat(outcome(blocks.get(0))).isEqualTo("already");
    assertThat(run(blocks.get(2))).isZero();
    assertThat(outcome("SELECT 'counted' FROM (%s) late".formatted(blocks.get(1).replace(";", ""))))
        .isEqualTo("counted");
  }

  @Test
  void thePlainUpdateDecidesWhatIsInTime() throws SQLException {
    insert("+");

    assertThat(run(blocks.get(2))).isOne();
  }

  private void insert(String sign) {
    database.execute(
        """
        INSERT INTO ai_approvals (id, requested_by, action, expires_at)
        VALUES ('%s', 'agent', 'deploy', now() %s interval '1 hour')
        """
            .formatted(DOCUMENTED, sign));
  }

  private String outcome(String sql) throws SQLException {
    try (Connection application =
            database.connectAs(sql.contains("counted") ? Roles.READER : Roles.APPLICATION);
        Statement statement = application.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }

  private int run(String sql) throws SQLException {
    try (Connection application = database.connectAs(Roles.APPLICATION);
        Statement statement = application.createStatement()) {
      return statement.executeUpdate(sql);
    }
  }
}
