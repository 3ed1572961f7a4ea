package dev.lapse.operations.http;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Who may do something over HTTP.
 *
 * @param username by HTTP basic; default {@code lapse}
 * @param password 12 to 72 bytes; default none, and then nobody may
 */
@ConfigurationProperties("lapse.management")
record ManagementSettings(@DefaultValue("lapse") String username, @Nullable String password) {

  ManagementSettings {
    if (password != null && !password.isEmpty()) {
      int bytes = password.getBytes(StandardCharsets.UTF_8).length;
      if (bytes < 12 || bytes > 72) {
        throw new IllegalArgumentException(
            "lapse.management.password has %d bytes: set one of 12 to 72, or none"
                .formatted(bytes));
      }
    }
  }

  boolean isOpen() {
    return password != null && !password.isEmpty();
  }

  /** Without the password. */
  @Override
  public String toString() {
    return "ManagementSettings[username=%s]".formatted(username);
  }
}
