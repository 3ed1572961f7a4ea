package dev.lapse.status;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.kafka.KafkaAccess;
import dev.lapse.loop.Loop;
import dev.lapse.loop.Looping;
import dev.lapse.support.Roles;
import dev.lapse.support.TestDatabase;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The watch, in a database that does not take everything. */
class WatchStepIT {

  private final TestDatabase database = TestDatabase.migrated();
  private final Loop failing =
      new Loop(
          "failing",
          () -> {
            throw new IllegalStateException("the disk is full");
          });
  private final Looping looping = () -> failing;
  private final WatchStep watch =
      new WatchStep(
          new StatusReader(
              database.serviceJdbc(),
              ApprovalsTable.standard(),
              new KafkaAccess("127.0.0.1:1", Map.of()),
              "lapse"),
          () -> 0,
          new LastErrors(database.serviceJdbc()),
          () -> Stream.of(looping),
          new WatchSettings(
              true, Duration.ofSeconds(10), Duration.ofMinutes(10), Duration.ofMinutes(5)));

  @AfterEach
  void close() {
    failing.stop();
    database.close();
  }

  /** Or the metrics were blind, and said that PostgreSQL does not answer, where it only is full. */
  @Test
  void itsReadingStandsWhereLastErrorsCannotBeWritten() {
    fail();
    database.execute("REVOKE INSERT ON last_error FROM " + Roles.SERVICE);

    watch.runOnce();

    assertThat(watch.reading()).isPresent();
    assertThat(kept()).isZero();

    database.execute("GRANT INSERT ON last_error TO " + Roles.SERVICE);

    watch.runOnce();

    assertThat(kept()).isOne();
  }

  @Test
  void anErrorOfAHostWhoseClockIsAheadHidesNoneThatComesLater() {
    database.execute(
        """
        INSERT INTO last_error (loop, instance, reason, failed_at)
        VALUES ('failing', 'ahead', 'long ago', now() + interval '1 hour')
        """);
    fail();
    watch.runOnce();
    assertThat(kept()).isZero();

    database.execute("UPDATE last_error SET failed_at = now() - interval '1 hour'");
    watch.runOnce();

    assertThat(kept()).isOne();
  }

  private void fail() {
    failing.start();
    await().atMost(Duration.ofMinutes(1)).until(() -> failing.lastFailure().isPresent());
    failing.stop();
  }

  private long kept() {
    return database.count("SELECT count(*) FROM last_error WHERE reason LIKE '%disk%'");
  }
}
