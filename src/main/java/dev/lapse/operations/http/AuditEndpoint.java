package dev.lapse.operations.http;

import dev.lapse.audit.Audit;
import dev.lapse.audit.Finding;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;

/**
 * {@code /actuator/audit}: the invariants, without the comparison with Kafka.
 *
 * <p>An audit may walk over whole tables, so nobody makes it do that more than once a minute.
 */
@Endpoint(id = "audit")
public final class AuditEndpoint {

  private static final Duration KEPT = Duration.ofMinutes(1);

  private final CachedAnswer<Report> report;

  public AuditEndpoint(Audit audit) {
    this.report = new CachedAnswer<>(KEPT, () -> Report.of(audit.run()));
  }

  /** Service Unavailable while the first one is under way. */
  @ReadOperation
  public WebEndpointResponse<Report> audit() throws Exception {
    return report
        .get()
        .map(WebEndpointResponse::new)
        .orElseGet(() -> new WebEndpointResponse<>(WebEndpointResponse.STATUS_SERVICE_UNAVAILABLE));
  }

  /**
   * @param holds whether everything does
   * @param at when it was asked
   * @param findings all invariants
   */
  record Report(boolean holds, Instant at, List<Finding> findings) {

    static Report of(List<Finding> findings) {
      return new Report(findings.stream().allMatch(Finding::holds), Instant.now(), findings);
    }
  }
}
