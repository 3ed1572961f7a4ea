package dev.lapse.approvals;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lapse.approvals.ApprovalsSettings.Columns;
import dev.lapse.approvals.ApprovalsSettings.Statuses;
import dev.lapse.approvals.FoundTable.DueIndex;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ApprovalsTableTest {

  private static final Column TEXT = column("text");
  private static final Column INSTANT = column("timestamp with time zone");
  private static final Column LOCAL = column("timestamp without time zone");

  @Test
  void putsNamesAndValuesInPlaceOfOurWords() {
    assertThat(
            ApprovalsTable.standard()
                .sql("SELECT ${id} FROM ${approvals} WHERE ${is_pending} AND ${now} > x"))
        .isEqualTo(
            "SELECT \"id\" FROM \"ai_approvals\" WHERE approval.\"status\" = 'pending' AND now() > x");
  }

  @Test
  void leavesOutTheLinesOfWhatTheTableDoesNotHave() {
    String statement =
        """
        SET a = b
            ${?version} , ${version} = 1
            ${?executed_at} , ${executed_at} = ${now}
            ${?attributes} , nothing
            ${?text_id} , nothing
        WHERE c
        """;

    assertThat(ApprovalsTable.standard().sql(statement))
        .isEqualTo(
            """
            SET a = b
                , "version" = 1
                , "executed_at" = now()
            WHERE c
            """);
    assertThat(
            table(new Columns("id", "status", "", "expires_at", "", "", null, null), INSTANT, null)
                .sql(statement))
        .isEqualTo(
            """
            SET a = b
                , nothing
            WHERE c
            """);
  }

  @Test
  void looksForNoWordsInNames() {
    ApprovalsTable table =
        table(
            new Columns("${status}", "$1\\\"", "", "expires_at", "", "", null, null),
            INSTANT,
            null);

    assertThat(table.sql("${id}, ${status}")).isEqualTo("\"${status}\", \"$1\\\"\"\"");
  }

  @Test
  void quotesValuesWhateverTheSessionMakesOfABackslash() {
    assertThat(Sql.literal("it's")).isEqualTo("'it''s'");
    assertThat(Sql.literal("\\' OR true --")).isEqualTo("E'\\\\'' OR true --'");
  }

  @Test
  void comparesALocalTimeWithTheLocalTime() {
    ApprovalsTable table = table(ApprovalsSettings.STANDARD.columns(), LOCAL, LOCAL);

    assertThat(table.sql("${now} ${clock} ${deadline_type} ${due_at} ${expiring}"))
        .isEqualTo(
            "(now() AT TIME ZONE 'Europe/Berlin') (clock_timestamp() AT TIME ZONE 'Europe/Berlin')"
                + " timestamp (approval.\"expires_at\" AT TIME ZONE 'Europe/Berlin')"
                + " \"status\" = 'expired', \"version\" = coalesce(approval.\"version\", 0) + 1,"
                + " \"executed_at\" = (now() AT TIME ZONE 'Europe/Berlin')");
  }

  @Test
  void roundsUpWhatTheColumnCannotHold() {
    Column milliseconds =
        new Column(
            4,
            "timestamp with time zone",
            "timestamp with time zone",
            3,
            "",
            false,
            List.of(),
            true,
            true);

    assertThat(
            table(ApprovalsSettings.STANDARD.columns(), INSTANT, milliseconds).sql("${expiring}"))
        .endsWith(", \"executed_at\" = (now() + interval '499 us')");
  }

  @Test
  void refusesAWordThatItDoesNotKnow() {
    assertThatThrownBy(() -> ApprovalsTable.standard().sql("${expiresAt}"))
        .hasMessageContaining("expiresAt");
  }

  private static ApprovalsTable table(
      Columns columns, Column expiresAt, @Nullable Column executedAt) {
    ApprovalsSettings settings =
        new ApprovalsSettings(
            null,
            "ai_approvals",
            columns,
            new Statuses(List.of("pending"), "expired", null, null, null),
            List.of(),
            "Europe/Berlin",
            null,
            Map.of(),
            null);
    return ApprovalsTable.of(
        settings,
        new FoundTable(
            1,
            "public",
            "r",
            "me",
            true,
            false,
            List.of(),
            List.of(),
            executedAt == null
                ? Map.of(columns.id(), TEXT, columns.status(), TEXT, columns.expiresAt(), expiresAt)
                : Map.of(
                    columns.id(), TEXT,
                    columns.status(), TEXT,
                    columns.expiresAt(), expiresAt,
                    columns.executedAt(), executedAt),
            true,
            true,
            null,
            DueIndex.PRESENT,
            "due",
            Map.of(),
            Map.of(),
            Map.of(),
            Map.of()),
        SessionSettings.NONE);
  }

  private static Column column(String type) {
    return new Column(1, type, type, -1, "", false, List.of(), true, true);
  }
}
