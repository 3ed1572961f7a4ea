package dev.lapse.relay;

import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How many records a transaction may hold, so that each ends within its time-out, however little
 * the link carries: halved when one fails, and doubled again by each that is full and brisk. After
 * TCP's congestion window (RFC 5681), but for the growth, which is geometric: a page is soon whole
 * again when the failure was an outage.
 *
 * <p>A failure ends its term, so this is kept from term to term. Used by the relay's thread alone.
 */
final class Window {

  private static final Logger log = LoggerFactory.getLogger(Window.class);

  private final int most;
  private final Duration brisk;
  private int records;

  Window(RelaySettings settings) {
    this.most = settings.pageRecords();
    this.brisk = settings.transactionTimeout().dividedBy(5); // twice that is a half of what may be
    this.records = most;
  }

  int records() {
    return records;
  }

  /** A transaction of {@code sent} records did not come to its end, whatever the reason. */
  void failed(int sent) {
    records = Math.max(1, Math.min(records, sent) / 2);
    log.debug("Smaller transactions from now on records={}", records);
  }

  /** One of {@code sent} records is committed, {@code took} after its beginning. */
  void committed(int sent, Duration took) {
    if (sent >= records && took.compareTo(brisk) < 0) {
      records = (int) Math.min(most, 2L * records);
    }
  }
}
