package dev.lapse.retention;

import dev.lapse.loop.LoopService;

/** The retention of this instance; of several, one purges at a time. */
public final class Retention extends LoopService {

  Retention(RetentionStep step) {
    super("retention", step);
  }
}
