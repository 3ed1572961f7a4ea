package dev.lapse.operations.startup;

import ch.qos.logback.classic.spi.ILoggingEvent;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.springframework.boot.json.JsonWriter;
import org.springframework.boot.logging.structured.StructuredLoggingJsonMembersCustomizer;

/**
 * Where logs are structured, what our messages say as {@code key=value} stands in fields as well,
 * so that nobody has to take a text apart: {@code "lapse": {"count": 20, "took_ms": 12}}.
 */
public final class LogFields implements StructuredLoggingJsonMembersCustomizer<ILoggingEvent> {

  private static final String OURS = "dev.lapse.";

  /** A placeholder, with the key before it and the unit behind it, if it has any. */
  private static final Pattern PLACEHOLDER = Pattern.compile("(?:(\\w+)=\"?)?\\{}([a-z]*)");

  @Override
  public void customize(JsonWriter.Members<ILoggingEvent> members) {
    members.add("lapse", LogFields::fields).whenNotEmpty();
  }

  static Map<String, Object> fields(ILoggingEvent event) {
    Map<String, Object> fields = new LinkedHashMap<>();
    Object[] arguments = event.getArgumentArray();
    if (arguments == null || !event.getLoggerName().startsWith(OURS)) {
      return fields;
    }
    Matcher placeholder = PLACEHOLDER.matcher(event.getMessage());
    for (int i = 0; i < arguments.length && placeholder.find(); i++) {
      String key = placeholder.group(1);
      if (key != null && arguments[i] != null) {
        String unit = placeholder.group(2);
        fields.put(unit.isEmpty() ? key : key + "_" + unit, value(arguments[i]));
      }
    }
    return fields;
  }

  private static Object value(Object argument) {
    return argument instanceof Number || argument instanceof Boolean
        ? argument
        : String.valueOf(argument);
  }
}
