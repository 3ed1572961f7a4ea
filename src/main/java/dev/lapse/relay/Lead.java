package dev.lapse.relay;

/**
 * The lead, for whoever works for long without a page to publish: Kafka's group gives it to another
 * instance when nobody asks for it within {@code max.poll.interval.ms}.
 */
@FunctionalInterface
interface Lead {

  /**
   * Keeps it; to be called between steps of a few seconds, on the relay's thread.
   *
   * @param progress what is done and how far, for people to see
   * @throws NewTermException if it is gone, or publishing is to rest: what was done by now stays
   * @throws InterruptedException if the relay is being stopped
   */
  void keep(String progress) throws InterruptedException;
}
