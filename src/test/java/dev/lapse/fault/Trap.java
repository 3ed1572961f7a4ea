package dev.lapse.fault;

/**
 * What happens when a message that a test waits for is about to pass. It runs on the connection's
 * thread, before the message is forwarded, and may kill, pause or cut what it likes.
 */
@FunctionalInterface
interface Trap {

  /** The message is dropped and its connection reset. */
  Trap CUT = () -> Verdict.CUT;

  Verdict spring();

  /** Does something while the message is held back, and lets it pass then. */
  static Trap first(Runnable action) {
    return () -> {
      action.run();
      return Verdict.FORWARD;
    };
  }

  /** Does something while the message is held back, and never lets it pass. */
  static Trap instead(Runnable action) {
    return () -> {
      action.run();
      return Verdict.CUT;
    };
  }

  enum Verdict {
    FORWARD,
    CUT
  }
}
