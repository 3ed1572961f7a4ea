package dev.lapse.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lapse.pause.Part;
import dev.lapse.pause.Pauses;
import dev.lapse.support.EventConsumer;
import dev.lapse.support.EventConsumer.Event;
import dev.lapse.support.Outbox;
import dev.lapse.support.TestDatabase;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Publishing changes and locks no row of the outbox. */
class RelayIT {

  private final TestDatabase database = TestDatabase.migrated();
  private final Outbox outbox = new Outbox(database);
  private TestRelay relay;
  private EventConsumer consumer;

  @BeforeEach
  void start() {
    relay = TestRelay.of(database);
    consumer = relay.consumer();
  }

  @AfterEach
  void stop() {
    consumer.close();
    relay.close();
    database.close();
  }

  @Test
  void publishesWhatIsCommittedInOrder() throws Exception {
    List<String> ids = outbox.append(1200, "a").stream().map(Object::toString).toList();

    relay.drain();

    assertThat(consumer.await(1200)).extracting(Event::id).isEqualTo(ids);
  }

  @Test
  void publishesTheRowsOfATransactionThatCommitsLate() throws Exception {
    try (Connection late = database.connect();
        Statement statement = late.createStatement()) {
      late.setAutoCommit(false);
      statement.execute(
          "INSERT INTO outbox (type, key, payload) SELECT 'Noted', 'late', '{}' FROM"
              + " generate_series(1, 1200)");
      outbox.append(700, "early");
      relay.drain();
      assertThat(consumer.await(700)).hasSize(700).extracting(Event::key).containsOnly("early");

      late.commit();
      relay.drain();
    }

    assertThat(consumer.await(1900)).hasSize(1900).extracting(Event::id).doesNotHaveDuplicates();
  }

  @Test
  void publishesNothingWhilePausedAndAllOfItAfterwards() throws Exception {
    Pauses pauses = new Pauses(database.serviceJdbc());
    pauses.pause(Part.RELAY, "consumers are being mended");
    outbox.append(10, "a");

    relay.drain();

    assertThat(relay.step.status().leading()).isTrue();
    assertThat(relay.step.status().paused()).isNotNull();
    try (Admin admin = relay.clients.admin()) {
      assertThat(relay.positionTopic.last(admin)).as("not even taken over").isEmpty();
    }
    pauses.resume(Part.RELAY);
    await()
        .atMost(Duration.ofMinutes(1))
        .untilAsserted(
            () -> {
              relay.drain();
              assertThat(relay.step.status().paused()).isNull();
            });
    relay.drain();
    assertThat(consumer.await(10)).hasSize(10);
  }

  /** A pause may last, and the database be another one when it is over. */
  @Test
  void keepsNoPageThroughAPause() throws Exception {
    outbox.append(1200, "a");
    try (Admin admin = relay.clients.admin();
        Term term = relay.takeOver.begin(admin, progress -> {})) {
      assertThat(term.runOnce()).isEqualTo(new Term.Cycle(500, true));

      term.finish();

      assertThat(database.count("SELECT count(*) FROM relay_checkpoint")).isOne();
      database.execute("DELETE FROM outbox WHERE id > 500");
      assertThat(term.runOnce()).isEqualTo(new Term.Cycle(0, false));
    }
  }

  @Test
  void goesOnWhereItsPredecessorStopped() throws Exception {
    outbox.append(10, "a");
    relay.drain();
    relay.close();
    outbox.append(10, "b");

    try (TestRelay successor = TestRelay.of(database, relay.settings.name(), 500)) {
      successor.drain();
    }

    assertThat(consumer.await(20)).hasSize(20).extracting(Event::id).doesNotHaveDuplicates();
  }

  /** A changed row would be another version, a locked one would name who locked it. */
  @Test
  void publishingChangesAndLocksNoRowOfTheOutbox() throws Exception {
    outbox.append(1200, "a");
    String rows = "SELECT string_agg(ctid::text || xmin || xmax, ' ' ORDER BY id) FROM outbox";
    String before = database.jdbc().sql(rows).query(String.class).single();

    relay.drain();

    consumer.await(1200);
    assertThat(database.jdbc().sql(rows).query(String.class).single()).isEqualTo(before);
  }
}
