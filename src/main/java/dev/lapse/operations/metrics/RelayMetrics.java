package dev.lapse.operations.metrics;

import dev.lapse.outbox.OutboxRecord;
import dev.lapse.relay.PublishedTransaction;
import dev.lapse.relay.RelayListener;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.concurrent.TimeUnit;

/**
 * Counts what the relay did. Every event's latency is recorded, so that a percentile is one of
 * events; on the relay's thread alone.
 */
final class RelayMetrics implements RelayListener {

  private final Counter published;
  private final Counter stragglers;
  private final Counter aborted;
  private final Counter fenced;
  private final Timer latency;
  private final DistributionSummary pageRecords;
  private final DistributionSummary pageBytes;
  private final OccurredAt occurredAt = new OccurredAt();

  RelayMetrics(MeterRegistry registry) {
    published = counter(registry, "lapse.published", "Events committed in Kafka by this instance");
    stragglers =
        counter(
            registry,
            "lapse.stragglers",
            "Late-committing events: events committed in PostgreSQL after later ones were published");
    aborted =
        counter(
            registry,
            "lapse.relay.aborted",
            "Kafka transactions that ended with an error or an unknown result");
    fenced =
        counter(
            registry,
            "lapse.relay.fenced",
            "Times that Kafka fenced this instance because another one publishes");
    latency =
        Timer.builder("lapse.publish.latency")
            .description("Time from an event's occurred_at to its commit in Kafka")
            .serviceLevelObjectives(Buckets.durations())
            .register(registry);
    pageRecords =
        DistributionSummary.builder("lapse.relay.page.records")
            .description("Events per Kafka transaction")
            .serviceLevelObjectives(Buckets.records())
            .register(registry);
    pageBytes =
        DistributionSummary.builder("lapse.relay.page")
            .baseUnit("bytes")
            .description("Bytes per Kafka transaction: keys, payloads and additional headers")
            .serviceLevelObjectives(Buckets.bytes())
            .register(registry);
  }

  private static Counter counter(MeterRegistry registry, String name, String description) {
    return Counter.builder(name).description(description).register(registry);
  }

  @Override
  public void published(PublishedTransaction transaction) {
    published.increment(transaction.events());
    stragglers.increment(transaction.stragglers());
    pageRecords.record(transaction.events());
    pageBytes.record((double) transaction.bytes());
    long at = OccurredAt.micros(transaction.at());
    for (OutboxRecord record : transaction.records()) {
      long since = occurredAt.micros(record.occurredAt());
      if (since != OccurredAt.UNKNOWN) {
        latency.record(Math.max(0, at - since), TimeUnit.MICROSECONDS);
      }
    }
  }

  @Override
  public void aborted() {
    aborted.increment();
  }

  @Override
  public void fenced() {
    fenced.increment();
  }
}
