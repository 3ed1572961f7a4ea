package dev.lapse.approvals;

import dev.lapse.approvals.FoundTable.Policy;
import dev.lapse.problem.Problem;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Whether row-level security lets the role by. Which rows a condition hides nobody can tell, unless
 * it is {@code true}.
 */
final class RowSecurityCheck extends TableCheck {

  private static final String WHY =
      "Rows hidden by row-level security would never expire, without any warning.";

  private final List<String> commands;
  private final List<Policy> policies;

  private RowSecurityCheck(ApprovalsSettings settings, FoundTable found, List<String> commands) {
    super(settings, found);
    this.commands = commands;
    this.policies =
        found.policies().stream().filter(policy -> commands.contains(policy.command())).toList();
  }

  static List<Problem> toRead(ApprovalsSettings settings, FoundTable found) {
    return of(settings, found, List.of("SELECT"));
  }

  static List<Problem> toExpire(ApprovalsSettings settings, FoundTable found) {
    return of(settings, found, List.of("SELECT", "UPDATE"));
  }

  private static List<Problem> of(
      ApprovalsSettings settings, FoundTable found, List<String> commands) {
    RowSecurityCheck check = new RowSecurityCheck(settings, found, commands);
    if (found.rowSecurity()) {
      check.policies();
    }
    return check.problems();
  }

  private void policies() {
    String restrictive =
        policies.stream()
            .filter(policy -> !policy.permissive())
            .map(policy -> Sql.name(policy.name()))
            .distinct()
            .collect(Collectors.joining(", "));
    String role = Sql.name(found.role());
    if (!restrictive.isEmpty()) {
      add(
          "Restrictive policies of %s, %s, limit what the role %s may %s."
              .formatted(table, restrictive, found.role(), verb()),
          WHY,
          "ALTER ROLE %s BYPASSRLS;%n-- or restrict these policies to other roles: TO …"
              .formatted(role));
    } else if (!commands.stream().allMatch(this::isOpen)) {
      add(
          "No policy of %s allows the role %s to %s all rows."
              .formatted(table, found.role(), verb()),
          WHY,
          "CREATE POLICY %2$s ON %1$s%3$s TO %2$s USING (true);%n-- or, for every table: ALTER ROLE %2$s BYPASSRLS;"
              .formatted(table, role, commands.contains("UPDATE") ? "" : " FOR SELECT"));
    }
  }

  private boolean isOpen(String command) {
    return policies.stream().anyMatch(policy -> policy.command().equals(command) && policy.open());
  }

  private String verb() {
    return String.join(" and ", commands);
  }
}
