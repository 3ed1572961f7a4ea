package dev.lapse.console;

import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.console.Explanation.Cause;
import dev.lapse.console.Explanation.Moment;
import dev.lapse.expiration.Refusal;
import dev.lapse.expiration.Trial;
import dev.lapse.pause.Part;
import dev.lapse.pause.Pause;
import dev.lapse.pause.Pauses;
import dev.lapse.problem.Reasons;
import dev.lapse.status.Status;
import dev.lapse.status.StatusReader;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Tells the life of one approval. It changes nothing: what it tries is rolled back. One at a time,
 * so that many who ask take no more than two connections.
 */
public final class Life {

  /** Seconds after which a statement is given up: a person waits. */
  private static final int PATIENCE = 3;

  private static final String APPROVAL =
      """
      SELECT approval.${id}::text AS id, approval.${status}::text AS status,
             coalesce(approval.${status} ${one_of_pending}, false) AS pending,
             coalesce(${is_pending}, false) AS eligible,
             coalesce(approval.${status} = ${expired}, false) AS expired,
             -- No driver reads an infinite one.
             CASE WHEN isfinite(approval.${expires_at}) THEN ${due_at} END AS deadline,
             coalesce(approval.${expires_at} < ${now}, false) AS overdue,
             ${created} AS created_at,
             CASE WHEN isfinite(${executed_at_or_null}) THEN ${executed_at_or_null} END
               AS executed_at,
             now() AS clock
      FROM ${approvals} approval
      WHERE approval.${id} = :id::${id_type}
      """;

  private final JdbcClient jdbc;
  private final String approval;
  private final boolean textId;
  private final Records records;
  private final History history;
  private final RowProbe probe;
  private final Pauses pauses;
  private final StatusReader status;
  private final Supplier<List<Refusal>> refused;
  private final boolean expires;

  /**
   * @param relay whose checkpoint counts
   * @param refused approvals that this process could not expire
   * @param expires whether this process expires approvals, or cannot know who does
   * @param trial tries what an expiry run does
   */
  public Life(
      DataSource dataSource,
      ApprovalsTable table,
      StatusReader status,
      String relay,
      Supplier<List<Refusal>> refused,
      boolean expires,
      Trial trial) {
    JdbcTemplate limited = new JdbcTemplate(dataSource);
    limited.setQueryTimeout(PATIENCE);
    this.jdbc = JdbcClient.create(limited);
    this.approval = table.sql(APPROVAL);
    this.textId = table.sql("\n${?text_id} text\n").contains("text");
    this.records = new Records(jdbc, relay);
    this.history = new History(jdbc);
    this.probe = new RowProbe(dataSource, table, trial);
    this.pauses = new Pauses(jdbc);
    this.status = status;
    this.refused = refused;
    this.expires = expires;
  }

  /**
   * What happened to the approval, and why it expired or has not yet.
   *
   * @throws DataAccessException if the database does not answer
   */
  public synchronized Explanation explain(String id) throws InterruptedException {
    Optional<Row> found;
    try {
      found = jdbc.sql(approval).param("id", id).query(Row.class).optional();
    } catch (DataIntegrityViolationException e) { // the id is of another type
      found = Optional.empty();
    }
    if (found.isEmpty()) {
      return new Explanation(
          id,
          Cause.ABSENT,
          "There is no approval of this id.",
          "check the id; an approval that was deleted leaves no trace here",
          null,
          null,
          List.of(),
          null);
    }
    Row row = found.get();
    Timeline timeline = new Timeline();
    timeline.add(
        row.createdAt() == null
            ? new Moment(null, "asked", "When it was asked for is unknown.")
            : new Moment(instant(row.createdAt()), "asked", "It was asked for."));
    Why why = why(row);
    if (row.deadline() != null) {
      timeline.add(new Moment(instant(row.deadline()), "deadline", deadline(row)));
    }
    if (row.expired()) {
      timeline.add(new Moment(instant(row.executedAt()), "expired", why.text()));
    } else if (!row.pending()) {
      timeline.add(
          new Moment(
              instant(row.executedAt()),
              "decided",
              "Its status is \"%s\".".formatted(row.status())));
    }
    String note = addRecords(row, timeline);
    return new Explanation(
        id,
        why.cause(),
        why.text(),
        why.action(),
        row.status(),
        instant(row.deadline()),
        timeline.sorted(),
        note);
  }

