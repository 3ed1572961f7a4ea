package dev.lapse.console;

import dev.lapse.outbox.DeadLetters;
import dev.lapse.pause.Part;
import dev.lapse.pause.Pause;
import dev.lapse.problem.Reasons;
import dev.lapse.relay.RelayStatus;
import dev.lapse.replay.Replays;
import dev.lapse.status.Status;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Looks once a pace while somebody has the page open. Otherwise it keeps what the watch has read
 * anyway, and asks nothing. All viewers get the same bytes, so a hundred cost the database what one
 * does. Safe for use by several threads.
 *
 * <p>A database or a Kafka that does not answer is waited for by a thread of its own: that there is
 * no answer is shown after seconds, and nothing is asked again meanwhile.
 */
final class Sampler implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Sampler.class);

  /** Paces without a viewer after which nothing is asked any more. */
  private static final long ABANDONED = 7;

  /** A sample of the watch's reading, while nobody looks. */
  private static final long IDLE_PACE = 15_000; // ms

  /** The database has answered by then, or is shown as not answering. */
  private static final long PATIENCE = 4_000; // ms

  /** Paces after which Kafka is asked again who leads. */
  private static final long LEADER_PACES = 5;

  /** 15 minutes at the default pace. */
  private static final int RING = 450;

  private static final int SAMPLES_IN_A_FRAME = 25;
  private static final int EVENTS = 20;
  private static final int REPLAYS = 3;
  private static final int BOUND = 10_000;
  private static final int FRAMES = 200;
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final Sources sources;
  private final long pace; // ms
  private final ExecutorService asking =
      Executors.newFixedThreadPool(2, work -> daemon(work, "lapse-console-asks"));
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(work -> daemon(work, "lapse-console"));

  private final Deque<Sample> ring = new ArrayDeque<>();
  private final Map<String, byte[]> frames = new ConcurrentHashMap<>();
  private final Map<String, Long> attentionSince = new HashMap<>();
  private final AtomicLong lookedAt = new AtomicLong(Long.MIN_VALUE);
  private volatile @Nullable Look last;

  private long seq;
  private long lastId;
  private long lastPublished;
  private long lastAt;
  private volatile long oldestRecord;
  private long askedKafkaAt = Long.MIN_VALUE;
  private @Nullable Reading reading;
  private @Nullable Future<Reading> pending;
  private @Nullable Future<Status.Relay> pendingRelay;
  private Status.@Nullable Relay group;
  private @Nullable String kafkaFailure;

  Sampler(Sources sources, Duration pace) {
    this.sources = sources;
    this.pace = pace.toMillis();
  }

  private static Thread daemon(Runnable work, String name) {
    Thread daemon = new Thread(work, name);
    daemon.setDaemon(true);
    return daemon;
  }

  void start() {
    var unused = thread.scheduleWithFixedDelay(this::tick, 0, pace, TimeUnit.MILLISECONDS);
  }

  @Override
  public void close() {
    thread.shutdownNow();
    asking.shutdownNow();
  }

  /**
   * What is new, as JSON; empty before the first look has ended.
   *
   * @param since the last sample that the viewer has
   * @param inside whether the viewer knows the password
   */
  Optional<byte[]> frame(long since, boolean inside) {
    long now = millis();
    long before = lookedAt.getAndSet(now);
    Look look = last;
    if ((before == Long.MIN_VALUE || now - before > pace) && !isFresh(look)) {
      thread.execute(this::tick);
    }
    // An old one would show a green light that nobody has looked at.
    if (look == null || (before != Long.MIN_VALUE && isAbandoned(now - before) && !isFresh(look))) {
      return Optional.empty();
    }
    return Optional.of(
        frames.size() > FRAMES
            ? bytes(look, since, inside)
            : frames.computeIfAbsent(
                look.seq() + " " + since + " " + inside, key -> bytes(look, since, inside)));
  }

  private boolean isFresh(@Nullable Look look) {
    return look != null && System.currentTimeMillis() - look.at() <= pace;
  }

  private boolean isAbandoned(long unseen) {
    return unseen > ABANDONED * pace;
  }

  private static long millis() {
    return System.nanoTime() / 1_000_000;
  }

  private void tick() {
    long now = millis();
    Look before = last;
    if (before != null && System.currentTimeMillis() - before.at() < pace / 2) {
      return;
    }
    try {
      long looked = lookedAt.get();
      if (looked == Long.MIN_VALUE || isAbandoned(now - looked)) {
        idle();
      } else {
        last = look(now);
        frames.clear();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      log.debug("The console could not look", e); // its age says so
    }
  }

  /** What the watch knows, so that there is something to see when somebody comes. */
  private void idle() {
    long at = System.currentTimeMillis();
    Status.Database known = sources.watched().get().orElse(null);
    if (known != null && at - lastAt >= IDLE_PACE) {
      seq++;
      keep(
          new Sample(
              seq, at, null, null, null, null, known.backlog().count(), known.due().count(), null));
      lastAt = at;
      lastId = 0;
      lastPublished = 0;
    }
  }

  private Look look(long now) throws InterruptedException {
    Optional<RelayStatus> here = sources.relay().get();
    String failure = askDatabase(here.map(RelayStatus::publishedId).orElse(0L));
    Reading read = failure == null ? reading : null;
    askKafka(now, here.filter(RelayStatus::leading).isPresent());
    Facts facts =
        new Facts(
            sources.health().get(),
            read == null ? null : read.database(),
            failure,
            group,
            kafkaFailure,
            read == null ? Map.of() : read.paused(),
            sources.failing().get(),
            sources.refused().get(),
            sources.longTransaction().get().orElse(null),
            sources.late());
    Verdict verdict = Verdict.of(facts);
    seq++;
    long at = System.currentTimeMillis();
    attentionSince
        .keySet()
        .retainAll(verdict.attention().stream().map(Attention::key).collect(Collectors.toSet()));
    verdict.attention().forEach(one -> attentionSince.putIfAbsent(one.key(), at));
    if (read != null) {
      keep(sample(at, read.database(), read.latest(), read.published()));
    }
    return new Look(
        seq,
        at,
        verdict,
        Map.copyOf(attentionSince),
        reading,
        failure,
        here.filter(RelayStatus::leading).isPresent(),
        group,
        kafkaFailure);
  }

  /** Returns why there is no answer; null if there is one, which is then the reading. */
  private @Nullable String askDatabase(long published) throws InterruptedException {
    Future<Reading> question = pending;
    if (question == null) {
      question = asking.submit(() -> read(published));
    }
    pending = question;
    try {
      reading = question.get(PATIENCE, TimeUnit.MILLISECONDS);
      pending = null;
      return null;
    } catch (TimeoutException e) {
      return "no answer within %d s".formatted(PATIENCE / 1000);
    } catch (ExecutionException e) {
      pending = null;
      return e.getCause() instanceof DataAccessException failure
          ? Reasons.of(failure.getMostSpecificCause())
          : Reasons.of(e.getCause() == null ? e : e.getCause());
    }
  }

  private Reading read(long publishedHere) {
    Status.Database database =
        sources.reader().database(new Status.Look(BOUND, publishedHere, oldestRecord));
    oldestRecord = database.oldestRecordId() == null ? 0 : database.oldestRecordId();
    Map<Part, Pause> paused = new EnumMap<>(Part.class);
    for (Status.Paused part : database.paused()) {
      Part which = Part.valueOf(part.part().toUpperCase(Locale.ROOT));
      sources.pauses().find(which).ifPresent(pause -> paused.put(which, pause));
    }
    List<LatestEvents.Event> latest = sources.events().read();
    return new Reading(
        database,
        paused,
        latest,
        database.deadLetters() == 0 ? List.of() : sources.deadLetters().list(),
        database.replayed() == 0 ? List.of() : sources.replays().latest(REPLAYS),
        Math.max(publishedHere, database.publishedId() == null ? 0 : database.publishedId()));
  }

  /** Never waits: what it finds is of the look after. */
  private void askKafka(long now, boolean leadingHere) throws InterruptedException {
    Future<Status.Relay> question = pendingRelay;
    if (question != null && question.isDone()) {
      pendingRelay = null;
      try {
        group = question.get();
        kafkaFailure = null;
      } catch (ExecutionException e) {
        group = null;
        kafkaFailure =
            "Kafka does not answer (%s)"
                .formatted(Reasons.of(e.getCause() == null ? e : e.getCause()));
      }
    }
    boolean unsettled =
        kafkaFailure != null || group == null || (group.leader() == null && !leadingHere);
    if (pendingRelay == null
        && (askedKafkaAt == Long.MIN_VALUE
            || now - askedKafkaAt > (unsettled ? pace : LEADER_PACES * pace))) {
      askedKafkaAt = now;
      pendingRelay = asking.submit(() -> sources.reader().relay());
    }
  }

  private Sample sample(
      long at, Status.Database database, List<LatestEvents.Event> latest, long published) {
    long id = latest.isEmpty() ? 0 : latest.get(0).id();
    boolean known = lastAt > 0 && at - lastAt < 5 * pace;
    double seconds = (at - lastAt) / 1000.0;
    double[] lateness = LatestEvents.latenessAbove(latest, known ? lastId : id);
    Double written = known ? (Double) Math.max(0, (id - lastId) / seconds) : null;
    Sample sample =
        new Sample(
            seq,
            at,
            written,
            known && lastPublished > 0
                ? (Double) Math.max(0, (published - lastPublished) / seconds)
                : null,
            Sample.percentile(lateness, 0.5),
            Sample.percentile(lateness, 0.99),
            database.backlog().count(),
            database.due().count(),
            written == null
                ? null
                : (Double) (written * LatestEvents.shareOfExpired(latest, lastId)));
    lastAt = at;
    lastId = id;
    lastPublished = published;
    return sample;
  }

  private void keep(Sample sample) {
    synchronized (ring) {
      ring.addLast(sample);
      if (ring.size() > RING) {
        ring.removeFirst();
      }
    }
  }

  private byte[] bytes(Look look, long since, boolean inside) {
    List<Object> samples = new ArrayList<>();
    boolean more;
    synchronized (ring) {
      List<Sample> newer = ring.stream().filter(sample -> sample.seq() > since).toList();
      more = newer.size() > SAMPLES_IN_A_FRAME;
      newer.stream().limit(SAMPLES_IN_A_FRAME).map(Sample::row).forEach(samples::add);
    }
    Map<String, Object> frame = new LinkedHashMap<>();
    frame.put("seq", look.seq());
    frame.put("at", look.at());
    frame.put("pace", pace);
    frame.put("relay", sources.name());
    frame.put("version", sources.version());
    frame.put("instance", sources.instance());
    frame.put("inside", inside);
    frame.put("open", sources.open());
    frame.put("verdict", look.verdict().word());
    frame.put(
        "attention",
        look.verdict().attention().stream().map(one -> row(one, look, inside)).toList());
    if (look.failure() != null) {
      frame.put("failure", look.failure());
    }
    Reading reading = look.reading();
    if (reading != null) {
      frame.put("path", path(reading, look));
      frame.put(
          "events",
          reading.latest().stream()
              .limit(EVENTS)
              .map(event -> row(event, reading, inside))
              .toList());
      frame.put(
          "dead",
          reading.dead().stream().limit(EVENTS).map(letter -> row(letter, inside)).toList());
      frame.put("replays", reading.replays().stream().map(Sampler::row).toList());
    }
    frame.put("samples", samples);
    frame.put("more", more);
    return JSON.writeValueAsBytes(frame);
  }

  private static Map<String, Object> row(Attention attention, Look look, boolean inside) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("what", attention.what());
    row.put("text", attention.text());
    row.put(
        "since",
        attention.since() == null
            ? look.since().get(attention.key())
            : (Long) attention.since().toEpochMilli());
    if (attention.action() != null) {
      row.put("action", attention.action());
    }
    if (inside && attention.detail() != null) {
      row.put("detail", attention.detail());
    }
    if (inside && attention.act() != null) {
      row.put("act", attention.act());
    }
    return row;
  }

  private Map<String, Object> path(Reading reading, Look look) {
    Status.Database database = reading.database();
    Map<String, Object> path = new LinkedHashMap<>();
    path.put("pending", database.pending().toString());
    put(path, "next", database.nextDueSeconds());
    path.put("overdue", database.due().toString());
    put(path, "oldest", database.overdueSeconds());
    path.put("expired", database.expiredToday().toString());
    path.put("waiting", database.backlog().toString());
    put(path, "age", database.oldestUnpublishedSeconds());
    path.put("dead", database.deadLetters());
    path.put("position", reading.published());
    path.put("paused", reading.paused().keySet().stream().map(Part::word).toList());
    path.put("off", sources.off());
    Status.Relay relay = look.relay();
    if (look.leadingHere()) {
      path.put("leader", "this instance");
    } else if (relay != null) {
      path.put("leader", relay.leader() == null ? "nobody" : relay.leader().host());
    }
    if (relay != null) {
      path.put("standbys", relay.standbys().size());
    }
    path.put("kafka", look.kafkaFailure() == null);
    return path;
  }

  private static Map<String, Object> row(Replays.Row replay) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("at", replay.startedAt().toInstant().toEpochMilli());
    row.put("events", replay.events());
    row.put("state", replay.outcome() == null ? "under way" : replay.outcome());
    return row;
  }

  private static void put(Map<String, Object> path, String name, @Nullable Double seconds) {
    if (seconds != null) {
      path.put(name, Math.round(seconds * 10) / 10.0);
    }
  }

  private static Map<String, Object> row(
      LatestEvents.Event event, Reading reading, boolean inside) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("id", event.id());
    row.put("at", event.occurredAt().toInstant().toEpochMilli());
    row.put("type", shortened(event.type()));
    boolean dead = reading.dead().stream().anyMatch(letter -> letter.id() == event.id());
    row.put("state", dead ? "dead" : event.id() <= reading.published() ? "published" : "waiting");
    if (inside) {
      row.put("key", shortened(event.key()));
    }
    return row;
  }

  private static Map<String, Object> row(DeadLetters.Row letter, boolean inside) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("id", letter.id());
    row.put("type", shortened(letter.type()));
    row.put("at", letter.refusedAt().toInstant().toEpochMilli());
    if (inside) {
      row.put("reason", shortened(letter.reason()));
    }
    return row;
  }

  /** A frame of long texts is to stay small. */
  private static String shortened(String text) {
    return text.codePointCount(0, text.length()) <= 80
        ? text
        : text.substring(0, text.offsetByCodePoints(0, 79)) + "…";
  }

  /**
   * @param since when each thing that needs attention was first seen, in ms since 1970
   * @param reading the last that there was; of an earlier look where {@code failure} says so
   */
  private record Look(
      long seq,
      long at,
      Verdict verdict,
      Map<String, Long> since,
      @Nullable Reading reading,
      @Nullable String failure,
      boolean leadingHere,
      Status.@Nullable Relay relay,
      @Nullable String kafkaFailure) {}

  private record Reading(
      Status.Database database,
      Map<Part, Pause> paused,
      List<LatestEvents.Event> latest,
      List<DeadLetters.Row> dead,
      List<Replays.Row> replays,
      long published) {}
}
