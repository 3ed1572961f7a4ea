package dev.lapse.approvals;

import java.util.List;

/**
 * A column as the catalog has it.
 *
 * @param number its place in the table
 * @param type by its SQL name, without length or precision
 * @param modifier that of the type: for a time, digits of the second, or -1 for all six
 * @param isEnum whether the type is one
 * @param labels of the enum, in its order
 * @param readable whether this role may select it
 * @param writable whether this role may update it
 */
record Column(
    int number,
    String type,
    int modifier,
    boolean isEnum,
    List<String> labels,
    boolean readable,
    boolean writable) {

  private static final int ALL_DIGITS = 6;

  /** Digits of the second that a time in it keeps. */
  int digits() {
    return modifier < 0 ? ALL_DIGITS : modifier;
  }

  boolean isLocalTime() {
    return type.equals("timestamp without time zone");
  }
}
