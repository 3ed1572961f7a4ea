package dev.lapse.fault;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lapse.fault.History.OutboxRow;
import dev.lapse.support.EventConsumer.Event;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * What a world's history is made of, beside its tables: what clients did, what a consumer received,
 * and what has to be said for a database that lost what it had acknowledged.
 */
final class Chronicle implements AutoCloseable {

  final Operations operations = new Operations();
  private final Receiver receiver;
  private final Set<String> received = new HashSet<>();
  private int receivedUpTo;

  private final Set<String> mayRepeat = new HashSet<>();
  private final Set<String> lostByTheDatabase = new HashSet<>();
  private final List<OutboxRow> purged = new ArrayList<>();

  Chronicle(Receiver receiver) {
    this.receiver = receiver;
  }

  /** Whether all of these were received within a while. */
  synchronized boolean awaitReceived(Collection<String> events) throws InterruptedException {
    Set<String> missing = new HashSet<>(events);
    return receiver.await(
        all -> {
          take(all);
          missing.removeAll(received);
          return missing.isEmpty();
        },
        World.PATIENCE);
  }

  /** Takes note of what is new, and holds it to the contract. */
  private void take(List<Event> all) {
    for (; receivedUpTo < all.size(); receivedUpTo++) {
      received.add(all.get(receivedUpTo).checked().id());
    }
  }

  synchronized boolean hasReceived(String event) {
    return received.contains(event);
  }

  /** These may come again: the service has lost the position past them, and says so. */
  synchronized void mayRepeat(Set<String> events) {
    mayRepeat.addAll(events);
  }

  /** The database loses these after acknowledging them; they may have been published. */
  synchronized void lost(List<String> events) {
    lostByTheDatabase.addAll(events);
  }

  /** These rows are about to be deleted; they were published. */
  synchronized void purged(List<OutboxRow> rows) {
    purged.addAll(rows);
  }

  /** Judges everything up to now; nobody writes. */
  synchronized Verdict judge(JdbcClient jdbc) throws InterruptedException {
    assertThat(receiver.awaitEnd(World.PATIENCE)).as("received to the end").isTrue();
    take(receiver.received());
    List<OutboxRow> outbox = new ArrayList<>(purged);
    outbox.addAll(Histories.outbox(jdbc));
    Set<String> rows = new HashSet<>();
    outbox.forEach(row -> rows.add(row.eventId()));
    List<Event> events =
        receiver.received().stream()
            .filter(event -> rows.contains(event.id()) || !lostByTheDatabase.contains(event.id()))
            .toList();
    return Checker.judge(
        History.of(operations.all(), Histories.approvals(jdbc), outbox, events)
            .mayRepeat(mayRepeat)
            .settledTo(Instant.now().minusSeconds(2)));
  }

  /** What the database alone shows to be wrong, unless events that it would ask for are purged. */
  synchronized List<String> audit(JdbcClient jdbc) {
    return purged.isEmpty() ? Audit.findings(jdbc) : List.of();
  }

  @Override
  public void close() {
    receiver.close();
  }
}
