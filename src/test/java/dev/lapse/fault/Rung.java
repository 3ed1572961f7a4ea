package dev.lapse.fault;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * A step of {@code lapse.ladder}, read from the setting without the product's help.
 *
 * @param name as events have it
 */
record Rung(String name, boolean escalates) {

  static Rung of(String setting) {
    String[] parts = setting.split(":", -1);
    return new Rung(parts[0], parts[1].equals("escalate"));
  }

  /** When it comes, to the microsecond. */
  Instant at(Instant createdAt, Instant deadline) {
    if (name.endsWith("%")) {
      long all = ChronoUnit.MICROS.between(createdAt, deadline);
      long part = Math.round(all * Integer.parseInt(name.substring(0, name.length() - 1)) / 100.0);
      return createdAt.plus(part, ChronoUnit.MICROS);
    }
    return deadline.minus(Duration.parse("PT" + name));
  }
}
