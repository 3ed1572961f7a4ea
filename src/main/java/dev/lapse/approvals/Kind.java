package dev.lapse.approvals;

import dev.lapse.approvals.ApprovalsSettings.Unit;
import org.jspecify.annotations.Nullable;

/** How a column holds an instant, and SQL to go from one to the other. */
enum Kind {
  INSTANT("timestamptz", "-infinity", "'infinity'"),
  /** The clock of a time zone, without saying of which. */
  LOCAL("timestamp", "-infinity", "'infinity'"),
  /** A day, which passes at its end. */
  DAY("date", "-infinity", "'infinity'"),
  SECONDS("bigint", Long.toString(Long.MIN_VALUE), Long.toString(Long.MAX_VALUE)),
  MILLISECONDS("bigint", Long.toString(Long.MIN_VALUE), Long.toString(Long.MAX_VALUE));

  private static final int ALL_DIGITS = 6;

  /** What to cast a parameter to that is compared with the column. */
  final String castType;

  /** Before all others, as text. */
  final String first;

  /** After all others, as SQL. */
  final String never;

  Kind(String castType, String first, String never) {
    this.castType = castType;
    this.first = first;
    this.never = never;
  }

  /** Null where the column's type holds none, or a number does not say in which unit. */
  static @Nullable Kind of(Column column, @Nullable Unit unit) {
    return switch (column.type()) {
      case "timestamp with time zone" -> INSTANT;
      case "timestamp without time zone" -> LOCAL;
      case "date" -> DAY;
      case "bigint", "integer" ->
          unit == null ? null : unit == Unit.SECONDS ? SECONDS : MILLISECONDS;
      default -> null;
    };
  }

  boolean needsZone() {
    return this == LOCAL || this == DAY;
  }

  boolean isNumber() {
    return this == SECONDS || this == MILLISECONDS;
  }

  /**
   * Of an instant, what a column of this kind is compared with: what is less has passed. Of a
   * number the next one up, since 100 is less than 100.5; of a day the one that has begun.
   *
   * @param zone as an SQL literal
   */
  String at(String instant, String zone) {
    return switch (this) {
      case INSTANT -> instant;
      case LOCAL -> "(%s AT TIME ZONE %s)".formatted(instant, zone);
      case DAY -> "(%s AT TIME ZONE %s)::date".formatted(instant, zone);
      case SECONDS -> "ceil(extract(epoch FROM %s))::bigint".formatted(instant);
      case MILLISECONDS -> "ceil(extract(epoch FROM %s) * 1000)::bigint".formatted(instant);
    };
  }

  /**
   * The least value of this kind that passes at {@code instant} or later.
   *
   * @param zone as an SQL literal
   */
  String value(String instant, String zone) {
    return this == DAY
        ? "((%s - interval '1 us') AT TIME ZONE %s)::date".formatted(instant, zone)
        : at(instant, zone);
  }

  /**
   * The instant from which on {@code value} has passed. Numbers and days beyond the year 9999 are
   * taken to lie at its end, since {@code timestamptz} does not reach as far.
   */
  String instant(String value, String zone) {
    return switch (this) {
      case INSTANT -> value;
      case LOCAL -> "(%s AT TIME ZONE %s)".formatted(value, zone);
      case DAY ->
          "((greatest(least(%s, '9999-12-30'), '0001-01-01') + 1)::timestamp AT TIME ZONE %s)"
              .formatted(value, zone);
      case SECONDS ->
          "to_timestamp(greatest(least(%s, 253402300799), -62135596800))".formatted(value);
      case MILLISECONDS ->
          "to_timestamp(greatest(least(%s, 253402300799000), -62135596800000) / 1000.0)"
              .formatted(value);
    };
  }

  /** Digits of the second that the column keeps. */
  int digits(Column column) {
    return switch (this) {
      case INSTANT, LOCAL -> column.modifier() < 0 ? ALL_DIGITS : column.modifier();
      case DAY, SECONDS -> 0;
      case MILLISECONDS -> 3;
    };
  }
}
