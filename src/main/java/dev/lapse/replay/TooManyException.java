package dev.lapse.replay;

/** More events than one replay publishes without being told that this is meant. */
public final class TooManyException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  TooManyException(Plan plan, long max) {
    super(
        "%d events selected; more than %d need confirmation (--yes)".formatted(plan.events(), max));
  }
}
