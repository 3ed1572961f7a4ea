package dev.lapse.expiration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lapse.support.Approvals;
import dev.lapse.support.TestDatabase;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A batch that cannot be done in time gets smaller, until it can. */
class SlowBatchIT {

  private final TestDatabase database = TestDatabase.migrated();

  @AfterEach
  void stop() {
    database.close();
  }

  @Test
  void allExpireWhereATriggerMakesABatchTakeTooLong() {
    new Approvals(database).due(1500);
    limit("statement_timeout", "700ms");
    database.execute(
        """
        CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_sleep(0.002); RETURN NEW; END $$;
        CREATE TRIGGER slow BEFORE UPDATE ON ai_approvals FOR EACH ROW EXECUTE FUNCTION slow()
        """);

    Swept swept = Sweeps.of(database.serviceJdbc(), 1000).run();

    assertThat(swept.expired()).isEqualTo(1500);
    assertThat(swept.refused()).isEmpty();
  }

  @Test
  void allExpireOnceALockIsFree() throws Exception {
    new Approvals(database).due(300);
    limit("lock_timeout", "50ms");
    database.execute(
        """
        CREATE TABLE counter (n int);
        INSERT INTO counter VALUES (0);
        GRANT SELECT, UPDATE ON counter TO lapse_service;
        CREATE FUNCTION count_it() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN UPDATE counter SET n = n + 1; RETURN NEW; END $$;
        CREATE TRIGGER count_it BEFORE UPDATE ON ai_approvals
          FOR EACH ROW EXECUTE FUNCTION count_it()
        """);
    Sweep sweep = Sweeps.of(database.serviceJdbc(), 100);
    try (Connection other = database.connect();
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      statement.execute("SELECT n FROM counter FOR UPDATE");
      assertThatThrownBy(sweep::run).rootCause().hasMessageContaining("lock timeout");
      other.rollback();
      other.setAutoCommit(true);
    }

    assertThat(sweep.run().expired()).isEqualTo(300);
  }

  @Test
  void growsAgainOnceABatchTakesAQuarterOfThat() {
    BatchPace pace = new BatchPace(1000);
    pace.cancelled(1000, Duration.ofSeconds(3).toNanos(), "slow");
    pace.cancelled(500, Duration.ofSeconds(3).toNanos(), "slow");
    assertThat(pace.limit()).isEqualTo(250);

    pace.done(Duration.ofSeconds(1).toNanos());
    assertThat(pace.limit()).isEqualTo(250);
    pace.done(Duration.ofMillis(700).toNanos());
    pace.done(Duration.ofMillis(700).toNanos());
    pace.done(Duration.ofMillis(700).toNanos());

    assertThat(pace.limit()).isEqualTo(1000);
  }

  private void limit(String setting, String value) {
    String name = database.jdbc().sql("SELECT current_database()").query(String.class).single();
    database.execute(
        "ALTER ROLE lapse_service IN DATABASE %s SET %s = '%s'".formatted(name, setting, value));
  }
}
