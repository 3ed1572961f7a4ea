package dev.lapse.console;

import dev.lapse.doctor.Diagnosis;
import dev.lapse.expiration.Refusal;
import dev.lapse.pause.Part;
import dev.lapse.pause.Pause;
import dev.lapse.status.Status;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one look found.
 *
 * @param health of each worker of this instance that is switched on
 * @param database what PostgreSQL tells; null if it does not answer
 * @param databaseFailure why it does not
 * @param relay what Kafka tells; null if it does not answer, or was not asked yet
 * @param kafkaFailure why it does not; null if it does, or was not asked yet
 * @param paused what is paused
 * @param failing checks of the database that fail
 * @param refused approvals that the database does not let expire
 * @param longTransaction what keeps the database from cleaning up
 * @param late how long an approval may be overdue before somebody should look
 */
record Facts(
    Map<String, Worker> health,
    Status.@Nullable Database database,
    @Nullable String databaseFailure,
    Status.@Nullable Relay relay,
    @Nullable String kafkaFailure,
    Map<Part, Pause> paused,
    List<Diagnosis> failing,
    List<Refusal> refused,
    Status.@Nullable Transaction longTransaction,
    Duration late) {

  /**
   * What health says of a worker.
   *
   * @param status such as UP
   * @param details anybody may read them
   */
  record Worker(String status, Map<String, Object> details) {}
}
