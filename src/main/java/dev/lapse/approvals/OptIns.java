package dev.lapse.approvals;

import dev.lapse.problem.Problem;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.RowCallbackHandler;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Compares the triggers of the opt-ins that the table has with those that the settings ask for. */
final class OptIns {

  private static final String OURS =
      """
      SELECT tgname::text AS name, tgenabled IN ('O', 'A') AS enabled, tgargs AS arguments
      FROM pg_trigger
      WHERE tgrelid = :oid::oid AND NOT tgisinternal AND starts_with(tgname, 'lapse_')
      """;

  private static final String SCHEMA =
      """
      SELECT quote_ident(nspname)
      FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
      WHERE pg_class.oid = to_regclass('outbox')
      """;

  private static final String QUALIFIED =
      """
      SELECT format('%I.%I', nspname, relname)
      FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
      WHERE pg_class.oid = :oid::oid
      """;

  private static final String MISSING = "are missing";
  private static final String CHANGED = "belong to other settings";
  private static final String DISABLED = "are disabled";
  private static final String LEFT = "are there, and the setting is off";

  private final JdbcClient jdbc;
  private final List<OptIn> all;

  OptIns(JdbcClient jdbc, List<OptIn> all) {
    this.jdbc = jdbc;
    this.all = List.copyOf(all);
  }

  /** The scripts that are to run, so that the table has what the settings ask for. */
  List<Change> changes(long oid, ApprovalsTable table) {
    List<Change> changes = new ArrayList<>();
    compare(
        oid,
        table,
        (optIn, script, flaw) -> {
          if (!flaw.equals(DISABLED)) { // which somebody did on purpose
            changes.add(
                new Change(
                    optIn.setting(), optIn.on(), optIn.on() ? script.create() : script.drop()));
          }
        });
    return changes;
  }

  /** The same, for people. */
  List<Problem> problems(long oid, ApprovalsTable table) {
    List<Problem> problems = new ArrayList<>();
    compare(
        oid,
        table,
        (optIn, script, flaw) ->
            problems.add(
                new Problem(
                    "The triggers of %s %s: %s."
                        .formatted(optIn.setting(), flaw, String.join(", ", script.triggers())),
                    optIn.on() ? optIn.effect() : "They cost each writer time, for nothing.",
                    action(optIn, script, flaw, table))));
    return problems;
  }

  private static String action(OptIn optIn, OptInScript script, String flaw, ApprovalsTable table) {
    return switch (flaw) {
      case DISABLED ->
          script.triggers().stream()
              .map(name -> table.sql("ALTER TABLE ${approvals} ENABLE TRIGGER %s;".formatted(name)))
              .reduce((one, other) -> one + "\n" + other)
              .orElseThrow();
      case LEFT -> script.drop();
      default ->
          ("-- as the role that owns the schema, with the same %s: java -jar lapse.jar migrate%n"
                  + "-- or run the output of this with your own tool: java -jar lapse.jar migrate"
                  + " --print --optional")
              .formatted(optIn.setting());
    };
  }

  @FunctionalInterface
  private interface Difference {
    void accept(OptIn optIn, OptInScript script, String flaw);
  }

  private void compare(long oid, ApprovalsTable table, Difference difference) {
    Optional<String> schema = schema();
    if (all.isEmpty() || schema.isEmpty()) {
      return;
    }
    Map<String, Trigger> present = present(oid);
    String qualified = jdbc.sql(QUALIFIED).param("oid", oid).query(String.class).single();
    for (OptIn optIn : all) {
      OptInScript script = OptInScript.of(optIn, table, qualified, schema.get());
      String flaw = flaw(optIn, script, present);
      if (flaw != null) {
        difference.accept(optIn, script, flaw);
      }
    }
  }

  private Optional<String> schema() {
    return jdbc.sql(SCHEMA).query(String.class).optional();
  }

  private Map<String, Trigger> present(long oid) {
    Map<String, Trigger> present = new TreeMap<>();
    jdbc.sql(OURS)
        .param("oid", oid)
        .query(
            (RowCallbackHandler)
                row ->
                    present.put(
                        row.getString("name"),
                        new Trigger(
                            row.getBoolean("enabled"),
                            new String(row.getBytes("arguments"), StandardCharsets.UTF_8))));
    return present;
  }

  private static @Nullable String flaw(
      OptIn optIn, OptInScript script, Map<String, Trigger> present) {
    if (!optIn.on()) {
      return script.triggers().stream().anyMatch(present::containsKey) ? LEFT : null;
    }
    List<Trigger> found =
        script.triggers().stream().filter(present::containsKey).map(present::get).toList();
    if (found.size() < script.triggers().size()) {
      return MISSING;
    }
    if (!found.stream().allMatch(trigger -> trigger.arguments().contains(script.digest()))) {
      return CHANGED;
    }
    return found.stream().allMatch(Trigger::enabled) ? null : DISABLED;
  }

  private record Trigger(boolean enabled, String arguments) {}

  /**
   * @param setting that asks for it
   * @param on whether it creates, or drops
   */
  record Change(String setting, boolean on, String script) {}
}
