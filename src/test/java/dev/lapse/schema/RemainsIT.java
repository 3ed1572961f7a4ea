package dev.lapse.schema;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.support.Command;
import dev.lapse.support.Psql;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A tool that synchronizes a schema drops Lapse's tables, and leaves the functions and triggers.
 */
class RemainsIT {

  private static final String APPROVALS =
      """
      CREATE TABLE ai_approvals (id text PRIMARY KEY, status text, version int,
        expires_at timestamptz, executed_at timestamptz);
      INSERT INTO ai_approvals VALUES ('a', 'pending', 1, now() - interval '1 minute', NULL)
      """;

  private static final Pattern UNINSTALL =
      Pattern.compile("psql (-v schema=public) -f (db/uninstall.sql)");

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void remedyBeginsAgain(boolean historyStays) throws Exception {
    try (TestDatabase database = TestDatabase.empty(Servers.postgres())) {
      database.execute(APPROVALS);
      assertThat(Command.run(database, "migrate").exitCode()).isZero();
      List<String> tables =
          database
              .jdbc()
              .sql(
                  "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <>"
                      + " 'ai_approvals'")
              .query(String.class)
              .list();
      for (String table : tables) {
        if (!historyStays || !table.equals("lapse_schema_history")) {
          database.execute("DROP TABLE IF EXISTS " + table + " CASCADE");
        }
      }

      Command refused = Command.run(database, "migrate");

      assertThat(refused.exitCode()).isEqualTo(1);
      assertThat(refused.output())
          .contains(historyStays ? "somebody has dropped them" : "and left these functions");
      Matcher remedy = UNINSTALL.matcher(refused.output());
      assertThat(remedy.find()).as(refused.output()).isTrue();
      assertThat(Psql.run(database, "--quiet", "--set=schema=public", "--file=" + remedy.group(2)))
          .isEmpty();
      assertThat(Command.run(database, "migrate").exitCode()).isZero();
      assertThat(Command.run(database, "expire").output()).contains("Approvals expired: 1");
    }
  }
}
