package dev.lapse.approvals;

import dev.lapse.approvals.Doubt.Weight;
import dev.lapse.problem.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Whether what writes deadlines without a time zone means the zone of the settings. A default such
 * as {@code now() + interval '1 hour'} writes the local time of the session that inserts.
 */
final class Zones {

  private static final String DEFAULTS =
      """
      SELECT attname::text AS name, pg_get_expr(adbin, adrelid) AS expression,
             attgenerated <> '' AS generated
      FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
      WHERE adrelid = :oid::oid
      ORDER BY attname
      """;

  /** Whether a zone shows another time, now or in the other half of the year. */
  private static final String DIFFERENT =
      """
      SELECT now() AT TIME ZONE :one <> now() AT TIME ZONE :other
             OR (now() + interval '6 months') AT TIME ZONE :one
                <> (now() + interval '6 months') AT TIME ZONE :other
      """;

  /** Set for this database, or for roles in it or everywhere. */
  private static final String SET =
      """
      SELECT CASE WHEN setrole = 0 THEN 'the database' ELSE 'the role ' || setrole::regrole END AS who,
             substr(setting, strpos(setting, '=') + 1) AS zone
      FROM pg_db_role_setting, unnest(setconfig) setting
      WHERE lower(setting) LIKE 'timezone=%'
        AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
      ORDER BY setrole, setdatabase DESC
      LIMIT 100
      """;

  /** What depends on the zone of the session once it becomes a time without one. */
  private static final Pattern CLOCK =
      Pattern.compile(
          "(?i)\\b(?:(?:now|clock_timestamp|statement_timestamp|transaction_timestamp)\\(\\)"
              + "|CURRENT_TIMESTAMP(?:\\(\\d\\))?|LOCALTIMESTAMP(?:\\(\\d\\))?|CURRENT_DATE"
              + "|'now'::text)");

  private static final Pattern ITS_ZONE =
      Pattern.compile("(?i)(?:AT TIME ZONE |timezone\\()\\(?'([^']+)'");

  private final JdbcClient jdbc;
  private final ApprovalsSettings settings;
  private final FoundTable found;
  private final String table;

  Zones(JdbcClient jdbc, ApprovalsSettings settings, FoundTable found) {
    this.jdbc = jdbc;
    this.settings = settings;
    this.found = found;
    this.table = ApprovalsTable.name(settings);
  }

  List<Doubt> doubts() {
    Column deadline = found.column(settings.columns().expiresAt());
    Kind kind = deadline == null ? null : Kind.of(deadline, settings.expiresAtUnit());
    if (deadline == null || kind == null || !kind.needsZone() || settings.zone() == null) {
      return List.of();
    }
    String zone = settings.zone();
    List<Setting> others =
        jdbc.sql(SET).query(Setting.class).list().stream()
            .filter(one -> differ(one.zone(), zone))
            .toList();
    List<Doubt> doubts = new ArrayList<>();
    List<Default> defaults =
        jdbc.sql(DEFAULTS).param("oid", found.oid()).query(Default.class).list();
    for (Default one : defaults) {
      if (matters(one, defaults)) {
        of(one, zone, others).ifPresent(doubts::add);
      }
    }
    if (doubts.isEmpty() && !others.isEmpty()) {
      doubts.add(
          doubt(
              Weight.SUSPECT,
              "%s has the time zone %s, and lapse.approvals.zone is %s."
                  .formatted(others.get(0).who(), others.get(0).zone(), zone),
              "Where SQL there writes now() as a deadline without a time zone, it writes another time.",
              "-- if deadlines are in that zone: lapse.approvals.zone="
                  + others.get(0).zone()
                  + "; if all programs write them as "
                  + zone
                  + ", leave it"));
    }
    return doubts;
  }

  /** The deadline's, and that of a column from which the deadline is generated. */
  private boolean matters(Default one, List<Default> all) {
    String deadline = settings.columns().expiresAt();
    return (one.name().equals(deadline) && !one.generated())
        || all.stream()
            .anyMatch(
                generated ->
                    generated.generated()
                        && generated.name().equals(deadline)
                        && Pattern.compile("\\b" + Pattern.quote(one.name()) + "\\b")
                            .matcher(generated.expression())
                            .find());
  }

  private Optional<Doubt> of(Default one, String zone, List<Setting> others) {
    if (!CLOCK.matcher(one.expression()).find()) {
      return Optional.empty();
    }
    String column = table + "." + Sql.name(one.name());
    Matcher named = ITS_ZONE.matcher(one.expression());
    if (named.find()) {
      String its = Objects.requireNonNull(named.group(1));
      return differ(its, zone)
          ? Optional.of(
              doubt(
                  Weight.WRONG,
                  "%s is by default the time of %s, and lapse.approvals.zone is %s."
                      .formatted(column, its, zone),
                  "Approvals expire hours too early or too late.",
                  "-- set lapse.approvals.zone=" + its))
          : Optional.empty();
    }
    String fix =
        "ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s;"
            .formatted(table, Sql.name(one.name()), inZone(one.expression(), Sql.literal(zone)));
    return Optional.of(
        others.isEmpty()
            ? doubt(
                Weight.SUSPECT,
                "%s is by default the local time of whichever session inserts: %s."
                    .formatted(column, one.expression()),
                "A session whose time zone is not %s writes another deadline.".formatted(zone),
                fix)
            : doubt(
                Weight.WRONG,
                "%s is by default the local time of the session, and %s has the time zone %s, not %s."
                    .formatted(column, others.get(0).who(), others.get(0).zone(), zone),
                "Approvals expire hours too early or too late, which cannot be taken back.",
                fix));
  }

  private static String inZone(String expression, String zone) {
    return CLOCK
        .matcher(expression)
        .replaceAll(
            clock ->
                Matcher.quoteReplacement(
                    clock.group().equalsIgnoreCase("CURRENT_DATE")
                        ? "(now() AT TIME ZONE %s)::date".formatted(zone)
                        : "(now() AT TIME ZONE %s)".formatted(zone)));
  }

  private static Doubt doubt(Weight weight, String what, String why, String action) {
    return new Doubt(weight, new Problem(what, why, action));
  }

  /** False of a zone that PostgreSQL does not know. */
  private boolean differ(String one, String other) {
    return jdbc.sql(DIFFERENT)
        .param("one", one)
        .param("other", other)
        .query(Boolean.class)
        .single();
  }

  private record Default(String name, @Nullable String expression, boolean generated) {

    @Override
    public String expression() {
      return expression == null ? "" : expression;
    }
  }

  private record Setting(String who, String zone) {}
}
