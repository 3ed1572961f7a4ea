package dev.lapse.operations.http;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.springframework.security.authentication.BadCredentialsException;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.web.AuthenticationEntryPoint;

/**
 * Answers whoever may not, and lets no address guess more than five times a minute. Under /console
 * the browser must not ask for a password by itself: the page does.
 */
final class WrongPasswords implements AuthenticationEntryPoint {

  private static final int ALLOWED = 5;
  private static final long WINDOW = 60_000_000_000L; // ns
  private static final int ADDRESSES = 1_000;

  private final LongSupplier nanoTime;
  private final Map<String, Tries> tries =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Tries> eldest) {
          return size() > ADDRESSES;
        }
      };

  WrongPasswords(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  @Override
  public void commence(
      HttpServletRequest request, HttpServletResponse response, AuthenticationException failure)
      throws IOException {
    if (failure instanceof BadCredentialsException) {
      note(request.getRemoteAddr());
    }
    if (!request.getRequestURI().startsWith(request.getContextPath() + "/console")) {
      response.setHeader("WWW-Authenticate", "Basic realm=\"Lapse\"");
    }
    response.setHeader("Cache-Control", "no-store");
    response.sendError(HttpServletResponse.SC_UNAUTHORIZED);
  }

  synchronized boolean isTooMany(String address) {
    Tries found = tries.get(address);
    return found != null
        && found.count() >= ALLOWED
        && nanoTime.getAsLong() - found.since() < WINDOW;
  }

  private synchronized void note(String address) {
    long now = nanoTime.getAsLong();
    Tries found = tries.get(address);
    tries.put(
        address,
        found == null || now - found.since() >= WINDOW
            ? new Tries(now, 1)
            : new Tries(found.since(), found.count() + 1));
  }

  private record Tries(long since, int count) {}
}
