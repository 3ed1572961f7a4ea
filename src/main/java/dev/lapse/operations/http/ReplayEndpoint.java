package dev.lapse.operations.http;

import dev.lapse.problem.Reasons;
import dev.lapse.replay.Plan;
import dev.lapse.replay.Replay;
import dev.lapse.replay.Replays;
import dev.lapse.replay.Request;
import dev.lapse.replay.Selection;
import dev.lapse.replay.TooManyException;
import java.security.Principal;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.actuate.endpoint.SecurityContext;
import org.springframework.boot.actuate.endpoint.annotation.DeleteOperation;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.context.ApplicationListener;
import org.springframework.context.event.ContextClosedEvent;

/**
 * {@code /actuator/replay}: POST starts a replay, one at a time, GET lists the latest, DELETE stops
 * the one under way behind its page, or while its events are being counted. Counting takes as long
 * as the selection is wide, and nobody waits for it but who asked.
 */
@Endpoint(id = "replay")
final class ReplayEndpoint implements ApplicationListener<ContextClosedEvent> {

  private static final Logger log = LoggerFactory.getLogger(ReplayEndpoint.class);

  private static final int LISTED = 20;
  private static final int CONFLICT = 409;
  private static final int UNAVAILABLE = 503;

  private final Replay replay;
  private final Replays replays;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(work -> new Thread(work, "replay"));

  /** Of the replay that is being counted or under way; counted down if there is none. */
  private volatile CountDownLatch stop = new CountDownLatch(0);

  private volatile boolean closing;

  ReplayEndpoint(Replay replay, Replays replays) {
    this.replay = replay;
    this.replays = replays;
  }

  @ReadOperation
  public List<Replays.Row> latest() {
    return replays.latest(LISTED);
  }

  @WriteOperation
  public WebEndpointResponse<Map<String, Object>> start(
      SecurityContext security,
      @Nullable Long fromId,
      @Nullable Long toId,
      @Nullable String since,
      @Nullable String until,
      @Nullable String key,
      @Nullable String type,
      @Nullable Boolean deadLetters,
      @Nullable String toTopic,
      @Nullable Integer rate,
      @Nullable Long afterId,
      @Nullable Long max,
      @Nullable Boolean yes,
      @Nullable Boolean dryRun)
      throws Exception {
    try {
      Principal who = security.getPrincipal();
      Request request =
          new Request(
              new Selection(fromId, toId, time(since), time(until), key, type, is(deadLetters)),
              afterId == null ? 0 : afterId,
              toTopic,
              rate == null ? 0 : rate,
              max == null ? Request.DEFAULT_MAX : max,
              is(yes),
              who == null ? "?" : who.getName());
      return start(request, is(dryRun));
    } catch (DateTimeParseException e) {
      return refused(
          WebEndpointResponse.STATUS_BAD_REQUEST,
          "Invalid timestamp. Example: 2026-11-25T08:00:00Z");
    } catch (IllegalArgumentException e) {
      return refused(WebEndpointResponse.STATUS_BAD_REQUEST, Reasons.of(e));
    }
  }

  private static @Nullable Instant time(@Nullable String text) {
    return text == null ? null : OffsetDateTime.parse(text).toInstant();
  }

  private static boolean is(@Nullable Boolean flag) {
    return flag != null && flag;
  }

  private WebEndpointResponse<Map<String, Object>> start(Request request, boolean dryRun)
      throws SQLException, InterruptedException {
    CountDownLatch mine = new CountDownLatch(1);
    if (!isFirst(mine)) {
      return refused(CONFLICT, "A replay is running: wait for it, or DELETE it");
    }
    boolean started = false;
    try {
      Plan plan = replay.plan(request, mine).orElse(null);
      if (plan == null) {
        return closing
            ? refused(UNAVAILABLE, "This instance is stopping: start the replay on another one")
            : refused(CONFLICT, "The replay was stopped while its events were counted");
      }
      if (dryRun || plan.events() == 0) {
        return new WebEndpointResponse<>(Map.of("plan", plan, "started", false));
      }
      CompletableFuture<UUID> id = new CompletableFuture<>();
      thread.execute(() -> run(request, plan, mine, id));
      started = true;
      return new WebEndpointResponse<>(Map.of("plan", plan, "started", true, "id", id.join()));
    } catch (IllegalStateException e) {
      return refused(CONFLICT, Reasons.of(e));
    } catch (CompletionException e) {
      return refused(e.getCause() instanceof TooManyException ? CONFLICT : 500, Reasons.of(e));
    } finally {
      if (!started) {
        mine.countDown();
      }
    }
  }

  /** Takes the place of the replay under way, if there is none; not for long, whatever is asked. */
  private synchronized boolean isFirst(CountDownLatch mine) {
    if (stop.getCount() > 0) {
      return false;
    }
    stop = mine;
    if (closing) {
      mine.countDown();
    }
    return true;
  }

  private void run(Request request, Plan plan, CountDownLatch mine, CompletableFuture<UUID> id) {
    try {
      replay.run(request, plan, mine, progress -> id.complete(progress.replay()));
    } catch (RuntimeException e) {
      if (!id.completeExceptionally(e)) { // who asked for it has got his answer
        log.warn(
            "Replay failed id={} action=\"see the table replay for where to resume\" reason={}",
            id.join(),
            Reasons.of(e));
      }
    } finally {
      mine.countDown();
    }
  }

  private static WebEndpointResponse<Map<String, Object>> refused(int status, String why) {
    return new WebEndpointResponse<>(Map.of("started", false, "reason", why), status);
  }

  @DeleteOperation
  public synchronized Map<String, Object> stop() {
    boolean running = stop.getCount() > 0;
    stop.countDown();
    return Map.of("stopping", running);
  }

  /** Before the loops are stopped, so that the replay ends meanwhile; waits for no plan. */
  @Override
  public void onApplicationEvent(ContextClosedEvent event) {
    closing = true;
    stop.countDown();
  }

  /** Lets the page in hand end, before the database goes. */
  void close() throws InterruptedException {
    thread.shutdown();
    boolean unused = thread.awaitTermination(1, TimeUnit.SECONDS);
  }
}
