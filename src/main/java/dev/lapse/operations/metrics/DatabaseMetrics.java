package dev.lapse.operations.metrics;

import dev.lapse.status.Status;
import dev.lapse.status.Watch;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** What the watch read last; NaN while the database does not answer it. */
final class DatabaseMetrics implements MeterBinder {

  private final Watch watch;

  DatabaseMetrics(Watch watch) {
    this.watch = watch;
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    Gauge.builder("lapse.database.up", watch, w -> w.reading().isPresent() ? 1 : 0)
        .description("1 while the database answers the monitor")
        .register(registry);
    gauge(
        registry,
        "lapse.pending",
        "Approvals that wait for a decision; counted up to 10,000",
        d -> d.pending().count());
    gauge(
        registry,
        "lapse.due",
        "Pending approvals past their deadline; counted up to 10,000",
        d -> d.due().count());
    seconds(
        registry,
        "lapse.overdue",
        "Time since the earliest deadline of an overdue approval; 0 if none is overdue",
        d -> orZero(d.overdueSeconds()));
    gauge(
        registry,
        "lapse.backlog",
        "Outbox rows not published yet; counted up to 10,000",
        d -> d.backlog().count());
    seconds(
        registry,
        "lapse.backlog.oldest",
        "Age of the oldest unpublished outbox row; 0 if there is none",
        d -> orZero(d.oldestUnpublishedSeconds()));
    Gauge.builder("lapse.outbox", watch, w -> read(w, Status.Database::outboxBytes))
        .baseUnit("bytes")
        .description("Size of the outbox with its indexes")
        .register(registry);
    seconds(
        registry,
        "lapse.outbox.oldest",
        "Age of the oldest outbox row that is eligible for purging; 0 if there is none",
        d -> orZero(d.oldestRecordSeconds()));
    seconds(
        registry,
        "lapse.oldest.transaction",
        "Age of the oldest transaction that holds back vacuum; 0 if there is none",
        d -> d.oldestTransaction() == null ? 0 : d.oldestTransaction().seconds());
    gauge(
        registry,
        "lapse.replayed.events",
        "Events published again, by all replays in the table replay",
        Status.Database::replayed);
  }

  private void gauge(
      MeterRegistry registry,
      String name,
      String description,
      ToDoubleFunction<Status.Database> value) {
    Gauge.builder(name, watch, w -> read(w, value)).description(description).register(registry);
  }

  private void seconds(
      MeterRegistry registry,
      String name,
      String description,
      ToDoubleFunction<Status.Database> value) {
    Gauge.builder(name, watch, w -> read(w, value))
        .baseUnit("seconds")
        .description(description)
        .register(registry);
  }

  private static double read(Watch watch, ToDoubleFunction<Status.Database> value) {
    return watch.reading().map(value::applyAsDouble).orElse(Double.NaN);
  }

  private static double orZero(@Nullable Double seconds) {
    return seconds == null ? 0 : seconds;
  }
}
