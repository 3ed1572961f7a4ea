package dev.lapse.operations.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.support.Approvals;
import dev.lapse.support.Command;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The commands and the refusals to start; {@link JarIT} starts some through the jar itself. */
class CommandsIT {

  private final TestDatabase database = TestDatabase.empty(Servers.postgres());

  @AfterEach
  void closeDatabase() {
    database.close();
  }

  @Test
  void expiresOnceAndPrintsTheCount() throws Exception {
    database.migrate();
    new Approvals(database).due(7);
    new Approvals(database).notDue(2);

    String output = run(0, "expire");

    assertThat(output).isEqualToIgnoringNewLines("Approvals expired: 7");
    assertThat(database.count("SELECT count(*) FROM ai_approvals WHERE status = 'expired'"))
        .isEqualTo(7);
    assertThat(database.count("SELECT count(*) FROM outbox")).isEqualTo(7);
  }

  @Test
  void expiresAllOthersAndNamesWhatIsRefused() throws Exception {
    database.migrate();
    String refused = new Approvals(database).due(7).get(2).toString();
    database.execute(
        """
        ALTER TABLE ai_approvals
          ADD CONSTRAINT no_longer CHECK (id <> '%1$s' OR status = 'pending') NOT VALID
        """
            .formatted(refused));

    assertThat(run(1, "expire"))
        .contains("Approvals expired: 6", "approvals that the database does not let expire: 1.")
        .contains("  " + refused + ": ERROR: new row for relation \"ai_approvals\" violates")
        .contains("\"no_longer\"")
        .doesNotContain("Failing row", "\tat ");

    database.execute("ALTER TABLE ai_approvals DROP CONSTRAINT no_longer");
    assertThat(run(0, "expire")).contains("Approvals expired: 1");
  }

  @Test
  void aDryRunSaysWhatWouldExpireAndChangesNothing() throws Exception {
    database.migrate();
    String first = new Approvals(database).due(30).get(0).toString();

    String output = run(0, "expire", "--dry-run");

    assertThat(output)
        .contains("Approvals that would expire: 30. Nothing was changed.")
        .contains(first + " due since ")
        .contains("… and 10 more");
    assertThat(database.count("SELECT count(*) FROM ai_approvals WHERE status = 'pending'"))
        .isEqualTo(30);
    assertThat(database.count("SELECT count(*) FROM outbox")).isZero();
  }

