package dev.lapse.doctor;

import dev.lapse.loop.Step;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** One checkup of the running service: logs what has changed since the one before. */
final class CheckupStep implements Step {

  private static final Logger log = LoggerFactory.getLogger(CheckupStep.class);

  /** Between two checkups while something fails. */
  private static final Duration SOON = Duration.ofSeconds(5);

  private final Checkup checkup;
  private final Duration interval;

  private volatile List<Diagnosis> failing = List.of();
  private volatile boolean known;
  private Set<String> told = Set.of();

  CheckupStep(Checkup checkup, Duration interval) {
    this.checkup = checkup;
    this.interval = interval;
  }

  /** What does not hold, by the last checkup; callable from any thread. */
  List<Diagnosis> failing() {
    return failing;
  }

  /** Whether there has been a checkup; callable from any thread. */
  boolean isKnown() {
    return known;
  }

  @Override
  public Duration runOnce() {
    List<Diagnosis> checks = checkup.run();
    List<Diagnosis> failed = checks.stream().filter(check -> !check.holds()).toList();
    Set<String> now = failed.stream().map(CheckupStep::subject).collect(Collectors.toSet());
    for (Diagnosis check : failed) {
      if (!told.contains(subject(check))) {
        log.warn(
            "A check of the database fails check={} seen=\"{}\" effect=\"{}\" action=\"{}\"",
            check.name(),
            check.seen(),
            check.why(),
            String.valueOf(check.action()).replace('\n', ' '));
      }
    }
    if (!known) {
      checks.stream().filter(check -> check.holds() && check.why() != null).forEach(this::note);
    }
    Set<String> over = new TreeSet<>(told);
    over.removeAll(now);
    if (now.isEmpty() && (!known || !over.isEmpty())) {
      log.info(
          "All checks of the database hold checks={} trial=\"{}\"", checks.size(), trial(checks));
    }
    told = now;
    failing = failed;
    known = true;
    // An outage may be all that was wrong: health is not to stay down for minutes after it.
    return failed.isEmpty() || interval.compareTo(SOON) < 0 ? interval : SOON;
  }

  private void note(Diagnosis check) {
    Level level = check.name().equals(Checkup.SUSPECT) ? Level.WARN : Level.INFO;
    log.atLevel(level)
        .log(
            "A check of the database has a note check={} seen=\"{}\" effect=\"{}\" action=\"{}\"",
            check.name(),
            check.seen(),
            check.why(),
            String.valueOf(check.action()).replace('\n', ' '));
  }

  /** The trial speaks of another approval each time. */
  private static String subject(Diagnosis check) {
    return check.name().equals("trial") ? "trial" : check.name() + ": " + check.seen();
  }

  private static String trial(List<Diagnosis> checks) {
    return checks.stream()
        .filter(check -> check.name().equals("trial"))
        .map(Diagnosis::seen)
        .findFirst()
        .orElse("none");
  }
}