  private static String deadline(Row row) {
    return row.overdue() ? "Its deadline passed." : "Its deadline.";
  }

  private Why why(Row row) {
    if (row.expired()) {
      return new Why(Cause.EXPIRED, expired(row), null);
    }
    if (!row.pending()) {
      return new Why(
          Cause.NOT_PENDING,
          "It cannot expire: its status is \"%s\", and only what is pending expires."
              .formatted(row.status()),
          null);
    }
    if (!row.eligible()) {
      return new Why(
          Cause.EXCLUDED,
          "It cannot expire: its row does not meet lapse.approvals.condition.",
          "change the row or the condition if it is to expire");
    }
    if (!row.overdue() && row.deadline() == null) {
      return new Why(
          Cause.NO_DEADLINE,
          "It never expires: it has no deadline.",
          "give it a deadline, or decide it");
    }
    if (!row.overdue() && row.deadline() != null) {
      return early(row, row.deadline());
    }
    if (textId && (row.id().isEmpty() || row.id().codePointCount(0, row.id().length()) > 1024)) {
      return new Why(
          Cause.UNUSABLE_ID,
          "It cannot expire: its id has %d characters, and a Kafka key has 1 to 1024."
              .formatted(row.id().codePointCount(0, row.id().length())),
          "decide it by hand");
    }
    return pauses.find(Part.EXPIRATION).map(Life::paused).orElseGet(() -> tried(row));
  }

  /** What the database would refuse at the deadline is better known before. */
  private Why early(Row row, OffsetDateTime deadline) {
    String when =
        "its deadline is %s, in %s."
            .formatted(instant(deadline), Spans.of(Duration.between(row.clock(), deadline)));
    RowProbe.Found found = probed(row);
    return found.refusal() == null
        ? new Why(Cause.NOT_DUE, "It has not expired: " + when, null)
        : new Why(
            Cause.REFUSED_LATER,
            "It has not expired, and at its deadline the database will refuse it (%s): %s"
                .formatted(found.refusal().replaceFirst("\\.$", ""), when),
            "fix the reason before the deadline");
  }

  private RowProbe.Found probed(Row row) {
    try {
      return probe.probe(row.id());
    } catch (SQLException e) {
      return new RowProbe.Found(null, null, Reasons.of(e));
    }
  }

  private static String expired(Row row) {
    if (row.deadline() == null || row.executedAt() == null) {
      return "It expired: nobody decided it before its deadline.";
    }
    return "It expired at %s, %s after its deadline: nobody decided it in time."
        .formatted(
            instant(row.executedAt()),
            Spans.of(Duration.between(row.deadline(), row.executedAt())));
  }

  private static Why paused(Pause pause) {
    return pause.storm()
        ? new Why(
            Cause.MASS_EXPIRY_PROTECTION,
            "It is overdue: the mass-expiry protection paused expiry at %s (%s)."
                .formatted(pause.since().toInstant(), pause.reason()),
            "look whether the deadlines are right, then: lapse resume expiration")
        : new Why(
            Cause.PAUSED,
            "It is overdue: %s paused expiry at %s (%s)."
                .formatted(pause.by(), pause.since().toInstant(), pause.reason()),
            "lapse resume expiration");
  }

