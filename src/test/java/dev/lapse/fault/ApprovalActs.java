package dev.lapse.fault;

import dev.lapse.fault.Agenda.Act;
import dev.lapse.fault.Operations.Kind;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;

/**
 * Approvals that fall due soon, and people who decide them at the last moment or a moment too late,
 * some of whom take their time to commit, past the deadline. Of some the deadline is far away, and
 * their first step is what people come close to.
 *
 * <p>Whoever creates an approval makes all choices about it, so that they do not depend on which
 * client is free when.
 */
final class ApprovalActs {

  /** Until the deadline of what comes to its first step at once. */
  private static final long FAR_BUT_STEP = Workload.FAR.toMillis() - 2000;

  private final Agenda agenda;

  ApprovalActs(Agenda agenda) {
    this.agenda = agenda;
  }

  Act create(Random random) {
    List<Ask> asks = new ArrayList<>();
    for (int n = 1 + random.nextInt(3); n > 0; n--) {
      UUID id = new UUID(random.nextLong(), random.nextLong());
      int near = random.nextBoolean() ? 20 + random.nextInt(280) : 300 + random.nextInt(2700);
      long due = random.nextInt(6) == 0 ? FAR_BUT_STEP + near : near;
      asks.add(new Ask(id, due, near, random.nextLong()));
    }
    boolean commits = random.nextInt(20) > 0;
    return transaction -> {
      for (Ask ask : asks) {
        transaction.create(ask.id(), ask.dueInMillis());
      }
      // Even if the commit's outcome should be unknown.
      asks.forEach(this::attract);
      transaction.end(commits);
    };
  }

  /**
   * @param nearMillis until what people come close to: the deadline, or the first step
   */
  private record Ask(UUID id, long dueInMillis, int nearMillis, long seed) {}

  /** A third of the approvals nobody decides; some two do. */
  private void attract(Ask ask) {
    Random random = new Random(ask.seed());
    int interest = random.nextInt(100);
    for (int n = interest < 35 ? 0 : interest < 80 ? 1 : 2; n > 0; n--) {
      decideAbout(ask.id(), ask.nearMillis(), random);
    }
  }

  private void decideAbout(UUID approval, int nearMillis, Random random) {
    int hold = hold(random);
    double early = 6 + hold / 2.0 + 14 * random.nextGaussian();
    double in = random.nextInt(7) == 0 ? nearMillis * random.nextDouble() : nearMillis - early;
    Act decision = decision(approval, hold, new Random(random.nextLong()));
    agenda.add(Duration.ofNanos((long) (Math.max(0, in) * 1e6)), decision);
  }

  /** Milliseconds between the decision and its commit. */
  private static int hold(Random random) {
    return switch (random.nextInt(10)) {
      case 0, 1, 2, 3, 4 -> 0;
      case 5, 6, 7 -> random.nextInt(10);
      default -> 10 + random.nextInt(30);
    };
  }

  private Act decision(UUID approval, int hold, Random random) {
    int choice = random.nextInt(100);
    int ending = random.nextInt(100);
    boolean byFunction = random.nextBoolean();
    return transaction -> {
      boolean inTime;
      if (choice < 45) {
        inTime = transaction.decide(approval, Kind.APPROVED, byFunction);
        if (inTime && random.nextBoolean()) {
          Duration later = Duration.ofMillis(5 + random.nextInt(200));
          agenda.add(later, execution(approval));
        }
      } else if (choice < 55) {
        inTime = transaction.decide(approval, Kind.APPROVED, byFunction);
        if (inTime) {
          transaction.execute(approval);
        }
      } else if (choice < 68) {
        inTime = transaction.decide(approval, Kind.REJECTED, byFunction);
      } else if (choice < 80) {
        inTime = transaction.decide(approval, Kind.CANCELLED, byFunction);
      } else {
        inTime = extend(transaction, approval, byFunction, random);
      }
      finish(transaction, inTime, hold, ending);
    };
  }

  private boolean extend(Transaction transaction, UUID approval, boolean byFunction, Random random)
      throws SQLException {
    boolean forLong = random.nextInt(8) == 0;
    int near = 5 + random.nextInt(600);
    Duration by = Duration.ofMillis(forLong ? FAR_BUT_STEP + near : near);
    boolean inTime = transaction.extend(approval, by, byFunction);
    if (inTime && random.nextBoolean()) {
      decideAbout(approval, near, random);
    }
    return inTime;
  }

  private static Act execution(UUID approval) {
    return transaction -> {
      transaction.execute(approval);
      transaction.commit();
    };
  }

  private static void finish(Transaction transaction, boolean inTime, int hold, int ending)
      throws SQLException, InterruptedException {
    if (inTime && ending < 6) {
      transaction.prepareAndEnd(ending < 4, hold);
      return;
    }
    if (inTime) {
      transaction.hold(hold);
    }
    transaction.end(ending < 92);
  }
}
