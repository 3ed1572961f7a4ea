package dev.lapse.expiration;

import dev.lapse.approvals.ApprovalsTable;
import dev.lapse.pause.Part;
import dev.lapse.pause.Pause;
import dev.lapse.pause.Pauses;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Keeps a mistake from becoming a storm: a migration that gets {@code expires_at} wrong makes
 * everything due at once, and what has expired cannot be taken back. Where more is due than a
 * number and a share of all that is pending, expiring is paused until a person confirms it.
 *
 * <p>Small sweeps cost one question more, which reads what they are about to expire anyway. Safe
 * for use by several threads and instances.
 */
final class StormGuard {

  /** Also whether it is paused or confirmed, for both are asked before each sweep. */
  static final String ASK =
      """
      SELECT :guarded AND EXISTS (
               SELECT FROM ${approvals} approval
               WHERE ${is_pending} AND approval.${expires_at} < ${now}
                 AND (approval.${expires_at}, approval.${id})
                     > (:afterExpiresAt::${deadline_type}, :afterId::${id_type})
               ORDER BY approval.${expires_at}, approval.${id}
               OFFSET :maxDue LIMIT 1) AS many,
             resumed_at IS NOT NULL AS confirmed,
             pause.part IS NOT NULL AND resumed_at IS NULL AS paused
      FROM (SELECT 1) one LEFT JOIN pause ON pause.part = 'expiration'
      """;

  /** Counts no more of what is pending than tells whether the share is exceeded. */
  private static final String MEASURE =
      """
      WITH due AS MATERIALIZED (
        SELECT count(*) AS count FROM ${approvals} approval
        WHERE ${is_pending} AND approval.${expires_at} < ${now}
          ${?text_id} AND length(approval.${id}) BETWEEN 1 AND 1024
      )
      SELECT due.count AS due,
             (SELECT count(*) FROM (
                SELECT FROM ${approvals} approval WHERE ${is_pending}
                LIMIT (SELECT ceil(count / :maxShare)::bigint + 1 FROM due)) few) AS pending
      FROM due
      """;

  /**
   * To ask after each is cheap, and no more than one can belong to a storm that breaks meanwhile.
   */
  private static final Optional<Long> ONE_BATCH = Optional.of(1L);

  private static final String OVER =
      "DELETE FROM pause WHERE part = 'expiration' AND resumed_at IS NOT NULL";

  private final JdbcClient jdbc;
  private final String ask;
  private final String measure;
  private final Pauses pauses;
  private final ExpirationSettings.StormGuard settings;
  private final DueApprovals.Key first;

  StormGuard(JdbcClient jdbc, ApprovalsTable table, ExpirationSettings.StormGuard settings) {
    this.jdbc = jdbc;
    this.ask = table.sql(ASK);
    this.measure = table.sql(MEASURE);
    this.pauses = new Pauses(jdbc);
    this.settings = settings;
    this.first = DueApprovals.Key.first(table);
  }

  /**
   * How many approvals may expire before it is to be asked again.
   *
   * @param from where the sweep begins, or goes on
   * @param refused approvals that are due and stay so, for as long as the database refuses them
   * @return empty if expiring is paused
   */
  Optional<Long> permit(DueApprovals.Key from, int refused) {
    Answer answer = ask(from, refused);
    if (answer.paused()) {
      return Optional.empty();
    }
    if (answer.many()) {
      return answer.confirmed() ? Optional.of(settings.maxDue()) : measure(refused);
    }
    if (answer.confirmed() && from.equals(first)) { // who looks at a part only sees no storm
      jdbc.sql(OVER).update();
    }
    return ONE_BATCH;
  }

  private Answer ask(DueApprovals.Key from, int refused) {
    return jdbc.sql(ask)
        .param("guarded", settings.enabled())
        .param("afterExpiresAt", from.expiresAt())
        .param("afterId", from.id())
        .param("maxDue", settings.maxDue() + refused)
        .query(Answer.class)
        .single();
  }

  /**
   * Permits a tenth of them: a storm may break meanwhile. To count is cheap beside expiring a tenth
   * of what was counted, however much that is.
   */
  private Optional<Long> measure(int refused) {
    Size size = jdbc.sql(measure).param("maxShare", settings.maxShare()).query(Size.class).single();
    long due = size.due() - refused;
    if (due <= settings.maxDue() || due < size.pending() * settings.maxShare()) {
      return Optional.of(Math.max(due / 10, settings.maxDue()));
    }
    pauses.pauseForStorm(
        Part.EXPIRATION,
        "mass-expiry protection: %d of %d pending approvals would expire at once"
            .formatted(due, size.pending()));
    return Optional.empty();
  }

  /** Why expiring is paused, if it is. */
  Optional<Pause> pause() {
    return pauses.find(Part.EXPIRATION);
  }

  private record Answer(boolean many, boolean confirmed, boolean paused) {}

  private record Size(long due, long pending) {}
}
