package dev.lapse.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lapse.loop.LoopStatus;
import dev.lapse.operations.health.RelayHealth;
import dev.lapse.outbox.DeadLetters;
import dev.lapse.support.EventConsumer;
import dev.lapse.support.EventConsumer.Event;
import dev.lapse.support.KafkaChanges;
import dev.lapse.support.Logged;
import dev.lapse.support.Outbox;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.health.contributor.Health;

/**
 * An event that Kafka refuses holds up what follows under its key, and nothing else; once its cause
 * is mended and it is requeued, it and all that waited come, in order.
 */
class DeadLetterIT {

  private static final int PAGE = 50;

  private final TestDatabase database = TestDatabase.migrated();
  private final Outbox outbox = new Outbox(database);
  private final DeadLetters deadLetters = new DeadLetters(database.serviceJdbc());
  private final String name = TestRelay.freshName();
  private final String topic = name + ".noted";
  private TestRelay relay = TestRelay.of(database, name, PAGE);
  private Admin admin;
  private EventConsumer consumer;

  @BeforeEach
  void start() throws Exception {
    admin =
        Admin.create(
            Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, Servers.kafka().bootstrapServers()));
    KafkaChanges.create(admin, new NewTopic(topic, 3, (short) 1));
    limitMessagesTo(2000);
    consumer = EventConsumer.ofTopics(Servers.kafka().bootstrapServers(), Set.of(topic));
  }

  @AfterEach
  void stop() {
    consumer.close();
    admin.close();
    relay.close();
    database.close();
  }

  @Test
  void holdsUpItsKeyAndNoOther() throws Exception {
    List<String> a = append("a", 2);
    List<String> b = append("b", 1);
    String poison = appendLarge("b");
    List<String> waiting = append("b", 3);
    a.addAll(append("a", 2));
    List<String> c = append("c", 2);

    relay.drain();

    assertThat(receivedBy("a", 4)).isEqualTo(a);
    assertThat(receivedBy("c", 2)).isEqualTo(c);
    assertThat(receivedBy("b", 1)).isEqualTo(b);
    assertThat(relay.step.status().deadLetters()).isEqualTo(1);
    assertThat(deadLetters.list())
        .singleElement()
        .satisfies(
            letter -> {
              assertThat(letter.id()).isEqualTo(idOf(poison));
              assertThat(letter.reason()).contains("larger than");
              assertThat(letter.refusedAt())
                  .isAfter(OffsetDateTime.now(ZoneOffset.UTC).minusMinutes(5));
            });

    limitMessagesTo(1_000_000);
    b.add(poison);
    b.addAll(waiting);
    b.addAll(append("b", 1)); // written while the key still waits
    requeueAll();

    assertThat(receivedBy("b", 6)).isEqualTo(b);
    assertThat(deadLetters.list()).isEmpty();
    b.addAll(append("b", 1));
    relay.drain();
    assertThat(receivedBy("b", 7)).isEqualTo(b);
    assertThat(consumer.received()).hasSize(13);
  }

  @Test
  void waitsOnUnderAnotherLeader() throws Exception {
    List<String> b = append("b", 1);
    b.add(appendLarge("b"));
    relay.drain();
    relay.close();
    b.addAll(append("b", 2));
    append("a", 1);

    relay = TestRelay.of(database, name, PAGE);
    relay.drain();

    assertThat(receivedBy("b", 1)).hasSize(1);
    limitMessagesTo(1_000_000);
    requeueAll();
    assertThat(receivedBy("b", 4)).isEqualTo(b);
  }

  @Test
  void isADeadLetterAgainWhenNothingWasMended() throws Exception {
    String poison = appendLarge("b");
    List<String> waiting = append("b", 2);
    relay.drain();
    OffsetDateTime first = deadLetters.list().get(0).refusedAt();

    requeue();
    runUntil(
        () -> deadLetters.list().stream().allMatch(letter -> letter.refusedAt().isAfter(first)));

    assertThat(deadLetters.list())
        .singleElement()
        .satisfies(letter -> assertThat(letter.requeuedAt()).isNull());
    limitMessagesTo(1_000_000);
    requeueAll();
    assertThat(receivedBy("b", 3)).containsExactly(poison, waiting.get(0), waiting.get(1));
  }

  /** With nothing of its key behind it, so that what is tried again is all that waits. */
  @Test
  void isADeadLetterAgainWhenItIsAlone() throws Exception {
    appendLarge("b");
    relay.drain();
    OffsetDateTime first = deadLetters.list().get(0).refusedAt();

    requeue();
    runUntil(() -> deadLetters.list().get(0).refusedAt().isAfter(first));

    assertThat(deadLetters.list().get(0).requeuedAt()).isNull();
  }

  @Test
  void whatComesBeforeOneTooManyIsPublished() throws Exception {
    for (int i = 0; i < TestRelay.MAX_DEAD_LETTERS; i++) {
      insert("'Surprise', NULL, 'key %d', '{}'".formatted(i));
    }
    relay.drain();
    append("good", 3);
    insert("'Surprise', NULL, 'one too many', '{}'");

    assertThatThrownBy(relay::drain).hasMessageContaining("lapse.relay.max-dead-letters");

    assertThat(receivedBy("good", 3)).hasSize(3);
  }

  @Test
  void keepsTheOrderThroughASecondOneAndPagesOfWhatWaits() throws Exception {
    List<String> b = new ArrayList<>();
    b.add(appendLarge("b", 3000));
    relay.drain();
    b.addAll(append("b", 2 * PAGE));
    b.add(appendLarge("b", 6000));
    b.addAll(append("b", 2 * PAGE));
    append("a", 1);
    relay.drain();
    assertThat(receivedBy("b", 0)).isEmpty();

    limitMessagesTo(4000);
    requeue();
    runUntil(() -> deadLetters.list().get(0).id() == idOf(b.get(2 * PAGE + 1)));

    assertThat(receivedBy("b", 2 * PAGE + 1)).isEqualTo(b.subList(0, 2 * PAGE + 1));
    limitMessagesTo(1_000_000);
    requeueAll();
    assertThat(receivedBy("b", b.size())).isEqualTo(b);
  }

  /** Of the waiting key itself: neither lost because it is late, nor sent before its turn. */
  @Test
  void whatCommitsLateWaitsToo() throws Exception {
    append("b", 1);
    try (Connection late = database.connect();
        Connection later = database.connect();
        Statement statement = late.createStatement();
        Statement laterStatement = later.createStatement()) {
      late.setAutoCommit(false);
      later.setAutoCommit(false);
      statement.execute("INSERT INTO outbox (type, key, payload) VALUES ('Noted', 'b', '{}')");
      laterStatement.execute("INSERT INTO outbox (type, key, payload) VALUES ('Noted', 'b', '{}')");
      appendLarge("b", 3000);
      append("b", PAGE + 10);
      appendLarge("b", 6000);
      relay.drain();
      late.commit();
      relay.drain();
      assertThat(receivedBy("b", 1)).hasSize(1);

      limitMessagesTo(4000);
      long first = deadLetters.list().get(0).id();
      requeue();
      runUntil(() -> deadLetters.list().get(0).id() > first);
      later.commit();
      relay.drain();
      late.setAutoCommit(true);
      later.setAutoCommit(true);
    }
    assertThat(receivedBy("b", PAGE + 13)).hasSize(PAGE + 13);

    limitMessagesTo(1_000_000);
    requeueAll();

    assertThat(receivedBy("b", PAGE + 15)).containsExactlyInAnyOrderElementsOf(outbox.eventIds());
  }

  @Test
  void getsPastSeveralOnesInOnePageAndAmongStragglers() throws Exception {
    try (Connection late = database.connect();
        Statement statement = late.createStatement()) {
      late.setAutoCommit(false);
      for (int i = 0; i < 2 * PAGE; i++) {
        statement.execute(
            "INSERT INTO outbox (type, key, payload) VALUES ('Noted', 'k%d', %s)"
                .formatted(i % 10, i == PAGE + 20 || i == 3 ? LARGE.formatted(3000) : "'{}'"));
      }
      append("early", 5);
      relay.drain();
      late.commit();
      late.setAutoCommit(true);
    }
    appendLarge("x");
    appendLarge("y");
    append("z", 3);

    relay.drain();

    assertThat(deadLetters.list()).hasSize(4);
    limitMessagesTo(1_000_000);
    requeueAll();
    assertThat(consumer.await(2 * PAGE + 10))
        .extracting(Event::id)
        .containsExactlyInAnyOrderElementsOf(outbox.eventIds());
    IntStream.range(0, 10)
        .forEach(k -> assertThat(receivedBy("k" + k, 10)).as("k" + k).isEqualTo(written("k" + k)));
  }

  @Test
  void isOfATypeThatNobodyConfiguredOrForATopicThatKafkaDoesNotTake() throws Exception {
    KafkaChanges.create(admin, new NewTopic(name + ".a.b", 1, (short) 1));
    insert("'Surprise', NULL, 'a', '{\"secret\": 1}'");
    insert("'Noted', '%s.a_b', 'b', '{}'".formatted(name)); // collides in Kafka's metric names
    append("c", 1);

    relay.drain();

    assertThat(receivedBy("c", 1)).hasSize(1);
    assertThat(deadLetters.list())
        .extracting(DeadLetters.Row::reason)
        .satisfiesExactly(
            reason ->
                assertThat(reason)
                    .contains("Surprise", "lapse.relay.topics[Surprise]")
                    .doesNotContain("secret"),
            reason -> assertThat(reason).contains("Kafka rejects the topic", "collides"));
  }

  /** It is hidden in Kafka's list of topics, and can be written to by nobody. */
  @Test
  void isForATopicOfKafkasOwn() throws Exception {
    insert("'Noted', '__consumer_offsets', 'a', '{}'");
    append("b", 3);

    relay.drain();

    assertThat(receivedBy("b", 3)).hasSize(3);
    assertThat(deadLetters.list()).hasSize(1);
  }

  /** The extent of what was published reaches beyond the position then. */
  @Test
  void isReleasedOnceAfterTheIdsBeganAnew() throws Exception {
    append("a", 299);
    appendLarge("b");
    relay.drain();
    database.execute("TRUNCATE outbox RESTART IDENTITY");
    append("a", 1);
    relay.drain();
    for (int i = 0; i < 20; i++) {
      append("a", 2 * PAGE / 10);
      append("b", 1);
    }
    limitMessagesTo(1_000_000);

    requeue();
    runUntil(() -> relay.step.status().deadLetters() == 0);
    relay.drain();

    assertThat(receivedBy("b", 20)).isEqualTo(written("b"));
  }

  @Test
  void stopsTheRelayWhereThereAreMoreThanExceptions() throws Exception {
    for (int i = 0; i <= TestRelay.MAX_DEAD_LETTERS; i++) {
      appendLarge("key " + i);
    }
    append("behind", 1);

    assertThatThrownBy(relay::drain)
        .hasMessageContainingAll("lapse.relay.max-dead-letters", "larger than")
        .satisfies(e -> relay.step.recover((Exception) e));

    limitMessagesTo(1_000_000);
    relay.close();
    relay = TestRelay.of(database, name, PAGE);
    relay.drain();
    requeueAll();
    assertThat(consumer.await(TestRelay.MAX_DEAD_LETTERS + 2))
        .extracting(Event::id)
        .containsExactlyInAnyOrderElementsOf(outbox.eventIds());
  }

  /** A leader that was fenced may write late, and a person may delete. */
  @Test
  void isShownAsThePositionHasIt() throws Exception {
    append("a", 1);
    appendLarge("b");
    relay.drain();
    List<DeadLetters.Row> rows = deadLetters.list();
    database.execute("DELETE FROM dead_letter");
    database.execute(
        ("INSERT INTO dead_letter (relay, key, id, event_id, type, reason, refused_at, requeued_at)"
                + " VALUES ('%s', 'a', 1, gen_random_uuid(), 'Noted', '', now(), now())")
            .formatted(name));

    runUntil(() -> deadLetters.list().equals(rows));

    limitMessagesTo(1_000_000);
    requeueAll();
    assertThat(receivedBy("b", 1)).hasSize(1);
    assertThat(deadLetters.list()).isEmpty();
  }

  /** What is for people's eyes never blocks what is for Kafka: refused, or locked by somebody. */
  @Test
  void stopsNobodyWhereItCannotBeShown() throws Exception {
    database.execute("ALTER TABLE dead_letter ADD CONSTRAINT none CHECK (false) NOT VALID");
    try (Logged logged = Logged.by(Parking.class)) {
      appendLarge("b");
      append("a", 1);
      relay.drain();
      runUntil(() -> relay.step.status().hiddenLetters() != null);
      append("a", 1);
      relay.drain();

      assertThat(receivedBy("a", 2)).hasSize(2);
      assertThat(deadLetters.list()).isEmpty();
      Health health = RelayHealth.of(new LoopStatus.Running(), relay.step.status());
      assertThat(health.getStatus().getCode()).isEqualTo("DEGRADED");
      assertThat(health.getDetails().get("reason")).asString().contains("dead_letter", "none");

      try (Connection other = database.connect();
          Statement statement = other.createStatement()) {
        database.execute("ALTER TABLE dead_letter DROP CONSTRAINT none");
        other.setAutoCommit(false);
        statement.execute("LOCK TABLE dead_letter");
        relay.close();
        relay = TestRelay.of(database, name, PAGE); // must look at once
        append("a", 1);
        relay.drain();
        assertThat(receivedBy("a", 3)).hasSize(3);
        assertThat(relay.step.status().hiddenLetters()).contains("canceling statement");
        other.rollback();
        other.setAutoCommit(true);
      }
      runUntil(() -> relay.step.status().hiddenLetters() == null);

      assertThat(deadLetters.list()).hasSize(1);
      assertThat(logged.warnings())
          .filteredOn(line -> line.contains("Cannot read or write the table dead_letter"))
          .as("once for each relay")
          .hasSize(2);
    }
    limitMessagesTo(1_000_000);
    requeueAll();
    assertThat(receivedBy("b", 1)).hasSize(1);
  }

  @Test
  void saysSoWhenItWasDeletedFromTheOutbox() throws Exception {
    String poison = appendLarge("b");
    List<String> waiting = append("b", 2);
    relay.drain();
    database.execute("DELETE FROM outbox WHERE event_id = '%s'".formatted(poison));

    try (Logged logged = Logged.by(Term.class)) {
      requeueAll();

      assertThat(logged.warnings())
          .singleElement()
          .asString()
          .contains("deleted from the outbox", "type=Noted");
    }
    assertThat(receivedBy("b", 2)).isEqualTo(waiting);
  }

  @Test
  void goesBackWithThePosition() throws Exception {
    append("b", 1);
    appendLarge("b");
    append("a", 1);
    relay.drain();
    relay.close();
    KafkaChanges.delete(admin, name + ".position");
    append("b", 2);

    relay = TestRelay.of(database, name, PAGE);
    relay.drain();

    assertThat(receivedBy("b", 1)).hasSize(1);
    limitMessagesTo(1_000_000);
    requeueAll();
    assertThat(receivedBy("b", 4)).isEqualTo(written("b"));
    assertThat(consumer.received()).hasSize(5);
  }

  private static final String LARGE = "json_build_object('text', repeat('x', %d))";

  private List<String> append(String key, int count) {
    return new ArrayList<>(outbox.append(count, key).stream().map(Object::toString).toList());
  }

  private String appendLarge(String key) {
    return appendLarge(key, 3000);
  }

  private String appendLarge(String key, int size) {
    return database
        .jdbc()
        .sql(
            "INSERT INTO outbox (type, key, payload) VALUES ('Noted', :key, %s) RETURNING event_id"
                .formatted(LARGE.formatted(size)))
        .param("key", key)
        .query(String.class)
        .single();
  }

  private void insert(String values) {
    database.execute(
        "INSERT INTO outbox (type, topic, key, payload) VALUES (%s)".formatted(values));
  }

  private long idOf(String event) {
    return database.count("SELECT id FROM outbox WHERE event_id = '%s'".formatted(event));
  }

  private List<String> written(String key) {
    return database
        .jdbc()
        .sql("SELECT event_id::text FROM outbox WHERE key = :key ORDER BY id")
        .param("key", key)
        .query(String.class)
        .list();
  }

  private void limitMessagesTo(int bytes) throws Exception {
    KafkaChanges.set(admin, topic, "max.message.bytes", Integer.toString(bytes));
  }

  private void requeue() {
    assertThat(deadLetters.requeue(null)).isPositive();
  }

  /** Asks for another try of all, and runs until nothing waits any more. */
  private void requeueAll() throws Exception {
    requeue();
    runUntil(() -> relay.step.status().deadLetters() == 0);
    relay.drain();
  }

  private interface Condition {
    boolean holds() throws Exception;
  }

  private void runUntil(Condition condition) throws Exception {
    long deadline = System.nanoTime() + Duration.ofMinutes(1).toNanos();
    while (!condition.holds()) {
      relay.step.runOnce();
      assertThat(System.nanoTime()).as("%s", deadLetters.list()).isLessThan(deadline);
    }
  }

  /** The event ids of a key in the order they were received. */
  private List<String> receivedBy(String key, int count) {
    long deadline = System.nanoTime() + Duration.ofMinutes(1).toNanos();
    while (ids(key).size() < count && System.nanoTime() < deadline) {
      consumer.poll(Duration.ofMillis(100));
    }
    consumer.poll(Duration.ofMillis(200));
    return ids(key);
  }

  private List<String> ids(String key) {
    return consumer.received().stream()
        .filter(event -> event.key().equals(key))
        .map(Event::id)
        .toList();
  }
}
