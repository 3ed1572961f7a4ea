package dev.lapse.console;

import dev.lapse.outbox.DeadLetters;
import dev.lapse.problem.Reasons;
import dev.lapse.relay.Relay;
import dev.lapse.relay.RelayStatus;
import dev.lapse.status.Status;
import dev.lapse.status.StatusReader;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.health.actuate.endpoint.HealthDescriptor;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.json.JsonMapper;

/**
 * Looks every 2 s while somebody has the page open, and not at all otherwise. All viewers get the
 * same bytes, so a hundred cost the database what one does. Safe for use by several threads.
 */
final class Sampler implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Sampler.class);

  private static final long PACE = 2_000; // ms

  /** Without a viewer for that long, nothing is asked any more. */
  private static final long ABANDONED = 15_000; // ms

  /** Who leads is asked of Kafka that often, where it is another instance. */
  private static final long LEADER_PACE = 30_000; // ms

  /** 15 minutes. */
  private static final int RING = 450;

  private static final int SAMPLES_IN_A_FRAME = 40;
  private static final int EVENTS = 20;
  private static final int BOUND = 10_000;
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final StatusReader reader;
  private final LatestEvents events;
  private final DeadLetters deadLetters;
  private final Supplier<HealthDescriptor> health;
  private final Supplier<Optional<Relay>> relay;
  private final String name;
  private final String version;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          work -> {
            Thread daemon = new Thread(work, "lapse-console");
            daemon.setDaemon(true);
            return daemon;
          });

  private final Deque<Sample> ring = new ArrayDeque<>();
  private final Map<String, byte[]> frames = new ConcurrentHashMap<>();
  private volatile long lookedAt = Long.MIN_VALUE;
  private volatile @Nullable Look last;

  private long seq;
  private long lastId;
  private long lastPublished;
  private long lastAt;
  private long oldestRecord;
  private long leaderAskedAt = Long.MIN_VALUE;
  private String leader = "not known";

  Sampler(
      StatusReader reader,
      JdbcClient limited,
      Supplier<HealthDescriptor> health,
      Supplier<Optional<Relay>> relay,
      String name,
      String version) {
    this.reader = reader;
    this.events = new LatestEvents(limited);
    this.deadLetters = new DeadLetters(limited);
    this.health = health;
    this.relay = relay;
    this.name = name;
    this.version = version;
  }

  void start() {
    var unused = thread.scheduleWithFixedDelay(this::tick, 0, PACE, TimeUnit.MILLISECONDS);
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }

  /**
   * What is new, as JSON; empty before the first look has ended.
   *
   * @param since the last sample that the viewer has
   * @param inside whether the viewer knows the password
   */
  Optional<byte[]> frame(long since, boolean inside) {
    boolean first = System.nanoTime() / 1_000_000 - lookedAt > PACE || lookedAt == Long.MIN_VALUE;
    lookedAt = System.nanoTime() / 1_000_000;
    Look look = last;
    if (first && (look == null || System.currentTimeMillis() - look.at() > PACE)) {
      thread.execute(this::tick);
    }
    return look == null
        ? Optional.empty()
        : Optional.of(
            frames.size() > 200
                ? bytes(look, since, inside)
                : frames.computeIfAbsent(
                    look.seq() + " " + since + " " + inside, key -> bytes(look, since, inside)));
  }

  private void tick() {
    long now = System.nanoTime() / 1_000_000;
    Look before = last;
    if (lookedAt == Long.MIN_VALUE
        || now - lookedAt > ABANDONED
        || (before != null && System.currentTimeMillis() - before.at() < PACE / 2)) {
      return;
    }
    try {
      last = look(now);
    } catch (RuntimeException e) {
      log.debug("The console could not look", e); // its age says so
    }
    frames.clear();
  }

  private Look look(long now) {
    Optional<RelayStatus> here = relay.get().map(Relay::status);
    long published = here.map(RelayStatus::publishedId).orElse(0L);
    Status.Database database = null;
    String failure = null;
    List<LatestEvents.Event> latest = List.of();
    List<DeadLetters.Row> dead = List.of();
    try {
      database = reader.database(new Status.Look(BOUND, published, oldestRecord));
      oldestRecord = database.oldestRecordId() == null ? 0 : database.oldestRecordId();
      latest = events.read();
      dead = database.deadLetters() == 0 ? List.of() : deadLetters.list();
      published = Math.max(published, database.publishedId() == null ? 0 : database.publishedId());
    } catch (DataAccessException e) {
      failure = Reasons.of(e.getMostSpecificCause());
    }
    askWhoLeads(now, here.orElse(null));
    seq++;
    long at = System.currentTimeMillis();
    if (database != null) {
      keep(sample(at, database, latest, published));
    }
    return new Look(
        seq,
        at,
        Verdict.of(health.get(), database),
        database,
        failure,
        latest.stream().limit(EVENTS).toList(),
        dead.stream().limit(EVENTS).toList(),
        published,
        leader);
  }

  private void askWhoLeads(long now, @Nullable RelayStatus here) {
    if (here != null && here.leading()) {
      leader = "this instance";
    } else if (leaderAskedAt == Long.MIN_VALUE || now - leaderAskedAt > LEADER_PACE) {
      leaderAskedAt = now;
      try {
        Status all = reader.read();
        leader =
            all.relay() == null
                ? "not known"
                : all.relay().leader() == null ? "nobody" : all.relay().leader().host();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private Sample sample(
      long at, Status.Database database, List<LatestEvents.Event> latest, long published) {
    long id = latest.isEmpty() ? 0 : latest.get(0).id();
    boolean known = lastAt > 0 && at - lastAt < 5 * PACE;
    double seconds = (at - lastAt) / 1000.0;
    double[] lateness = LatestEvents.latenessAbove(latest, known ? lastId : id);
    Sample sample =
        new Sample(
            seq,
            at,
            known ? (Double) Math.max(0, (id - lastId) / seconds) : null,
            known && lastPublished > 0
                ? (Double) Math.max(0, (published - lastPublished) / seconds)
                : null,
            Sample.percentile(lateness, 0.5),
            Sample.percentile(lateness, 0.99),
            database.backlog().count(),
            database.due().count());
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
    frame.put("relay", name);
    frame.put("version", version);
    frame.put("verdict", look.verdict().word());
    frame.put("attention", look.verdict().attention());
    if (look.database() != null) {
      frame.put("path", path(look.database(), look));
    } else {
      frame.put("failure", look.failure());
    }
    frame.put("events", look.events().stream().map(event -> row(event, look, inside)).toList());
    frame.put("dead", look.dead().stream().map(letter -> row(letter, inside)).toList());
    frame.put("samples", samples);
    frame.put("more", more);
    return JSON.writeValueAsBytes(frame);
  }

  private static Map<String, Object> path(Status.Database database, Look look) {
    Map<String, Object> path = new LinkedHashMap<>();
    path.put("pending", database.pending().toString());
    put(path, "next", database.nextDueSeconds());
    path.put("overdue", database.due().toString());
    put(path, "oldest", database.overdueSeconds());
    path.put("expired", database.expiredToday().toString());
    path.put("waiting", database.backlog().toString());
    put(path, "age", database.oldestUnpublishedSeconds());
    path.put("dead", database.deadLetters());
    path.put("position", look.published());
    path.put("leader", look.leader());
    path.put("paused", database.paused().stream().map(Status.Paused::part).toList());
    return path;
  }

  private static void put(Map<String, Object> path, String name, @Nullable Double seconds) {
    if (seconds != null) {
      path.put(name, Math.round(seconds * 10) / 10.0);
    }
  }

  private static Map<String, Object> row(LatestEvents.Event event, Look look, boolean inside) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("id", event.id());
    row.put("at", event.occurredAt().toInstant().toEpochMilli());
    row.put("type", shortened(event.type()));
    boolean dead = look.dead().stream().anyMatch(letter -> letter.id() == event.id());
    row.put("state", dead ? "dead" : event.id() <= look.published() ? "published" : "waiting");
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

  private record Look(
      long seq,
      long at,
      Verdict verdict,
      Status.@Nullable Database database,
      @Nullable String failure,
      List<LatestEvents.Event> events,
      List<DeadLetters.Row> dead,
      long published,
      String leader) {}
}
