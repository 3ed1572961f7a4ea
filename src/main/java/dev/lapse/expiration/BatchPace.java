package dev.lapse.expiration;

import java.sql.SQLException;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How many approvals a batch may hold so that the database does it in time: half as many after each
 * that was cancelled for its statement or lock time-out, and twice as many once a batch took a
 * quarter of that time. Kept from sweep to sweep; used by the sweeping thread alone.
 */
final class BatchPace {

  private static final Logger log = LoggerFactory.getLogger(BatchPace.class);

  /** query_canceled and lock_not_available. */
  private static final Set<String> OUT_OF_TIME = Set.of("57014", "55P03");

  private final int most;
  private int limit;

  /** Nanoseconds that the last one took which was cancelled. */
  private long tooLong;

  BatchPace(int most) {
    this.most = most;
    this.limit = most;
  }

  /** Approvals that the next batch may hold, 1 or more. */
  int limit() {
    return limit;
  }

  /** Whether a batch failed for want of time. */
  static boolean isOutOfTime(Exception failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof SQLException error
          && error.getSQLState() != null
          && OUT_OF_TIME.contains(error.getSQLState())) {
        return true;
      }
    }
    return false;
  }

  /**
   * One of {@code size} approvals was cancelled.
   *
   * @param took nanoseconds
   * @param reason in PostgreSQL's words
   */
  void cancelled(int size, long took, String reason) {
    if (limit == most) {
      log.warn(
          "A batch hit a time-out; trying smaller batches size={} took={}ms reason=\"{}\""
              + " action=\"see what approvals wait for: a lock, or a slow trigger\"",
          size,
          took / 1_000_000,
          reason);
    }
    limit = Math.max(1, Math.min(limit, size) / 2);
    tooLong = took;
  }

  /**
   * One was done.
   *
   * @param took nanoseconds
   */
  void done(long took) {
    if (limit < most && took < tooLong / 4) {
      limit = (int) Math.min(most, 2L * limit);
    }
  }
}
