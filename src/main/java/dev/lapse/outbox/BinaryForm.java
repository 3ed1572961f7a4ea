package dev.lapse.outbox;

import java.nio.ByteBuffer;
import java.time.LocalDate;

/** Texts of what PostgreSQL sends in binary, as its {@code uuid_send} and the like write it. */
final class BinaryForm {

  private static final byte[] HEX = {
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'
  };

  private static final long DAY = 24L * 60 * 60 * 1_000_000;
  private static final long EPOCH_DAY = LocalDate.of(2000, 1, 1).toEpochDay();

  private BinaryForm() {}

  /**
   * A uuid's.
   *
   * @param uuid its 16 bytes
   */
  static byte[] uuid(byte[] uuid) {
    byte[] text = new byte[36];
    int at = 0;
    for (int i = 0; i < uuid.length; i++) {
      if (i == 4 || i == 6 || i == 8 || i == 10) {
        text[at++] = '-';
      }
      text[at++] = HEX[uuid[i] >> 4 & 0xf];
      text[at++] = HEX[uuid[i] & 0xf];
    }
    return text;
  }

  /**
   * A timestamp's as CloudEvents want it, RFC 3339 in UTC, to the microsecond. A year above 9999
   * has the digits that it needs; one before 1 is none that RFC 3339 could tell, and is told as
   * 0000.
   *
   * @param timestamp microseconds since 2000, in 8 bytes
   */
  static byte[] timestamp(byte[] timestamp) {
    long sinceEpoch = ByteBuffer.wrap(timestamp).getLong();
    LocalDate date = LocalDate.ofEpochDay(EPOCH_DAY + Math.floorDiv(sinceEpoch, DAY));
    long time = Math.floorMod(sinceEpoch, DAY);
    int year = Math.max(date.getYear(), 0);
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
