package dev.lapse.approvals;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lapse.support.Command;
import dev.lapse.support.EventConsumer;
import dev.lapse.support.EventConsumer.Event;
import dev.lapse.support.LapseService;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.util.Arrays;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** In a database whose encoding is not UTF-8, Lapse works, or says beforehand that it cannot. */
class EncodingIT {

  private static final String APPROVALS =
      """
      CREATE TABLE ai_approvals (id text PRIMARY KEY, status text, version int, note text,
        expires_at timestamptz, executed_at timestamptz);
      INSERT INTO ai_approvals VALUES
        ('r\u00fcckfrage', 'offen', 1, 'f\u00fcr \u00a7 9', now() - interval '1 minute', NULL)
      """;

  /** Statuses are in the index, the triggers and each statement. */
  private static final String[] SETTINGS = {
    "--lapse.approvals.statuses.pending=offen",
    "--lapse.approvals.statuses.expired=\u00fcberf\u00e4llig",
    "--lapse.approvals.statuses.approved=erteilt",
    "--lapse.approvals.statuses.rejected=abgelehnt",
    "--lapse.approvals.attributes=note",
    "--lapse.kafka.topic-replication=1"
  };

  @ParameterizedTest
  @ValueSource(strings = {"LATIN1", "WIN1252"})
  void expiresAndPublishesItsText(String encoding) {
    String topic = "encoding-" + UUID.randomUUID() + ".expired";
    try (TestDatabase database = TestDatabase.encoded(Servers.postgres(), encoding)) {
      database.execute(APPROVALS);
      try (LapseService service = start(database, topic);
          EventConsumer consumer =
              EventConsumer.ofTopics(Servers.kafka().bootstrapServers(), Set.of(topic))) {
        Event event = awaitOne(service, consumer);

        JsonNode value = JsonMapper.builder().build().readTree(event.value());
        assertThat(event.key()).isEqualTo("r\u00fcckfrage");
        assertThat(value.get("status").stringValue()).isEqualTo("\u00fcberf\u00e4llig");
        assertThat(value.at("/attributes/note").stringValue()).isEqualTo("f\u00fcr \u00a7 9");
        assertThat(service.output()).doesNotContain("ERROR");
      }
    }
  }

  private static LapseService start(TestDatabase database, String topic) {
    String[] all = Arrays.copyOf(SETTINGS, SETTINGS.length + 2);
    all[SETTINGS.length] = "--lapse.relay.name=" + topic;
    all[SETTINGS.length + 1] = "--lapse.relay.topics.ApprovalExpired=" + topic;
    return LapseService.start(database, all);
  }

  private static Event awaitOne(LapseService service, EventConsumer consumer) {
    try {
      return consumer.await(1).get(0);
    } catch (AssertionError e) {
      throw new AssertionError(service.output(), e);
    }
  }

  /** Any bytes are text there, as a writer with another encoding sends them. */
  @Test
  void refusesSqlAscii() {
    try (TestDatabase database = TestDatabase.encoded(Servers.postgres(), "SQL_ASCII")) {
      assertRefuses(database, "migrate");
      assertThat(
              database.count(
                  "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"))
          .as("nothing is created")
          .isZero();

      database.execute(
          "CREATE TABLE ai_approvals (id text PRIMARY KEY, status text, version int,"
              + " expires_at timestamptz, executed_at timestamptz, note text)");
      database.execute(
          "INSERT INTO ai_approvals VALUES ('a', 'pending', 1, now(), NULL,"
              + " convert_from('\\xfc', 'SQL_ASCII'))");

      assertRefuses(database, "migrate");
      assertRefuses(database, "doctor");
      assertRefuses(database, "expire", "--dry-run");
      assertThat(database.count("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))
          .isEqualTo(1);
      // Why: such an event could be recorded, and not be read again.
      assertThatThrownBy(
              () ->
                  database
                      .jdbc()
                      .sql("SELECT to_json(note)::text FROM ai_approvals")
                      .query(String.class)
                      .single())
          .hasStackTraceContaining("invalid byte sequence for encoding \"UTF8\"");
    }
  }

  private static void assertRefuses(TestDatabase database, String... command) {
    Command refused = Command.run(database, command);
    assertThat(refused.exitCode()).as(refused.output()).isEqualTo(1);
    assertThat(refused.output()).contains("is SQL_ASCII").doesNotContain("\tat ");
  }

  @Test
  void remedyRuns() {
    try (TestDatabase database = TestDatabase.encoded(Servers.postgres(), "SQL_ASCII")) {
      String remedy = EncodingCheck.of(database.jdbc()).get(0).action();
      String name = database.jdbc().sql("SELECT current_database()").query(String.class).single();

      database.execute(remedy);

      assertThat(
              database.count(
                  "SELECT count(*) FROM pg_database WHERE datname = '%s_utf8' AND encoding = 6"
                      .formatted(name)))
          .isEqualTo(1);
      database.execute("DROP DATABASE " + name + "_utf8");
    }
  }

  /** PostgreSQL does not verify them where they are written, and cannot say what they are. */
  @Test
  void namesTheApprovalWhoseTextIsNoCharacterAndPublishesTheOthers() {
    String topic = "encoding-" + UUID.randomUUID() + ".expired";
    try (TestDatabase database = TestDatabase.encoded(Servers.postgres(), "WIN1252")) {
      database.execute(APPROVALS);
      database.execute(
          """
          INSERT INTO ai_approvals (id, status, version, expires_at, note)
          VALUES ('broken', 'offen', 1, now() - interval '1 hour',
                  convert_from('\\x8182', 'WIN1252'))
          """);
      try (LapseService service = start(database, topic);
          EventConsumer consumer =
              EventConsumer.ofTopics(Servers.kafka().bootstrapServers(), Set.of(topic))) {
        Event event = awaitOne(service, consumer);

        assertThat(event.key()).isEqualTo("r\u00fcckfrage");
        assertThat(service.output())
            .contains("Cannot expire approval; all others expire id=broken")
            .contains("has no equivalent in encoding \"UTF8\"");
      }
    }
  }
}
