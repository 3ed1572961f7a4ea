package dev.lapse.audit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.approvals.ApprovalsTable;
import java.util.List;
import org.junit.jupiter.api.Test;

class InvariantTest {

  private static final List<Invariant> ABOUT_APPROVALS =
      Invariant.ALL.stream()
          .filter(invariant -> statement(invariant).contains("ai_approvals"))
          .toList();

  /** A query that names the table elsewhere would be about another table than the application's. */
  @Test
  void aQueryAboutApprovalsBeginsAsItCanBeMapped() {
    assertThat(ABOUT_APPROVALS).hasSize(6);
    for (Invariant invariant : ABOUT_APPROVALS) {
      String statement = statement(invariant);
      assertThat(statement).as(invariant.name()).startsWith(Invariant.STANDARD);
      assertThat(statement.substring(Invariant.STANDARD.length()))
          .as(invariant.name())
          .doesNotContain("ai_approvals");
    }
  }

  @Test
  void asksTheApplicationsTable() {
    for (Invariant invariant : ABOUT_APPROVALS) {
      assertThat(invariant.sql(ApprovalsTable.standard()))
          .as(invariant.name())
          .contains("FROM \"ai_approvals\" approval")
          .doesNotContain("FROM ai_approvals", "${");
    }
  }

  /** Without the comment at its head. */
  private static String statement(Invariant invariant) {
    return invariant.sql().replaceAll("(?m)^--.*\\R", "");
  }
}
