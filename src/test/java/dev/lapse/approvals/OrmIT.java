package dev.lapse.approvals;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.lapse.support.EventConsumer;
import dev.lapse.support.EventConsumer.Event;
import dev.lapse.support.LapseService;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TimeZone;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Approvals in a table of your own, whatever its names and types, expire, are guarded, published
 * and audited like those in ours.
 *
 * <p>The time zone of the service's host is none of those that the tables mean.
 */
class OrmIT {

  private static final TimeZone OWN = TimeZone.getDefault();

  private static final JsonMapper JSON = JsonMapper.builder().build();

  @BeforeAll
  static void beElsewhere() {
    TimeZone.setDefault(TimeZone.getTimeZone("Asia/Kathmandu"));
  }

  @AfterAll
  static void comeHome() {
    TimeZone.setDefault(OWN);
  }

  @ParameterizedTest
  @ValueSource(strings = {"drizzle", "drizzle-snake", "prisma", "hibernate", "rails", "names"})
  void servesTheTable(String name) throws Exception {
    OrmSchema orm = OrmSchema.of(name);
    String relay = name + "-" + UUID.randomUUID();
    String topic = relay + ".expired";
    try (TestDatabase database = TestDatabase.empty(Servers.postgres())) {
      database.execute(orm.schema());
      database.execute(orm.insert(3, "-1 minute"));
      database.execute(orm.insert(2, "1 hour"));
      database.execute(orm.approve());

      try (LapseService service = start(database, orm, relay, topic);
          EventConsumer consumer =
              EventConsumer.ofTopics(Servers.kafka().bootstrapServers(), Set.of(topic))) {
        awaitEvents(service, consumer, 3);
        database.execute(orm.insert(2, "2 seconds"));

        List<Event> events = awaitEvents(service, consumer, 5);

        assertThat(events).extracting(Event::key).doesNotHaveDuplicates().hasSize(5);
        events.forEach(event -> assertSpeaksOf(orm, event));
        assertThat(refusal(database, orm.cron(orm.approved())).getConstraint())
            .isEqualTo("ai_approvals_final");
        assertThat(refusal(database, orm.cron(orm.pending())).getConstraint())
            .isEqualTo("ai_approvals_not_due");
        assertThat(json(service, "/actuator/audit").get("findings"))
            .hasSize(13)
            .allMatch(finding -> finding.get("holds").booleanValue());
        JsonNode status = json(service, "/actuator/status").get("database");
        assertThat(status.at("/pending/count").intValue()).isEqualTo(1);
        assertThat(status.at("/due/count").intValue()).isZero();
        assertThat(status.get("nextDueSeconds").doubleValue()).isBetween(3000.0, 3600.0);
        assertThat(service.output()).doesNotContain("WARN", "ERROR");
      }
      assertThat(database.count(indexesForWhatIsDue())).isEqualTo(1);
    }
  }

  private static LapseService start(
      TestDatabase database, OrmSchema orm, String relay, String topic) {
    List<String> settings = new ArrayList<>(List.of(orm.settings()));
    settings.add("--spring.datasource.username=" + Servers.postgres().user());
    settings.add("--spring.datasource.password=" + Servers.postgres().password());
    settings.add("--lapse.relay.name=" + relay);
    settings.add("--lapse.relay.topics.ApprovalExpired=" + topic);
    return LapseService.start(database, settings.toArray(String[]::new));
  }

  /** Or says why not. */
  private static List<Event> awaitEvents(LapseService service, EventConsumer consumer, int count) {
    try {
      return consumer.await(count);
    } catch (AssertionError e) {
      throw new AssertionError(service.output(), e);
    }
  }

  private static void assertSpeaksOf(OrmSchema orm, Event event) {
    JsonNode value = JSON.readTree(event.value());
    assertThat(value.get("approvalId").stringValue()).isEqualTo(event.key());
    assertThat(value.get("previousStatus").stringValue()).isEqualTo(orm.pending());
    assertThat(value.get("status").stringValue()).isEqualTo(orm.expired());
    Instant expiresAt = Instant.parse(value.get("expiresAt").stringValue());
    Instant expiredAt = Instant.parse(value.get("expiredAt").stringValue());
    assertThat(expiredAt).isBetween(expiresAt, expiresAt.plus(Duration.ofMinutes(10)));
    assertThat(expiredAt).isBetween(Instant.now().minus(Duration.ofMinutes(10)), Instant.now());
    assertThat(value.has("attributes")).isEqualTo(!orm.attributes().isEmpty());
    if (value.has("attributes")) {
      assertThat(value.get("attributes")).isEqualTo(JSON.readTree(orm.attributes()));
    }
    boolean versioned = !List.of(orm.settings()).contains("--lapse.approvals.columns.version=");
    assertThat(value.has("version")).isEqualTo(versioned);
  }

  private static ServerErrorMessage refusal(TestDatabase database, String update) {
    IllegalStateException refused =
        catchThrowableOfType(IllegalStateException.class, () -> database.execute(update));
    assertThat(refused).as(update).hasCauseInstanceOf(PSQLException.class);
    PSQLException cause = (PSQLException) Objects.requireNonNull(refused.getCause());
    assertThat(cause.getSQLState()).isEqualTo("23514");
    return Objects.requireNonNull(cause.getServerErrorMessage());
  }

  private static JsonNode json(LapseService service, String path) {
    return await()
        .atMost(Duration.ofMinutes(1))
        .ignoreExceptions()
        .until(() -> JSON.readTree(service.get(path).body()), node -> !node.has("error"));
  }

  private static String indexesForWhatIsDue() {
    return "SELECT count(*) FROM pg_index WHERE indpred IS NOT NULL AND indisvalid"
        + " AND indrelid <> 'late_decision'::regclass";
  }
}
