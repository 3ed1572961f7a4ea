package dev.lapse.relay;

import dev.lapse.outbox.OutboxRecord;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.RecordBatchTooLargeException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.jspecify.annotations.Nullable;

/**
 * What the relay has learned of events that Kafka refuses. A refusal ends the term that met it, so
 * this is kept from term to term; another instance learns it anew.
 *
 * <p>A broker answers for a whole batch. So an event that was refused in company is only suspected,
 * and is sent by itself the next time; what is refused by itself is poison. Used by the relay's
 * thread alone.
 */
final class Poison {

  /** Event ids, and for what is proven the reason. */
  private final Map<String, @Nullable String> known = new HashMap<>();

  /** Whether an error is about the event itself; any other may hit the best of events. */
  static boolean isRefusal(Exception error) {
    return error instanceof RecordTooLargeException
        || error instanceof RecordBatchTooLargeException
        || error instanceof InvalidRecordException
        || error instanceof InvalidTopicException; // one of Kafka's own, named by a row
  }

  /** Whether a failed transaction may have failed by a refusal: not every topic is a row's own. */
  static boolean isBehind(RuntimeException failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof Exception error
          && (isRefusal(error) || error instanceof TopicAuthorizationException)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Takes note of what was refused in one transaction.
   *
   * @param refused reasons by event id
   * @param sent how many events were sent in it
   */
  void learn(Map<String, String> refused, int sent) {
    refused.forEach((event, reason) -> known.put(event, sent == 1 ? reason : null));
  }

  /** Takes note of an event that can never be sent at all. */
  void prove(OutboxRecord record, String reason) {
    known.put(record.eventIdAsText(), reason);
  }

  /** Why an event is poison; null if it is not, or not proven. */
  @Nullable String reason(OutboxRecord record) {
    return known.isEmpty() ? null : known.get(record.eventIdAsText());
  }

  /** Whether an event must be sent by itself, to prove what it is. */
  boolean isSuspected(OutboxRecord record) {
    return !known.isEmpty() && known.containsKey(record.eventIdAsText()) && reason(record) == null;
  }

  /** Somebody wants another try, of what may have been mended. */
  void forgetAll() {
    known.clear();
  }

  /** PublishedTransaction after all, or kept as a dead letter: its next refusal is its first. */
  void forget(String event) {
    known.remove(event);
  }
}
