package dev.lapse.schema;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.schema.TakenNames.Created;
import dev.lapse.support.Servers;
import dev.lapse.support.TestDatabase;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.MigrationInfo;
import org.junit.jupiter.api.Test;

/** The list of what the migrations create is whole. */
class TakenNamesIT {

  /** Without the index of a constraint, which PostgreSQL gives a name that is free. */
  private static final String PRESENT =
      """
      SELECT relname::text FROM pg_class
      WHERE relnamespace = current_schema()::regnamespace
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = pg_class.oid)
      UNION ALL
      SELECT oid::regprocedure::text FROM pg_proc
      WHERE pronamespace = current_schema()::regnamespace
      """;

  /** V1 and V2 go by what is there. */
  private static final int FIRST_UNCONDITIONAL = 3;

  @Test
  void namesWhatEachMigrationCreates() {
    List<Created> created = new ArrayList<>();
    try (TestDatabase database = TestDatabase.empty(Servers.postgres())) {
      for (MigrationInfo migration : flyway(database, "latest").info().pending()) {
        List<String> before = database.jdbc().sql(PRESENT).query(String.class).list();
        String version = String.valueOf(migration.getVersion());
        flyway(database, version).migrate();
        List<String> after = database.jdbc().sql(PRESENT).query(String.class).list();
        after.removeAll(before);
        after.forEach(
            name -> created.add(new Created(Integer.parseInt(version), name.replace(",", ", "))));
      }
    }

    created.removeIf(one -> one.version() < FIRST_UNCONDITIONAL);
    assertThat(created).containsExactlyInAnyOrderElementsOf(TakenNames.ALL);
  }

  private static Flyway flyway(TestDatabase database, String target) {
    return Flyway.configure()
        .dataSource(database.dataSource())
        .table("lapse_schema_history")
        .configuration(Map.of("flyway.postgresql.transactional.lock", "false"))
        .placeholders(ApprovalsTable.standard().placeholders())
        .target(target)
        .load();
  }
}
