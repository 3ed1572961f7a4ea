package dev.lapse.replay;

import dev.lapse.event.EventEncoder;
import dev.lapse.kafka.KafkaAccess;
import dev.lapse.problem.Reasons;
import dev.lapse.replay.ReplayRecords.Page;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes events again, in the order of the log, on the thread that asks for it.
 *
 * <p>It changes nothing that the relay works with. Between the commit in Kafka and the row in
 * {@code replay} a crash may come, so whoever resumes may publish one page once more, with the same
 * ids.
 */
public final class Replay {

  private static final Logger log = LoggerFactory.getLogger(Replay.class);

  private static final String TOO_MANY =
      "New events arrived: the replay now exceeds the %d events that need no confirmation (--yes)";

  private final ReplayRecords records;
  private final Replays replays;
  private final KafkaAccess kafka;
  private final EventEncoder encoder;
  private final String relay;

  /**
   * @param relay whose published events these are
   */
  public Replay(
      DataSource dataSource,
      Replays replays,
      KafkaAccess kafka,
      EventEncoder encoder,
      String relay) {
    this.records = new ReplayRecords(dataSource, relay);
    this.replays = replays;
    this.kafka = kafka;
    this.encoder = encoder;
    this.relay = relay;
  }

  /**
   * What {@code request} would publish now. Takes as long as the selection is wide: a second for a
   * million ids.
   *
   * @param stop gives it up within a second, when it counts down
   * @return empty if it was given up
   * @throws IllegalStateException saying why nothing can be published again, or not there
   */
  public Optional<Plan> plan(Request request, CountDownLatch stop)
      throws SQLException, InterruptedException {
    if (request.toTopic() != null) {
      TargetTopic.requirePresent(kafka, request.toTopic());
    }
    Selection selection = request.selection();
    return records.count(selection, start(request), records.end(selection), stop);
  }

  /**
   * Publishes what {@code plan} counted; besides, of the range it spans, what the relay published
   * late meanwhile: events of transactions that were open, or that waited behind a dead letter. No
   * more than {@link Request#max()} in all, unless confirmed.
   *
   * @param stop ends it behind the page in hand, when it counts down
   * @param progress told at the start and after every page
   * @return how it ended, also where that could not be noted in the table {@code replay}
   * @throws TooManyException if these are more events than may be published unconfirmed
   */
  public Outcome run(Request request, Plan plan, CountDownLatch stop, Consumer<Progress> progress) {
    if (plan.events() > request.max() && !request.confirmed()) {
      throw new TooManyException(plan, request.max());
    }
    UUID id = UUID.randomUUID();
    replays.begin(id, request);
    log.info("Replaying id={} events={} requestedAs={}", id, plan.events(), request.requestedAs());
    Outcome outcome = new Run(request, plan, stop, progress, id).run();
    log.info(
        "Replayed id={} outcome={} events={} lastId={}",
        id,
        outcome.end(),
        outcome.progress().events(),
        outcome.progress().lastId());
    note(outcome);
    return outcome;
  }

  /** Where the database has gone, the log alone tells how it ended. */
  private void note(Outcome outcome) {
    try {
      replays.end(outcome);
    } catch (RuntimeException e) {
      log.warn(
          "Could not record the end of a replay id={} outcome={} events={} lastId={} failure=\"{}\""
              + " reason=\"{}\" action=\"to resume, pass --after-id=lastId\"",
          outcome.progress().replay(),
          outcome.end(),
          outcome.progress().events(),
          outcome.progress().lastId(),
          outcome.failure(),
          Reasons.of(e));
    }
  }

  private static long start(Request request) {
    Long fromId = request.selection().fromId();
    return Math.max(request.afterId(), fromId == null ? 0 : fromId - 1);
  }

  /** One replay under way. */
  private final class Run {

    private final Request request;
    private final Plan plan;
    private final CountDownLatch stop;
    private final Consumer<Progress> listener;
    private final long startedAt = System.nanoTime();
    private Progress progress;

    Run(Request request, Plan plan, CountDownLatch stop, Consumer<Progress> listener, UUID id) {
      this.request = request;
      this.plan = plan;
      this.stop = stop;
      this.listener = listener;
      this.progress = new Progress(id, 0, 0, 0);
    }

    /** Whatever goes wrong ends it: the outcome says so, and where to go on. */
    Outcome run() {
      listener.accept(progress);
      try (ReplayPublisher publisher =
          new ReplayPublisher(
              kafka,
              encoder,
              "%s.replay.%s".formatted(relay, progress.replay()),
              progress.replay(),
              request.toTopic())) {
        return publishAll(publisher);
      } catch (SQLException | RuntimeException e) {
        return new Outcome(Outcome.End.FAILED, progress, Reasons.of(e));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return new Outcome(Outcome.End.STOPPED, progress, null);
      }
    }

    private Outcome publishAll(ReplayPublisher publisher)
        throws SQLException, InterruptedException {
      int limit = pageRecords();
      int walk = limit;
      for (long after = start(request); after < plan.lastId(); ) {
        if (isStoppedBefore(nextPageAt())) {
          return new Outcome(Outcome.End.STOPPED, progress, null);
        }
        Page page = records.read(request.selection(), after, plan.lastId(), limit, walk);
        if (page.records().size() <= limit / 2) {
          walk = Math.min(2 * walk, ReplayRecords.MAX_WALK);
        } else if (page.records().size() == limit) {
          walk = Math.max(limit, walk / 2);
        }
        after = page.upToId();
        if (!request.confirmed() && progress.events() + page.records().size() > request.max()) {
          return new Outcome(Outcome.End.FAILED, progress, TOO_MANY.formatted(request.max()));
        }
        if (!page.records().isEmpty()) {
          publisher.publish(page.records(), page.time());
          progress = progress.plus(page.records().size(), page.bytes(), after(page));
          replays.progress(progress);
          listener.accept(progress);
        }
      }
      return new Outcome(Outcome.End.DONE, progress, null);
    }

    private static long after(Page page) {
      return page.records().get(page.records().size() - 1).id();
    }

    /** Two pages a second at least, so that a slow replay does not come in bursts. */
    private int pageRecords() {
      return request.rate() == 0
          ? ReplayRecords.MAX_RECORDS
          : Math.max(1, Math.min(ReplayRecords.MAX_RECORDS, request.rate() / 2));
    }

    /** It waits between pages only: consumers of the topic wait for every open transaction. */
    private Duration nextPageAt() {
      if (request.rate() == 0) {
        return Duration.ZERO;
      }
      long due = progress.events() * 1_000_000_000L / request.rate();
      return Duration.ofNanos(Math.max(0, startedAt + due - System.nanoTime()));
    }

    private boolean isStoppedBefore(Duration pause) throws InterruptedException {
      return stop.await(pause.toNanos(), TimeUnit.NANOSECONDS);
    }
  }
}
