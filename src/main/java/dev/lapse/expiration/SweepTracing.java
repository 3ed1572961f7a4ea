package dev.lapse.expiration;

import org.jspecify.annotations.Nullable;

/** Opens a trace for each sweep; called on the sweeping thread, so be quick. */
@FunctionalInterface
public interface SweepTracing {

  /** No trace, and no header. */
  SweepTracing OFF = () -> null;

  /** Before the first statement of a sweep, which may find nothing to do; null for none. */
  @Nullable Trace begin();

  /** Of one sweep. */
  interface Trace {

    /** As W3C writes it; kept with each record of the sweep, and so a header of each event. */
    String traceparent();

    /**
     * @param swept what the sweep did, perhaps nothing
     */
    void end(Swept swept);
  }
}
