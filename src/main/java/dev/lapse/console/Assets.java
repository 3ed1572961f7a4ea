package dev.lapse.console;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** The page and what it loads, read once. The name of what it loads changes with its content. */
final class Assets {

  private static final Map<String, String> TYPES =
      Map.of(
          "actions.js", "text/javascript",
          "charts.js", "text/javascript",
          "console.css", "text/css",
          "console.js", "text/javascript",
          "core.js", "text/javascript",
          "due.js", "text/javascript",
          "icon.svg", "image/svg+xml",
          "life.js", "text/javascript");

  private final Map<String, byte[]> files = new LinkedHashMap<>();
  private final String hash;
  private final byte[] page;

  Assets() {
    MessageDigest digest = sha256();
    for (String name : TYPES.keySet().stream().sorted().toList()) {
      byte[] content = read(name);
      digest.update(content);
      files.put(name, content);
    }
    this.hash = HexFormat.of().formatHex(digest.digest()).substring(0, 16);
    this.page =
        new String(read("index.html"), UTF_8)
            .replace("{assets}", "console/" + hash)
            .getBytes(UTF_8);
  }

  byte[] page() {
    return page.clone();
  }

  Optional<byte[]> file(String ofHash, String name) {
    return ofHash.equals(hash) ? Optional.ofNullable(files.get(name)) : Optional.empty();
  }

  static String type(String name) {
    return Objects.requireNonNull(TYPES.get(name)) + ";charset=utf-8";
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] read(String name) {
    try (InputStream file = Assets.class.getResourceAsStream("/console/" + name)) {
      return Objects.requireNonNull(file, name).readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
