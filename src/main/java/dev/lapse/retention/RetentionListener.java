package dev.lapse.retention;

/** Told of every batch that purged something; called on the purging thread, so be quick. */
@FunctionalInterface
public interface RetentionListener {

  void purged(long records);
}
