package dev.lapse.support;

import java.nio.file.Path;

/** What the application needs to be told where it runs in the JVM of the tests. */
final class InJvm {

  /** Of its web servers: one that fails to start does not delete its own. */
  static final Path TOMCAT = Leftovers.directory("tomcat");

  /** It logs as the jar does, which has no logback-test.xml. */
  static final String LOGGING = "--logging.config=classpath:dev/lapse/support/logback.xml";

  private InJvm() {}
}
