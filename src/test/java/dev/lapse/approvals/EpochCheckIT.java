package dev.lapse.approvals;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.problem.Problem;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

/** A unit that the deadlines do not have is refused before anything expires. */
class EpochCheckIT {

  private final TestDatabase database = TestDatabase.empty(Servers.postgres());

  @AfterEach
  void close() {
    database.close();
  }

  @ParameterizedTest
  @CsvSource({"seconds, 1000, milliseconds", "milliseconds, 1, seconds"})
  void refusesTheWrongUnit(String configured, long factor, String meant) {
    table("(extract(epoch FROM now() + interval '1 day') * %d)::bigint".formatted(factor));

    List<Problem> problems = check(configured).problemsOfTheTable();

    assertThat(problems).hasSize(1);
    assertThat(problems.get(0).what()).contains("look like " + meant);
    assertThat(problems.get(0).action())
        .isEqualTo("-- set lapse.approvals.expires-at-unit=" + meant);
    assertThat(check(meant).problemsOfTheTable()).isEmpty();
  }

  @Test
  void acceptsEitherWhereThereIsNoDeadline() {
    table("NULL");

    assertThat(check("seconds").problemsOfTheTable()).isEmpty();
    assertThat(check("milliseconds").problemsOfTheTable()).isEmpty();
  }

  private void table(String deadline) {
    database.execute(
        """
        CREATE TABLE ai_approvals (
          id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, status text DEFAULT 'pending',
          expires_at bigint, version int DEFAULT 1, executed_at timestamptz);
        INSERT INTO ai_approvals (expires_at) VALUES (%s)
        """
            .formatted(deadline));
  }

  private ApprovalsCheck check(String unit) {
    return new ApprovalsCheck(
        database.jdbc(),
        new Binder(
                new MapConfigurationPropertySource(Map.of("lapse.approvals.expires-at-unit", unit)))
            .bindOrCreate("lapse.approvals", ApprovalsSettings.class));
  }
}
