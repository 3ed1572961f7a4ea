package dev.lapse.loop;

import java.time.Duration;

/** What a {@link Loop} does over and over. All methods run on the loop's thread. */
public interface Step {

  /**
   * Does one cycle.
   *
   * @return how long to wait before the next, zero for not at all
   * @throws Exception if the cycle failed: the loop logs it, backs off and tries again
   */
  Duration runOnce() throws Exception;

  /** Lets go of whatever a failed cycle left behind, before the loop backs off. */
  default void recover(Exception failure) {}

  /** Lets go of everything: the loop has ended. */
  default void close() {}
}
