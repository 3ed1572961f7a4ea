package dev.lapse.replay;

/** More events than one replay publishes without being told that this is meant. */
public final class TooManyException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  TooManyException(Plan plan, long max) {
    super(
        "That are %d events, more than the %d that one replay publishes unconfirmed"
            .formatted(plan.events(), max));
  }
}
