package dev.lapse.operations.startup;

import ch.qos.logback.classic.PatternLayout;
import ch.qos.logback.classic.pattern.MessageConverter;
import ch.qos.logback.classic.spi.ILoggingEvent;
import dev.lapse.problem.OneLine;
import java.util.List;
import org.slf4j.helpers.MessageFormatter;
import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.core.env.ConfigurableEnvironment;

/**
 * Lets each of our messages stay one line, whatever is in it: an approval's id may be a text with
 * line breaks, by which its writer could add lines to the log. Where logs are JSON, that escapes.
 */
public final class LogMessages extends MessageConverter {

  private static final String OURS = "dev.lapse.";

  @Override
  public String convert(ILoggingEvent event) {
    Object[] arguments = event.getArgumentArray();
    if (arguments == null || !event.getLoggerName().startsWith(OURS)) {
      return super.convert(event);
    }
    Object[] escaped = new Object[arguments.length];
    for (int i = 0; i < arguments.length; i++) {
      escaped[i] = OneLine.of(String.valueOf(arguments[i]));
    }
    return MessageFormatter.arrayFormat(event.getMessage(), escaped).getMessage();
  }

  /** Before Spring Boot makes the log's layout, whose pattern somebody may have set. */
  static final class Install implements EnvironmentPostProcessor {

    @Override
    public void postProcessEnvironment(
        ConfigurableEnvironment environment, SpringApplication application) {
      for (String word : List.of("m", "msg", "message")) {
        PatternLayout.DEFAULT_CONVERTER_SUPPLIER_MAP.put(word, LogMessages::new);
      }
    }
  }
}
