package dev.lapse.outbox;

/**
 * A position in PostgreSQL's write-ahead log ({@code pg_lsn}), comparable only within one timeline.
 *
 * @param bytes bytes since the beginning of the log, unsigned
 */
public record Lsn(long bytes) implements Comparable<Lsn> {

  /**
   * Reads PostgreSQL's own notation, such as {@code 0/16B3748}.
   *
   * @throws IllegalArgumentException if the text is not a {@code pg_lsn}
   */
  public static Lsn parse(String text) {
    int slash = text.indexOf('/');
    if (slash < 1 || slash > 8 || text.length() - slash > 9) {
      throw new IllegalArgumentException("not a pg_lsn: " + text);
    }
    long high = Long.parseUnsignedLong(text.substring(0, slash), 16);
    long low = Long.parseUnsignedLong(text.substring(slash + 1), 16);
    return new Lsn(high << 32 | low);
  }

  @Override
  public int compareTo(Lsn other) {
    return Long.compareUnsigned(bytes, other.bytes);
  }

  public boolean isBefore(Lsn other) {
    return compareTo(other) < 0;
  }

  @Override
  public String toString() {
    return "%X/%X".formatted(bytes >>> 32, bytes & 0xFFFF_FFFFL);
  }
}
