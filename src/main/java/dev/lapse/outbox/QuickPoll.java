package dev.lapse.outbox;

import java.sql.SQLException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Says at a fifth of a page's cost that an outbox whose last page was empty has nothing new.
 *
 * <p>A row that the last page could not see is of an id that is handed out since, or of a
 * transaction that has ended since. So nothing is new while the sequence and the snapshot are the
 * same. Where others write, the snapshot always changes. So it does not count once no id was handed
 * out for a second: then a row can only be of a transaction that took longer, and waits at most
 * {@link #TRUST}. When the last page is older than that, another one is read in any case. Used by
 * one thread.
 */
public final class QuickPoll {

  private static final long TRUST = Duration.ofMillis(250).toNanos();
  private static final long LONG = Duration.ofSeconds(1).toNanos();

  private final OutboxReader reader;

  /** The first empty page's that saw the last id as it is now; null before there was one. */
  private @Nullable DatabaseState first;

  private @Nullable DatabaseState last;

  public QuickPoll(OutboxReader reader) {
    this.reader = reader;
  }

  /** Notes a page that was read. */
  public void read(Page page) {
    last = page.isEmpty() && !page.more() && page.from().catchUp() == null ? page.database() : null;
    if (last == null || first == null || first.lastId() != last.lastId()) {
      first = last;
    }
  }

  /**
   * Whether to read a page now would bring none.
   *
   * @param now the {@link System#nanoTime()}
   */
  public boolean isQuiet(long now) throws SQLException {
    if (first == null || last == null || now - last.askedAt() >= TRUST) {
      return false;
    }
    boolean whateverEnds = last.askedAt() - first.askedAt() >= LONG;
    return reader.isQuiet(last.lastId(), whateverEnds ? null : last.snapshot());
  }
}
