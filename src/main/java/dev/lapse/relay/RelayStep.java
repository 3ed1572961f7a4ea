package dev.lapse.relay;

import dev.lapse.kafka.KafkaAtStart;
import dev.lapse.loop.Step;
import dev.lapse.outbox.Feeds;
import dev.lapse.outbox.Position;
import dev.lapse.pause.Part;
import dev.lapse.pause.Pause;
import dev.lapse.pause.Pauses;
import dev.lapse.problem.Reasons;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Predicate;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One cycle of the relay: stands by, takes over, or publishes a page. */
final class RelayStep implements Step {

  private static final Logger log = LoggerFactory.getLogger(RelayStep.class);

  /** How long a standby waits in one go; a stop waits that long for it. */
  private static final Duration STANDBY_PATIENCE = Duration.ofMillis(200);

  /** Without its position topic a group has no partition to give, and nobody ever leads. */
  private static final Duration TOPICS_INTERVAL = Duration.ofSeconds(10);

  /** How soon somebody's pausing or resuming is noticed. */
  private static final Duration PAUSE_INTERVAL = Duration.ofSeconds(1);

  /** How soon a subscription, or what one has brought, is noticed. */
  private static final Duration FEED_INTERVAL = Duration.ofSeconds(2);

  /** Between two polls of the group while a take-over lasts. */
  private static final Duration KEEP_INTERVAL = Duration.ofSeconds(1);

  private final KafkaClients clients;
  private final RelaySettings settings;
  private final Topics topics;
  private final TakeOver takeOver;
  private final Pauses pauses;
  private final Feeds feeds;
  private final KafkaAtStart kafka;
  private final RelayListener listener;
  private final Acls acls;
  private final PollPace pace;

  private @Nullable String feed;
  private boolean toldOfKafka;
  private long feedAskedAt = System.nanoTime() - FEED_INTERVAL.toNanos();
  private long keptAt = System.nanoTime();
  private volatile long gatherUntil = System.nanoTime();
  private @Nullable Pause paused;
  private long pauseAskedAt = System.nanoTime() - PAUSE_INTERVAL.toNanos();
  private @Nullable Admin admin;
  private @Nullable Leadership leadership;
  private @Nullable Term term;
  private long topicsSeenAt;
  private volatile RelayStatus status = RelayStatus.STANDING_BY;

  RelayStep(
      KafkaClients clients,
      RelaySettings settings,
      Topics topics,
      TakeOver takeOver,
      Pauses pauses,
      Feeds feeds,
      KafkaAtStart kafka,
      RelayListener listener) {
    this.clients = clients;
    this.settings = settings;
    this.topics = topics;
    this.takeOver = takeOver;
    this.pauses = pauses;
    this.feeds = feeds;
    this.kafka = kafka;
    this.listener = listener;
    this.acls = new Acls(settings);
    this.pace = new PollPace(settings.pollInterval(), System.nanoTime());
  }

  /** Where this instance's relay stands; callable from any thread. */
  RelayStatus status() {
    return status;
  }

  /** Whether it lets events gather, and looks at the outbox soon; callable from any thread. */
  boolean isGathering() {
    return gatherUntil - System.nanoTime() > 0;
  }

  @Override
  public Duration runOnce() throws Exception {
    try {
      return cycle();
    } catch (Exception e) {
      throw acls.explained(e);
    }
  }

  private Duration cycle() throws Exception {
    Admin admin = admin();
    if (!leadership(admin).poll(term == null ? STANDBY_PATIENCE : Duration.ZERO)) {
      standBy(admin);
      return Duration.ZERO;
    }
    if (isFed()) {
      return rest();
    }
    if (isPaused()) {
      return pause();
    }
    Term.Cycle cycle;
    Position position;
    long begin = System.nanoTime();
    try {
      if (term == null) {
        term = takeOver.begin(admin, this::keepLead);
      }
      cycle = term.runOnce();
      position = term.position();
    } catch (NewTermException e) {
      log.debug(
          "Beginning a new leadership term relay={} reason={}", settings.name(), e.getMessage(), e);
      endTerm();
      return Duration.ZERO;
    }
    status = status(position);
    if (cycle.published() > 0) {
      log.debug("Published events count={} to={}", cycle.published(), position.publishedId());
    }
    long now = System.nanoTime();
    if (cycle.published() == 0) {
      return cycle.more() ? Duration.ZERO : pace.afterNothing(now);
    }
    Duration pause = pace.afterTransaction(Duration.ofNanos(now - begin), now);
    if (cycle.more()) {
      return Duration.ZERO;
    }
    gatherUntil = now + pause.toNanos();
    return pause;
  }

  /** Not even a take-over goes on in a pause: in a restored database it publishes stragglers. */
  private Duration pause() throws SQLException {
    if (term == null) {
      status = new RelayStatus(true, 0, 0, null, null, null, paused);
    } else {
      term.finish(); // for retention, and for people, who look at it in a pause above all
      status = status(term.position());
    }
    return STANDBY_PATIENCE;
  }

