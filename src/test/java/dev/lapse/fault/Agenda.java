package dev.lapse.fault;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What the clients have to do and when; every wait of theirs ends here when the workload stops. */
final class Agenda {

  /** One transaction of a client. */
  @FunctionalInterface
  interface Act {
    void run(Transaction transaction) throws SQLException, InterruptedException;
  }

  private record Appointment(long at, Act act) {}

  private final PriorityQueue<Appointment> appointments =
      new PriorityQueue<>(Comparator.comparingLong(Appointment::at));
  private boolean closed;

  /** To be done by whichever client is free first once {@code delay} has passed. */
  synchronized void add(Duration delay, Act act) {
    appointments.add(new Appointment(System.nanoTime() + delay.toNanos(), act));
    notifyAll();
  }

  /** The next act that is due, or null at {@code until} or when this is closed. */
  synchronized @Nullable Act next(long until) throws InterruptedException {
    while (!closed) {
      long now = System.nanoTime();
      Appointment first = appointments.peek();
      if (first != null && first.at() <= now) {
        appointments.remove();
        return first.act();
      }
      if (until <= now) {
        return null;
      }
      long next = first != null && first.at() < until ? first.at() : until;
      TimeUnit.NANOSECONDS.timedWait(this, next - now);
    }
    return null;
  }

  /** Returns after {@code time}, or at once when this is closed. */
  synchronized void rest(Duration time) throws InterruptedException {
    long until = System.nanoTime() + time.toNanos();
    for (long left = time.toNanos(); left > 0 && !closed; left = until - System.nanoTime()) {
      TimeUnit.NANOSECONDS.timedWait(this, left);
    }
  }

  synchronized void close() {
    closed = true;
    notifyAll();
  }

  synchronized boolean isClosed() {
    return closed;
  }
}
