package dev.lapse.operations.metrics;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Arrays;

/**
 * Reads when events occurred, as the outbox's reader writes it: {@code
 * 2026-11-24T20:35:53.196102Z}.
 *
 * <p>Events that follow each other mostly share the second, which is parsed once for all of them:
 * this happens for each event on the relay's thread. Not safe for use by several threads.
 */
final class OccurredAt {

  /** Of a text that is none of ours, such as one of the year 10000. */
  static final long UNKNOWN = Long.MIN_VALUE;

  private static final int LENGTH = "2026-11-24T20:35:53.196102Z".length();
  private static final int SECOND = "2026-11-24T20:35:53".length();

  private byte[] known = new byte[SECOND];
  private long knownMicros;

  static long micros(Instant instant) {
    return instant.getEpochSecond() * 1_000_000 + instant.getNano() / 1_000;
  }

  /** Microseconds since 1970, or {@link #UNKNOWN}. */
  long micros(byte[] text) {
    if (text.length != LENGTH) {
      return UNKNOWN;
    }
    if (!Arrays.equals(text, 0, SECOND, known, 0, SECOND) && !parse(text)) {
      return UNKNOWN;
    }
    long micros = 0;
    for (int i = SECOND + 1; i < LENGTH - 1; i++) {
      micros = micros * 10 + (text[i] - '0');
    }
    return knownMicros + micros;
  }

  private boolean parse(byte[] text) {
    try {
      String second = new String(text, 0, SECOND, StandardCharsets.US_ASCII);
      knownMicros = micros(Instant.parse(second + "Z"));
      known = Arrays.copyOf(text, SECOND);
      return true;
    } catch (DateTimeParseException e) {
      return false;
    }
  }
}
