package dev.lapse.approvals;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;

/**
 * What {@code lapse.database.settings} gives a session for triggers that ask for it, such as {@code
 * app.current_user}. The statement that expires sets them, for its own transaction: so no pooler
 * can lose them, and nobody else's session keeps them.
 *
 * <p>Read from the environment letter by letter, since to bind a map would drop the underscores. As
 * an environment variable: {@code LAPSE_DATABASE_SETTINGS=app.current_user=lapse;app.tenant=all}.
 *
 * @param values by name
 */
public record SessionSettings(Map<String, String> values) {

  public static final SessionSettings NONE = new SessionSettings(Map.of());

  private static final String PREFIX = "lapse.database.settings";
  private static final String VARIABLE = "LAPSE_DATABASE_SETTINGS";
  private static final int MOST = 20;
  private static final int MOST_CHARACTERS = 1000;

  /** With a dot: what has none is PostgreSQL's own, and changes what our statements do. */
  private static final Pattern NAME =
      Pattern.compile("[A-Za-z_][A-Za-z0-9_$]*(\\.[A-Za-z_][A-Za-z0-9_$]*)+");

  public SessionSettings {
    if (values.size() > MOST) {
      throw new IllegalArgumentException(
          "%s has %d settings: set %d at most".formatted(PREFIX, values.size(), MOST));
    }
    values.forEach(
        (name, value) -> {
          if (!NAME.matcher(name).matches() || name.length() > 63) {
            throw new IllegalArgumentException(
                "%s.%s is not a custom setting: use a name with a dot, such as"
                        .formatted(PREFIX, name)
                    + " app.current_user");
          }
          if (value.length() > MOST_CHARACTERS || value.indexOf('\0') >= 0) {
            throw new IllegalArgumentException(
                "%s.%s is too long: set %d characters at most"
                    .formatted(PREFIX, name, MOST_CHARACTERS));
          }
        });
    values = java.util.Collections.unmodifiableMap(new TreeMap<>(values));
  }

  /** Whichever property source comes first, wins. */
  static SessionSettings of(ConfigurableEnvironment environment) {
    Map<String, String> values = new LinkedHashMap<>();
    String list = environment.getProperty(PREFIX);
    if (list != null) {
      for (String one : list.split(";", -1)) {
        int equals = one.indexOf('=');
        if (equals < 0) {
          throw new IllegalArgumentException(
              "%s is \"%s\": set name=value, with ; between several".formatted(PREFIX, list));
        }
        values.put(one.substring(0, equals).strip(), one.substring(equals + 1).strip());
      }
    }
    for (PropertySource<?> source : environment.getPropertySources()) {
      if (source instanceof EnumerablePropertySource<?> enumerable) {
        for (String property : enumerable.getPropertyNames()) {
          String name = name(property);
          if (name != null && !values.containsKey(name)) {
            values.put(name, String.valueOf(environment.getProperty(property)));
          }
        }
      }
    }
    return new SessionSettings(values);
  }

  private static @Nullable String name(String property) {
    if (property.startsWith(VARIABLE + "_")) {
      throw new IllegalArgumentException(
          "%s does not say where the name has dots: set %s=name=value, with ; between several"
              .formatted(property, VARIABLE));
    }
    if (property.startsWith(PREFIX + ".")) {
      String name = property.substring(PREFIX.length() + 1);
      return name.startsWith("[") && name.endsWith("]")
          ? name.substring(1, name.length() - 1)
          : name;
    }
    return property.startsWith(PREFIX + "[") && property.endsWith("]")
        ? property.substring(PREFIX.length() + 1, property.length() - 1)
        : null;
  }

  boolean isEmpty() {
    return values.isEmpty();
  }

  /** Select-list entries, each of which gives the transaction one of them. */
  String calls() {
    return values.entrySet().stream()
        .map(
            one ->
                "set_config(%s, %s, true)"
                    .formatted(Sql.literal(one.getKey()), Sql.literal(one.getValue())))
        .collect(Collectors.joining(", "));
  }
}
