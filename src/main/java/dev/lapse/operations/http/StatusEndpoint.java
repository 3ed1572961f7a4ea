package dev.lapse.operations.http;

import dev.lapse.status.Status;
import dev.lapse.status.StatusReader;
import java.time.Duration;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;

/** {@code /actuator/status}. However many ask, nothing is asked more than once a second. */
@Endpoint(id = "status")
public final class StatusEndpoint {

  private static final Duration KEPT = Duration.ofSeconds(1);

  private final CachedAnswer<Status> status;

  public StatusEndpoint(StatusReader reader) {
    this.status = new CachedAnswer<>(KEPT, reader::read);
  }

  /** Service Unavailable while it is read for the first time. */
  @ReadOperation
  public WebEndpointResponse<Status> status() throws Exception {
    return status
        .get()
        .map(WebEndpointResponse::new)
        .orElseGet(() -> new WebEndpointResponse<>(WebEndpointResponse.STATUS_SERVICE_UNAVAILABLE));
  }
}
