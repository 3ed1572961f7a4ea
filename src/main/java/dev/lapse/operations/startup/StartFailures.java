package dev.lapse.operations.startup;

import dev.lapse.kafka.KafkaAtStart;
import dev.lapse.problem.OneLine;
import dev.lapse.problem.Plugins;
import dev.lapse.problem.Reasons;
import dev.lapse.problem.UnusableException;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.Environment;

/** Says what is wrong at start, and how to mend it, in place of a stack trace. */
@Order(Ordered.HIGHEST_PRECEDENCE)
final class StartFailures implements FailureAnalyzer {

  private static final String URL = "spring.datasource.url";
  private static final String URL_ADVICE =
      "SPRING_DATASOURCE_URL to jdbc:postgresql://host:port/database, and"
          + " SPRING_DATASOURCE_USERNAME and SPRING_DATASOURCE_PASSWORD.";

  private static final Pattern OTHER_DRIVER = Pattern.compile("jdbc:(?!postgresql:)[a-z0-9-]+:");

  private final Environment environment;

  StartFailures(Environment environment) {
    this.environment = environment;
  }

  @Override
  public @Nullable FailureAnalysis analyze(Throwable failure) {
    if (environment.getProperty(URL) == null) {
      return new FailureAnalysis(
          "No database configured: spring.datasource.url is missing.",
          "Set " + URL_ADVICE,
          failure);
    }
    if (find(CredentialsInUrlException.class, failure) != null) {
      return notAUrl(failure);
    }
    UnusableException schema = find(UnusableException.class, failure);
    if (schema != null) {
      return new FailureAnalysis(
          schema.getMessage(), "Run, or set:%n%s".formatted(schema.actions()), failure);
    }
    KafkaAtStart.UnusableException kafka = find(KafkaAtStart.UnusableException.class, failure);
    if (kafka != null) {
      return new FailureAnalysis(kafka.getMessage(), kafka.action(), failure);
    }
    Optional<String> missingClass = Plugins.missingClass(failure);
    if (missingClass.isPresent()) {
      return missingClass(missingClass.get(), failure);
    }
    String url = environment.getRequiredProperty(URL);
    if (Reasons.of(failure).contains("claims to not accept jdbcUrl")) {
      return new FailureAnalysis(
          "The driver of SPRING_DATASOURCE_DRIVER_CLASS_NAME does not accept SPRING_DATASOURCE_URL.",
          "Unset SPRING_DATASOURCE_DRIVER_CLASS_NAME, or set the URL that this driver documents.",
          failure);
    }
    if (!isTaken(url)) {
      Matcher other = OTHER_DRIVER.matcher(url);
      return other.lookingAt() ? noDriver(other.group(), failure) : notAUrl(failure);
    }
    SQLException database = find(SQLException.class, failure);
    if (database != null) {
      return database(database, failure);
    }
    return null;
  }

  /** Does not say what it is: it may hold a password. */
  private static FailureAnalysis notAUrl(Throwable failure) {
    return new FailureAnalysis(
        "SPRING_DATASOURCE_URL is not a PostgreSQL JDBC URL.", "Set " + URL_ADVICE, failure);
  }

  private static FailureAnalysis missingClass(String name, Throwable failure) {
    return new FailureAnalysis(
        "The class %s is missing (%s)".formatted(OneLine.of(name), Reasons.of(failure)),
        "If it is named rightly, " + Plugins.action(),
        failure);
  }

  /**
   * @param kind the URL's beginning: the rest may hold a password
   */
  private static FailureAnalysis noDriver(String kind, Throwable failure) {
    return new FailureAnalysis(
        "No JDBC driver accepts SPRING_DATASOURCE_URL (%s...)".formatted(kind),
        "Use jdbc:postgresql://host:port/database. For another driver, set"
            + " SPRING_DATASOURCE_DRIVER_CLASS_NAME and "
            + Plugins.action(),
        failure);
  }

  /** Whether a driver takes it: that of PostgreSQL, or one that wraps it. */
  private static boolean isTaken(String url) {
    try {
      return DriverManager.getDriver(url) != null;
    } catch (SQLException e) {
      return false;
    }
  }

  private FailureAnalysis database(SQLException exception, Throwable failure) {
    // Without the parameters: they may hold a password.
    String server =
        Reasons.withoutCredentials(environment.getRequiredProperty(URL).replaceFirst("\\?.*", ""));
    String state = exception.getSQLState();
    if (state != null && state.startsWith("08")) {
      return new FailureAnalysis(
          "PostgreSQL does not answer at %s (%s)".formatted(server, Reasons.of(exception)),
          "Start PostgreSQL, or set " + URL_ADVICE,
          failure);
    }
    if (state != null && (state.startsWith("28") || state.equals("3D000"))) {
      return new FailureAnalysis(
          "PostgreSQL at %s rejected the login (%s)".formatted(server, Reasons.of(exception)),
          "Check SPRING_DATASOURCE_USERNAME, SPRING_DATASOURCE_PASSWORD and the database name"
              + " in SPRING_DATASOURCE_URL.",
          failure);
    }
    return new FailureAnalysis(
        "PostgreSQL at %s rejected a statement (SQLSTATE %s: %s)"
            .formatted(server, state, Reasons.of(exception)),
        state != null && state.equals("42501")
            ? "Migrate with the role that owns the schema: java -jar lapse.jar migrate. Then grant this"
                + " role its privileges: psql -f db/roles.sql."
            : "Fix the error above and restart; the failed migration runs again.",
        failure);
  }

  private static <T extends Throwable> @Nullable T find(Class<T> type, Throwable failure) {
    T found = null;
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (type.isInstance(cause)) {
        found = type.cast(cause); // the innermost says most
      }
    }
    return found;
  }
}
