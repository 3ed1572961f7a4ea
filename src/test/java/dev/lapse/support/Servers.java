package dev.lapse.support;

import java.util.Locale;
import org.testcontainers.DockerClientFactory;

/**
 * The PostgreSQL and the Kafka that the tests of this JVM share: in containers where a Docker
 * engine answers, embedded otherwise. {@code -Dlapse.test.servers=docker|embedded} forces one.
 */
public final class Servers {

  private static final String CHOICE =
      System.getProperty("lapse.test.servers", "auto").toLowerCase(Locale.ROOT);

  private Servers() {}

  /** Whether the servers run in containers. */
  public static boolean inDocker() {
    return Choice.DOCKER;
  }

  public static PostgresServer postgres() {
    return Postgres.SERVER;
  }

  public static KafkaServer kafka() {
    return Kafka.SERVER;
  }

  // Holders, so that a test that needs one server does not start the other.

  private static final class Choice {
    static final boolean DOCKER =
        switch (CHOICE) {
          case "docker" -> true;
          case "embedded" -> false;
          case "auto" -> DockerClientFactory.instance().isDockerAvailable();
          default ->
              throw new IllegalArgumentException(
                  "lapse.test.servers is \"" + CHOICE + "\": set docker, embedded or auto");
        };
  }

  private static final class Postgres {
    static final PostgresServer SERVER =
        inDocker() ? PostgresServer.inDocker() : PostgresServer.embedded();
  }

  private static final class Kafka {
    static final KafkaServer SERVER = inDocker() ? KafkaServer.inDocker() : KafkaServer.embedded();
  }
}
