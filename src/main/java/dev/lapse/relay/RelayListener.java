package dev.lapse.relay;

import java.util.List;

/** Told of what becomes of transactions; called on the relay's thread, so be quick. */
@FunctionalInterface
public interface RelayListener {

  /** Tells all of them, in their order. */
  static RelayListener all(List<RelayListener> listeners) {
    return new RelayListener() {

      @Override
      public void published(PublishedTransaction published) {
        listeners.forEach(listener -> listener.published(published));
      }

      @Override
      public void aborted() {
        listeners.forEach(RelayListener::aborted);
      }

      @Override
      public void fenced() {
        listeners.forEach(RelayListener::fenced);
      }
    };
  }

  /** A transaction that holds at least one event was committed in Kafka. */
  void published(PublishedTransaction published);

  /**
   * A transaction ended unseen: it is aborted or, if only Kafka's answer was lost, committed. The
   * next term finds out; nothing is lost by it and nothing comes twice.
   */
  default void aborted() {}

  /** Another instance publishes, and Kafka has told this one, which thought that it still did. */
  default void fenced() {}
}
