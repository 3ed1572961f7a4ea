package dev.lapse.kafka;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Allows Kafka's clients to ask the configured URLs for tokens. They ask none that this system
 * property does not name, so that nobody who may only set a client's properties chooses the URL;
 * here the same person sets both.
 */
public final class TokenEndpoints {

  private static final String ALLOWED = "org.apache.kafka.sasl.oauthbearer.allowed.urls";

  private static final List<String> NAMES =
      List.of("sasl.oauthbearer.token.endpoint.url", "sasl.oauthbearer.jwks.endpoint.url");

  private TokenEndpoints() {}

  /**
   * To be called before a client is made. What is allowed already stays allowed.
   *
   * @param properties of the clients
   */
  public static synchronized void allow(Map<String, String> properties) {
    Set<String> urls = new LinkedHashSet<>();
    String allowed = System.getProperty(ALLOWED, "");
    for (String url : allowed.split(",", -1)) {
      urls.add(url.strip());
    }
    NAMES.stream().map(name -> properties.getOrDefault(name, "").strip()).forEach(urls::add);
    urls.remove("");
    if (!urls.isEmpty()) {
      System.setProperty(ALLOWED, String.join(",", urls));
    }
  }
}
