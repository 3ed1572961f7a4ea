package dev.lapse.outbox;

import java.util.Arrays;

/** Times as CloudEvents want them, out of PostgreSQL's own text. */
final class Rfc3339 {

  private static final int TIME = "T20:35:53".length();
  private static final int FRACTION = ".196102Z".length();

  private Rfc3339() {}

  /**
   * Writes a timestamp in UTC as {@code to_char(…, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')} does, which
   * takes the server more than a microsecond a row, a fifth of all that it does for one.
   *
   * @param iso in PostgreSQL's ISO form, which the driver insists on: {@code 2026-11-24
   *     20:35:53.1961}
   */
  static byte[] of(byte[] iso) {
    int blank = 0;
    while (iso[blank] != ' ') {
      blank++;
    }
    int point = blank + TIME;
    int digits = point + 1;
    if (iso.length > point && iso[point] == '.') {
      while (digits < iso.length && iso[digits] >= '0') {
        digits++;
      }
    }
    byte[] text = Arrays.copyOf(iso, point + FRACTION);
    text[blank] = 'T';
    text[point] = '.';
    Arrays.fill(text, digits, text.length - 1, (byte) '0');
    text[text.length - 1] = 'Z';
    return text;
  }
}
