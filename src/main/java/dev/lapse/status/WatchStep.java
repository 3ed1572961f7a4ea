package dev.lapse.status;

import dev.lapse.loop.Looping;
import dev.lapse.loop.Step;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;

/** One look of the watch: a few statements, each limited in what it counts and how long it runs. */
public final class WatchStep implements Step {

  private static final Logger log = LoggerFactory.getLogger(WatchStep.class);

  /** That many rows are read in some 10 ms, and more of them would tell a person nothing new. */
  private static final int BOUND = 10_000;

  /** Looks that may fail to come before the last one is too old to be told. */
  private static final int MISSED = 3;

  private final StatusReader reader;
  private final LongSupplier publishedId;
  private final LastErrors lastErrors;
  private final Supplier<Stream<Looping>> loops;
  private final WatchSettings settings;

  private volatile @Nullable Reading last;
  private long oldestRecord;
  private @Nullable Transaction warnedOf;

  /**
   * @param publishedId up to which this instance has published, 0 while it does not
   * @param loops those whose last errors are kept in the database
   */
  public WatchStep(
      StatusReader reader,
      LongSupplier publishedId,
      LastErrors lastErrors,
      Supplier<Stream<Looping>> loops,
      WatchSettings settings) {
    this.reader = reader;
    this.publishedId = publishedId;
    this.lastErrors = lastErrors;
    this.loops = loops;
    this.settings = settings;
  }

  @Override
  public Duration runOnce() {
    Status.Database now =
        reader.database(new Status.Look(BOUND, publishedId.getAsLong(), oldestRecord));
    last = new Reading(now, System.nanoTime());
    // Where ids begin anew nothing is found from here on, and the next look begins at the first.
    oldestRecord = now.oldestRecordId() == null ? 0 : now.oldestRecordId();
    warn(longTransaction(now));
    keepLastErrors();
    return settings.interval();
  }

  /** Where nothing can be written, what was read is known all the same. */
  private void keepLastErrors() {
    try {
      loops
          .get()
          .forEach(looping -> looping.lastFailure().ifPresent(f -> lastErrors.keep(looping, f)));
    } catch (DataAccessException e) {
      log.debug("Cannot record the last errors", e);
    }
  }

  /** Nothing is known of a database that does not answer. */
  @Override
  public void recover(Exception failure) {
    last = null;
  }

  Optional<Status.Database> reading() {
    Reading reading = last;
    long patience = settings.interval().multipliedBy(MISSED).toNanos();
    return reading == null || System.nanoTime() - reading.at() > patience
        ? Optional.empty()
        : Optional.of(reading.database());
  }

  Optional<Status.Transaction> longTransaction(Status.Database database) {
    return Optional.ofNullable(database.oldestTransaction())
        .filter(oldest -> oldest.seconds() >= settings.longTransaction().toSeconds());
  }

  /** Of each transaction once. */
  private void warn(Optional<Status.Transaction> found) {
    Status.Transaction oldest = found.orElse(null);
    if (oldest == null) {
      warnedOf = null;
      return;
    }
    Transaction known = warnedOf;
    warnedOf = new Transaction(oldest.pid(), oldest.seconds());
    if (known == null || !known.isContinuedBy(warnedOf)) {
      log.warn(
          "Long transaction holds back vacuum; expiry and publishing become slower pid={}"
              + " application=\"{}\" state=\"{}\" age={}s action=\"check whether it is stuck; if so,"
              + " SELECT pg_terminate_backend(pid)\"",
          oldest.pid(),
          oldest.application(),
          oldest.state(),
          (long) oldest.seconds());
    }
  }

  /** What one look found, and when. */
  private record Reading(Status.Database database, long at) {}

  /** One that was warned of: of the same session, and older than it was. */
  private record Transaction(@Nullable Integer pid, double seconds) {

    boolean isContinuedBy(Transaction later) {
      return Objects.equals(pid, later.pid) && later.seconds >= seconds;
    }
  }
}
