package dev.lapse.operations;

/** The database lacks something that the service cannot do without. */
final class UnusableSchemaException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final String mending;

  UnusableSchemaException(String problem, String mending) {
    super(problem);
    this.mending = mending;
  }

  String mending() {
    return mending;
  }
}
