package dev.lapse.operations.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.springframework.security.crypto.password.PasswordEncoder;

/**
 * Compares a password with the one that is set, in the same time whatever it compares. A slow hash
 * would protect a stored one. This one is in memory and in the environment anyway, and whoever
 * sends wrong ones must not be able to keep the processor busy.
 */
final class SecretComparison implements PasswordEncoder {

  private final SecretKeySpec key;

  SecretComparison() {
    byte[] random = new byte[32];
    new SecureRandom().nextBytes(random);
    this.key = new SecretKeySpec(random, "HmacSHA256");
  }

  @Override
  public @Nullable String encode(@Nullable CharSequence password) {
    if (password == null) {
      return null;
    }
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(key);
      return HexFormat.of().formatHex(mac.doFinal(password.toString().getBytes(UTF_8)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public boolean matches(@Nullable CharSequence password, @Nullable String encoded) {
    String own = encode(password);
    return own != null
        && encoded != null
        && MessageDigest.isEqual(own.getBytes(UTF_8), encoded.getBytes(UTF_8));
  }
}
