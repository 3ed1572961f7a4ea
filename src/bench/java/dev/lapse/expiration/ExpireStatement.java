package dev.lapse.expiration;

import dev.lapse.approvals.ApprovalsTable;
import java.util.Map;

/** The one statement that makes approvals expire, for benchmarks to run without the service. */
public final class ExpireStatement {

  private ExpireStatement() {}

  /** The statement, with {@code names} in the place of its parameters. */
  public static String with(Map<String, String> names) {
    String sql = ApprovalsTable.standard().sql(DueApprovals.EXPIRE);
    for (Map.Entry<String, String> name : names.entrySet()) {
      String parameter = ":" + name.getKey();
      if (!sql.contains(parameter)) {
        throw new IllegalArgumentException("the statement has no parameter " + parameter);
      }
      sql = sql.replace(parameter, name.getValue());
    }
    return sql;
  }
}
