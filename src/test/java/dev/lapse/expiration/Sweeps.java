package dev.lapse.expiration;

import org.springframework.jdbc.core.simple.JdbcClient;

/** Sweeps for tests. */
final class Sweeps {

  static final ExpirationSettings.StormGuard DEFAULT =
      new ExpirationSettings.StormGuard(true, 10_000, 0.5);

  private Sweeps() {}

  static Sweep of(JdbcClient jdbc, int batchSize) {
    return of(jdbc, DEFAULT, batchSize);
  }

  static Sweep of(JdbcClient jdbc, ExpirationSettings.StormGuard stormGuard, int batchSize) {
    return new Sweep(new DueApprovals(jdbc), new StormGuard(jdbc, stormGuard), batchSize);
  }
}
