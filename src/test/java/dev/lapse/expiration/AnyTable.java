package dev.lapse.expiration;

import dev.lapse.approvals.ApprovalsSettings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

/**
 * An approvals table as some application may have it: names, types, statuses, triggers, constraints
 * and privileges drawn at random.
 */
final class AnyTable {

  private record Kind(String description, String sql) {}

  /** What only a trial can find, and what PostgreSQL says of it. */
  private record Obstacle(String description, String sql, String says) {}

  private static final List<Kind> IDS =
      List.of(
          new Kind("uuid", "%s uuid PRIMARY KEY DEFAULT gen_random_uuid()"),
          new Kind("bigint", "%s bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
          new Kind("integer", "%s integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
          new Kind("smallint", "%s smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
          new Kind("text", "%s text PRIMARY KEY DEFAULT gen_random_uuid()::text"),
          new Kind("varchar", "%s varchar(40) UNIQUE DEFAULT gen_random_uuid()::varchar"),
          new Kind("no key", "%s bigint GENERATED ALWAYS AS IDENTITY"));

  private static final List<String> NAMES =
      List.of("snake_case", "camelCase", "with blank", "Großer \"Name\"");

  private static final List<String> VERSIONS = List.of("", "integer", "bigint", "smallint");

  private static final List<String> TIMES =
      List.of("", "timestamptz", "timestamp", "timestamptz(0)", "timestamp(3)");

  private static final List<String> ZONES = List.of("UTC", "Europe/Berlin", "Asia/Kolkata");

  private static final List<String> HARMLESS =
      List.of(
          "",
          "",
          """
          CREATE FUNCTION tables.touch_%2$d() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN NEW.note := NEW.note || ''; RETURN NEW; END $$;
          CREATE TRIGGER touch BEFORE UPDATE ON %1$s
            FOR EACH ROW EXECUTE FUNCTION tables.touch_%2$d()
          """,
          """
          CREATE TABLE tables.log_%2$d (at timestamptz);
          CREATE FUNCTION tables.log_it_%2$d() RETURNS trigger LANGUAGE plpgsql
            SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
            $$ BEGIN INSERT INTO tables.log_%2$d VALUES (now()); RETURN NULL; END $$;
          CREATE TRIGGER logs AFTER UPDATE ON %1$s
            FOR EACH ROW EXECUTE FUNCTION tables.log_it_%2$d()
          """,
          """
          ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY;
          CREATE POLICY everything ON %1$s USING (true)
          """,
          "CREATE INDEX ON %1$s (note)");

  private static final List<Obstacle> OBSTACLES =
      List.of(
          new Obstacle(
              "a constraint over two columns",
              "ALTER TABLE %1$s ADD CONSTRAINT both_or_none CHECK ((%3$s = %4$s) = (decided_at IS NULL))"
                  + " NOT VALID",
              "both_or_none"),
          new Obstacle(
              "a trigger that raises",
              """
              CREATE FUNCTION tables.refuse_%2$d() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'frozen'; END $$;
              CREATE TRIGGER freezes BEFORE UPDATE ON %1$s
                FOR EACH ROW EXECUTE FUNCTION tables.refuse_%2$d()
              """,
              "frozen"),
          new Obstacle(
              "a trigger that lacks a privilege",
              """
              CREATE TABLE tables.secret_%2$d (at timestamptz);
              CREATE FUNCTION tables.note_%2$d() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN INSERT INTO tables.secret_%2$d VALUES (now()); RETURN NULL; END $$;
              CREATE TRIGGER noted AFTER UPDATE ON %1$s
                FOR EACH ROW EXECUTE FUNCTION tables.note_%2$d()
              """,
              "permission denied"),
          new Obstacle(
              "a trigger that reads a session's setting",
              """
              CREATE FUNCTION tables.who_%2$d() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM current_setting('app.tenant'); RETURN NULL; END $$;
              CREATE TRIGGER whose AFTER UPDATE ON %1$s
                FOR EACH ROW EXECUTE FUNCTION tables.who_%2$d()
              """,
              "app.tenant"));

  private final String description;
  private final List<String> ddl = new ArrayList<>();
  private final Map<String, String> settings = new HashMap<>();
  private final String name;
  private final String status;
  private final String expiresAt;
  private final String zone;
  private final boolean local;
  private final boolean coded;
  private final boolean upper;
  private final @Nullable Obstacle obstacle;

  private AnyTable(Random random, int number) {
    String style = pick(random, NAMES);
    String base = style + " " + number;
    this.name = "tables." + quoted(base);
    Kind id = pick(random, IDS);
    String statusType = pick(random, List.of("text", "varchar(20)", "enum", "smallint", "integer"));
    this.coded = statusType.endsWith("int") || statusType.equals("integer");
    this.upper = random.nextBoolean();
    this.local = random.nextInt(3) == 0;
    String versionType = pick(random, VERSIONS);
    String executedType = pick(random, TIMES);
    this.zone = pick(random, ZONES);
    this.status = quoted(style.equals("camelCase") ? "approvalStatus" : "status");
    this.expiresAt = quoted(style.equals("snake_case") ? "expires_at" : "läuft ab");
    this.obstacle = random.nextInt(3) == 0 ? pick(random, OBSTACLES) : null;
    String harmless = pick(random, HARMLESS);

    settings.put("schema", "tables");
    settings.put("table", base);
    settings.put("columns.id", style.equals("camelCase") ? "approvalId" : "id");
    settings.put("columns.status", style.equals("camelCase") ? "approvalStatus" : "status");
    settings.put("columns.expires-at", style.equals("snake_case") ? "expires_at" : "läuft ab");
    settings.put("columns.version", versionType.isEmpty() ? "" : "version");
    settings.put("columns.executed-at", executedType.isEmpty() ? "" : "executed_at");
    settings.put("statuses.pending", pending());
    settings.put("statuses.expired", expired());
    settings.put("statuses.approved", approved());
    settings.put("statuses.rejected", word("rejected", "4"));
    settings.put("statuses.ended", "");
    if (local || (executedType.startsWith("timestamp") && !executedType.contains("tz"))) {
      settings.put("zone", zone);
    }
    if (statusType.equals("enum")) {
      statusType = "tables.status_%d".formatted(number);
      ddl.add(
          "CREATE TYPE %s AS ENUM ('%s', '%s', '%s', '%s')"
              .formatted(statusType, pending(), expired(), approved(), word("rejected", "4")));
    }
    StringBuilder columns = new StringBuilder();
    columns.append(id.sql().formatted(quoted(settings.get("columns.id"))));
    columns.append(", %s %s NOT NULL".formatted(status, statusType));
    columns.append(", %s %s".formatted(expiresAt, local ? "timestamp" : "timestamptz"));
    if (!versionType.isEmpty()) {
      columns.append(", version %s DEFAULT 1".formatted(versionType));
    }
    if (!executedType.isEmpty()) {
      columns.append(", executed_at ").append(executedType);
    }
    columns.append(", note text, decided_at timestamptz");
    ddl.add("CREATE TABLE %s (%s)".formatted(name, columns));
    ddl.add("GRANT USAGE ON SCHEMA tables TO PUBLIC");
    if (random.nextInt(4) == 0) { // a list of statuses that somebody forgot to extend
      ddl.add(
          "ALTER TABLE %s ADD CONSTRAINT known CHECK (%s IN ('%s', '%s', '%s'))"
              .formatted(name, status, pending(), approved(), word("rejected", "4")));
    }
    add(harmless, number);
    if (obstacle != null) {
      add(obstacle.sql(), number);
    }
    this.description =
        "%d: %s, id %s, status %s, %s, version %s, executed_at %s%s"
            .formatted(
                number,
                style,
                id.description(),
                statusType,
                local ? "timestamp in " + zone : "timestamptz",
                versionType,
                executedType,
                obstacle == null ? "" : ", " + obstacle.description());
  }

  static AnyTable draw(long seed, int number) {
    return new AnyTable(
        new Random(new Random(seed).longs(number + 1).skip(number).findFirst().orElseThrow()),
        number);
  }

  private void add(String sql, int number) {
    if (!sql.isEmpty()) {
      ddl.add(sql.formatted(name, number, status, "'" + pending() + "'"));
    }
  }

  private static <T> T pick(Random random, List<T> list) {
    return list.get(random.nextInt(list.size()));
  }

  private static String quoted(String name) {
    return '"' + name.replace("\"", "\"\"") + '"';
  }

  private String word(String word, String code) {
    return coded ? code : upper ? word.toUpperCase(java.util.Locale.ROOT) : word;
  }

  List<String> ddl() {
    return ddl;
  }

  ApprovalsSettings settings() {
    Map<String, String> all = new HashMap<>();
    settings.forEach((name, value) -> all.put("lapse.approvals." + name, value));
    return new Binder(new MapConfigurationPropertySource(all))
        .bindOrCreate("lapse.approvals", ApprovalsSettings.class);
  }

  String pending() {
    return word("pending", "0");
  }

  String expired() {
    return word("expired", "3");
  }

  String approved() {
    return word("approved", "1");
  }

  /** Whether something is in the way that no check of the catalog can see. */
  boolean isHarmful() {
    return obstacle != null;
  }

  String obstacle() {
    return obstacle == null ? "" : obstacle.says();
  }

  /** A pending approval, known by its note, due in {@code interval} from now. */
  String insert(String note, String interval) {
    return insert(note, interval, pending());
  }

  String insert(String note, String interval, String value) {
    return "INSERT INTO %s (note, %s, %s, decided_at) VALUES ('%s', '%s', %s, %s)"
        .formatted(
            name,
            status,
            expiresAt,
            note,
            value,
            "(now() + interval '%s')%s"
                .formatted(interval, local ? " AT TIME ZONE '%s'".formatted(zone) : ""),
            value.equals(pending()) ? "NULL" : "now()");
  }

  String statusOf(String note) {
    return "SELECT %s::text FROM %s WHERE note = '%s'".formatted(status, name, note);
  }

  @Override
  public String toString() {
    return description;
  }
}
