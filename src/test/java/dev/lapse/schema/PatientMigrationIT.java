package dev.lapse.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.problem.UnusableException;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Test;

class PatientMigrationIT {

  private final PatientMigration patient = new PatientMigration(2, Duration.ofMillis(1));

  @Test
  void saysWhomToEndWhenItGivesUp() throws Exception {
    try (TestDatabase database = TestDatabase.empty(Servers.postgres())) {
      migration(database, "12").migrate();
      try (Connection idle = database.connect();
          Statement open = idle.createStatement()) {
        idle.setAutoCommit(false);
        open.execute("UPDATE ai_approvals SET version = 2");
        int pid = pid(open);

        UnusableException givenUp =
            catchThrowableOfType(
                UnusableException.class, () -> patient.migrate(migration(database, "latest")));

        assertThat(givenUp)
            .hasMessageContaining("It is blocked by session %d (".formatted(pid))
            .hasMessageContaining("idle in transaction for ")
            .hasMessageContaining("on ai_approvals.");
        assertThat(givenUp.actions()).contains("SELECT pg_terminate_backend(%d);".formatted(pid));
        idle.rollback();
      }

      patient.migrate(migration(database, "latest"));

      assertThat(migration(database, "latest").info().pending()).isEmpty();
    }
  }

  /** To a new trigger, a reader is none: he must not be blamed. */
  @Test
  void waitsForNoReader() throws Exception {
    try (TestDatabase database = TestDatabase.empty(Servers.postgres())) {
      migration(database, "12").migrate();
      try (Connection reader = database.connect();
          Statement open = reader.createStatement()) {
        reader.setAutoCommit(false);
        open.execute("SELECT FROM ai_approvals FOR UPDATE");

        patient.migrate(migration(database, "latest"));

        assertThat(migration(database, "latest").info().pending()).isEmpty();
      }
    }
  }

  private static int pid(Statement session) throws SQLException {
    try (ResultSet row = session.executeQuery("SELECT pg_backend_pid()")) {
      row.next();
      return row.getInt(1);
    }
  }

  private static Flyway migration(TestDatabase database, String target) {
    return Flyway.configure()
        .dataSource(database.dataSource())
        .table("lapse_schema_history")
        .configuration(Map.of("flyway.postgresql.transactional.lock", "false"))
        .placeholders(ApprovalsTable.standard().placeholders())
        .callbacks(new ShortLocks())
        .target(target)
        .load();
  }
}
