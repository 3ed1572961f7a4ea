package dev.lapse.operations;

import dev.lapse.status.Status;
import dev.lapse.status.StatusReader;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;

/** {@code /actuator/status}. However many ask, nothing is asked more than once a second. */
@Endpoint(id = "status")
final class StatusEndpoint {

  private static final Duration KEPT = Duration.ofSeconds(1);

  private final StatusReader reader;
  private @Nullable Status last;
  private Instant readAt = Instant.EPOCH;

  StatusEndpoint(StatusReader reader) {
    this.reader = reader;
  }

  @ReadOperation
  public synchronized Status status() throws InterruptedException {
    Status status = last;
    if (status == null || readAt.plus(KEPT).isBefore(Instant.now())) {
      status = reader.read();
      last = status;
      readAt = Instant.now();
    }
    return status;
  }
}
