package dev.lapse.relay;

/** Told of every page that is published; called on the relay's thread, so be quick. */
@FunctionalInterface
public interface RelayListener {

  /**
   * @param events how many were committed in Kafka
   */
  void published(int events);
}
