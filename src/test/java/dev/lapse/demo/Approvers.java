package dev.lapse.demo;

import dev.lapse.demo.Decision.Answer;
import dev.lapse.demo.Decision.Kind;
import dev.lapse.problem.Reasons;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * People who decide at the very last moment, or a moment too late: their statement and the
 * service's meet on the same row, and nothing but the database tells who was first.
 */
final class Approvers {

  private final ScheduledThreadPoolExecutor people = new ScheduledThreadPoolExecutor(8);
  private final List<Decision> decisions = new CopyOnWriteArrayList<>();
  private final Random chance = new Random();
  private final JdbcClient jdbc;

  Approvers(JdbcClient jdbc) {
    this.jdbc = jdbc;
    people.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  /** May or may not interest somebody. */
  void asked(UUID approval, Instant deadline) {
    Kind kind = interest(chance.nextInt(100));
    if (kind != null) {
      // Two thirds in time, one third too late, nearly all within 50 ms.
      Duration early = Duration.ofNanos((long) (6_000_000 + 14_000_000 * chance.nextGaussian()));
      long wait = Duration.between(Instant.now(), deadline.minus(early)).toNanos();
      var unused =
          people.schedule(() -> decide(approval, deadline, kind), wait, TimeUnit.NANOSECONDS);
    }
  }

  private static @Nullable Kind interest(int percent) {
    if (percent < 20) {
      return Kind.APPROVE;
    }
    if (percent < 29) {
      return Kind.APPROVE_WITHOUT_DEADLINE;
    }
    if (percent < 38) {
      return Kind.APPROVE_BLINDLY;
    }
    if (percent < 44) {
      return Kind.CANCEL;
    }
    return percent < 50 ? Kind.EXTEND : null;
  }

  private void decide(UUID approval, Instant deadline, Kind kind) {
    Instant sent = Instant.now();
    try {
      if (kind == Kind.APPROVE_BLINDLY) {
        if (!looksPending(approval)) {
          return; // even he sees that it is over
        }
        TimeUnit.MILLISECONDS.sleep(10); // between looking and clicking
      }
      sent = Instant.now();
      Answer answer = isDone(kind, approval) ? Answer.CONFIRMED : Answer.TOO_LATE;
      note(approval, kind, sent, deadline, answer, null);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (DataIntegrityViolationException e) {
      note(approval, kind, sent, deadline, Answer.REFUSED, null);
    } catch (RuntimeException e) {
      note(approval, kind, sent, deadline, Answer.FAILED, Reasons.of(e));
    }
  }

  private boolean isDone(Kind kind, UUID approval) {
    JdbcClient.StatementSpec statement = jdbc.sql(kind.sql()).param("id", approval);
    return kind == Kind.APPROVE
        ? statement.query(String.class).single().equals("decided")
        : statement.update() == 1;
  }

  private boolean looksPending(UUID approval) {
    return jdbc.sql("SELECT status = 'pending' FROM ai_approvals WHERE id = :id")
        .param("id", approval)
        .query(Boolean.class)
        .single();
  }

  private void note(
      UUID approval,
      Kind kind,
      Instant sent,
      Instant deadline,
      Answer answer,
      @Nullable String detail) {
    decisions.add(new Decision(approval, kind, Duration.between(sent, deadline), answer, detail));
  }

  /** All decisions so far; callable from any thread. */
  List<Decision> decisions() {
    return List.copyOf(decisions);
  }

  /** Returns when nobody decides any more; who has not begun does not begin. */
  void end() throws InterruptedException {
    people.shutdown();
    if (!people.awaitTermination(10, TimeUnit.SECONDS)) {
      throw new IllegalStateException("an approver does not end");
    }
  }
}
