package dev.lapse.expiration;

import org.springframework.jdbc.core.simple.JdbcClient;

/** A sweep over the standard table, for tests of other packages. */
public final class SweepForTests {

  private SweepForTests() {}

  public static Sweep of(JdbcClient jdbc, int batchSize) {
    return Sweeps.of(jdbc, batchSize);
  }
}
