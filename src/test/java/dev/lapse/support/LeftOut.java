package dev.lapse.support;

import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;

/** Lists in the end which tests this machine had not the tools for, and which tools. */
public final class LeftOut implements TestExecutionListener {

  private static final Map<String, String> REASONS = new ConcurrentSkipListMap<>();

  @Override
  public void executionFinished(TestIdentifier test, TestExecutionResult result) {
    if (result.getStatus() == TestExecutionResult.Status.ABORTED) {
      String reason =
          result.getThrowable().map(Throwable::getMessage).map(String::strip).orElse("unknown");
      REASONS.put(test.getUniqueId().replaceAll(".*\\[class:", "[class:"), reason);
    }
  }

  /** Prints nothing if all tests ran. */
  static void print() {
    if (!REASONS.isEmpty()) {
      System.out.println("Left out, since this machine has not what it takes:");
      REASONS.forEach((test, reason) -> System.out.printf("  %s: %s%n", test, reason));
    }
  }
}
