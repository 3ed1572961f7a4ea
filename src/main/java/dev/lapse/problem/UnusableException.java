package dev.lapse.problem;

import java.util.List;
import java.util.stream.Collectors;

/** The database lacks something that the service cannot do without. Its message says all of it. */
public final class UnusableException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final transient List<Problem> problems;
  private final String actions;

  /**
   * @param problems one or more
   */
  public UnusableException(String subject, List<Problem> problems) {
    super(
        subject
            + problems.stream()
                .map(problem -> "%n  - %s %s".formatted(problem.what(), problem.why()))
                .collect(Collectors.joining()));
    this.problems = List.copyOf(problems);
    this.actions =
        problems.stream()
            .map(problem -> "  " + problem.action().replace("\n", "\n  "))
            .distinct()
            .collect(Collectors.joining(System.lineSeparator()));
  }

  public List<Problem> problems() {
    return problems;
  }

  /** What mends them all, a line or more each, in their order. */
  public String actions() {
    return actions;
  }
}
