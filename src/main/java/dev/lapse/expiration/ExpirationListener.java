package dev.lapse.expiration;

import java.time.Duration;

/** Told of every sweep that expired something; called on the sweeping thread, so be quick. */
@FunctionalInterface
public interface ExpirationListener {

  /**
   * @param took the sweep, from its first statement to its last
   */
  void expired(Swept swept, Duration took);
}
