package dev.lapse.retention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.kafka.KafkaAccess;
import dev.lapse.outbox.Checkpoints;
import dev.lapse.status.Status;
import dev.lapse.status.StatusReader;
import dev.lapse.support.Roles;
import dev.lapse.support.TestDatabase;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/**
 * Published records that are older than the retention period go; one that is not published, or that
 * waits behind a dead letter, never does.
 */
class RetentionIT {

  private static final Status.Look ALL = new Status.Look(100, 0, 0);

  private final TestDatabase database = TestDatabase.migrated();
  private final AtomicLong heard = new AtomicLong();
  private final AtomicLong later = new AtomicLong();
  private final RetentionStep step =
      new RetentionStep(
          new Purge(database.serviceJdbc()),
          new Checkpoints(database.serviceJdbc()),
          new RetentionSettings(true, Duration.ofDays(7), Duration.ofMinutes(1), 10),
          heard::addAndGet,
          () -> System.nanoTime() + later.get());

  @AfterEach
  void stop() {
    database.close();
  }

  @Test
  void deletesWhatIsOldAndPublished() {
    append(25, "8 days", "a");
    append(5, "6 days", "a");
    published(30, snapshot(), "[]");

    pass();

    assertThat(ids()).isEqualTo("26-30");
    assertThat(heard).hasValue(25);
  }

  /** By which an audit tells it from what somebody else deleted. */
  @Test
  void notesHowFarItPurged() {
    append(12, "9 days", "a");
    append(12, "8 days", "b");
    append(12, "10 days", "a");
    append(12, "6 days", "a");
    published(48, snapshot(), "[]");
    pass();
    append(1, "8 days", "a");
    pass();

    assertThat(
            database.count(
                """
                SELECT count(*) FROM retention
                WHERE purged_id = 36
                  AND purged_occurred_at BETWEEN now() - interval '8 days 1 hour'
                                             AND now() - interval '8 days'
                """))
        .isOne();
  }

  @Test
  void keepsWhatIsNotPublishedHoweverOld() {
    append(30, "8 days", "a");
    published(20, snapshot(), "[]");

    pass();

    // Its own row, by which the relay recognises its database, and what is above it.
    assertThat(ids()).isEqualTo("20-30");
  }

  @Test
  void keepsWhatOneOfTwoRelaysHasNotPublished() {
    append(30, "8 days", "a");
    published(30, snapshot(), "[]");
    published("another", 12, snapshot(), "[]");

    pass();

    assertThat(ids()).isEqualTo("12-30");
  }

  /** As after lapse.relay.name was changed. */
  @Test
  @ExtendWith(OutputCaptureExtension.class)
  void saysOnceWhichRelayHoldsItUpAndHowToMendIt(CapturedOutput log) {
    append(30, "8 days", "a");
    published(30, snapshot(), "[]");
    published("bob''s", 12, snapshot(), "[]");
    pass();
    assertThat(log).doesNotContain("relay=bob's");

    database.execute(
        """
        UPDATE relay_checkpoint SET written_at = now() - interval '25 h' WHERE relay <> 'lapse'
        """);
    pass();
    pass();

    assertThat(log)
        .containsOnlyOnce("relay=bob's publishedId=12")
        .contains("DELETE FROM relay_checkpoint WHERE relay = 'bob''s'")
        .doesNotContain("relay=lapse");
  }

  /** Where nothing is published, no checkpoint is written. */
  @Test
  @ExtendWith(OutputCaptureExtension.class)
  void saysNothingOfARelayThatHasNothingToPublish(CapturedOutput log) {
    published("idle", 30, snapshot(), "[]");
    published(30, snapshot(), "[]");
    database.execute(
        """
        UPDATE relay_checkpoint SET written_at = now() - interval '9 days' WHERE relay = 'idle'
        """);

    pass();

    assertThat(log).doesNotContain("relay=idle");
  }

  @Test
  void keepsAStragglerBelowThePosition() throws Exception {
    try (Connection late = database.connect();
        Statement statement = late.createStatement()) {
      late.setAutoCommit(false);
      statement.execute(insert(1, "8 days", "late"));
      append(29, "8 days", "a");
      String before = snapshot();
      late.commit();
      late.setAutoCommit(true);
      published(30, before, "[]");
    }

    pass();

    assertThat(ids()).isEqualTo("1-30");
    assertThat(count("key = 'late'")).isOne();
    assertThat(count("true")).isEqualTo(2);
  }

  @Test
  void keepsAKeyThatWaitsBehindADeadLetter() {
    append(12, "8 days", "waits");
    append(12, "8 days", "a");
    append(1, "8 days", "end");
    published(25, snapshot(), "[{\"key\": \"waits\"}]");

    pass();

    assertThat(count("key = 'waits'")).isEqualTo(12);
    assertThat(count("key = 'a'")).isZero();
  }

  @Test
  void deletesNothingWhereNoRelayHasLeftACheckpoint() {
    append(30, "8 days", "a");

    pass();

    assertThat(ids()).isEqualTo("1-30");
  }

  @Test
  void leavesItToAnotherInstanceThatIsAtIt() throws Exception {
    append(30, "8 days", "a");
    published(30, snapshot(), "[]");
    try (Connection other = database.connect();
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      statement.execute("SELECT one FROM retention FOR UPDATE");
      pass();
      assertThat(ids()).isEqualTo("1-30");
      other.rollback();
      other.setAutoCommit(true);
    }

    pass();
    assertThat(ids()).isEqualTo("30-30");
  }

