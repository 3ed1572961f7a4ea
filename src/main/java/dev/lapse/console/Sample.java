package dev.lapse.console;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One look at the database.
 *
 * @param seq counts the looks of this process
 * @param at in ms since 1970, by the clock of this process
 * @param written events per second since the look before; null after a gap
 * @param published the same
 * @param p50 of lateness in ms, of what expired since the look before; null if nothing did
 * @param p99 the same
 * @param waiting events not published
 * @param overdue approvals
 * @param expired approvals that expired per second since the look before; null after a gap
 */
record Sample(
    long seq,
    long at,
    @Nullable Double written,
    @Nullable Double published,
    @Nullable Double p50,
    @Nullable Double p99,
    long waiting,
    long overdue,
    @Nullable Double expired) {

  /** Without names: a page of history is to stay small. */
  List<@Nullable Object> row() {
    return new ArrayList<>(
        Arrays.asList(
            seq,
            at,
            rounded(written),
            rounded(published),
            rounded(p50),
            rounded(p99),
            waiting,
            overdue,
            rounded(expired)));
  }

  private static @Nullable Double rounded(@Nullable Double value) {
    return value == null ? null : Math.round(value * 10) / 10.0;
  }

  static @Nullable Double percentile(double[] sorted, double share) {
    return sorted.length == 0
        ? null
        : (Double) sorted[(int) Math.min(sorted.length - 1L, (long) (share * sorted.length))];
  }
}
