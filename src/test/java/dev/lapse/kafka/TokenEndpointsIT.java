package dev.lapse.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A client of Kafka gets its token from a real HTTP server, without a JVM property of ours. */
class TokenEndpointsIT {

  private static final String ALLOWED = "org.apache.kafka.sasl.oauthbearer.allowed.urls";

  @AfterEach
  void forget() {
    System.clearProperty(ALLOWED);
  }

  @Test
  void getsATokenFromTheConfiguredEndpoint() throws Exception {
    AtomicInteger issued = new AtomicInteger();
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/token",
        exchange -> {
          byte[] answer =
              "{\"access_token\":\"%s\",\"token_type\":\"Bearer\",\"expires_in\":3600}"
                  .formatted(token())
                  .getBytes(StandardCharsets.UTF_8);
          issued.incrementAndGet();
          exchange.getResponseHeaders().add("Content-Type", "application/json");
          exchange.sendResponseHeaders(200, answer.length);
          exchange.getResponseBody().write(answer);
          exchange.close();
        });
    server.start();
    String url = "http://127.0.0.1:%d/token".formatted(server.getAddress().getPort());
    KafkaAccess kafka =
        new KafkaAccess(
            "127.0.0.1:1",
            Map.of(
                "security.protocol", "SASL_PLAINTEXT",
                "sasl.mechanism", "OAUTHBEARER",
                "sasl.oauthbearer.token.endpoint.url", url,
                "sasl.login.callback.handler.class",
                    "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler",
                "sasl.jaas.config",
                    "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required"
                        + " clientId=\"lapse\" clientSecret=\"secret\";"));

    try (Admin admin = kafka.admin()) { // logs in when it is made
      assertThat(admin).isNotNull();
      assertThat(issued).hasPositiveValue();
    } finally {
      server.stop(0);
    }
  }

  @Test
  void keepsWhatIsAllowedAlready() {
    System.setProperty(ALLOWED, "https://other/token");

    TokenEndpoints.allow(Map.of("sasl.oauthbearer.token.endpoint.url", "https://idp/token"));
    TokenEndpoints.allow(Map.of("sasl.oauthbearer.token.endpoint.url", "https://idp/token"));
    TokenEndpoints.allow(Map.of());

    assertThat(System.getProperty(ALLOWED)).isEqualTo("https://other/token,https://idp/token");
  }

  private static String token() {
    long now = Instant.now().getEpochSecond();
    return encoded("{\"alg\":\"none\"}")
        + "."
        + encoded(
            "{\"sub\":\"lapse\",\"scope\":\"kafka\",\"iat\":%d,\"exp\":%d}"
                .formatted(now, now + 3600))
        + "."
        + encoded("signature");
  }

  private static String encoded(String text) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}
