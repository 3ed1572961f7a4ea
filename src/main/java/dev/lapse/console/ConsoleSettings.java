package dev.lapse.console;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the console.
 *
 * @param enabled whether there is one at {@code /}; default true
 * @param look who may look: {@code anybody}, or only who knows the management {@code password};
 *     default anybody. Ids, keys and reasons always need the password
 */
@ConfigurationProperties("lapse.console")
record ConsoleSettings(@DefaultValue("true") boolean enabled, @DefaultValue("anybody") Look look) {

  enum Look {
    ANYBODY,
    PASSWORD
  }
}
