package dev.lapse.deadline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.support.Approvals;
import dev.lapse.support.Command;
import dev.lapse.support.Roles;
import dev.lapse.support.TestDatabase;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Triggers come and go with their settings, by the commands that an operator has. */
class OptInIT {

  private static final String LADDER = "--lapse.ladder=50%:escalate,1h:remind";
  private static final String MOVES = "--lapse.deadlines.moves=true";
  private static final String CREATED_AT = "--lapse.approvals.columns.created-at=created_at";

  private final TestDatabase database = TestDatabase.migrated();

  @AfterEach
  void close() {
    database.close();
  }

  @Test
  void comeAndGoWithTheirSettings() {
    assertThat(triggers()).isEmpty();

    assertThat(asOwner("migrate", LADDER, CREATED_AT, MOVES).exitCode()).isZero();
    assertThat(triggers())
        .containsExactly(
            "lapse_moves",
            "lapse_step_1_removed",
            "lapse_step_2_decided",
            "lapse_step_3_moved",
            "lapse_step_4_requested");
    long before = oids();
    assertThat(asOwner("migrate", LADDER, CREATED_AT, MOVES).exitCode()).isZero();
    assertThat(oids()).as("nothing to do").isEqualTo(before);

    assertThat(asOwner("migrate", MOVES).exitCode()).isZero();
    assertThat(triggers()).containsExactly("lapse_moves");
    assertThat(asOwner("migrate").exitCode()).isZero();
    assertThat(triggers()).isEmpty();
    assertThat(database.count("SELECT count(*) FROM pg_proc WHERE starts_with(proname, 'lapse_')"))
        .isZero();
  }

  /** What the doctor of the service's role prints is done by the owner, and then it is well. */
  @Test
  void whoMayNotMigrateIsToldWhatToDo() {
    database.execute("GRANT SELECT (created_at) ON ai_approvals TO " + Roles.SERVICE);

    assertThat(doctor(LADDER, CREATED_AT))
        .contains("The triggers of lapse.ladder are missing", "java -jar lapse.jar migrate");
    asOwner("migrate", LADDER, CREATED_AT);
    assertThat(doctor(LADDER, CREATED_AT)).doesNotContain("The triggers of lapse.ladder");

    assertThat(doctor("--lapse.ladder=2h:remind"))
        .contains("The triggers of lapse.ladder belong to other settings");
    assertThat(doctor()).contains("are there, and the setting is off", "DROP TRIGGER IF EXISTS");

    database.execute("ALTER TABLE ai_approvals DISABLE TRIGGER lapse_step_3_moved");
    assertThat(doctor(LADDER, CREATED_AT))
        .contains("are disabled", "ENABLE TRIGGER lapse_step_3_moved");
  }

  @Test
  void tellsAttributesOfAMoveAsTheyAreWhateverTheSession() {
    database.execute(
        """
        ALTER TABLE ai_approvals ADD COLUMN wait interval DEFAULT '1 day 2 hours',
          ADD COLUMN mark bytea DEFAULT '\\x00ff', ADD COLUMN share float8 DEFAULT 0.1
        """);
    asOwner("migrate", MOVES, "--lapse.approvals.attributes=wait,mark,share");
    new Approvals(database).notDue(1);
    String move = "UPDATE ai_approvals SET expires_at = expires_at + interval '1 hour';";

    database.execute(move);
    database.execute(
        "SET IntervalStyle = 'iso_8601'; SET bytea_output = 'escape'; SET extra_float_digits = -10;"
            + move
            + "RESET ALL");

    assertThat(
            database
                .jdbc()
                .sql("SELECT payload->>'attributes' FROM outbox WHERE type = 'ApprovalRescheduled'")
                .query(String.class)
                .list())
        .hasSize(2)
        .containsOnly("{\"wait\":\"1 day 02:00:00\",\"mark\":\"\\\\x00ff\",\"share\":0.1}");
  }

