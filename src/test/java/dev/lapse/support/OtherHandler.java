package dev.lapse.support;

import java.util.List;
import java.util.Map;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.NameCallback;
import javax.security.auth.callback.PasswordCallback;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;

/**
 * Knows user and password of {@link SecureKafka}, which are in no setting then, as a provider's
 * handler asks its cloud for them.
 */
public final class OtherHandler implements AuthenticateCallbackHandler {

  @Override
  public void configure(
      Map<String, ?> settings, String mechanism, List<AppConfigurationEntry> entries) {}

  @Override
  public void handle(Callback[] callbacks) {
    for (Callback callback : callbacks) {
      if (callback instanceof NameCallback name) {
        name.setName(SecureKafka.USER);
      } else if (callback instanceof PasswordCallback password) {
        password.setPassword(SecureKafka.PASSWORD.toCharArray());
      }
    }
  }

  @Override
  public void close() {}
}
