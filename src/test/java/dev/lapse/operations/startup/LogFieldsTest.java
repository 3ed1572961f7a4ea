package dev.lapse.operations.startup;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a message says as key=value stands in fields, numbers as numbers. */
class LogFieldsTest {

  @Test
  void takesKeysUnitsAndQuotedTexts() {
    assertThat(
            fields(
                "dev.lapse.A",
                "Expired {} approvals count={} took={}ms reason=\"{}\" leads={}",
                "some",
                20,
                12L,
                "a, b",
                true))
        .isEqualTo(Map.of("count", 20, "took_ms", 12L, "reason", "a, b", "leads", true));
  }

  @Test
  void leavesOthersMessagesAlone() {
    assertThat(fields("org.apache.A", "count={}", 20)).isEmpty();
    assertThat(fields("dev.lapse.A", "Nothing to tell")).isEmpty();
  }

  private static Map<String, Object> fields(String logger, String message, Object... arguments) {
    return LogFields.fields(
        new LoggingEvent(
            "", new LoggerContext().getLogger(logger), Level.INFO, message, null, arguments));
  }
}
