package dev.lapse.expiration;

import dev.lapse.approvals.ApprovalsTable;
import javax.sql.DataSource;

/** Trials for tests of other packages. */
public final class Trials {

  private Trials() {}

  /** Of the standard table. */
  public static Trial of(DataSource dataSource) {
    return of(dataSource, ApprovalsTable.standard());
  }

  /** Of any table. */
  public static Trial of(DataSource dataSource, ApprovalsTable table) {
    return new Trial(dataSource, table, true);
  }
}
