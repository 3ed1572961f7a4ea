package dev.lapse.fault;

import dev.lapse.fault.Operations.Operation;
import dev.lapse.fault.Operations.Outcome;

/**
 * Judges a history. A pure function: it asks no server, and the same history gets the same verdict.
 *
 * <p>The history needs no search for an order that would explain it. Every change of an approval
 * raises its version by one under the row's lock, and every event of a hot key has the next number,
 * so each key is a list that only grows: what is missing, repeated or out of place shows by itself.
 * An operation whose outcome is unknown may have happened or not; nothing else may go either way.
 */
public final class Checker {

  private Checker() {}

  public static Verdict judge(History history) {
    Findings findings = new Findings();
    int repeated = new EventCheck(history, findings).run();
    new ApprovalCheck(history, findings).run();
    new StepCheck(history, findings).run();
    return new Verdict(
        findings.all(),
        repeated,
        history.received().size(),
        history.outbox().size(),
        history.approvals().size(),
        count(history, Outcome.OK),
        count(history, Outcome.UNKNOWN));
  }

  private static int count(History history, Outcome outcome) {
    return (int)
        history.operations().stream()
            .map(Operation::outcome)
            .filter(each -> each == outcome)
            .count();
  }
}