  @Test
  void printsThemForAnotherTool() {
    Command printed = asOwner("migrate", "--print", "--optional", MOVES);
    assertThat(printed.exitCode()).isZero();
    assertThat(triggers()).isEmpty();

    database.execute(printed.result());

    assertThat(triggers()).containsExactly("lapse_moves");
    assertThat(asOwner("migrate", "--print", "--optional", MOVES).result()).isBlank();
  }

  @Test
  void refusesSettingsThatWouldRefuseEveryWriter() {
    assertThat(asOwner("migrate", LADDER).output())
        .contains("also set lapse.approvals.columns.created-at");
    assertThat(asOwner("migrate", "--lapse.ladder=soon:remind").output())
        .contains("lapse.ladder has the step \"soon:remind\"");
    assertThat(asOwner("migrate", "--lapse.deadlines.max-moves=3").output())
        .contains("need lapse.deadlines.moves=true");
  }

  /** As an operator does it, with the grant that the command asks for. */
  @Test
  void extendsByTheCommandLine() {
    database.execute(
        """
        INSERT INTO ai_approvals (requested_by, action, expires_at)
        SELECT 'agent', 'deploy', now() + interval '1 hour' FROM generate_series(1, 3)
        """);
    String[] extend = {"extend", "--due-within=2h", "--by=4h", "--reason=outage"};

    assertThat(Command.run(database, "extend", "--due-within=2h", "--by=4h").output())
        .contains("The reason is for the record");
    assertThat(Command.run(database, with(extend, "--dry-run")).output())
        .contains("Deadlines that would move: 3, from ", "Nothing was moved.");
    Command refused = Command.run(database, extend);
    assertThat(refused.exitCode()).isEqualTo(1);
    String grant = refused.output().replaceFirst("(?s).*: (GRANT .*;).*", "$1");
    assertThat(grant).isEqualTo("GRANT UPDATE (expires_at) ON ai_approvals TO lapse_service;");
    database.execute(grant);
    assertThat(Command.run(database, with(extend, "--max=2")).output())
        .contains("3 approvals are selected, more than 2. Nothing was moved");

    Command done = Command.run(database, extend);

    assertThat(done.output()).contains("Deadlines moved: 3. Extension: ");
    assertThat(done.exitCode()).isZero();
    String id =
        database
            .jdbc()
            .sql("SELECT id::text FROM ai_approvals LIMIT 1")
            .query(String.class)
            .single();
    database.execute("UPDATE ai_approvals SET status = 'rejected' WHERE id = '%s'".formatted(id));
    Command late = Command.run(database, "extend", id, "--by=1h", "--reason=late");
    assertThat(late.exitCode()).isEqualTo(1);
    assertThat(late.output()).contains("Deadlines moved: 0.", id + ": too late: it is rejected");
  }

  private static String[] with(String[] args, String more) {
    List<String> all = new ArrayList<>(List.of(args));
    all.add(more);
    return all.toArray(String[]::new);
  }

  private Command asOwner(String... args) {
    List<String> all = new ArrayList<>(List.of(args));
    all.add("--spring.datasource.username=" + Roles.OWNER);
    all.add("--spring.datasource.password=" + Roles.PASSWORD);
    return Command.run(database, all.toArray(String[]::new));
  }

  private String doctor(String... settings) {
    List<String> all = new ArrayList<>(List.of(settings));
    all.add(0, "doctor");
    return Command.run(database, all.toArray(String[]::new)).output();
  }

  private List<String> triggers() {
    return database
        .jdbc()
        .sql(
            """
            SELECT tgname::text FROM pg_trigger
            WHERE tgrelid = 'ai_approvals'::regclass AND starts_with(tgname, 'lapse_') ORDER BY 1
            """)
        .query(String.class)
        .list();
  }

  private long oids() {
    return database.count(
        "SELECT sum(oid::bigint) FROM pg_trigger WHERE starts_with(tgname, 'lapse_')");
  }
}
