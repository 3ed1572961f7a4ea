package dev.lapse.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.platform.DatabaseProbe;
import dev.lapse.support.Roles;
import dev.lapse.support.TestDatabase;
import dev.lapse.support.WithoutWal;
import java.sql.Connection;
import java.sql.Statement;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What it finds wrong is gone once its advice is followed. */
class DatabaseDoctorIT {

  private final TestDatabase database = TestDatabase.migrated();
  private final DatabaseDoctor doctor =
      new DatabaseDoctor(
          database.serviceJdbc(), new DatabaseProbe(database.service(), "\"ai_approvals\""), 8);

  @AfterEach
  void close() {
    database.close();
  }

  @Test
  void refusesASchemaInWhichEverybodyMayCreate() {
    assertThat(doctor.searchPath().holds()).isTrue();
    database.execute("GRANT CREATE ON SCHEMA public TO PUBLIC");

    Diagnosis wrong = doctor.searchPath();

    assertThat(wrong.holds()).isFalse();
    assertThat(wrong.seen()).isEqualTo("every role may create in schema public");
    String advice = String.valueOf(wrong.action());
    database.execute(advice.substring(advice.indexOf("REVOKE")));
    assertThat(doctor.searchPath().holds()).isTrue();
  }

  @Test
  void notesThatWalFunctionsAreMissing() {
    database.execute(WithoutWal.SQL);

    Diagnosis note = doctor.server().get(0);

    assertThat(note.holds()).isTrue();
    assertThat(note.seen()).startsWith("PostgreSQL ").endsWith(", without WAL functions");
    assertThat(note.why()).contains("one small commit per batch of events");
  }

  /** Of two sessions that take turns, the one that began first keeps the lower ids. */
  @Test
  void refusesASequenceThatHandsOutRanges() throws Exception {
    assertThat(doctor.sequence().holds()).isTrue();
    database.execute("ALTER TABLE outbox ALTER COLUMN id SET CACHE 20");
    try (Connection one = database.connectAs(Roles.APPLICATION);
        Connection two = database.connectAs(Roles.APPLICATION);
        Statement first = one.createStatement();
        Statement second = two.createStatement()) {
      first.execute("INSERT INTO outbox (type, key, payload) VALUES ('Noted', 'a', '{}')");
      second.execute("INSERT INTO outbox (type, key, payload) VALUES ('Noted', 'b', '{}')");
      first.execute("INSERT INTO outbox (type, key, payload) VALUES ('Later', 'b', '{}')");
    }
    assertThat(
            database.count(
                "SELECT count(*) FROM outbox WHERE type = 'Later' AND id < ANY (SELECT id FROM outbox WHERE key = 'b')"))
        .isOne();

    Diagnosis wrong = doctor.sequence();

    assertThat(wrong.holds()).isFalse();
    assertThat(wrong.seen()).isEqualTo("outbox_id_seq has CACHE 20");
    String advice = String.valueOf(wrong.action());
    database.execute(advice.substring(advice.indexOf("ALTER")));
    assertThat(doctor.sequence().holds()).isTrue();
  }

  /** As hosts do with every table; whoever added policies did so where an error had shown. */
  @ParameterizedTest
  @ValueSource(strings = {"pause", "next_step", "dead_letter", "outbox"})
  void refusesRowsThatAPolicyHides(String table) {
    assertThat(doctor.rowSecurity().holds()).isTrue();
    database.execute("ALTER TABLE %s ENABLE ROW LEVEL SECURITY".formatted(table));

    Diagnosis wrong = doctor.rowSecurity();

    assertThat(wrong.holds()).isFalse();
    assertThat(wrong.seen()).isEqualTo("row-level security may hide rows of " + table);
    database.execute(
        "CREATE POLICY everybody ON %s USING (true) WITH CHECK (true)".formatted(table));
    assertThat(doctor.rowSecurity().holds()).as("a policy that hides nothing").isTrue();
    database.execute("CREATE POLICY few ON %s AS RESTRICTIVE USING (false)".formatted(table));
    assertThat(doctor.rowSecurity().holds()).isFalse();
    database.execute(String.valueOf(wrong.action()));
    assertThat(doctor.rowSecurity().holds()).isTrue();
  }

  /** A table of a later version must not be forgotten. */
  @Test
  void asksForPrivilegesOnEachTable() {
    assertThat(doctor.privileges().holds()).isTrue();
    database.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM " + Roles.SERVICE);

    String seen = doctor.privileges().seen();

    assertThat(
            database
                .jdbc()
                .sql(
                    """
                    SELECT relname FROM pg_class
                    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
                      AND relname NOT IN ('ai_approvals', 'lapse_schema_history')
                    """)
                .query(String.class)
                .list())
        .hasSizeGreaterThan(10)
        .allSatisfy(table -> assertThat(seen).contains(" on " + table));
  }
}
