package dev.lapse.expiration;

import dev.lapse.approvals.ApprovalsTable;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Sweeps for tests. */
final class Sweeps {

  static final ExpirationSettings.StormGuard DEFAULT =
      new ExpirationSettings.StormGuard(true, 10_000, 0.5);

  static final DueApprovals.Key FIRST = DueApprovals.Key.first(ApprovalsTable.standard());

  private Sweeps() {}

  /** Of the standard table. */
  static DueApprovals dueApprovals(JdbcClient jdbc) {
    return new DueApprovals(jdbc, ApprovalsTable.standard());
  }

  static Sweep of(JdbcClient jdbc, int batchSize) {
    return of(jdbc, ApprovalsTable.standard(), DEFAULT, batchSize);
  }

  static Sweep of(JdbcClient jdbc, ApprovalsTable table, int batchSize) {
    return of(jdbc, table, DEFAULT, batchSize);
  }

  static Sweep of(JdbcClient jdbc, ExpirationSettings.StormGuard stormGuard, int batchSize) {
    return of(jdbc, ApprovalsTable.standard(), stormGuard, batchSize);
  }

  private static Sweep of(
      JdbcClient jdbc,
      ApprovalsTable table,
      ExpirationSettings.StormGuard stormGuard,
      int batchSize) {
    return of(jdbc, table, stormGuard, new Refusals(System::nanoTime), batchSize);
  }

  static Sweep of(JdbcClient jdbc, Refusals refusals, int batchSize) {
    return of(jdbc, ApprovalsTable.standard(), DEFAULT, refusals, batchSize);
  }

  private static Sweep of(
      JdbcClient jdbc,
      ApprovalsTable table,
      ExpirationSettings.StormGuard stormGuard,
      Refusals refusals,
      int batchSize) {
    return new Sweep(
        new DueApprovals(jdbc, table),
        new StormGuard(jdbc, table, stormGuard),
        refusals,
        batchSize);
  }
}