  /** During a take-over that lasts. */
  private void keepLead(String progress) throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException("stopping");
    }
    status = new RelayStatus(true, 0, 0, null, progress, null, null);
    if (System.nanoTime() - keptAt >= KEEP_INTERVAL.toNanos()) {
      keptAt = System.nanoTime();
      if (!Objects.requireNonNull(leadership).poll(Duration.ZERO)) {
        throw new NewTermException("the lead has gone to another instance");
      }
      if (isFed() || isPaused()) {
        throw new NewTermException("publishing is to rest");
      }
    }
  }

  /**
   * Whether rows of another database arrive: they carry transaction ids of that one, so nothing
   * here tells which of them a position counts as published. Also ends a term that has met some.
   */
  private boolean isFed() {
    if (System.nanoTime() - feedAskedAt >= FEED_INTERVAL.toNanos()) {
      String before = feed;
      feed = feeds.find().orElse(null);
      feedAskedAt = System.nanoTime();
      if (before == null && feed != null) {
        log.warn(
            "A logical subscription feeds the outbox, so nothing is published here relay={}"
                + " subscription={} action=\"once nobody writes to the other database any more,"
                + " drop the subscription: {}\"",
            settings.name(),
            feed,
            Feeds.end(feed));
      } else if (before != null && feed == null) {
        log.info("No subscription feeds the outbox any more relay={}", settings.name());
      }
      if (feed == null && term != null && takeOver.isDue()) {
        log.warn("The outbox contains rows of another database relay={}", settings.name());
        endTerm();
      }
    }
    return feed != null;
  }

  /** Without a checkpoint: the subscription may bring that of the other database. */
  private Duration rest() {
    endTerm();
    status = new RelayStatus(true, 0, 0, null, null, feed, null);
    return STANDBY_PATIENCE;
  }

  private RelayStatus status(Position position) {
    return new RelayStatus(
        true,
        position.publishedId(),
        position.deadLetters().size(),
        takeOver.hiddenLetters(),
        null,
        null,
        paused);
  }

  private boolean isPaused() {
    if (System.nanoTime() - pauseAskedAt >= PAUSE_INTERVAL.toNanos()) {
      Pause before = paused;
      paused = pauses.find(Part.RELAY).orElse(null);
      pauseAskedAt = System.nanoTime();
      if (before == null && paused != null) {
        log.warn(
            "Publishing is paused relay={} reason=\"{}\" by={} action=\"lapse resume relay\"",
            settings.name(),
            paused.reason(),
            paused.by());
      } else if (before != null && paused == null) {
        log.info("Publishing resumed relay={}", settings.name());
      }
    }
    return paused != null;
  }

  private Admin admin() {
    if (admin == null) {
      admin = clients.admin();
    }
    return admin;
  }

  private Leadership leadership(Admin admin) throws Exception {
    if (leadership == null) {
      reachKafka();
      createTopics(admin);
      topics.warnOfOldTransactions(admin);
      takeOver.checkOwnership(admin);
      leadership = new Leadership(clients, settings);
    }
    return leadership;
  }

  /** So that what is wrong is said with what to do; the loop tries again. */
  private void reachKafka() {
    try {
      kafka.check();
      toldOfKafka = false;
    } catch (KafkaAtStart.UnusableException e) {
      if (!toldOfKafka) {
        toldOfKafka = true;
        log.warn(
            "Cannot use Kafka: publishing waits, approvals still expire relay={}"
                + " reason=\"{}\" action=\"{}\"",
            settings.name(),
            Reasons.of(e),
            e.action());
      }
      throw e;
    }
  }

  private void createTopics(Admin admin) throws Exception {
    topics.createAll(admin);
    topicsSeenAt = System.nanoTime();
  }

  private void standBy(Admin admin) throws Exception {
    if (term != null) {
      log.info("Standing by: another instance is the leader now relay={}", settings.name());
      endTerm();
    }
    if (System.nanoTime() - topicsSeenAt > TOPICS_INTERVAL.toNanos()) {
      topics.forget();
      createTopics(admin);
      takeOver.checkOwnership(admin);
    }
  }

  @Override
  public void recover(Exception failure) {
    topics.forget();
    endTerm();
    if (failure instanceof UnreadablePositionException
        || failure instanceof ForeignPositionException) {
      leaveGroup(); // until it tries again, so that an instance that can lead does
    }
    if (isCausedBy(failure, AuthenticationException.class::isInstance)) {
      leaveGroup();
      closeAdmin(); // all clients are made again, of secrets that may have changed
    }
    if (leadership != null && isCausedBy(failure, RelayStep::isFencing)) {
      log.info(
          "Standing by: Kafka fenced this instance, another one is the leader relay={}",
          settings.name());
      leadership.resign();
      listener.fenced();
    }
  }

  private void leaveGroup() {
    if (leadership != null) {
      leadership.close();
      leadership = null;
    }
  }

  private static boolean isFencing(Throwable failure) {
    return failure instanceof ProducerFencedException
        || failure instanceof InvalidProducerEpochException;
  }

  private static boolean isCausedBy(Throwable failure, Predicate<Throwable> kind) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (kind.test(cause)) {
        return true;
      }
    }
    return false;
  }

  private void endTerm() {
    status = RelayStatus.STANDING_BY;
    Term ending = term;
    term = null; // whatever becomes of it
    if (ending != null) {
      if (ending.isInTransaction()) {
        listener.aborted();
      }
      ending.close();
    }
  }

  @Override
  public void close() {
    try {
      if (term != null) {
        term.finish();
      }
    } catch (SQLException | RuntimeException e) {
      log.warn(
          "Could not write a checkpoint on shutdown; nothing is lost relay={} reason={}",
          settings.name(),
          Reasons.of(e));
    }
    endTerm();
    leaveGroup();
    closeAdmin();
  }

  private void closeAdmin() {
    if (admin != null) {
      admin.close(Duration.ofSeconds(1));
      admin = null;
    }
  }
}
