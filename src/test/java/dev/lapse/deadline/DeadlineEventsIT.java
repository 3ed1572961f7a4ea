package dev.lapse.deadline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.Lapse;
import dev.lapse.support.Command;
import dev.lapse.support.EventConsumer;
import dev.lapse.support.EventConsumer.Event;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/** From settings to a consumer: the service creates the triggers, reminds, and publishes. */
class DeadlineEventsIT {

  @Test
  void consumersReceiveReminderMoveAndExpiryInOrder() {
    String name = "deadlines-" + UUID.randomUUID();
    try (TestDatabase database = TestDatabase.empty(Servers.postgres());
        ConfigurableApplicationContext service = start(database, name);
        EventConsumer consumer =
            EventConsumer.of(Servers.kafka().bootstrapServers(), name + ".expired")) {
      assertThat(service.getBean(LadderLoop.class).isRunning()).isTrue();
      assertThat(
              service
                  .getBean(MeterRegistry.class)
                  .get("lapse.paused")
                  .tag("part", "ladder")
                  .gauge()
                  .value())
          .isZero();
      String id =
          database
              .jdbc()
              .sql(
                  """
                  INSERT INTO ai_approvals (requested_by, action, expires_at)
                  VALUES ('agent', 'deploy', now() + interval '30 minutes') RETURNING id::text
                  """)
              .query(String.class)
              .single();
      assertThat(consumer.await(1))
          .extracting(event -> event.header("ce_type"))
          .containsExactly("ApprovalExpiring");

      Command moved = Command.run(database, "extend", id, "--by=2h", "--reason=outage");
      assertThat(moved.output()).contains("Deadlines moved: 1.");
      consumer.await(2);
      database.execute("UPDATE ai_approvals SET expires_at = now(), version = version + 1");
      List<Event> events = consumer.await(4);

      assertThat(events)
          .extracting(event -> event.header("ce_type"))
          .containsExactly(
              "ApprovalExpiring", "ApprovalRescheduled", "ApprovalRescheduled", "ApprovalExpired");
      assertThat(events).extracting(Event::key).containsOnly(id);
    }
  }

  private static ConfigurableApplicationContext start(TestDatabase database, String name) {
    return new SpringApplicationBuilder(Lapse.class)
        .web(WebApplicationType.NONE)
        .run(
            "--spring.datasource.url=" + database.url(),
            "--spring.datasource.username=" + database.serviceUser(),
            "--spring.datasource.password=" + database.servicePassword(),
            "--lapse.kafka.bootstrap-servers=" + Servers.kafka().bootstrapServers(),
            "--lapse.kafka.topic-replication=1",
            "--lapse.relay.name=" + name,
            "--lapse.relay.topics.ApprovalExpired=" + name + ".expired",
            "--lapse.ladder=1h:remind",
            "--lapse.deadlines.moves=true");
  }
}
