package dev.lapse.approvals;

import java.nio.charset.StandardCharsets;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Which table holds the approvals, and what its columns mean. Names are case-sensitive and need no
 * quotes. If nothing of this is set and there is no table, Lapse creates one.
 *
 * @param schema schema of the table; default: the first match on the search path
 * @param table name of the table; default {@code ai_approvals}
 * @param columns names of its columns
 * @param statuses values of its status column
 * @param attributes up to 20 further columns that each event carries under {@code attributes};
 *     default none
 * @param zone time zone of the deadlines, such as {@code UTC}; required if a column is {@code
 *     timestamp} without time zone or {@code date}, otherwise unused. With daylight saving time,
 *     one hour of the year occurs twice. A deadline in that hour passes when the clock shows it
 *     first
 * @param condition an SQL expression over the table's columns, such as {@code deleted_at IS NULL};
 *     what does not fulfil it is not pending for Lapse, and never expires; default none. PostgreSQL
 *     must be able to index by it
 * @param set further columns that expiring sets, and the SQL expressions that it sets them to, such
 *     as {@code updated_at=now()}; up to 20. If no column has exactly this name, Lapse compares
 *     letters and digits only, since an environment variable cannot hold other characters
 * @param expiresAtUnit what a deadline that is a number counts since 1970: {@code seconds} or
 *     {@code milliseconds}; needed for these only
 */
