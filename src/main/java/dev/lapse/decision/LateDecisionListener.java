package dev.lapse.decision;

import java.time.Duration;

/** Hears of each late decision, on one instance; called on the counting thread, so be quick. */
@FunctionalInterface
public interface LateDecisionListener {

  /**
   * @param late how long after the deadline it came, a century at most
   */
  void late(Duration late);
}