  @Test
  void aDryRunNeedsNothingButTheApprovalsAndAddsNothing() throws Exception {
    database.execute(
        """
        CREATE TABLE ai_approvals (id uuid PRIMARY KEY, status varchar(20), version int,
          expires_at timestamptz, executed_at timestamptz);
        INSERT INTO ai_approvals VALUES (gen_random_uuid(), 'pending', 1, now() - interval '1 h');
        """);

    String output = run(0, "expire", "--dry-run");

    assertThat(output).contains("Approvals that would expire: 1.");
    assertThat(database.count("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))
        .isEqualTo(1);
  }

  /** As the real run would refuse it. */
  @Test
  void aDryRunOfAnExtensionSaysThatTooManyAreSelected() throws Exception {
    database.migrate();
    new Approvals(database).notDue(3);
    String[] extend = {
      "extend", "--due-within=3650d", "--by=1h", "--reason=outage", "--dry-run", "--max=2"
    };

    assertThat(run(1, extend))
        .contains("Deadlines that would move: 3", "--max is 2: pass --max=3 or more");
    extend[5] = "--max=3";
    assertThat(run(0, extend)).contains("Deadlines that would move: 3").doesNotContain("lapse: ");
  }

  @Test
  void listsAndRequeuesDeadLetters() throws Exception {
    database.migrate();
    database.execute(
        """
        INSERT INTO dead_letter (relay, key, id, event_id, type, reason, refused_at)
        VALUES ('lapse', 'secret key', 7, gen_random_uuid(), 'Noted', 'too large', now()),
               ('lapse', 'another key', 9, gen_random_uuid(), 'Noted', 'no topic', now())
        """);

    assertThat(run(0, "dead-letters", "list"))
        .contains("Dead letters: 2", "7  Noted  rejected ", "too large", "no topic")
        .doesNotContain("secret", "requeued");
    assertThat(run(0, "dead-letters", "requeue", "7")).contains("Dead letters requeued: 1");
    assertThat(run(0, "dead-letters", "list")).contains("requeued");
    assertThat(run(0, "dead-letters", "requeue", "--all")).contains("Dead letters requeued: 1");
    assertThat(database.count("SELECT count(*) FROM dead_letter WHERE requeued_at IS NULL"))
        .isZero();
  }

  @Test
  void requeueingWhatIsNoDeadLetterFailsAndNamesIt() throws Exception {
    database.migrate();
    database.execute(
        """
        INSERT INTO dead_letter (relay, key, id, event_id, type, reason, refused_at)
        VALUES ('lapse', 'a', 7, gen_random_uuid(), 'Noted', 'too large', now())
        """);

    assertThat(run(1, "dead-letters", "requeue", "4711", "7", "8"))
        .contains("Dead letters requeued: 1", "not a dead letter: 8, 4711.");
  }

  /** Those of a newer version, beside a service of an older one that is in trouble. */
  @Test
  void noCommandMigratesThatIsNotThereToAndThoseForEmergenciesWork() throws Exception {
    database.migrate();
    database.execute(
        """
        DELETE FROM lapse_schema_history WHERE version IN ('9', '10');
        ALTER TABLE outbox DROP CONSTRAINT outbox_size;
        DROP FUNCTION purge_outbox(bigint, interval, integer);
        """);

    run(0, "dead-letters", "list");
    run(0, "dead-letters", "requeue", "--all");
    run(0, "pause", "relay");
    run(0, "resume", "relay");
    assertThat(run(1, "replay", "--from-id=1")).contains("purge_outbox (V10)");

    assertThat(database.count("SELECT count(*) FROM pg_constraint WHERE conname = 'outbox_size'"))
        .isZero();
  }

  /** As somebody may who says to all what the service is told. */
  @Test
  void aSettingThatTheCommandSetsAsWellDoesNotBreakIt() throws Exception {
    database.migrate();

    assertThat(run(0, "audit", "--lapse.relay.enabled=true")).contains("No problems found.");
  }

  @Test
  void aCommandThatSaysTooLittleIsWrong() throws Exception {
    assertThat(run(2, "dead-letters")).contains("list or requeue", "Usage:");
    assertThat(run(2, "dead-letters", "requeue")).contains("--all", "ID");
  }

  @Test
  void adoptsATableThatWasThereBefore() throws Exception {
    database.execute(
        """
        CREATE TABLE ai_approvals (id uuid PRIMARY KEY, status varchar(20), version int,
          expires_at timestamptz, executed_at timestamptz, tenant text);
        CREATE TABLE flyway_schema_history (note text);
        INSERT INTO ai_approvals VALUES (gen_random_uuid(), 'pending', 1, now() - interval '1 h');
        """);

    String output = run(0, "expire");

    assertThat(output).isEqualToIgnoringNewLines("Approvals expired: 1");
  }

  @Test
  void refusesATableThatLacksAColumnAndSaysWhatToRun() throws Exception {
    database.execute("CREATE TABLE ai_approvals (id uuid, status text, expires_at timestamp)");

    String output = run(1, "expire");

    assertThat(output)
        .contains("\"ai_approvals\" has no column \"version\" (integer).")
        .contains("\"ai_approvals\" has no column \"executed_at\"")
        .contains("has timestamps without a time zone")
        .contains("No unique index on \"ai_approvals\".\"id\".")
        .contains("ALTER TABLE \"ai_approvals\" ADD COLUMN \"version\" integer NOT NULL DEFAULT 1;")
        .contains("set lapse.approvals.zone=UTC")
        .contains("ALTER TABLE \"ai_approvals\" ADD PRIMARY KEY (\"id\");")
        .doesNotContain("\tat ");
    assertThat(database.count("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))
        .as("nothing was migrated")
        .isEqualTo(1);
  }

  @Test
  void refusesATableThatIsConfiguredAndNotThere() throws Exception {
    String output = run(1, "expire", "--lapse.approvals.table=requests");

    assertThat(output)
        .contains("There is no table \"requests\" on the search path.")
        .contains("set lapse.approvals.schema and lapse.approvals.table to yours")
        .doesNotContain("\tat ");
    assertThat(database.count("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))
        .isZero();
  }

  @Test
  void warnsOfAGuardThatIsGone() throws Exception {
    database.migrate();
    database.execute("DROP TRIGGER ai_approvals_final ON ai_approvals");

    assertThat(run(0, "expire"))
        .contains("Approvals expired: 0")
        .contains("The trigger ai_approvals_final of \"ai_approvals\" is missing.")
        .contains("CREATE OR REPLACE TRIGGER ai_approvals_final");
  }

  @Test
  void namesTheDatabaseThatDoesNotAnswerButNotThePassword() throws Exception {
    String output =
        run(
            1,
            "--spring.datasource.url=jdbc:postgresql://127.0.0.1:1/x?password=hidden-a",
            "--spring.datasource.password=hidden-b");

    assertThat(output)
        .contains("PostgreSQL does not answer at jdbc:postgresql://127.0.0.1:1/x (")
        .contains("set SPRING_DATASOURCE_URL to")
        .doesNotContain("hidden-")
        .doesNotContain("\tat ");
  }

  /** Only a client that cannot even be made ends the start: approvals expire without Kafka. */
  @Test
  void namesTheKafkaOfWhichNoClientCanBeMade() throws Exception {
    database.migrate();
    String output = run(1, "--lapse.kafka.bootstrap-servers=no-port");

    assertThat(output)
        .contains("Cannot create a Kafka client for no-port")
        .contains("LAPSE_KAFKA_BOOTSTRAP_SERVERS")
        .doesNotContain("\tat ");
  }

  @Test
  void saysWhichSettingIsWrongAndWhatItMayBe() throws Exception {
    String output = run(1, "--lapse.expiration.batch-size=0");

    assertThat(output)
        .contains("lapse.expiration.batch-size is 0: set it between 1 and 10000 (default 1000)")
        .doesNotContain("\tat ");
  }

  @Test
  void suggestsTheCommandThatWasMeant() throws Exception {
    assertThat(run(2, "exprie")).contains("Did you mean: lapse expire");
  }

  @Test
  void pausesAndResumesExpiring() throws Exception {
    database.migrate();
    new Approvals(database).due(3);

    assertThat(run(0, "pause", "expiration", "--reason=a migration"))
        .contains("Paused expiration.", "lapse resume expiration");
    assertThat(run(0, "pause", "expiration")).contains("expiration is already paused.");
    assertThat(run(1, "expire")).contains("Approvals expired: 0", "expiry is paused (a migration)");
    assertThat(run(0, "status")).containsPattern("PAUSED +expiration +\\(a migration,");
    assertThat(run(0, "resume", "expiration")).contains("expiration resumed.");
    assertThat(run(0, "expire")).contains("Approvals expired: 3");
    assertThat(run(0, "resume", "relay")).contains("relay was not paused.");
    assertThat(run(2, "pause", "everything")).contains("EXPIRATION, LADDER, RELAY");
  }

  @Test
  void saysThatTheStormGuardPausedExpiring() throws Exception {
    database.migrate();
    new Approvals(database).due(20);

    assertThat(run(1, "expire", "--lapse.expiration.storm-guard.max-due=5"))
        .contains("expiry is paused (mass-expiry protection: 20 of 20 pending approvals")
        .doesNotContain("\tat ");
    run(0, "resume", "expiration");
    assertThat(run(0, "expire", "--lapse.expiration.storm-guard.max-due=5"))
        .contains("Approvals expired: 20");
  }

  @Test
  void migratesWhateverIsConfiguredForTheService() throws Exception {
    String output = run(0, "migrate", "--spring.flyway.enabled=false");

    String upToDate =
        output.lines().filter(line -> line.startsWith("The schema is")).findFirst().orElseThrow();
    assertThat(upToDate).startsWith("The schema is up to date: version ");
    assertThat(database.count("SELECT count(*) FROM outbox")).isZero();
    assertThat(run(0, "migrate")).contains(upToDate);
  }

  @Test
  void suggestsTheOptionThatWasMeant() throws Exception {
    assertThat(run(2, "expire", "--dry-rnu"))
        .contains("Unknown option: '--dry-rnu'", "--dry-run")
        .doesNotContain("\tat ");
  }

  @Test
  void everyCommandTeachesItsUseWithExamples() throws Exception {
    for (String command :
        List.of(
            "expire",
            "status",
            "audit",
            "doctor",
            "replay",
            "dead-letters",
            "pause",
            "resume",
            "migrate")) {
      assertThat(run(0, "help", command))
          .as(command)
          .contains("Usage: lapse " + command, "Examples:", "  lapse ");
    }
  }

  @Test
  void teachesItsUse() throws Exception {
    assertThat(run(0, "--help"))
        .contains("expire", "SPRING_DATASOURCE_URL", "LAPSE_KAFKA_BOOTSTRAP_SERVERS", "Exit codes");
  }

  private String run(int exitCode, String... args) {
    Command command = Command.run(database, args);
    assertThat(command.exitCode()).as(command::output).isEqualTo(exitCode);
    return command.output();
  }
}