  private Why tried(Row row) {
    Optional<Refusal> known =
        refused.get().stream().filter(refusal -> refusal.id().equals(row.id())).findFirst();
    if (known.isPresent()) {
      return refusedBy(known.get().reason());
    }
    RowProbe.Found found = probed(row);
    if (found.holder() != null) {
      return new Why(
          Cause.HELD,
          "It is overdue: %s holds its row, so expiry runs pass it over.".formatted(found.holder()),
          "end that transaction if it hangs");
    }
    if (found.refusal() != null) {
      return refusedBy(found.refusal());
    }
    if (found.untried() != null) {
      return new Why(
          Cause.NOT_TRIED,
          "It is overdue, and whether the database lets it expire could not be tried (%s)."
              .formatted(found.untried()),
          "ask as the role of the service");
    }
    return expires
        ? new Why(
            Cause.OVERDUE,
            "It is overdue, and nothing keeps it from expiring: the next expiry run takes it.",
            "if it stays so, no service expires approvals here: lapse status, lapse doctor")
        : new Why(
            Cause.DISABLED,
            "It is overdue: this instance does not expire approvals.",
            "set lapse.expiration.enabled=true on one instance");
  }

  private static Why refusedBy(String reason) {
    return new Why(
        Cause.REFUSED,
        "It is overdue: the database refuses to let it expire (%s)."
            .formatted(reason.replaceFirst("\\.$", "")),
        "fix the reason; it is tried again every few seconds");
  }

  /** Returns what could not be found; null if everything was. */
  private @Nullable String addRecords(Row row, Timeline timeline) throws InterruptedException {
    List<Records.Found> found;
    try {
      timeline.addEach(history.moves(row.id()));
      timeline.addEach(history.lateDecisions(row.id()));
      if (row.pending()) {
        timeline.addEach(history.nextStep(row.id()));
      }
      Instant from =
          row.expired()
              ? instant(row.executedAt() == null ? row.deadline() : row.executedAt())
              : null;
      found = records.find(row.id(), from);
      for (Records.Found record : found) {
        timeline.addEach(history.replays(row.id(), record));
      }
    } catch (DataAccessException e) {
      return "The search for its records was given up: " + Reasons.of(e.getMostSpecificCause());
    }
    Records.Blocked blocked = records.blocked(row.id()).orElse(null);
    for (Records.Found record : found) {
      timeline.add(record.moment(), fate(record, blocked));
    }
    if (!found.isEmpty() || !row.expired()) {
      return null;
    }
    return "No record of it was found among the latest %1$d, nor among %1$d from then on: it was purged, or lies between."
        .formatted(Records.BOUND);
  }

  private Moment fate(Records.Found record, Records.@Nullable Blocked blocked)
      throws InterruptedException {
    if (blocked != null && record.id() == blocked.id()) {
      return new Moment(
          blocked.refusedAt().toInstant(),
          "blocked",
          "Kafka refuses it (%s). action: fix the reason, then: lapse dead-letters requeue %d"
              .formatted(blocked.reason(), blocked.id()),
          blocked.id());
    }
    if (blocked != null && record.id() > blocked.id()) {
      return new Moment(
          null,
          "blocked",
          "It waits: dead letter %d blocks its key. action: lapse dead-letters list"
              .formatted(blocked.id()),
          blocked.id());
    }
    if (record.passed()) {
      return new Moment(null, "published", "Published to Kafka.", record.id());
    }
    Pause paused = pauses.find(Part.RELAY).orElse(null);
    if (paused != null) {
      return new Moment(
          paused.since().toInstant(),
          "waiting",
          "It waits: %s paused the relay (%s). action: lapse resume relay"
              .formatted(paused.by(), paused.reason()));
    }
    Status now = status.read();
    if (now.relay() == null) {
      return new Moment(null, "waiting", "It waits: " + now.kafkaFailure() + ".");
    }
    return now.relay().leader() == null
        ? new Moment(null, "waiting", "It waits: no relay is the leader. action: start the service")
        : new Moment(null, "waiting", "It waits: the relay has not recorded it as published yet.");
  }

  private static @Nullable Instant instant(@Nullable OffsetDateTime time) {
    return time == null ? null : time.toInstant();
  }

  private record Why(Cause cause, String text, @Nullable String action) {}

  private record Row(
      String id,
      @Nullable String status,
      boolean pending,
      boolean eligible,
      boolean expired,
      @Nullable OffsetDateTime deadline,
      boolean overdue,
      @Nullable OffsetDateTime createdAt,
      @Nullable OffsetDateTime executedAt,
      OffsetDateTime clock) {}
}
