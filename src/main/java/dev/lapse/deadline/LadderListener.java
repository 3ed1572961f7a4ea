package dev.lapse.deadline;

/** Called after steps have fired, on the firing thread, so be quick. */
@FunctionalInterface
public interface LadderListener {

  /**
   * @param count records that were written
   */
  void fired(long count);
}
