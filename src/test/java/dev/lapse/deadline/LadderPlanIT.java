package dev.lapse.deadline;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a poll that finds nothing costs: probes of the index, however many steps are armed. */
class LadderPlanIT {

  private static final int APPROVALS = 100_000;

  private final DeadlineWorld world = DeadlineWorld.standard();

  @AfterEach
  void close() {
    world.close();
  }

  @Test
  void anIdlePollReadsTheIndexAndNoFurther() {
    world.ladder("50%:escalate", "24h:remind", "1h:remind");
    world.database.execute(
        """
        INSERT INTO ai_approvals (requested_by, action, expires_at)
        SELECT 'agent', 'deploy', now() + interval '72 hours' + n * interval '1 ms'
        FROM generate_series(1, %d) n;
        ANALYZE ai_approvals; ANALYZE next_step; ANALYZE pause;
        """
            .formatted(APPROVALS));
    assertThat(world.database.count("SELECT count(*) FROM next_step")).isEqualTo(APPROVALS);
    Ladder ladder = Ladder.of(List.of("50%:escalate", "24h:remind", "1h:remind"));

    for (String statement : List.of(DueSteps.FIRE, DueSteps.UNTIL_NEXT, StepStorm.ASK)) {
      String sql = world.table().sql(statement, ladder.words());
      JsonNode plan = explain(sql);
      assertThat(plan.findValuesAsString("Index Name")).as(sql).contains("next_step_due");
      assertThat(buffers(plan)).as("%s%n%s", sql, plan).isLessThan(60);
    }
  }

  private JsonNode explain(String sql) {
    String text =
        world
            .database
            .jdbc()
            .sql("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + sql)
            .param("afterFireAt", "-infinity")
            .param("afterId", "")
            .param("limit", LadderStep.BATCH)
            .param("maxDue", 10_000)
            .query(String.class)
            .single();
    return JsonMapper.builder().build().readTree(text).get(0).get("Plan");
  }

  private static long buffers(JsonNode plan) {
    return plan.get("Shared Hit Blocks").asLong() + plan.get("Shared Read Blocks").asLong();
  }
}
