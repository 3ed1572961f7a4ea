package dev.lapse.console;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the console.
 *
 * @param enabled whether there is one at {@code /}; default true
 * @param look who may look: {@code anybody}, or only who knows the management {@code password};
 *     default anybody. Ids, keys and reasons always need the password
 * @param pace how often the page asks, and Lapse looks, while somebody has it open, 200 ms to 1
 *     min; default 2 s. A page that gets no answer for five times as long shows "not known"
 */
@ConfigurationProperties("lapse.console")
record ConsoleSettings(
    @DefaultValue("true") boolean enabled,
    @DefaultValue("anybody") Look look,
    @DefaultValue("2s") Duration pace) {

  private static final Duration SHORTEST = Duration.ofMillis(200);
  private static final Duration LONGEST = Duration.ofMinutes(1);

  ConsoleSettings {
    if (pace.compareTo(SHORTEST) < 0 || pace.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException(
          "lapse.console.pace is %s: set it between 200ms and 1m (default 2s)".formatted(pace));
    }
  }

  enum Look {
    ANYBODY,
    PASSWORD
  }
}
