package dev.lapse.relay;

/** The database is no longer the one that this term began on: the next term decides what to do. */
final class DatabaseChangedException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  DatabaseChangedException(String message) {
    super(message);
  }
}
