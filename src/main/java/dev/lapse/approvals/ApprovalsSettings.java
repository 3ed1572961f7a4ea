package dev.lapse.approvals;

import java.nio.charset.StandardCharsets;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Which table holds the approvals, and what is what in it. Names are taken letter by letter, upper
 * and lower case as they are, and need no quotes. An application that has no table yet gets one, if
 * nothing of this is set.
 *
 * @param schema the table's; default whatever the connection's search path finds
 * @param table its name; default {@code ai_approvals}
 * @param columns its columns
 * @param statuses what its status column says
 * @param attributes further columns, up to 20, that each event carries under {@code attributes};
 *     default none
 * @param zone the time zone of deadlines that are {@code timestamp} without one, such as {@code
 *     UTC}; needed for these only. In a zone that has summer time, an hour of the year comes twice,
 *     and a deadline in it is taken to have passed when the clock shows it first
 */
@ConfigurationProperties("lapse.approvals")
public record ApprovalsSettings(
    @Nullable String schema,
    @DefaultValue("ai_approvals") String table,
    @DefaultValue Columns columns,
    @DefaultValue Statuses statuses,
    @DefaultValue List<String> attributes,
    @Nullable String zone) {

  /** PostgreSQL cuts off what is longer, without a word. */
  private static final int MOST_BYTES_OF_A_NAME = 63;

  private static final int MOST_ATTRIBUTES = 20;

  /** As Lapse creates the table. */
  static final ApprovalsSettings STANDARD =
      new ApprovalsSettings(
          null,
          "ai_approvals",
          new Columns("id", "status", "version", "expires_at", "executed_at"),
          new Statuses("pending", "expired", null, null, null),
          List.of(),
          null);

  /**
   * @param id uuid, bigint, integer, smallint, text or varchar; unique; default {@code id}
   * @param status text, varchar, an enum or an integer; default {@code status}
   * @param version an integer that every change raises; default {@code version}, and empty where
   *     the table has none
   * @param expiresAt the deadline; default {@code expires_at}
   * @param executedAt when the approval took its effect, or expired; default {@code executed_at},
   *     and empty where the table has none
   */
  public record Columns(
      @DefaultValue("id") String id,
      @DefaultValue("status") String status,
      @DefaultValue("version") String version,
      @DefaultValue("expires_at") String expiresAt,
      @DefaultValue("executed_at") String executedAt) {

    public Columns {
      requireName("columns.id", id);
      requireName("columns.status", status);
      requireName("columns.expires-at", expiresAt);
      if (!version.isEmpty()) {
        requireName("columns.version", version);
      }
      if (!executedAt.isEmpty()) {
        requireName("columns.executed-at", executedAt);
      }
    }
  }

  /**
   * The values of the status column; numbers where it is an integer. Only {@code pending} and
   * {@code expired} are ever written or looked for; the others tell the guard what is a decision.
   *
   * @param pending waits for a decision; default {@code pending}
   * @param expired nobody decided in time; default {@code expired}
   * @param approved may only become one of {@code ended} now; default {@code approved}
   * @param rejected nothing follows; default {@code rejected}
   * @param ended nothing follows either; default {@code executed, cancelled}
   */
  public record Statuses(
      @DefaultValue("pending") String pending,
      @DefaultValue("expired") String expired,
      @Nullable List<String> approved,
      @Nullable List<String> rejected,
      @Nullable List<String> ended) {

    static final List<String> APPROVED = List.of("approved");
    static final List<String> REJECTED = List.of("rejected");
    static final List<String> ENDED = List.of("executed", "cancelled");

    public Statuses {
      if (!(pending.equals("pending") && expired.equals("expired"))
          && (approved == null || rejected == null)) {
        throw new IllegalArgumentException(
            ("lapse.approvals.statuses.pending is \"%s\" and ….expired is \"%s\": set ….approved and"
                    + " ….rejected, too (and ….ended, if anything follows an approval), so that the"
                    + " guard knows what is a decision and refuses to take it back")
                .formatted(pending, expired));
      }
      List<String> all = new ArrayList<>(List.of(pending, expired));
      Stream.of(approved, rejected, ended)
          .forEach(some -> all.addAll(some == null ? List.of() : some));
      for (String status : all) {
        if (status.isEmpty() || status.length() > 100 || status.indexOf('\0') >= 0) {
          throw new IllegalArgumentException(
              "lapse.approvals.statuses: \"%s\" is no status: set one of 1 to 100 characters"
                  .formatted(status));
        }
      }
      if (new HashSet<>(all).size() < all.size()) {
        throw new IllegalArgumentException(
            "lapse.approvals.statuses: one of %s stands there twice: name each once"
                .formatted(all));
      }
    }
  }

  public ApprovalsSettings {
    if (schema != null && schema.isEmpty()) {
      schema = null;
    }
    if (schema != null) {
      requireName("schema", schema);
    }
    requireName("table", table);
    attributes.forEach(column -> requireName("attributes", column));
    if (attributes.size() > MOST_ATTRIBUTES
        || new HashSet<>(attributes).size() < attributes.size()) {
      throw new IllegalArgumentException(
          "lapse.approvals.attributes names %s: name %d columns at the most, and each once"
              .formatted(attributes, MOST_ATTRIBUTES));
    }
    attributes = List.copyOf(attributes);
    if (zone != null && !zone.isEmpty() && !ZoneId.getAvailableZoneIds().contains(zone)) {
      throw new IllegalArgumentException(
          "lapse.approvals.zone is \"%s\": set the name of a time zone, such as UTC or Europe/Berlin"
              .formatted(zone));
    }
  }

  private static void requireName(String setting, String name) {
    if (name.isBlank()
        || name.getBytes(StandardCharsets.UTF_8).length > MOST_BYTES_OF_A_NAME
        || name.indexOf('\0') >= 0) {
      throw new IllegalArgumentException(
          "lapse.approvals.%s is \"%s\": set a name of 1 to %d bytes, without quotes"
              .formatted(setting, name, MOST_BYTES_OF_A_NAME));
    }
  }

  /** Whether the table is the one that Lapse creates where there is none. */
  public boolean isStandard() {
    return schema == null
        && table.equals(STANDARD.table)
        && columns.equals(STANDARD.columns)
        && statuses.equals(STANDARD.statuses);
  }
}
