package dev.lapse.doctor;

import dev.lapse.problem.Plugins;
import dev.lapse.problem.Reasons;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * What was asked, and what came of it.
 *
 * @param name what is asked for
 * @param holds whether it is as it must be
 * @param seen how it is
 * @param why what happens otherwise, or may happen although it holds; null if nothing does
 * @param action what to do; null if nothing is to be done
 */
public record Diagnosis(
    String name, boolean holds, String seen, @Nullable String why, @Nullable String action) {

  public static Diagnosis holds(String name, String seen) {
    return new Diagnosis(name, true, seen, null, null);
  }

  /** It holds as far as anybody can tell. */
  public static Diagnosis warns(String name, String seen, String why, String action) {
    return new Diagnosis(name, true, seen, why, action);
  }

  public static Diagnosis fails(String name, String seen, String why, String action) {
    return new Diagnosis(name, false, seen, why, action);
  }

  /** Asks; what cannot be asked does not hold. */
  public static Diagnosis of(String name, Callable<Diagnosis> question) {
    try {
      return question.call();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return unanswered(name, e);
    } catch (ExecutionException e) {
      return unanswered(name, e.getCause() == null ? e : e.getCause());
    } catch (Exception e) {
      return unanswered(name, e);
    }
  }

  private static Diagnosis unanswered(String name, Throwable failure) {
    return fails(
        name,
        "check failed: " + Reasons.of(failure),
        "The result is unknown.",
        Plugins.missingClass(failure)
            .map(missing -> "If %s is named rightly, %s".formatted(missing, Plugins.action()))
            .orElse("First fix the error in the message and the failed checks above."));
  }
}
