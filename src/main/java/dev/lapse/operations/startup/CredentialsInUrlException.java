package dev.lapse.operations.startup;

/** A database URL with something before an @, which no driver reads and every log would print. */
final class CredentialsInUrlException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  CredentialsInUrlException() {
    super("spring.datasource.url has credentials before an @");
  }
}