  /** An advisory lock could be taken by anybody, and kept. */
  @Test
  void isHeldUpByNobodyButTheOwner() throws Exception {
    append(30, "8 days", "a");
    published(30, snapshot(), "[]");
    for (String role : List.of(Roles.SERVICE, Roles.APPLICATION, Roles.READER)) {
      try (Connection session = database.connectAs(role);
          Statement statement = session.createStatement()) {
        statement.execute("SELECT pg_advisory_lock(hashtext('lapse.retention'))");
        for (String lock :
            List.of(
                "SELECT one FROM retention FOR KEY SHARE",
                "SELECT one FROM retention FOR UPDATE",
                "BEGIN; LOCK TABLE retention IN SHARE MODE")) {
          assertThatThrownBy(() -> statement.execute(lock))
              .hasMessageContaining("permission denied");
          statement.execute("ROLLBACK");
        }
      }
    }
    try (Connection reader = database.connectAs(Roles.READER);
        Statement statement = reader.createStatement()) {
      statement.execute("SELECT pg_advisory_lock(hashtext('lapse.retention'))");

      pass();
    }

    assertThat(ids()).isEqualTo("30-30");
  }

  @Test
  @ExtendWith(OutputCaptureExtension.class)
  void saysOnceWhenItIsHeldUpForLong(CapturedOutput log) throws Exception {
    append(30, "8 days", "a");
    published(30, snapshot(), "[]");
    try (Connection other = database.connect();
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      statement.execute("SELECT one FROM retention FOR UPDATE");
      pass();
      assertThat(log).doesNotContain("Purging waits");
      later.addAndGet(Duration.ofMinutes(10).toNanos());
      pass();
      pass();
      long holder = database.count("SELECT pid FROM (" + RetentionStep.WHO_HOLDS_IT + ") holder");
      try (var row = statement.executeQuery("SELECT pg_backend_pid()")) {
        row.next();
        assertThat(row.getLong(1)).isEqualTo(holder);
      }
      other.rollback();
      other.setAutoCommit(true);
    }

    assertThat(log).containsOnlyOnce("Purging waits: another session holds");
    pass();
    assertThat(ids()).isEqualTo("30-30");
  }

  @Test
  void restsBetweenBatchesAndLooksAgainLater() {
    append(25, "8 days", "a");
    published(25, snapshot(), "[]");

    assertThat(step.runOnce()).isBetween(Duration.ofNanos(1), Duration.ofSeconds(50));
    assertThat(step.runOnce()).isBetween(Duration.ofNanos(1), Duration.ofSeconds(50));
    assertThat(step.runOnce()).isEqualTo(Duration.ofMinutes(1));
    append(25, "8 days", "a");
    published(50, snapshot(), "[]");
    pass();

    assertThat(ids()).isEqualTo("50-50");
  }

  /** What was spared lies behind where the last pass ended. */
  @Test
  void looksAtWhatItSparedAgainWithinAnHour() {
    append(1, "8 days", "waiting");
    append(25, "8 days", "a");
    published(26, snapshot(), "[{\"id\": 1, \"key\": \"waiting\"}]");
    pass();
    published(26, snapshot(), "[]");
    pass();
    assertThat(ids()).isEqualTo("1-26");

    later.addAndGet(Duration.ofHours(1).toNanos());
    pass();
    pass();

    assertThat(ids()).isEqualTo("26-26");
  }

  /** Nor does it raise the alert of a purge that does not keep up. */
  @Test
  void theRecordThatStaysForTheRelayIsNotOneToPurge() {
    StatusReader status =
        new StatusReader(
            database.serviceJdbc(),
            ApprovalsTable.standard(),
            new KafkaAccess("127.0.0.1:1", Map.of()),
            "lapse");
    append(20, "9 days", "a");
    published(20, snapshot(), "[]");
    assertThat(status.database(ALL).oldestRecordSeconds()).isGreaterThan(8 * 86_400);

    pass();

    assertThat(ids()).isEqualTo("20-20");
    assertThat(status.database(ALL).oldestRecordId()).isEqualTo(20);
    assertThat(status.database(ALL).oldestRecordSeconds()).isNull();

    published("another", 20, snapshot(), "[]");
    append(5, "8 days", "a");
    published(25, snapshot(), "[]");
    pass();
    assertThat(status.database(ALL).oldestRecordSeconds())
        .as("what a relay that has stopped keeps")
        .isGreaterThan(7 * 86_400);
  }

  private void pass() {
    while (!step.runOnce().equals(Duration.ofMinutes(1))) {
      // the next batch
    }
  }

  private void append(int count, String age, String key) {
    database.execute(insert(count, age, key));
  }

  private static String insert(int count, String age, String key) {
    return ("INSERT INTO outbox (type, key, payload, occurred_at)"
            + " SELECT 'Noted', '%s', '{}', now() - interval '%s' FROM generate_series(1, %d)")
        .formatted(key, age, count);
  }

  private String snapshot() {
    return database.jdbc().sql("SELECT pg_current_snapshot()::text").query(String.class).single();
  }

  private void published(long id, String snapshot, String deadLetters) {
    published("lapse", id, snapshot, deadLetters);
  }

  private void published(String relay, long id, String snapshot, String deadLetters) {
    database.execute("DELETE FROM relay_checkpoint WHERE relay = '%s'".formatted(relay));
    database.execute(
        ("INSERT INTO relay_checkpoint (relay, published_id, snapshot, dead_letters,"
                + " system_identifier, timeline, lsn, written_lsn)"
                + " VALUES ('%s', %d, '%s', '%s', 1, 1, '0/1', '0/1')")
            .formatted(relay, id, snapshot, deadLetters));
  }

  private String ids() {
    return database
        .jdbc()
        .sql("SELECT min(id) || '-' || max(id) FROM outbox")
        .query(String.class)
        .single();
  }

  private long count(String condition) {
    return database.count("SELECT count(*) FROM outbox WHERE " + condition);
  }
}
