package dev.lapse.retention;

import dev.lapse.loop.Step;
import dev.lapse.outbox.Checkpoints;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One cycle of the retention: a batch, and a rest four times as long, so that a large purge takes a
 * fifth of one session's time and leaves the rest to sweep, relay and autovacuum.
 *
 * <p>A pass goes on where the last one ended, past the dead entries that it left in the index; once
 * an hour one begins at the beginning, for what had to be spared before.
 */
final class RetentionStep implements Step {

  private static final Logger log = LoggerFactory.getLogger(RetentionStep.class);

  private static final int REST = 4;

  private static final Duration FULL_PASS_INTERVAL = Duration.ofHours(1);

  /** A batch of another instance takes a second; a session that holds it longer hangs. */
  private static final Duration BUSY_PATIENCE = Duration.ofMinutes(10);

  /** Run by a test. */
  static final String WHO_HOLDS_IT =
      "SELECT pid, usename, application_name, state, xact_start FROM pg_stat_activity WHERE pid IN"
          + " (SELECT pid FROM pg_locks WHERE relation = 'retention'::regclass)";

  private final Purge purge;
  private final Checkpoints checkpoints;
  private final RetentionSettings settings;
  private final RetentionListener listener;
  private final LongSupplier nanoTime;

  private long afterId;
  private long purged;
  private long fullPassAt;
  private boolean busy;
  private boolean toldOfBusy;
  private long busyFrom;
  private Set<String> toldOf = Set.of();

  RetentionStep(
      Purge purge,
      Checkpoints checkpoints,
      RetentionSettings settings,
      RetentionListener listener,
      LongSupplier nanoTime) {
    this.purge = purge;
    this.checkpoints = checkpoints;
    this.settings = settings;
    this.listener = listener;
    this.nanoTime = nanoTime;
    this.fullPassAt = nanoTime.getAsLong();
  }

  @Override
  public Duration runOnce() {
    long begin = nanoTime.getAsLong();
    Purge.Batch batch = purge.run(afterId, settings.period(), settings.batchSize());
    if (batch.busy()) {
      tellIfBusyForLong(begin);
      return settings.interval();
    }
    busy = false;
    if (batch.purged() > 0) {
      listener.purged(batch.purged());
    }
    purged += batch.purged();
    if (batch.more()) {
      afterId = batch.lastId();
      return Duration.ofNanos((nanoTime.getAsLong() - begin) * REST);
    }
    endPass();
    return settings.interval();
  }

  /** Once, for as long as it lasts. */
  private void tellIfBusyForLong(long now) {
    if (!busy) {
      busy = true;
      toldOfBusy = false;
      busyFrom = now;
    }
    if (!toldOfBusy && now - busyFrom >= BUSY_PATIENCE.toNanos()) {
      toldOfBusy = true;
      log.warn(
          "Purging waits: another session holds the row of the table retention for={}"
              + " action=\"see who holds it, and end that session if it hangs: {}\"",
          Duration.ofNanos(now - busyFrom),
          WHO_HOLDS_IT);
    }
  }

  /** The batch that ended it is looked at again: what was too young in it becomes old. */
  private void endPass() {
    if (purged > 0) {
      log.info("Purged published rows count={} olderThan={}", purged, settings.period());
      purged = 0;
    }
    if (nanoTime.getAsLong() - fullPassAt >= FULL_PASS_INTERVAL.toNanos()) {
      fullPassAt = nanoTime.getAsLong();
      afterId = 0;
    }
    tellOfStaleCheckpoints();
  }

  /** Each once, for as long as it stays. */
  private void tellOfStaleCheckpoints() {
    List<Checkpoints.Stale> stale = checkpoints.stale();
    for (Checkpoints.Stale checkpoint : stale) {
      if (!toldOf.contains(checkpoint.relay())) {
        log.warn(
            "Purging of newer rows is blocked: a relay has not published for a day relay={}"
                + " publishedId={} checkpointWrittenAt={} action=\"{}\"",
            checkpoint.relay(),
            checkpoint.publishedId(),
            checkpoint.writtenAt(),
            checkpoint.action());
      }
    }
    toldOf = stale.stream().map(Checkpoints.Stale::relay).collect(Collectors.toUnmodifiableSet());
  }
}
