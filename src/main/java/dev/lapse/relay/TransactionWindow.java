package dev.lapse.relay;

import java.time.Duration;

/**
 * How many records a transaction may hold, so that each ends within its time-out, however little
 * the link carries. After TCP's congestion window (RFC 5681), it is halved when one fails; but it
 * grows by its half, with each that was full and took no longer than two fifths of the time-out. So
 * the next takes three fifths at most, and after an outage pages are soon whole again.
 *
 * <p>A failure ends its term, so this is kept from term to term. Used by the relay's thread alone.
 */
final class TransactionWindow {

  private final int most;
  private final Duration brisk;
  private int records;

  /**
   * @param most records that a page holds
   * @param timeout of a transaction
   */
  TransactionWindow(int most, Duration timeout) {
    this.most = most;
    this.brisk = timeout.multipliedBy(2).dividedBy(5);
    this.records = most;
  }

  int records() {
    return records;
  }

  /** A transaction of {@code sent} records did not come to its end, for whatever reason. */
  void failed(int sent) {
    if (sent > 1) { // of one, or of the position alone, it was not the size
      records = Math.min(records, sent) / 2;
    }
  }

  /** One of {@code sent} records is committed, {@code took} after its beginning. */
  void committed(int sent, Duration took) {
    if (sent >= records && took.compareTo(brisk) <= 0) {
      records = (int) Math.min(most, records + records / 2 + 1L);
    }
  }
}
