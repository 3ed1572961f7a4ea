package dev.lapse.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lapse.kafka.KafkaSettings;
import dev.lapse.loop.Loop;
import dev.lapse.support.EventConsumer;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A take-over that lasts longer than the group waits keeps the lead, and ends by itself. */
class LongTakeOverIT {

  private static final int ROWS = 12_000;

  private final TestDatabase database = TestDatabase.migrated();
  private final String name = TestRelay.freshName();

  @AfterEach
  void stop() {
    database.close();
  }

  @Test
  void endsWithTwoInstancesThoughItLastsLongerThanTheGroupWaits() {
    database.execute(
        """
        INSERT INTO outbox (type, key, payload)
        SELECT 'Noted', 'a', '{}' FROM generate_series(1, %d);
        UPDATE outbox SET xact_id = '4000000000';
        CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_sleep(0.001); RETURN NEW; END $$;
        CREATE TRIGGER slow BEFORE UPDATE ON outbox FOR EACH ROW EXECUTE FUNCTION slow()
        """
            .formatted(ROWS));
    KafkaSettings kafka =
        new KafkaSettings(
            Servers.kafka().bootstrapServers(),
            3,
            (short) 1,
            "none",
            Map.of("max.poll.interval.ms", "6500"));
    try (TestRelay one = TestRelay.of(kafka, database, name, Map.of());
        TestRelay two = TestRelay.of(kafka, database, name, Map.of());
        EventConsumer consumer = one.consumer()) {
      List<Loop> loops = List.of(new Loop("relay", one.step), new Loop("relay", two.step));
      loops.forEach(Loop::start);
      try {
        await()
            .atMost(Duration.ofMinutes(1))
            .until(
                () ->
                    List.of(one, two).stream()
                        .map(relay -> relay.step.status().takingOver())
                        .anyMatch(doing -> doing != null && doing.contains("restamping")));
        await()
            .atMost(Duration.ofMinutes(1))
            .until(() -> database.count("SELECT count(*) FROM restamp") == 1);
        await()
            .atMost(Duration.ofMinutes(2))
            .until(() -> one.step.status().publishedId() + two.step.status().publishedId() >= ROWS);
      } finally {
        loops.forEach(Loop::stop);
      }
      assertThat(consumer.await(ROWS)).hasSize(ROWS);
      assertThat(one.heard.fenced + two.heard.fenced).isZero();
    }
    assertThat(database.count("SELECT count(*) FROM outbox WHERE xact_id <> '2'")).isZero();
    assertThat(database.count("SELECT count(*) FROM restamp")).isZero();
  }
}
