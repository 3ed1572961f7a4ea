package dev.lapse.expiration;

/** Told of every sweep that expired something; called on the sweeping thread, so be quick. */
@FunctionalInterface
public interface ExpirationListener {

  void expired(Swept swept);
}
