package dev.lapse.console;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One thing that somebody should look at.
 *
 * @param key what it is, however its figures change
 * @param what the part that it is about
 * @param text what happened and what comes of it; quotes no row, since anybody may read it
 * @param detail what only somebody with the password may read; null if there is nothing more
 * @param since since when; null if nobody knows
 * @param action what to do; null if there is only to wait
 * @param act what the console itself can do, such as {@code resume expiration}; null if nothing
 */
record Attention(
    String key,
    String what,
    String text,
    @Nullable String detail,
    @Nullable Instant since,
    @Nullable String action,
    @Nullable String act) {

  static Attention of(String key, String what, String text, @Nullable String action) {
    return new Attention(key, what, text, null, null, action, null);
  }

  Attention withDetail(@Nullable String more) {
    return new Attention(key, what, text, more, since, action, act);
  }

  Attention since(@Nullable Instant time) {
    return new Attention(key, what, text, detail, time, action, act);
  }

  Attention withAct(String more) {
    return new Attention(key, what, text, detail, since, action, more);
  }
}