@ConfigurationProperties("lapse.approvals")
public record ApprovalsSettings(
    @Nullable String schema,
    @DefaultValue("ai_approvals") String table,
    @DefaultValue Columns columns,
    @DefaultValue Statuses statuses,
    @DefaultValue List<String> attributes,
    @Nullable String zone,
    @Nullable String condition,
    @DefaultValue Map<String, String> set,
    @Nullable Unit expiresAtUnit) {

  /** PostgreSQL cuts off what is longer, without a word. */
  private static final int MOST_BYTES_OF_A_NAME = 63;

  private static final int MOST_ATTRIBUTES = 20;
  private static final int MOST_SET = 20;
  private static final int MOST_PENDING = 10;

  /** As Lapse creates the table. */
  static final ApprovalsSettings STANDARD =
      new ApprovalsSettings(
          null,
          "ai_approvals",
          new Columns("id", "status", "version", "expires_at", "executed_at", "", null, null),
          new Statuses(List.of("pending"), "expired", null, null, null),
          List.of(),
          null,
          null,
          Map.of(),
          null);

  private static final Columns STANDARD_WITH_CREATED_AT =
      new Columns("id", "status", "version", "expires_at", "executed_at", "created_at", null, null);

  /** Of a deadline that is a number. */
  public enum Unit {
    SECONDS,
    MILLISECONDS
  }

  /**
   * @param id column of the unique id: uuid, an integer, numeric without decimals, text, varchar,
   *     char, citext, or a domain over these; default {@code id}
   * @param status column of the status: text, varchar, char, an enum, an integer, or a domain over
   *     a text type; default {@code status}
   * @param version column of an integer that every change raises; default {@code version}; empty if
   *     the table has none
   * @param expiresAt column of the deadline: timestamptz; timestamp or date together with {@code
   *     lapse.approvals.zone}; an integer together with {@code lapse.approvals.expires-at-unit};
   *     default {@code expires_at}
   * @param executedAt column of the time when the approval took effect or expired: same types;
   *     default {@code executed_at}; empty if the table has none
   * @param createdAt column of the time when the approval was requested: same types; needed where
   *     {@code lapse.ladder} has a share, and for {@code lapse.deadlines.max-lifetime}; default
   *     none
   * @param decidedBy column into which {@code decide_approval} writes the actor; default {@code
   *     decided_by} where the table has one; empty for none
   * @param decidedAt column into which {@code decide_approval} writes the time; default {@code
   *     decided_at} where the table has one; empty for none
   */
  public record Columns(
      @DefaultValue("id") String id,
      @DefaultValue("status") String status,
      @DefaultValue("version") String version,
      @DefaultValue("expires_at") String expiresAt,
      @DefaultValue("executed_at") String executedAt,
      @DefaultValue("") String createdAt,
      @Nullable String decidedBy,
      @Nullable String decidedAt) {

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
      if (!createdAt.isEmpty()) {
        requireName("columns.created-at", createdAt);
      }
      if (decidedBy != null && !decidedBy.isEmpty()) {
        requireName("columns.decided-by", decidedBy);
      }
      if (decidedAt != null && !decidedAt.isEmpty()) {
        requireName("columns.decided-at", decidedAt);
      }
    }
  }

  /**
   * The values of the status column; numbers if it is an integer. Lapse only reads {@code pending}
   * and only writes {@code expired}; the guard triggers need the others to protect decisions.
   *
   * @param pending statuses, up to 10, of an approval that waits for a decision; default {@code
   *     pending}
   * @param expired status of an approval that expired; default {@code expired}
   * @param approved statuses of an approval that was approved; they may only change to one of
   *     {@code ended}; default {@code approved}
   * @param rejected statuses of an approval that was rejected; they are final; default {@code
   *     rejected}
   * @param ended final statuses that may follow an approval; default {@code executed, cancelled}
   */
  public record Statuses(
      @DefaultValue("pending") List<String> pending,
      @DefaultValue("expired") String expired,
      @Nullable List<String> approved,
      @Nullable List<String> rejected,
      @Nullable List<String> ended) {

    static final List<String> APPROVED = List.of("approved");
    static final List<String> REJECTED = List.of("rejected");
    static final List<String> ENDED = List.of("executed", "cancelled");

    public Statuses {
      if (pending.isEmpty() || pending.size() > MOST_PENDING) {
        throw new IllegalArgumentException(
            "lapse.approvals.statuses.pending names %d statuses: name 1 to %d"
                .formatted(pending.size(), MOST_PENDING));
      }
      pending = List.copyOf(pending);
      if (!(pending.contains("pending") && expired.equals("expired"))
          && (approved == null || rejected == null)) {
        throw new IllegalArgumentException(
            ("lapse.approvals.statuses.pending is \"%s\" and ….expired is \"%s\": also set ….approved and"
                    + " ….rejected (and ….ended, if a status follows an approval). The guard triggers"
                    + " need them to protect decisions")
                .formatted(String.join(", ", pending), expired));
      }
      List<String> all = new ArrayList<>(pending);
      all.add(expired);
      Stream.of(approved, rejected, ended)
          .forEach(some -> all.addAll(some == null ? List.of() : some));
      for (String status : all) {
        if (status.isEmpty() || status.length() > 100 || status.indexOf('\0') >= 0) {
          throw new IllegalArgumentException(
              "lapse.approvals.statuses: \"%s\" is not a status: use 1 to 100 characters"
                  .formatted(status));
        }
      }
      if (new HashSet<>(all).size() < all.size()) {
        throw new IllegalArgumentException(
            "lapse.approvals.statuses: %s contains a status twice: name each once".formatted(all));
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
          "lapse.approvals.attributes is %s: name at most %d columns, each once"
              .formatted(attributes, MOST_ATTRIBUTES));
    }
    attributes = List.copyOf(attributes);
    if (zone != null && !zone.isEmpty() && !ZoneId.getAvailableZoneIds().contains(zone)) {
      throw new IllegalArgumentException(
          "lapse.approvals.zone is \"%s\": use the name of a time zone, such as UTC or Europe/Berlin"
              .formatted(zone));
    }
    condition = condition == null || condition.isBlank() ? null : condition.strip();
    if (condition != null) {
      Expression.require("lapse.approvals.condition", condition);
    }
    if (set.size() > MOST_SET) {
      throw new IllegalArgumentException(
          "lapse.approvals.set names %d columns: name %d at most".formatted(set.size(), MOST_SET));
    }
    set.forEach(
        (column, expression) -> {
          requireName("set", column);
          Expression.require("lapse.approvals.set." + column, expression);
        });
    set = Map.copyOf(set);
  }

  private static void requireName(String setting, String name) {
    if (name.isBlank()
        || name.getBytes(StandardCharsets.UTF_8).length > MOST_BYTES_OF_A_NAME
        || name.indexOf('\0') >= 0) {
      throw new IllegalArgumentException(
          "lapse.approvals.%s is \"%s\": use a name of 1 to %d bytes, without quotes"
              .formatted(setting, name, MOST_BYTES_OF_A_NAME));
    }
  }

  /** Whether the table is the one that Lapse creates where there is none. */
  public boolean isStandard() {
    return schema == null
        && table.equals(STANDARD.table)
        && (columns.equals(STANDARD.columns) || columns.equals(STANDARD_WITH_CREATED_AT))
        && statuses.equals(STANDARD.statuses)
        && condition == null
        && set.isEmpty();
  }
}
