package dev.lapse.support;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.lapse.Lapse;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.slf4j.LoggerFactory;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.logging.LoggingApplicationListener;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * The service in the test's own JVM, on a port of its own: the same code in a fifth of the time of
 * a process. What only a process shows is tested with a {@link LapseProcess}.
 */
public final class LapseService implements AutoCloseable {

  private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
  private final ConfigurableApplicationContext context;
  private final Http http;

  private LapseService(String... args) {
    SpringApplication application = new SpringApplication(Lapse.class);
    application.setListeners( // the tests log as they do
        application.getListeners().stream()
            .filter(listener -> !(listener instanceof LoggingApplicationListener))
            .toList());
    lines.start();
    log().addAppender(lines);
    try {
      context = application.run(args);
    } catch (RuntimeException e) {
      log().detachAppender(lines);
      throw e;
    }
    http =
        new Http(context.getEnvironment().getRequiredProperty("local.server.port", Integer.class));
  }

  /**
   * Returns when it has started, against the shared servers.
   *
   * @param settings as {@code --name=value}. Those that stand here prevail over those that name the
   *     servers.
   */
  public static LapseService start(TestDatabase database, String... settings) {
    List<String> all =
        new ArrayList<>(
            List.of(
                "--spring.datasource.url=" + database.url(),
                "--spring.datasource.username=" + database.serviceUser(),
                "--spring.datasource.password=" + database.servicePassword(),
                "--lapse.kafka.bootstrap-servers=" + Servers.kafka().bootstrapServers(),
                "--lapse.kafka.topic-replication=1",
                "--server.port=0",
                "--server.address=127.0.0.1",
                "--server.tomcat.basedir=" + InJvm.TOMCAT,
                "--spring.main.register-shutdown-hook=false"));
    // Said twice, a setting would have two values in one.
    all.removeIf(one -> Arrays.stream(settings).anyMatch(other -> name(other).equals(name(one))));
    all.addAll(List.of(settings));
    return new LapseService(all.toArray(String[]::new));
  }

  private static String name(String setting) {
    return setting.replaceFirst("(?s)=.*", "");
  }

  private static Logger log() {
    return (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
  }

  /**
   * What this JVM has logged since it began to start, as far as tests log it. A {@link Command} in
   * between ends that.
   */
  public String output() {
    return List.copyOf(lines.list).stream()
        .map(line -> line.getLevel() + " " + line.getFormattedMessage())
        .collect(Collectors.joining("\n"));
  }

  public String url() {
    return "http://127.0.0.1:" + http.port();
  }

  public HttpResponse<String> get(String path, String... headers) {
    return http.get(path, headers);
  }

  /** POST of a JSON object. */
  public HttpResponse<String> post(String path, String json, String... headers) {
    return http.post(path, json, headers);
  }

  public HttpResponse<String> delete(String path, String... headers) {
    return http.delete(path, headers);
  }

  @Override
  public void close() {
    log().detachAppender(lines);
    context.close();
  }
}
