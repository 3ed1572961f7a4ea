package dev.lapse.platform;

import dev.lapse.problem.Problem;
import dev.lapse.problem.UnusableException;
import java.sql.SQLException;
import java.util.List;
import org.springframework.dao.DataAccessResourceFailureException;

/** Refuses a database that cannot serve, before the first migration and the first expiry. */
public final class DatabaseAtStart {

  private final DatabaseProbe probe;
  private final boolean publishes;

  /**
   * @param publishes whether this process has a relay: only then its role needs what a relay asks
   */
  public DatabaseAtStart(DatabaseProbe probe, boolean publishes) {
    this.probe = probe;
    this.publishes = publishes;
  }

  /**
   * @throws UnusableException if the database cannot serve; nothing was created
   */
  public void check() {
    List<Problem> problems;
    try {
      problems =
          probe.findings().stream()
              .filter(finding -> publishes || !finding.ofRole())
              .map(DatabaseProbe.Finding::problem)
              .toList();
    } catch (SQLException e) {
      throw new DataAccessResourceFailureException("Cannot ask the database", e);
    }
    if (!problems.isEmpty()) {
      throw new UnusableException("The database cannot be used:", problems);
    }
  }
}
