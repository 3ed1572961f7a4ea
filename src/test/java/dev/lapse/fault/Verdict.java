package dev.lapse.fault;

import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What the checker found, and how much it looked at: of an empty history nothing bad can be said.
 *
 * @param findings a sentence for each flaw
 * @param repeated events received again as announced
 * @param received events, repeats included
 * @param committed outbox rows
 * @param approvals approvals at the end
 * @param acknowledged operations whose commit returned
 * @param unknown operations that may have happened
 */
public record Verdict(
    Map<Flaw, List<String>> findings,
    int repeated,
    int received,
    int committed,
    int approvals,
    int acknowledged,
    int unknown) {

  private static final int SHOWN = 5;

  public Verdict {
    Map<Flaw, List<String>> copy = new EnumMap<>(Flaw.class);
    findings.forEach((flaw, sentences) -> copy.put(flaw, List.copyOf(sentences)));
    findings = Map.copyOf(copy);
  }

  public boolean isFlawless() {
    return findings.values().stream().allMatch(List::isEmpty);
  }

  public int count(Flaw flaw) {
    return findings(flaw).size();
  }

  public List<String> findings(Flaw flaw) {
    return findings.getOrDefault(flaw, List.of());
  }

  public int lost() {
    return count(Flaw.LOST);
  }

  public int duplicate() {
    return count(Flaw.DUPLICATE);
  }

  public int phantom() {
    return count(Flaw.PHANTOM);
  }

  public int misordered() {
    return count(Flaw.MISORDERED);
  }

  public int wronglyExpired() {
    return count(Flaw.WRONGLY_EXPIRED);
  }

  public int wrongVersion() {
    return count(Flaw.WRONG_VERSION);
  }

  public int wronglyReminded() {
    return count(Flaw.WRONGLY_REMINDED);
  }

  public int overdue() {
    return count(Flaw.OVERDUE);
  }

  /** The counts, on one line. */
  public String summary() {
    StringBuilder text = new StringBuilder();
    text.append("committed=%d received=%d repeated=%d".formatted(committed, received, repeated));
    text.append(" approvals=%d acknowledged=%d".formatted(approvals, acknowledged));
    text.append(" unknown=%d".formatted(unknown));
    for (Flaw flaw : Flaw.values()) {
      text.append(" %s=%d".formatted(flaw.name().toLowerCase(Locale.ROOT), count(flaw)));
    }
    return text.toString();
  }

  /** The counts, and the first few findings of each kind, a line each. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(summary());
    for (Flaw flaw : Flaw.values()) {
      findings(flaw).stream().limit(SHOWN).forEach(s -> text.append("\n  " + flaw + ": " + s));
    }
    return text.toString();
  }
}
