package dev.lapse.operations.http;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the HTTP endpoints that change something.
 *
 * @param username name for HTTP basic authentication; default {@code lapse}
 * @param password password for HTTP basic authentication, 12 to 72 bytes; default none. Without it,
 *     the endpoints that change something are disabled
 */
@ConfigurationProperties("lapse.management")
record ManagementSettings(@DefaultValue("lapse") String username, @Nullable String password) {

  ManagementSettings {
    if (password != null && !password.isEmpty()) {
      int bytes = password.getBytes(StandardCharsets.UTF_8).length;
      if (bytes < 12 || bytes > 72) {
        throw new IllegalArgumentException(
            "lapse.management.password has %d bytes: use 12 to 72 bytes, or none".formatted(bytes));
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
