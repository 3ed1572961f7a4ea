package dev.lapse.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.audit.KafkaAudit;
import dev.lapse.audit.KafkaFindings;
import dev.lapse.event.EventEncoder;
import dev.lapse.kafka.KafkaAccess;
import dev.lapse.replay.Plan;
import dev.lapse.replay.Replay;
import dev.lapse.replay.Replays;
import dev.lapse.replay.Request;
import dev.lapse.replay.Selection;
import dev.lapse.support.Outbox;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * What waits behind a dead letter, as replays and the audit see it: not by its id, since what
 * commits late may lie on either side of the letter.
 */
class WaitingIT {

  private static final String INSERT = "INSERT INTO outbox (type, key, payload) VALUES ";
  private static final String TAKEN = INSERT + "('Noted', 'b', '{}')";
  private static final String REFUSED = INSERT + "('OfNoTopic', 'b', '{}')";

  private final TestDatabase database = TestDatabase.migrated();
  private final TestRelay relay = TestRelay.of(database);
  private final KafkaAccess kafka = new KafkaAccess(Servers.kafka().bootstrapServers(), Map.of());

  @AfterEach
  void stop() {
    relay.close();
    database.close();
  }

  @Test
  void aStragglerBelowTheDeadLetterWaits() throws Exception {
    publishLate(TAKEN, REFUSED);
    new Outbox(database).append("a");
    publishAll();

    assertThat(publishedOfB().events()).isZero();
    assertThat(waiting()).isEqualTo(new Plan(2, waiting().bytes(), 1, 2));
    assertThat(audit().missing().getFirst()).isEmpty();
    assertThat(audit().waiting()).isEqualTo(2);
  }

  @Test
  void whatWasPublishedBeforeAStragglerWasRefusedDoesNotWait() throws Exception {
    publishLate(REFUSED, TAKEN);
    new Outbox(database).append("b");
    publishAll();

    assertThat(publishedOfB()).isEqualTo(new Plan(1, publishedOfB().bytes(), 2, 2));
    assertThat(waiting()).isEqualTo(new Plan(2, waiting().bytes(), 1, 3));
    assertThat(audit().missing().getFirst()).isEmpty();
    assertThat(audit().waiting()).isEqualTo(2);
  }

  /** Publishes the second record before the first one's transaction commits. */
  private void publishLate(String first, String second) throws Exception {
    try (Connection late = database.connect();
        Statement statement = late.createStatement()) {
      late.setAutoCommit(false);
      statement.execute(first);
      database.execute(second);
      relay.drain();
      late.commit();
      late.setAutoCommit(true);
    }
    relay.drain();
  }

  /** And leaves a checkpoint that says so. */
  private void publishAll() throws Exception {
    relay.drain();
    relay.close();
  }

  private Plan publishedOfB() throws Exception {
    return plan(new Selection(null, null, null, null, "b", null, false), null);
  }

  private Plan waiting() throws Exception {
    return plan(
        new Selection(null, null, null, null, null, null, true),
        relay.settings.topics().get("Noted"));
  }

  private Plan plan(Selection selection, @Nullable String toTopic) throws Exception {
    return new Replay(
            database.dataSource(),
            new Replays(database.jdbc()),
            kafka,
            new EventEncoder(relay.settings.source(), relay.settings.topics()),
            relay.settings.name())
        .plan(new Request(selection, 0, toTopic, 0, 100, true, "test"), new CountDownLatch(1))
        .orElseThrow();
  }

  private KafkaFindings audit() throws Exception {
    return new KafkaAudit(
            kafka,
            database.jdbc(),
            relay.settings.name(),
            relay.settings.source(),
            relay.settings.topics())
        .run(null, null, Duration.ofMinutes(1), false);
  }
}
