package dev.lapse.decision;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.support.TestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is late is counted once, whichever instance does, and does not stay for ever. */
class LateDecisionsIT {

  private final TestDatabase database = TestDatabase.migrated();
  private final List<Duration> counted = new ArrayList<>();
  private final LateDecisions one = instance();
  private final LateDecisions another = instance();

  @AfterEach
  void close() {
    database.close();
  }

  private LateDecisions instance() {
    return new LateDecisions(database.serviceJdbc(), Duration.ofDays(90), counted::add);
  }

  @Test
  void countsEachOnce() {
    insert("'90 min', now()");
    insert("'2 s', now()");
    insert("NULL, now()");

    one.runOnce();
    another.runOnce();

    assertThat(counted).containsExactlyInAnyOrder(Duration.ofMinutes(90), Duration.ofSeconds(2));
    insert("'100 years', now()");
    another.runOnce();
    assertThat(counted).hasSize(3);
  }

  @Test
  void deletesWhatIsOld() {
    insert("'1 s', now() - interval '91 days'");
    insert("'1 s', now() - interval '89 days'");

    one.runOnce();

    assertThat(database.count("SELECT count(*) FROM late_decision")).isOne();
    assertThat(counted).as("that is not lost for the metric").hasSize(2);
  }

  @Test
  void keepsAMillionRows() {
    insert("'1 s', now()");
    insert("'1 s', now()");
    database.execute("SELECT setval('late_decision_id_seq', 1000001)");
    insert("'1 s', now()");

    one.runOnce();

    assertThat(database.count("SELECT min(id) FROM late_decision")).isEqualTo(1_000_002);
  }

  private void insert(String values) {
    database.execute(
        "INSERT INTO late_decision (approval, actor, wanted, status, late, at)"
            + " VALUES ('a', 'maria', 'approved', 'expired', %s)".formatted(values));
  }
}
