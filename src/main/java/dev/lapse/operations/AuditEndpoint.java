package dev.lapse.operations;

import dev.lapse.audit.Audit;
import dev.lapse.audit.Finding;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;

/**
 * {@code /actuator/audit}: the invariants, without the comparison with Kafka.
 *
 * <p>An audit may walk over whole tables, so nobody makes it do that more than once a minute, and
 * not twice at a time.
 */
@Endpoint(id = "audit")
final class AuditEndpoint {

  private static final Duration KEPT = Duration.ofMinutes(1);

  private final Audit audit;
  private @Nullable Report last;

  AuditEndpoint(Audit audit) {
    this.audit = audit;
  }

  @ReadOperation
  public synchronized Report audit() {
    Report report = last;
    if (report == null || report.at().plus(KEPT).isBefore(Instant.now())) {
      List<Finding> findings = audit.run();
      report = new Report(findings.stream().allMatch(Finding::holds), Instant.now(), findings);
      last = report;
    }
    return report;
  }

  /**
   * @param holds whether everything does
   * @param at when it was asked
   * @param findings all invariants
   */
  record Report(boolean holds, Instant at, List<Finding> findings) {}
}
