package dev.lapse.outbox;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.time.temporal.ChronoField;
import java.util.UUID;

/** Texts of what PostgreSQL sends in binary, as its {@code uuid_send} and the like write it. */
final class BinaryForm {

  private static final long DAY = 24L * 60 * 60 * 1_000_000;
  private static final long EPOCH_DAY = LocalDate.of(2000, 1, 1).toEpochDay();

  private BinaryForm() {}

  /**
   * A uuid's.
   *
   * @param uuid its 16 bytes
   */
  static byte[] uuid(byte[] uuid) {
    ByteBuffer bytes = ByteBuffer.wrap(uuid);
    return new UUID(bytes.getLong(), bytes.getLong())
        .toString()
        .getBytes(StandardCharsets.US_ASCII);
  }

  /**
   * A timestamp's as CloudEvents want it, RFC 3339 in UTC, to the microsecond; the same as {@code
   * to_char(…, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')}, which takes the server more than a microsecond.
   *
   * @param timestamp microseconds since 2000, in 8 bytes
   */
  static byte[] timestamp(byte[] timestamp) {
    long sinceEpoch = ByteBuffer.wrap(timestamp).getLong();
    LocalDate date = LocalDate.ofEpochDay(EPOCH_DAY + Math.floorDiv(sinceEpoch, DAY));
    long time = Math.floorMod(sinceEpoch, DAY);
    int year = date.get(ChronoField.YEAR_OF_ERA);
    int yearDigits = year > 99_999 ? 6 : year > 9999 ? 5 : 4;
    byte[] text = new byte[yearDigits + "-11-24T20:35:53.196102Z".length()];
    int at = digits(text, 0, yearDigits, year);
    at = digits(text, after(text, at, '-'), 2, date.getMonthValue());
    at = digits(text, after(text, at, '-'), 2, date.getDayOfMonth());
    at = digits(text, after(text, at, 'T'), 2, time / 3_600_000_000L);
    at = digits(text, after(text, at, ':'), 2, time / 60_000_000 % 60);
    at = digits(text, after(text, at, ':'), 2, time / 1_000_000 % 60);
    at = digits(text, after(text, at, '.'), 6, time % 1_000_000);
    text[at] = 'Z';
    return text;
  }

  private static int after(byte[] text, int at, char separator) {
    text[at] = (byte) separator;
    return at + 1;
  }

  private static int digits(byte[] text, int at, int count, long number) {
    long rest = number;
    for (int i = at + count - 1; i >= at; i--) {
      text[i] = (byte) ('0' + rest % 10);
      rest /= 10;
    }
    return at + count;
  }
}
